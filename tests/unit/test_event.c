// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/events.h"
#include "user/base/util.h"

/* What *ret holds before each call that must fail. */
static const struct event before = { .released = { .header = { .abi = 4242 }, .id = 77 } };

static void assert_refused(const struct event *event, size_t size, int error)
{
	struct event ret = before;

	assert_int_equal(event_decode(&ret, event, size), error);
	assert_memory_equal(&ret, &before, sizeof(ret));
}

static void decode_takes_every_kind(void **state)
{
	const struct event events[] = {
		taken_event(.id = 1, .at_ns = 5, .port = 40000, .search_ns = 9),
		time_wait_event(.id = 2, .tw_flags = HOLD_TW_TIMESTAMPS),
		released_event(.id = 3),
		refused_event(.path = PATH_BIND, .error = 98),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		struct event ret = { 0 };

		assert_int_equal(event_decode(&ret, &events[i], events[i].header.len), 0);
		assert_memory_equal(&ret, &events[i], events[i].header.len);
	}
}

static void decode_takes_unaligned_bytes(void **state)
{
	const struct event event = taken_event(.id = 1, .port = 40000);
	char bytes[sizeof(event) + 1];
	struct event ret;

	(void)state;
	memcpy(bytes + 1, &event, sizeof(event));
	assert_int_equal(event_decode(&ret, bytes + 1, event.header.len), 0);
	assert_int_equal(ret.taken.hold.tuple.port, 40000);
}

static void decode_rejects_any_other_length(void **state)
{
	const struct event events[] = {
		taken_event(.id = 1, .port = 40000),
		time_wait_event(.id = 2),
		released_event(.id = 3),
		refused_event(.path = PATH_BIND),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		for (size_t size = 0; size <= sizeof(struct event); size++)
			if (size != events[i].header.len)
				assert_refused(&events[i], size, -EBADMSG);
	}
}

static void decode_rejects_a_length_larger_than_any_event(void **state)
{
	const char zeroes[sizeof(struct event) + 8] = { 0 };
	struct event ret = before;

	(void)state;
	assert_int_equal(event_decode(&ret, zeroes, sizeof(zeroes)), -EBADMSG);
	assert_memory_equal(&ret, &before, sizeof(ret));
}

static void decode_rejects_a_header_that_lies_about_its_length(void **state)
{
	struct event event = released_event(.id = 3);
	size_t size = event.header.len;

	(void)state;
	event.header.len = (uint32_t)size - 1;
	assert_refused(&event, size, -EBADMSG);
	event.header.len = UINT32_MAX;
	assert_refused(&event, size, -EBADMSG);
}

static void decode_rejects_another_abi(void **state)
{
	struct event event = released_event(.id = 3);

	(void)state;
	event.header.abi = ABI_VERSION + 1;
	assert_refused(&event, event.header.len, -EPROTO);
	event.header.abi = 0;
	assert_refused(&event, event.header.len, -EPROTO);
}

static void decode_rejects_an_unknown_kind(void **state)
{
	struct event event = released_event(.id = 3);

	(void)state;
	event.header.kind = 0;
	assert_refused(&event, event.header.len, -EBADMSG);
	event.header.kind = EVENT__COUNT;
	assert_refused(&event, event.header.len, -EBADMSG);
	event.header.kind = 255;
	assert_refused(&event, event.header.len, -EBADMSG);
}

static void decode_rejects_a_kind_of_another_length(void **state)
{
	struct event event = released_event(.id = 3);

	(void)state;
	event.header.kind = EVENT_TIME_WAIT;
	assert_refused(&event, event.header.len, -EBADMSG);
}

static void decode_rejects_a_hold_with_bad_values(void **state)
{
	struct event events[] = {
		taken_event(.id = 1, .port = 40000, .protocol = 132),
		taken_event(.id = 1, .port = 40000, .path = PATH__COUNT),
		taken_event(.id = 1, .port = 40000, .path = 255),
		taken_event(.id = 1, .port = 40000, .state = HOLD_TIME_WAIT + 1),
		taken_event(.id = 1, .port = 40000, .state = 255),
		taken_event(.id = 1), /* no port */
		taken_event(.id = 1, .port = 40000),
		taken_event(.id = 1, .port = 40000),
		taken_event(.id = 1, .port = 40000),
	};

	(void)state;
	events[6].taken.hold.path = 0;
	events[7].taken.hold.state = 0;
	events[8].taken.hold.protocol = 0;
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		assert_refused(&events[i], events[i].header.len, -EBADMSG);
}

/* Id 0 marks a free entry in the table of holds. */
static void decode_rejects_a_hold_without_an_id(void **state)
{
	const struct event event = taken_event(.port = 40000);

	(void)state;
	assert_refused(&event, event.header.len, -EBADMSG);
}

static void decode_rejects_a_refusal_with_bad_values(void **state)
{
	struct event events[] = {
		refused_event(.protocol = 132),
		refused_event(.path = PATH__COUNT),
		refused_event(.path = 255),
		refused_event(.path = PATH_BIND),
	};

	(void)state;
	events[3].refused.path = 0;
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		assert_refused(&events[i], events[i].header.len, -EBADMSG);
}

