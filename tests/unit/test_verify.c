// SPDX-License-Identifier: Apache-2.0
/* Sandwiches: only what no race explains is a difference. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/readings.h"
#include "user/core/ledger.h"
#include "user/verify/verify.h"

/* Takes the readings over; the caller frees the list. */
static struct verify_list sandwich(struct verify_reading before, struct verify_reading middle,
				   struct verify_reading after)
{
	struct verify_list list = { 0 };

	assert_int_equal(verify_sandwich(&list, &before, &middle, &after, true), 0);
	verify_reading_done(&before);
	verify_reading_done(&middle);
	verify_reading_done(&after);
	return list;
}

static void shows_nothing(struct verify_list list)
{
	assert_int_equal(list.count, 0);
	verify_list_done(&list);
}

static void shows_one(struct verify_list list, enum verify_kind kind, uint64_t identity)
{
	assert_int_equal(list.count, 1);
	assert_int_equal(list.differences[0].kind, kind);
	assert_int_equal(list.differences[0].entry.identity, identity);
	verify_list_done(&list);
}

#define A_SOCKET object(.cookie = 10, .port = 40000)
#define A_HOLD record(.id = 1, .port = 40000)
#define NO_OBJECTS nothing_of(VERIFY_KERNEL)
#define NO_HOLDS nothing_of(VERIFY_LEDGER)

static void what_both_sides_have_is_no_difference(void **state)
{
	(void)state;
	shows_nothing(sandwich(kernel(A_SOCKET), ledger(A_HOLD), kernel(A_SOCKET)));
	shows_nothing(sandwich(ledger(A_HOLD), kernel(A_SOCKET), ledger(A_HOLD)));
	shows_nothing(sandwich(NO_OBJECTS, NO_HOLDS, NO_OBJECTS));
}

static void what_was_there_all_the_time_is_missing(void **state)
{
	(void)state;
	shows_one(sandwich(kernel(A_SOCKET), NO_HOLDS, kernel(A_SOCKET)), VERIFY_MISSING, 10);
}

static void what_was_gone_all_the_time_is_stale(void **state)
{
	(void)state;
	shows_one(sandwich(ledger(A_HOLD), NO_OBJECTS, ledger(A_HOLD)), VERIFY_STALE, 1);
}

static void what_came_or_went_meanwhile_proves_nothing(void **state)
{
	(void)state;
	shows_nothing(sandwich(kernel(A_SOCKET), NO_HOLDS, NO_OBJECTS));
	shows_nothing(sandwich(NO_OBJECTS, NO_HOLDS, kernel(A_SOCKET)));
	shows_nothing(sandwich(ledger(A_HOLD), NO_OBJECTS, NO_HOLDS));
	shows_nothing(sandwich(NO_HOLDS, NO_OBJECTS, ledger(A_HOLD)));
}

static void another_of_the_same_ends_is_not_the_same(void **state)
{
	(void)state;
	shows_nothing(
		sandwich(kernel(A_SOCKET), NO_HOLDS, kernel(object(.cookie = 11, .port = 40000))));
	shows_nothing(sandwich(ledger(A_HOLD), NO_OBJECTS, ledger(record(.id = 2, .port = 40000))));
}

static void one_that_connected_elsewhere_meanwhile_proves_nothing(void **state)
{
	(void)state;
	shows_nothing(sandwich(kernel(A_SOCKET), NO_HOLDS,
			       kernel(object(.cookie = 10, .port = 40000, .remote_port = 9))));
}

static void time_wait_that_began_meanwhile_is_no_difference(void **state)
{
	struct sockdiag_record remnant = object(.cookie = 10, .port = 40000, .remnant = true);
	struct holds_dump_record waiting = record(.id = 1, .port = 40000, .state = HOLD_TIME_WAIT);

	(void)state;
	shows_nothing(sandwich(kernel(A_SOCKET), ledger(A_HOLD), kernel(remnant)));
	shows_nothing(sandwich(kernel(A_SOCKET), ledger(waiting), kernel(remnant)));
	shows_one(sandwich(kernel(remnant), ledger(A_HOLD), kernel(remnant)), VERIFY_STATE, 10);
	shows_one(sandwich(kernel(A_SOCKET), ledger(waiting), kernel(A_SOCKET)), VERIFY_STATE, 10);
}

static void ports_protocols_and_namespaces_are_apart(void **state)
{
	(void)state;
	shows_one(sandwich(kernel(A_SOCKET), ledger(record(.id = 1, .port = 40001)),
			   kernel(A_SOCKET)),
		  VERIFY_MISSING, 10);
	shows_one(sandwich(kernel(A_SOCKET),
			   ledger(record(.id = 1, .port = 40000, .protocol = IPPROTO_UDP,
					 .path = PATH_AUTOBIND, .nowhere = true)),
			   kernel(A_SOCKET)),
		  VERIFY_MISSING, 10);
	shows_one(sandwich(kernel(A_SOCKET), ledger(record(.id = 1, .port = 40000, .netns = 2)),
			   kernel(A_SOCKET)),
		  VERIFY_MISSING, 10);
}

