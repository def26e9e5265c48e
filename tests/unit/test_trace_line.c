// SPDX-License-Identifier: Apache-2.0
/* One event as one line: every kind, known and unknown holds, names that would forge a line. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>

#include <jansson.h>

#include "tests/unit/events.h"
#include "user/core/trace_line.h"
#include "user/base/util.h"

#define NOW_NS UINT64_C(1795344858123000000) /* 2026-11-22T10:54:18.123Z */
#define HOSTILE "\x1b[31m\n\"evil\",\\\xff"

/* A hold as the ledger would describe it. */
static struct hold_description description(void)
{
	struct event event = taken_event(.id = 1, .port = 40000);

	return (struct hold_description){
		.tuple = event.taken.hold.tuple,
		.protocol = IPPROTO_TCP,
		.path = PATH_CONNECT,
		.state = HOLD_TIME_WAIT,
		.pid = 42,
		.process = "curl",
		.netns_name = "blue",
		.taken_ns = NOW_NS - 1500 * MS,
	};
}

typedef void write_fn(FILE *out, const struct trace_line *line);

/* The caller frees. */
static char *written(write_fn *write_line, const struct trace_line *line)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	write_line(out, line);
	fclose(out);
	return text;
}

static void assert_text(struct event event, const struct hold_description *hold,
			const char *expected)
{
	struct trace_line line;
	char *text;

	event.header.time_ns = NOW_NS;
	trace_line_describe(&line, &event, hold);
	text = written(trace_line_text, &line);
	assert_string_equal(text, expected);
	free(text);
}

/* The caller drops the reference. */
static json_t *json_of(struct event event, const struct hold_description *hold)
{
	struct trace_line line;
	json_t *object;
	char *text;

	event.header.time_ns = NOW_NS;
	trace_line_describe(&line, &event, hold);
	text = written(trace_line_json, &line);
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	object = json_loads(text, 0, NULL);
	assert_true(json_is_object(object));
	free(text);
	return object;
}

static void assert_string(const json_t *object, const char *key, const char *expected)
{
	const char *value = json_string_value(json_object_get(object, key));

	if (!value || strcmp(value, expected))
		fail_msg("%s is %s, not %s", key, value ? value : "no string", expected);
}

static void assert_number(const json_t *object, const char *key, double expected)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_number(value) || json_number_value(value) != expected)
		fail_msg("%s is not %g", key, expected);
}

static void assert_null_at(const json_t *object, const char *key)
{
	if (!json_is_null(json_object_get(object, key)))
		fail_msg("%s is not null", key);
}

/* --- text ------------------------------------------------------------------------------------ */

static void text_tells_of_a_port_taken(void **state)
{
	(void)state;
	assert_text(taken_event(.id = 1, .port = 40000, .search_ns = 1234567), NULL,
		    "10:54:18.123 taken     connect  client[100]            1            40000 "
		    "10.0.0.1:40000 -> 10.0.1.1:5432 tcp searched 1.235 ms\n");
	assert_text(
		taken_event(.id = 1, .port = 40000, .path = PATH_AUTOBIND, .nowhere = true,
			    .protocol = IPPROTO_UDP, .event_flags = EVENT_FOUND),
		NULL,
		"10:54:18.123 taken     autobind client[100]            1            40000 - udp "
		"(found)\n");
}

static void text_tells_of_a_port_refused(void **state)
{
	(void)state;
	assert_text(refused_event(.search_ns = 2 * MS), NULL,
		    "10:54:18.123 refused   connect  client[100]            1            -     "
		    "10.0.0.1 -> 10.0.1.1:5432 tcp EADDRNOTAVAIL searched 2.000 ms\n");
}

static void text_tells_of_a_known_hold(void **state)
{
	struct hold_description hold = description();

	(void)state;
	assert_text(time_wait_event(.id = 1), &hold,
		    "10:54:18.123 time_wait connect  curl[42]               blue         40000 "
		    "10.0.0.1:40000 -> 10.0.1.1:5432 tcp held 1.500 s\n");
	assert_text(released_event(.id = 1), &hold,
		    "10:54:18.123 released  connect  curl[42]               blue         40000 "
		    "10.0.0.1:40000 -> 10.0.1.1:5432 tcp held 1.500 s\n");
}

static void text_tells_who_is_not_known(void **state)
{
	struct event event = taken_event(.id = 1, .port = 40000, .nowhere = true);

	(void)state;
	event.taken.hold.owner = (struct abi_owner){ 0 };
	assert_text(event, NULL,
		    "10:54:18.123 taken     connect  unknown                1            40000 - "
		    "tcp\n");
}

static void what_is_not_known_is_a_dash(void **state)
{
	struct event refused = refused_event(.search_ns = 0);

	(void)state;
	assert_text(released_event(.id = 1), NULL,
		    "10:54:18.123 released  -        unknown                -            -     - "
		    "-\n");
	memset(refused.refused.tuple.local, 0, 16);
	assert_text(
		refused, NULL,
		"10:54:18.123 refused   connect  client[100]            1            -     - -> "
		"10.0.1.1:5432 tcp EADDRNOTAVAIL\n");
}

static void text_stays_one_line_of_printable_characters(void **state)
{
	struct event event = taken_event(.id = 1, .port = 40000, .comm = HOSTILE);
	struct hold_description hold = description();
	struct trace_line line;
	char *text;

	(void)state;
	hold.process = HOSTILE;
	hold.netns_name = HOSTILE;
	for (int i = 0; i < 2; i++) {
		trace_line_describe(&line, &event, &hold);
		line.netns_name = HOSTILE;
		text = written(trace_line_text, &line);
		assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
		for (const char *c = text; c[1]; c++)
			assert_in_range((unsigned char)*c, 0x20, 0x7e);
		free(text);
		event = released_event(.id = 1);
	}
}

