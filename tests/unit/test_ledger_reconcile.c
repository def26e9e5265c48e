// SPDX-License-Identifier: Apache-2.0
/* Looking at the kernel's own tables: what was missed is drift, what is gone goes. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdbool.h>

#include "tests/unit/books.h"
#include "user/base/util.h"

#define POLLS_ALL (LEDGER_POLLS_UDP | LEDGER_POLLS_TIME_WAIT_END)

static uint32_t drift(struct books *books, uint8_t protocol)
{
	const struct view *view = look(books);

	for (size_t i = 0; i < view->health.drift_count; i++)
		if (view->health.drift[i].netns == EVENT_NETNS &&
		    view->health.drift[i].protocol == protocol)
			return view->health.drift[i].ports;
	fail_msg("no row");
	return 0;
}

static void begin(struct books *books)
{
	ledger_reconcile_begin(books->ledger);
}

static void end(struct books *books)
{
	ledger_reconcile_end(books->ledger, books->now_ns);
}

static void assert_drift(struct books *books, uint32_t tcp_ports, uint32_t udp_ports)
{
	assert_int_equal(drift(books, IPPROTO_TCP), tcp_ports);
	assert_int_equal(drift(books, IPPROTO_UDP), udp_ports);
}

#define find(books, ...) take(books, .event_flags = EVENT_FOUND, __VA_ARGS__)
#define find_gone(books, ...) release(books, .event_flags = EVENT_FOUND, __VA_ARGS__)

/* --- drift ----------------------------------------------------------------------------------- */

static void start_up_is_no_drift_and_no_allocation(void **state)
{
	struct books books = { .now_ns = BOOKS_START_NS };
	struct netns_facts facts = usual_facts();

	(void)state;
	assert_int_equal(ledger_new(&books.ledger, 0, books.now_ns), 0);
	begin(&books);
	tell(&books, &facts);
	find(&books, .id = 1, .port = 40000);
	find(&books, .id = 2, .port = 40001);
	take(&books, .id = 3, .port = 40002); /* a hook saw this one meanwhile */
	find_gone(&books, .id = 2);
	end(&books);
	assert_drift(&books, 0, 0);
	assert_int_equal(books.view->health.drift_total, 0);
	assert_int_equal(books.view->health.reconciliations, 0);
	assert_int_equal(books.view->health.reconciled_at, BOOKS_START_NS);
	assert_int_equal(allocated(&books, "connect"), 1);
	assert_int_equal(owner(&books, EVENT_PID)->used, 2);
	assert_int_equal(owner(&books, EVENT_PID)->allocations, 1);
	books_close(&books);
}

static void a_hold_that_was_missed_is_drift(void **state)
{
	struct books books = books_open();

	(void)state;
	begin(&books);
	find(&books, .id = 1, .port = 40000);
	find(&books, .id = 2, .port = 40001, .protocol = IPPROTO_UDP, .path = PATH_BIND);
	end(&books);
	assert_drift(&books, 1, 1);
	assert_int_equal(books.view->health.drift_total, 2);
	assert_int_equal(books.view->health.reconciliations, 1);
	assert_int_equal(allocated(&books, "connect"), 1);
	assert_int_equal(destination(&books)->used, 1);
	books_close(&books);
}

static void an_end_that_was_missed_is_drift(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000);
	take(&books, .id = 2, .port = 40001);
	time_wait(&books, .id = 2);
	begin(&books);
	find_gone(&books, .id = 1);
	find_gone(&books, .id = 2);
	end(&books);
	assert_drift(&books, 2, 0);
	assert_int_equal(given_back(&books, "connect"), 2);
	books_close(&books);
}

static void drift_is_of_the_last_reconcile_and_its_total_of_all(void **state)
{
	struct books books = books_open();

	(void)state;
	begin(&books);
	find(&books, .id = 1, .port = 40000);
	end(&books);
	begin(&books);
	end(&books);
	assert_drift(&books, 0, 0);
	assert_int_equal(books.view->health.drift_total, 1);
	assert_int_equal(books.view->health.reconciliations, 2);
	books_close(&books);
}

static void drift_under_way_is_not_shown_yet(void **state)
{
	struct books books = books_open();

	(void)state;
	begin(&books);
	find(&books, .id = 1, .port = 40000);
	assert_drift(&books, 0, 0);
	end(&books);
	assert_drift(&books, 1, 0);
	books_close(&books);
}