static void one_of_many_is_found(void **state)
{
	struct verify_reading before = { .side = VERIFY_KERNEL };
	struct verify_reading middle = { .side = VERIFY_LEDGER };
	struct verify_reading after = { .side = VERIFY_KERNEL };

	(void)state;
	for (uint16_t port = 40000; port < 41000; port++) {
		struct sockdiag_record socket = object(.cookie = port, .port = port);
		struct holds_dump_record hold = record(.id = 50000U - port, .port = port);

		assert_int_equal(verify_add_object(&before, &socket), 0);
		assert_int_equal(verify_add_object(&after, &socket), 0);
		if (port != 40555)
			assert_int_equal(verify_add_hold(&middle, &hold), 0);
	}
	verify_sort(&before);
	verify_sort(&middle);
	verify_sort(&after);
	shows_one(sandwich(before, middle, after), VERIFY_MISSING, 40555);
}

static void bound_only_is_judged_by_what_the_kernel_lists(void **state)
{
	struct verify_reading hold =
		ledger(record(.id = 1, .port = 40000, .path = PATH_BIND, .nowhere = true));
	struct verify_reading none = NO_OBJECTS;
	struct verify_list list = { 0 };

	(void)state;
	assert_int_equal(verify_sandwich(&list, &hold, &none, &hold, false), 0);
	assert_int_equal(verify_sandwich(&list, &hold, &none, &hold, true), 0);
	assert_int_equal(list.count, 2);
	assert_int_equal(list.differences[0].kind, VERIFY_UNSEEN);
	assert_int_equal(list.differences[1].kind, VERIFY_STALE);
	verify_list_done(&list);
	verify_reading_done(&hold);
}

static bool lags(enum verify_kind kind, uint8_t protocol, uint8_t state, uint32_t polled,
		 uint32_t flags)
{
	const struct verify_difference difference = {
		.kind = kind,
		.entry = { .protocol = protocol, .state = state },
	};
	const struct holds_dump_header header = { .polled = polled, .flags = flags };

	return verify_lags(&difference, &header);
}

static void only_what_is_polled_lags(void **state)
{
	const uint32_t both = LEDGER_POLLS_UDP | LEDGER_POLLS_TIME_WAIT_END;

	(void)state;
	assert_false(lags(VERIFY_MISSING, IPPROTO_UDP, HOLD_ACTIVE, 0, 0));
	assert_true(lags(VERIFY_MISSING, IPPROTO_UDP, HOLD_ACTIVE, both, 0));
	assert_true(lags(VERIFY_STALE, IPPROTO_UDP, HOLD_ACTIVE, both, 0));
	assert_false(lags(VERIFY_MISSING, IPPROTO_TCP, HOLD_ACTIVE, both, 0));
	assert_false(lags(VERIFY_STALE, IPPROTO_TCP, HOLD_ACTIVE, both, 0));
	assert_true(lags(VERIFY_STALE, IPPROTO_TCP, HOLD_TIME_WAIT, both, 0));
	assert_false(lags(VERIFY_MISSING, IPPROTO_TCP, HOLD_TIME_WAIT, both, 0));
	assert_false(lags(VERIFY_STATE, IPPROTO_TCP, HOLD_TIME_WAIT, both, 0));
	assert_false(lags(VERIFY_STALE, IPPROTO_TCP, HOLD_TIME_WAIT, LEDGER_POLLS_UDP, 0));
	assert_true(lags(VERIFY_MISSING, IPPROTO_TCP, HOLD_ACTIVE, LEDGER_POLLS_ALL, 0));
}

static void what_the_agent_knows_that_it_missed_lags(void **state)
{
	(void)state;
	assert_true(lags(VERIFY_MISSING, IPPROTO_TCP, HOLD_ACTIVE, 0, HOLDS_DUMP_INCOMPLETE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_both_sides_have_is_no_difference),
		cmocka_unit_test(what_was_there_all_the_time_is_missing),
		cmocka_unit_test(what_was_gone_all_the_time_is_stale),
		cmocka_unit_test(what_came_or_went_meanwhile_proves_nothing),
		cmocka_unit_test(another_of_the_same_ends_is_not_the_same),
		cmocka_unit_test(one_that_connected_elsewhere_meanwhile_proves_nothing),
		cmocka_unit_test(time_wait_that_began_meanwhile_is_no_difference),
		cmocka_unit_test(ports_protocols_and_namespaces_are_apart),
		cmocka_unit_test(one_of_many_is_found),
		cmocka_unit_test(bound_only_is_judged_by_what_the_kernel_lists),
		cmocka_unit_test(only_what_is_polled_lags),
		cmocka_unit_test(what_the_agent_knows_that_it_missed_lags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