static void a_heading_stands_over_the_columns(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	trace_line_heading(out);
	fclose(out);
	assert_string_equal(text, "TIME         EVENT     PATH     PROCESS                NETNS   "
				  "     PORT  TOWARD\n");
	free(text);
}

/* --- JSON ------------------------------------------------------------------------------------ */

static void json_tells_of_a_port_taken(void **state)
{
	json_t *object = json_of(taken_event(.id = 1, .port = 40000, .search_ns = 500 * MS), NULL);

	(void)state;
	assert_string(object, "time", "2026-11-22T10:54:18.123Z");
	assert_string(object, "event", "taken");
	assert_string(object, "path", "connect");
	assert_number(object, "pid", 100);
	assert_string(object, "process", "client");
	assert_number(object, "netns", 1);
	assert_null_at(object, "netns_name");
	assert_string(object, "protocol", "tcp");
	assert_number(object, "port", 40000);
	assert_string(object, "local", "10.0.0.1");
	assert_string(object, "remote", "10.0.1.1");
	assert_number(object, "remote_port", 5432);
	assert_number(object, "search_seconds", 0.5);
	assert_null_at(object, "held_seconds");
	assert_true(json_is_false(json_object_get(object, "found")));
	assert_null(json_object_get(object, "errno"));
	json_decref(object);
}

static void json_tells_of_a_port_refused(void **state)
{
	json_t *object = json_of(
		refused_event(.path = PATH_AUTOBIND, .nowhere = true, .protocol = IPPROTO_UDP),
		NULL);

	(void)state;
	assert_string(object, "event", "refused");
	assert_string(object, "path", "autobind");
	assert_string(object, "errno", "EAGAIN");
	assert_string(object, "protocol", "udp");
	assert_null_at(object, "port");
	assert_null(json_object_get(object, "remote"));
	assert_null_at(object, "search_seconds");
	json_decref(object);
}

static void json_tells_of_a_known_hold(void **state)
{
	struct hold_description hold = description();
	json_t *object = json_of(released_event(.id = 1, .event_flags = EVENT_FOUND), &hold);

	(void)state;
	assert_string(object, "event", "released");
	assert_string(object, "process", "curl");
	assert_number(object, "pid", 42);
	assert_string(object, "netns_name", "blue");
	assert_number(object, "port", 40000);
	assert_number(object, "held_seconds", 1.5);
	assert_true(json_is_true(json_object_get(object, "found")));
	json_decref(object);
}

static void json_tells_nothing_of_an_unknown_hold(void **state)
{
	static const char *const keys[] = { "path", "pid",        "process",  "netns",
					    "port", "netns_name", "protocol", "held_seconds" };
	const struct event events[] = { released_event(.id = 9), time_wait_event(.id = 9) };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		json_t *object = json_of(events[i], NULL);

		for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
			assert_null_at(object, keys[k]);
		json_decref(object);
	}
}

static void json_stays_valid_whatever_the_names(void **state)
{
	struct hold_description hold = description();
	json_t *object;

	(void)state;
	hold.process = HOSTILE;
	hold.netns_name = "\xed\xa0\x80\xe2\x80\xae";
	object = json_of(released_event(.id = 1), &hold);
	assert_string(object, "process", "?[31m?\"evil\",\\?");
	assert_string(object, "netns_name", "??????");
	json_decref(object);
}

static void the_largest_numbers_fit(void **state)
{
	struct event event = taken_event(.id = UINT64_MAX, .port = 65535, .pid = UINT32_MAX,
					 .netns = UINT32_MAX, .remote_port = 65535,
					 .search_ns = UINT64_MAX, .comm = "fifteen letters");
	json_t *object;

	(void)state;
	memset(event.taken.hold.tuple.local, 0xfe, 16);
	memset(event.taken.hold.tuple.remote, 0xfd, 16);
	object = json_of(event, NULL);
	assert_number(object, "netns", UINT32_MAX);
	assert_number(object, "pid", UINT32_MAX);
	json_decref(object);
	assert_text(
		event, NULL,
		"10:54:18.123 taken     connect  fifteen letters[4294967295] 4294967295   65535 "
		"[fefe:fefe:fefe:fefe:fefe:fefe:fefe:fefe]:65535 -> "
		"[fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd]:65535 tcp searched "
		"18446744073709.551 ms\n");
}

static void a_hold_from_the_future_has_no_age(void **state)
{
	struct hold_description hold = description();
	struct trace_line line;
	struct event event = released_event(.id = 1);

	(void)state;
	event.header.time_ns = NOW_NS;
	hold.taken_ns = NOW_NS + 1;
	trace_line_describe(&line, &event, &hold);
	assert_int_equal(line.age_ns, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_tells_of_a_port_taken),
		cmocka_unit_test(text_tells_of_a_port_refused),
		cmocka_unit_test(text_tells_of_a_known_hold),
		cmocka_unit_test(text_tells_who_is_not_known),
		cmocka_unit_test(what_is_not_known_is_a_dash),
		cmocka_unit_test(text_stays_one_line_of_printable_characters),
		cmocka_unit_test(a_heading_stands_over_the_columns),
		cmocka_unit_test(json_tells_of_a_port_taken),
		cmocka_unit_test(json_tells_of_a_port_refused),
		cmocka_unit_test(json_tells_of_a_known_hold),
		cmocka_unit_test(json_tells_nothing_of_an_unknown_hold),
		cmocka_unit_test(json_stays_valid_whatever_the_names),
		cmocka_unit_test(the_largest_numbers_fit),
		cmocka_unit_test(a_hold_from_the_future_has_no_age),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
