// SPDX-License-Identifier: Apache-2.0
/* Readings: their order, and what is told twice. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/readings.h"

static void entries_come_in_order(void **state)
{
	struct verify_reading reading = kernel(
		object(.cookie = 9, .port = 40001), object(.cookie = 8, .port = 40001),
		object(.cookie = 7, .port = 40000, .protocol = IPPROTO_UDP),
		object(.cookie = 6, .port = 40002), object(.cookie = 5, .port = 1, .netns = 2));
	static const uint64_t cookies[] = { 8, 9, 6, 7, 5 };

	(void)state;
	assert_int_equal(reading.count, ARRAY_SIZE(cookies));
	for (size_t i = 0; i < reading.count; i++)
		assert_int_equal(reading.entries[i].identity, cookies[i]);
	verify_reading_done(&reading);
}

static void an_object_told_twice_is_there_once_in_its_later_state(void **state)
{
	struct verify_reading reading =
		kernel(object(.cookie = 5, .port = 40000, .remnant = true),
		       object(.cookie = 5, .port = 40000), object(.cookie = 5, .port = 40000));

	(void)state;
	assert_int_equal(reading.count, 1);
	assert_int_equal(reading.entries[0].state, HOLD_TIME_WAIT);
	verify_reading_done(&reading);
}

static void the_same_number_on_another_port_is_another(void **state)
{
	struct verify_reading reading =
		kernel(object(.cookie = 5, .port = 40000), object(.cookie = 5, .port = 40001));

	(void)state;
	assert_int_equal(reading.count, 2);
	verify_reading_done(&reading);
}

static void a_hold_is_told_as_the_dump_has_it(void **state)
{
	struct verify_reading reading = ledger(record(.id = 3, .port = 40000, .path = PATH_BIND,
						      .state = HOLD_TIME_WAIT, .comm = "nginx"));

	(void)state;
	assert_int_equal(reading.entries[0].identity, 3);
	assert_int_equal(reading.entries[0].path, PATH_BIND);
	assert_int_equal(reading.entries[0].state, HOLD_TIME_WAIT);
	assert_int_equal(reading.entries[0].pid, EVENT_PID);
	assert_string_equal(reading.entries[0].comm, "nginx");
	verify_reading_done(&reading);
}

static void ends_tell_connections_apart(void **state)
{
	struct verify_reading a = kernel(object(.cookie = 1, .port = 40000));
	struct verify_reading others =
		kernel(object(.cookie = 2, .port = 40000, .remote_port = 1),
		       object(.cookie = 3, .port = 40000, .remote = { 9, 9, 9, 9 }),
		       object(.cookie = 4, .port = 40000, .local = { 9, 9, 9, 9 }));
	struct verify_reading same = ledger(record(.id = 2, .port = 50000));

	(void)state;
	assert_int_equal(verify_compare_ends(&a.entries[0], &same.entries[0]), 0);
	for (size_t i = 0; i < others.count; i++) {
		int there = verify_compare_ends(&a.entries[0], &others.entries[i]);
		int back = verify_compare_ends(&others.entries[i], &a.entries[0]);

		assert_true(there != 0 && back != 0 && (there < 0) != (back < 0));
	}
	verify_reading_done(&a);
	verify_reading_done(&others);
	verify_reading_done(&same);
}

static const char *name_of(struct sockdiag_record record)
{
	struct verify_reading reading = kernel_of(&record, 1);
	const char *name = verify_state_name(&reading.entries[0]);

	verify_reading_done(&reading);
	return name;
}

static void states_have_names(void **state)
{
	(void)state;
	assert_string_equal(name_of(object(.port = 1)), "established");
	assert_string_equal(name_of(object(.port = 1, .state = SOCKDIAG_CLOSE)), "bound");
	assert_string_equal(name_of(object(.port = 1, .state = SOCKDIAG_LISTEN)), "listening");
	assert_string_equal(name_of(object(.port = 1, .state = SOCKDIAG_FIN_WAIT2)), "fin-wait-2");
	assert_string_equal(
		name_of(object(.port = 1, .state = SOCKDIAG_FIN_WAIT2, .remnant = true)),
		"time-wait");
	assert_string_equal(name_of(object(.port = 1, .protocol = IPPROTO_UDP)), "connected");
	assert_string_equal(name_of(object(.port = 1, .protocol = IPPROTO_UDP, .nowhere = true)),
			    "bound");
	assert_string_equal(name_of(object(.port = 1, .state = 77)), "unknown");
	assert_string_equal(name_of(object(.port = 1, .state = 12)), "unknown");
}

static void an_empty_reading_is_fine(void **state)
{
	struct verify_reading reading = nothing_of(VERIFY_KERNEL);

	(void)state;
	verify_sort(&reading);
	verify_reading_done(&reading);
	verify_reading_done(&reading);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_come_in_order),
		cmocka_unit_test(an_object_told_twice_is_there_once_in_its_later_state),
		cmocka_unit_test(the_same_number_on_another_port_is_another),
		cmocka_unit_test(a_hold_is_told_as_the_dump_has_it),
		cmocka_unit_test(ends_tell_connections_apart),
		cmocka_unit_test(states_have_names),
		cmocka_unit_test(an_empty_reading_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
