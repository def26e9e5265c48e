// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>

#include "tests/unit/events.h"
#include "user/base/util.h"
#include "user/commands/options.h"
#include "user/commands/trace_filter.h"
#include "user/core/trace_line.h"

/* What a filter of these options says to a connect() of client[100] in "blue", namespace 7, from
 * port 40000 to 10.0.1.1:5432. */
static enum trace_passage asked(struct options options)
{
	struct event event = taken_event(.id = 1, .port = 40000, .netns = 7);
	char reason[TRACE_FILTER_REASON_MAX];
	struct trace_filter filter;
	struct trace_line line;

	assert_int_equal(trace_filter_init(&filter, &options, reason), 0);
	trace_line_describe(&line, &event, NULL);
	line.netns_name = "blue";
	return trace_filter_pass(&filter, &line);
}
#define ASKED(...) asked((struct options){ __VA_ARGS__ })

static void without_a_filter_all_pass(void **state)
{
	(void)state;
	assert_int_equal(ASKED(.pid = NULL), TRACE_PASSES);
}

static void each_filter_lets_its_own_pass(void **state)
{
	(void)state;
	assert_int_equal(ASKED(.pid = "100"), TRACE_PASSES);
	assert_int_equal(ASKED(.pid = "101"), TRACE_FILTERED);
	assert_int_equal(ASKED(.process = "client"), TRACE_PASSES);
	assert_int_equal(ASKED(.process = "clien"), TRACE_FILTERED);
	assert_int_equal(ASKED(.netns = "blue"), TRACE_PASSES);
	assert_int_equal(ASKED(.netns = "7"), TRACE_PASSES);
	assert_int_equal(ASKED(.netns = "red"), TRACE_FILTERED);
	assert_int_equal(ASKED(.protocol = "tcp"), TRACE_PASSES);
	assert_int_equal(ASKED(.protocol = "udp"), TRACE_FILTERED);
	assert_int_equal(ASKED(.port = "40000"), TRACE_PASSES);
	assert_int_equal(ASKED(.port = "5432"), TRACE_FILTERED);
	assert_int_equal(ASKED(.refused = true), TRACE_FILTERED);
}

static void a_destination_is_an_address_with_or_without_a_port(void **state)
{
	(void)state;
	assert_int_equal(ASKED(.destination = "10.0.1.1"), TRACE_PASSES);
	assert_int_equal(ASKED(.destination = "10.0.1.1:5432"), TRACE_PASSES);
	assert_int_equal(ASKED(.destination = "[::ffff:10.0.1.1]:5432"), TRACE_PASSES);
	assert_int_equal(ASKED(.destination = "::ffff:10.0.1.1"), TRACE_PASSES);
	assert_int_equal(ASKED(.destination = "10.0.1.1:5433"), TRACE_FILTERED);
	assert_int_equal(ASKED(.destination = "10.0.1.2"), TRACE_FILTERED);
	assert_int_equal(ASKED(.destination = "::1"), TRACE_FILTERED);
	assert_int_equal(ASKED(.destination = "[fd00::1]:5432"), TRACE_FILTERED);
}

static void all_filters_must_agree(void **state)
{
	(void)state;
	assert_int_equal(ASKED(.pid = "100", .port = "40000", .destination = "10.0.1.1"),
			 TRACE_PASSES);
	assert_int_equal(ASKED(.pid = "100", .port = "40001", .destination = "10.0.1.1"),
			 TRACE_FILTERED);
}

static enum trace_passage of_nothing_known(struct options options)
{
	struct event event = released_event(.id = 1);
	char reason[TRACE_FILTER_REASON_MAX];
	struct trace_filter filter;
	struct trace_line line;

	assert_int_equal(trace_filter_init(&filter, &options, reason), 0);
	trace_line_describe(&line, &event, NULL);
	return trace_filter_pass(&filter, &line);
}

static void what_nothing_is_known_of_is_not_silently_left_out(void **state)
{
	(void)state;
	assert_int_equal(of_nothing_known((struct options){ 0 }), TRACE_PASSES);
	assert_int_equal(of_nothing_known((struct options){ .pid = "1" }), TRACE_UNKNOWN);
	assert_int_equal(of_nothing_known((struct options){ .destination = "::1" }), TRACE_UNKNOWN);
	assert_int_equal(of_nothing_known((struct options){ .refused = true }), TRACE_FILTERED);
}

static void refuses(struct options options, const char *why)
{
	char reason[TRACE_FILTER_REASON_MAX] = "";
	struct trace_filter filter = { .pid = 7 };

	assert_int_equal(trace_filter_init(&filter, &options, reason), -EINVAL);
	assert_int_equal(filter.pid, 7);
	if (!strstr(reason, why))
		fail_msg("no '%s' in '%s'", why, reason);
}

static void mistakes_are_named(void **state)
{
	static const char *const ends[] = {
		"",           "10",           "10.0.0.1:",   "10.0.0.1:0", "10.0.0.1:65536",
		"[::1",       "[::1]",        "[::1]x:1",    "::1:http",   "localhost:80",
		"10.0.0.1:+", "[10.0.0.1:80", "fd00::1]:80", "[]:1",       ":80",
	};

	(void)state;
	refuses((struct options){ .pid = "0" }, "--pid '0'");
	refuses((struct options){ .pid = "1x" }, "--pid '1x'");
	refuses((struct options){ .pid = "99999999999" }, "--pid");
	refuses((struct options){ .port = "65536" }, "--port '65536'");
	refuses((struct options){ .port = "" }, "--port ''");
	refuses((struct options){ .protocol = "sctp" }, "tcp or udp");
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		refuses((struct options){ .destination = ends[i] }, "--destination");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_filter_all_pass),
		cmocka_unit_test(each_filter_lets_its_own_pass),
		cmocka_unit_test(a_destination_is_an_address_with_or_without_a_port),
		cmocka_unit_test(all_filters_must_agree),
		cmocka_unit_test(what_nothing_is_known_of_is_not_silently_left_out),
		cmocka_unit_test(mistakes_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