static void a_known_hold_found_again_is_no_drift(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000, .nobody = true);
	begin(&books);
	find(&books, .id = 1, .port = 40000);
	end(&books);
	assert_drift(&books, 0, 0);
	assert_int_equal(owner(&books, EVENT_PID)->used, 1);
	books_close(&books);
}

static void an_unknown_hold_found_gone_is_no_drift(void **state)
{
	struct books books = books_open();

	(void)state;
	begin(&books);
	find_gone(&books, .id = 99);
	end(&books);
	assert_drift(&books, 0, 0);
	books_close(&books);
}

/* --- what a source learns only by looking ---------------------------------------------------- */

static void udp_that_is_polled_does_not_drift(void **state)
{
	struct books books = books_with(LEDGER_POLLS_UDP);

	(void)state;
	begin(&books);
	find(&books, .id = 1, .port = 40000, .protocol = IPPROTO_UDP, .path = PATH_AUTOBIND);
	find(&books, .id = 2, .port = 40001);
	end(&books);
	assert_drift(&books, 1, 0);
	begin(&books);
	find_gone(&books, .id = 1);
	find_gone(&books, .id = 2);
	end(&books);
	assert_drift(&books, 1, 0);
	books_close(&books);
}

static void the_end_of_time_wait_that_is_polled_does_not_drift(void **state)
{
	struct books books = books_with(LEDGER_POLLS_TIME_WAIT_END);

	(void)state;
	take(&books, .id = 1, .port = 40000);
	take(&books, .id = 2, .port = 40001);
	time_wait(&books, .id = 2);
	begin(&books);
	find_gone(&books, .id = 2);
	end(&books);
	assert_drift(&books, 0, 0);
	begin(&books);
	find_gone(&books, .id = 1); /* a live socket's end should have been seen */
	end(&books);
	assert_drift(&books, 1, 0);
	books_close(&books);
}

static void the_begin_of_time_wait_is_not_polled(void **state)
{
	struct books books = books_with(POLLS_ALL);

	(void)state;
	begin(&books);
	find(&books, .id = 1, .port = 40000, .state = HOLD_TIME_WAIT);
	end(&books);
	assert_drift(&books, 1, 0);
	books_close(&books);
}

/* --- resync ---------------------------------------------------------------------------------- */

#define repeat(books, ...) take(books, .event_flags = EVENT_FOUND | EVENT_RESYNC, __VA_ARGS__)

static void a_resync_keeps_what_is_repeated_and_drops_the_rest(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000);
	take(&books, .id = 2, .port = 40001);
	take(&books, .id = 3, .port = 40002, .path = PATH_BIND, .nowhere = true);
	begin(&books);
	ledger_resync_begin(books.ledger);
	repeat(&books, .id = 1, .port = 40000);
	ledger_resync_end(books.ledger);
	end(&books);
	assert_int_equal(destination(&books)->used, 1);
	assert_int_equal(tcp(&books)->used, 1);
	assert_int_equal(owner(&books, EVENT_PID)->used, 1);
	assert_int_equal(given_back(&books, "connect"), 1);
	assert_int_equal(given_back(&books, "bind"), 1);
	assert_drift(&books, 2, 0);
	books_close(&books);
}

static void a_resync_adds_what_the_ring_lost(void **state)
{
	struct books books = books_open();

	(void)state;
	begin(&books);
	ledger_resync_begin(books.ledger);
	repeat(&books, .id = 1, .port = 40000, .taken_ns = BOOKS_START_NS - SECOND);
	repeat(&books, .id = 2, .port = 40001, .state = HOLD_TIME_WAIT);
	ledger_resync_end(books.ledger);
	end(&books);
	assert_int_equal(destination(&books)->active, 1);
	assert_int_equal(destination(&books)->time_wait, 1);
	assert_drift(&books, 2, 0);
	release(&books, .id = 1);
	assert_true(look(&books)->lifetimes[0].sum == 1.0); /* the holds map knows when it began */
	books_close(&books);
}

static void a_resync_tells_a_hand_over_that_was_lost(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000);
	ledger_resync_begin(books.ledger);
	repeat(&books, .id = 1, .port = 40000, .state = HOLD_TIME_WAIT);
	ledger_resync_end(books.ledger);
	assert_int_equal(destination(&books)->active, 0);
	assert_int_equal(destination(&books)->time_wait, 1);
	assert_int_equal(destination(&books)->used, 1);
	books_close(&books);
}