static void decode_terminates_names(void **state)
{
	struct event taken = taken_event(.id = 1, .port = 40000);
	struct event refused = refused_event(.path = PATH_BIND);
	struct event ret;

	(void)state;
	memset(taken.taken.hold.owner.comm, 'x', ABI_COMM_LEN);
	memset(refused.refused.owner.comm, 'y', ABI_COMM_LEN);
	assert_int_equal(event_decode(&ret, &taken, taken.header.len), 0);
	assert_string_equal(ret.taken.hold.owner.comm, "xxxxxxxxxxxxxxx");
	assert_int_equal(event_decode(&ret, &refused, refused.header.len), 0);
	assert_string_equal(ret.refused.owner.comm, "yyyyyyyyyyyyyyy");
}

static void decode_leaves_the_bytes_it_reads_alone(void **state)
{
	struct event event = taken_event(.id = 1, .port = 40000);
	struct event copy;
	struct event ret;

	(void)state;
	memset(event.taken.hold.owner.comm, 'x', ABI_COMM_LEN);
	copy = event;
	assert_int_equal(event_decode(&ret, &event, event.header.len), 0);
	assert_memory_equal(&event, &copy, sizeof(copy));
}

static void kinds_paths_and_losses_have_their_names(void **state)
{
	(void)state;
	assert_string_equal(event_kind_name(EVENT_TAKEN), "taken");
	assert_string_equal(event_kind_name(EVENT_TIME_WAIT), "time_wait");
	assert_string_equal(event_kind_name(EVENT_RELEASED), "released");
	assert_string_equal(event_kind_name(EVENT_REFUSED), "refused");
	assert_string_equal(hold_path_name(PATH_CONNECT), "connect");
	assert_string_equal(hold_path_name(PATH_BIND), "bind");
	assert_string_equal(hold_path_name(PATH_EXPLICIT), "explicit");
	assert_string_equal(hold_path_name(PATH_LISTEN), "listen");
	assert_string_equal(hold_path_name(PATH_AUTOBIND), "autobind");
	assert_string_equal(hold_path_name(PATH_CHILD), "child");
	assert_string_equal(loss_name(LOSS_RING_FULL), "ring_full");
	assert_string_equal(loss_name(LOSS_MAP_FULL), "map_full");
	assert_string_equal(loss_name(LOSS_MAP_BUSY), "map_busy");
}

static void what_has_no_name_is_unknown(void **state)
{
	(void)state;
	assert_string_equal(event_kind_name(0), "unknown");
	assert_string_equal(event_kind_name(EVENT__COUNT), "unknown");
	assert_string_equal(hold_path_name(0), "unknown");
	assert_string_equal(hold_path_name(PATH__COUNT), "unknown");
	assert_string_equal(loss_name(LOSS__COUNT), "unknown");
}

/* The records of a seed of tests/fuzz/fuzz_event.c, each behind its length: what each decodes to.
 */
static void seed_decodes_to(const char *name, int expected)
{
	unsigned char bytes[UINT8_MAX];
	size_t records = 0;
	char path[128];
	FILE *file;
	int length;

	snprintf(path, sizeof(path), "tests/fuzz/seeds/event/%s", name);
	file = fopen(path, "re");
	assert_non_null(file);
	for (; (length = fgetc(file)) != EOF; records++) {
		struct event ret;

		assert_int_equal(fread(bytes, 1, (size_t)length, file), length);
		assert_int_equal(event_decode(&ret, bytes, (size_t)length), expected);
	}
	fclose(file);
	assert_true(records > 0);
}

/* Seeds of another version get nowhere: make new ones with the version. */
static void the_fuzz_target_begins_with_events_of_this_version(void **state)
{
	static const char *const good[] = { "taken", "time_wait", "released", "refused", "life",
					    "bound", "datagrams", "ipv6",     "window" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		seed_decodes_to(good[i], 0);
	seed_decodes_to("version_1_taken", -EPROTO);
	seed_decodes_to("version_next", -EPROTO);
	seed_decodes_to("short", -EBADMSG);
	seed_decodes_to("long", -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decode_takes_every_kind),
		cmocka_unit_test(decode_takes_unaligned_bytes),
		cmocka_unit_test(decode_rejects_any_other_length),
		cmocka_unit_test(decode_rejects_a_length_larger_than_any_event),
		cmocka_unit_test(decode_rejects_a_header_that_lies_about_its_length),
		cmocka_unit_test(decode_rejects_another_abi),
		cmocka_unit_test(decode_rejects_an_unknown_kind),
		cmocka_unit_test(decode_rejects_a_kind_of_another_length),
		cmocka_unit_test(decode_rejects_a_hold_with_bad_values),
		cmocka_unit_test(decode_rejects_a_hold_without_an_id),
		cmocka_unit_test(decode_rejects_a_refusal_with_bad_values),
		cmocka_unit_test(decode_terminates_names),
		cmocka_unit_test(decode_leaves_the_bytes_it_reads_alone),
		cmocka_unit_test(the_fuzz_target_begins_with_events_of_this_version),
		cmocka_unit_test(kinds_paths_and_losses_have_their_names),
		cmocka_unit_test(what_has_no_name_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