static void what_is_taken_during_a_resync_stays(void **state)
{
	struct books books = books_open();

	(void)state;
	ledger_resync_begin(books.ledger);
	take(&books, .id = 1, .port = 40000);
	take(&books, .id = 2, .port = 40001);
	time_wait(&books, .id = 2);
	ledger_resync_end(books.ledger);
	assert_int_equal(destination(&books)->used, 2);
	assert_int_equal(look(&books)->health.drift_total, 0);
	books_close(&books);
}

static void a_second_resync_starts_from_nothing(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000);
	ledger_resync_begin(books.ledger);
	repeat(&books, .id = 1, .port = 40000);
	ledger_resync_end(books.ledger);
	ledger_resync_begin(books.ledger);
	ledger_resync_end(books.ledger);
	assert_int_equal(look(&books)->owners_count, 0);
	assert_int_equal(tcp(&books)->used, 0);
	books_close(&books);
}

static void a_resync_of_many_drops_each(void **state)
{
	struct books books = books_open();

	(void)state;
	for (uint64_t id = 1; id <= 3000; id++)
		take(&books, .id = id, .port = (uint16_t)(40000 + id % 100),
		     .remote_port = (uint16_t)(1 + id / 100));
	ledger_resync_begin(books.ledger);
	for (uint64_t id = 1; id <= 3000; id += 3)
		repeat(&books, .id = id, .port = (uint16_t)(40000 + id % 100),
		       .remote_port = (uint16_t)(1 + id / 100));
	ledger_resync_end(books.ledger);
	assert_int_equal(owner(&books, EVENT_PID)->used, 1000);
	assert_int_equal(given_back(&books, "connect"), 2000);
	for (uint64_t id = 1; id <= 3000; id++)
		release(&books, .id = id);
	assert_int_equal(look(&books)->owners_count, 0);
	books_close(&books);
}

static void polled_ends_of_a_resync_are_no_drift(void **state)
{
	struct books books = books_with(POLLS_ALL);

	(void)state;
	take(&books, .id = 1, .port = 40000);
	time_wait(&books, .id = 1);
	take(&books, .id = 2, .port = 40001, .protocol = IPPROTO_UDP, .path = PATH_BIND);
	ledger_resync_begin(books.ledger);
	ledger_resync_end(books.ledger);
	assert_int_equal(look(&books)->owners_count, 0);
	assert_int_equal(books.view->health.drift_total, 0);
	books_close(&books);
}

static void of_a_source_that_only_polls_nothing_is_drift(void **state)
{
	struct books books = books_with(LEDGER_POLLS_ALL);

	(void)state;
	begin(&books);
	find(&books, .id = 1, .port = 40000);
	find(&books, .id = 2, .port = 40001, .path = PATH_BIND);
	find(&books, .id = 3, .port = 40000); /* the same ends: the first is gone */
	end(&books);
	begin(&books);
	find_gone(&books, .id = 2);
	find_gone(&books, .id = 3);
	end(&books);
	assert_drift(&books, 0, 0);
	assert_int_equal(look(&books)->health.drift_total, 0);
	assert_int_equal(allocated(&books, "connect"), 2); /* it counts what it saw begin */
	books_close(&books);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(start_up_is_no_drift_and_no_allocation),
		cmocka_unit_test(a_hold_that_was_missed_is_drift),
		cmocka_unit_test(an_end_that_was_missed_is_drift),
		cmocka_unit_test(drift_is_of_the_last_reconcile_and_its_total_of_all),
		cmocka_unit_test(drift_under_way_is_not_shown_yet),
		cmocka_unit_test(a_known_hold_found_again_is_no_drift),
		cmocka_unit_test(an_unknown_hold_found_gone_is_no_drift),
		cmocka_unit_test(udp_that_is_polled_does_not_drift),
		cmocka_unit_test(the_end_of_time_wait_that_is_polled_does_not_drift),
		cmocka_unit_test(the_begin_of_time_wait_is_not_polled),
		cmocka_unit_test(a_resync_keeps_what_is_repeated_and_drops_the_rest),
		cmocka_unit_test(a_resync_adds_what_the_ring_lost),
		cmocka_unit_test(a_resync_tells_a_hand_over_that_was_lost),
		cmocka_unit_test(what_is_taken_during_a_resync_stays),
		cmocka_unit_test(a_second_resync_starts_from_nothing),
		cmocka_unit_test(a_resync_of_many_drops_each),
		cmocka_unit_test(polled_ends_of_a_resync_are_no_drift),
		cmocka_unit_test(of_a_source_that_only_polls_nothing_is_drift),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
