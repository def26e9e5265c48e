// SPDX-License-Identifier: Apache-2.0
/* What a socket leaves behind: whose it is, when the kernel would give its port away again. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdbool.h>

#include "tests/unit/books.h"
#include "user/base/util.h"

/* Books whose TIME_WAIT ports everyone may recycle after a second. */
static struct books open_with_reuse(uint8_t tw_reuse)
{
	struct netns_facts facts = usual_facts();
	struct books books = books_open();

	facts.tw_reuse = tw_reuse;
	tell(&books, &facts);
	return books;
}

/* A hold that goes to TIME_WAIT at once. */
#define leave(books, ...)                                                      \
	do {                                                                   \
		take(books, .port = 40000, __VA_ARGS__);                       \
		time_wait(books, .tw_flags = HOLD_TW_TIMESTAMPS, __VA_ARGS__); \
	} while (0)

static void assert_recyclable(struct books *books, uint32_t count)
{
	const struct view_destination *row = destination(books);

	if (row->recyclable != count)
		fail_msg("%u recyclable, not %u", row->recyclable, count);
	assert_int_equal(row->used, row->active + row->time_wait - count);
	assert_int_equal(owner(books, EVENT_PID)->recyclable, count);
}

static void time_wait_keeps_the_port_and_its_owner(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000);
	time_wait(&books, .id = 1);
	assert_int_equal(tcp(&books)->used, 1);
	assert_int_equal(destination(&books)->used, 1);
	assert_int_equal(destination(&books)->active, 0);
	assert_int_equal(destination(&books)->time_wait, 1);
	assert_int_equal(owner(&books, EVENT_PID)->time_wait, 1);
	assert_int_equal(owner(&books, EVENT_PID)->used, 1);
	assert_int_equal(given_back(&books, "connect"), 0);
	release(&books, .id = 1);
	assert_int_equal(look(&books)->owners_count, 0);
	assert_int_equal(tcp(&books)->used, 0);
	books_close(&books);
}

static void time_wait_told_twice_counts_once(void **state)
{
	struct books books = open_with_reuse(1);

	(void)state;
	leave(&books, .id = 1);
	time_wait(&books, .id = 1, .tw_flags = HOLD_TW_TIMESTAMPS);
	assert_int_equal(destination(&books)->time_wait, 1);
	pass(&books, SECOND);
	assert_recyclable(&books, 1);
	time_wait(&books, .id = 1, .tw_flags = HOLD_TW_TIMESTAMPS);
	assert_recyclable(&books, 1);
	assert_int_equal(destination(&books)->time_wait, 1);
	release(&books, .id = 1);
	assert_int_equal(look(&books)->destinations_count, 0);
	books_close(&books);
}

static void a_port_is_recyclable_after_the_delay(void **state)
{
	struct books books = open_with_reuse(1);

	(void)state;
	leave(&books, .id = 1);
	pass(&books, 999 * MS);
	assert_recyclable(&books, 0);
	pass(&books, MS);
	assert_recyclable(&books, 1);
	assert_int_equal(destination(&books)->used, 0);
	assert_int_equal(destination(&books)->time_wait, 1);
	assert_true(destination(&books)->saturation == 0.0);
	assert_int_equal(tcp(&books)->used, 1); /* to bind(0) it is no free port */
	release(&books, .id = 1);
	assert_int_equal(look(&books)->destinations_count, 0);
	books_close(&books);
}

static void the_delay_is_the_namespaces_own(void **state)
{
	struct netns_facts facts = usual_facts();
	struct books books = books_open();

	(void)state;
	facts.tw_reuse = 1;
	facts.tw_reuse_delay_ms = 5000;
	tell(&books, &facts);
	leave(&books, .id = 1);
	pass(&books, 4999 * MS);
	assert_recyclable(&books, 0);
	pass(&books, MS);
	assert_recyclable(&books, 1);
	books_close(&books);
}

static void a_long_delay_holds_up_no_other_namespace(void **state)
{
	struct netns_facts facts = usual_facts();
	struct books books = open_with_reuse(1);

	(void)state;
	facts.inode = 2;
	facts.tw_reuse = 1;
	facts.tw_reuse_delay_ms = 60000;
	tell(&books, &facts);
	leave(&books, .id = 2, .netns = 2, .pid = 200, .remote_port = 2);
	leave(&books, .id = 1);
	pass(&books, SECOND);
	assert_recyclable(&books, 1);
	assert_int_equal(find_destination(&books, 2)->recyclable, 0);
	books_close(&books);
}

static void the_sysctl_says_who_may_recycle(void **state)
{
	static const struct {
		uint8_t tw_reuse;
		uint8_t local[4];
		uint8_t remote[4];
		bool recyclable;
	} cases[] = {
		{ 0, { 127, 0, 0, 1 }, { 127, 0, 0, 1 }, false },
		{ 0, { 10, 0, 0, 1 }, { 10, 0, 1, 1 }, false },
		{ 1, { 10, 0, 0, 1 }, { 10, 0, 1, 1 }, true },
		{ 1, { 127, 0, 0, 1 }, { 127, 0, 0, 1 }, true },
		{ 2, { 10, 0, 0, 1 }, { 10, 0, 1, 1 }, false },
		{ 2, { 127, 0, 0, 1 }, { 127, 0, 0, 1 }, true },
		{ 2, { 127, 255, 3, 4 }, { 10, 0, 1, 1 }, true },
		{ 2, { 10, 0, 0, 1 }, { 127, 0, 0, 9 }, true },
		{ 2, { 128, 0, 0, 1 }, { 126, 0, 0, 1 }, false },
		{ 3, { 127, 0, 0, 1 }, { 127, 0, 0, 1 }, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct books books = open_with_reuse(cases[i].tw_reuse);
		struct event event = taken_event(.id = 1, .port = 40000);

		put_v4(event.taken.hold.tuple.local, cases[i].local);
		put_v4(event.taken.hold.tuple.remote, cases[i].remote);
		apply(&books, event);
		time_wait(&books, .id = 1, .tw_flags = HOLD_TW_TIMESTAMPS);
		pass(&books, 2 * SECOND);
		assert_recyclable(&books, cases[i].recyclable);
		books_close(&books);
	}
}

static void ipv6_loopback_is_loopback(void **state)
{
	static const uint8_t loopback[16] = { [15] = 1 };
	static const uint8_t other[16] = { 0xfe, 0x80, [15] = 1 };
	struct books books = open_with_reuse(2);
	struct event events[] = { taken_event(.id = 1, .port = 40000),
				  taken_event(.id = 2, .port = 40001) };

	(void)state;
	memcpy(events[0].taken.hold.tuple.local, loopback, 16);
	memcpy(events[0].taken.hold.tuple.remote, loopback, 16);
	memcpy(events[1].taken.hold.tuple.local, other, 16);
	memcpy(events[1].taken.hold.tuple.remote, other, 16);
	for (uint64_t i = 0; i < 2; i++) {
		apply(&books, events[i]);
		time_wait(&books, .id = 1 + i, .tw_flags = HOLD_TW_TIMESTAMPS);
	}
	pass(&books, 2 * SECOND);
	assert_int_equal(owner(&books, EVENT_PID)->recyclable, 1);
	books_close(&books);
}

static void only_with_timestamps_and_a_fin_is_a_port_recyclable(void **state)
{
	static const struct {
		uint8_t flags;
		bool recyclable;
	} cases[] = {
		{ 0, false },
		{ HOLD_TW_TIMESTAMPS, true },
		{ HOLD_TW_FIN_WAIT2, false },
		{ HOLD_TW_TIMESTAMPS | HOLD_TW_FIN_WAIT2, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct books books = open_with_reuse(1);

		take(&books, .id = 1, .port = 40000);
		time_wait(&books, .id = 1, .tw_flags = cases[i].flags);
		pass(&books, 10 * SECOND);
		assert_recyclable(&books, cases[i].recyclable);
		books_close(&books);
	}
}

static void a_fin_that_comes_makes_a_port_recyclable(void **state)
{
	struct books books = open_with_reuse(1);

	(void)state;
	take(&books, .id = 1, .port = 40000);
	time_wait(&books, .id = 1, .tw_flags = HOLD_TW_TIMESTAMPS | HOLD_TW_FIN_WAIT2);
	pass(&books, 10 * SECOND);
	time_wait(&books, .id = 1, .tw_flags = HOLD_TW_TIMESTAMPS);
	pass(&books, SECOND);
	assert_recyclable(&books, 1);
	books_close(&books);
}

static void flags_that_change_back_take_it_back(void **state)
{
	struct books books = open_with_reuse(1);

	(void)state;
	leave(&books, .id = 1);
	pass(&books, SECOND);
	assert_recyclable(&books, 1);
	time_wait(&books, .id = 1);
	assert_recyclable(&books, 0);
	pass(&books, 10 * SECOND);
	assert_recyclable(&books, 0);
	books_close(&books);
}

static void an_exclusive_port_is_never_recyclable(void **state)
{
	struct books books = open_with_reuse(1);

	(void)state;
	leave(&books, .id = 1, .path = PATH_BIND);
	leave(&books, .id = 2, .path = PATH_CHILD);
	pass(&books, 10 * SECOND);
	assert_recyclable(&books, 0);
	assert_int_equal(tcp(&books)->exclusive, 1);
	assert_int_equal(destination(&books)->exclusive, 1);
	assert_int_equal(owner(&books, EVENT_PID)->used, 1);
	books_close(&books);
}

static void a_remnant_that_ends_while_it_waits_is_forgotten(void **state)
{
	struct books books = open_with_reuse(1);

	(void)state;
	leave(&books, .id = 1);
	release(&books, .id = 1);
	take(&books, .id = 2, .port = 40000);
	pass(&books, 10 * SECOND);
	assert_recyclable(&books, 0);
	assert_int_equal(destination(&books)->active, 1);
	books_close(&books);
}

static void a_recycled_port_ends_its_predecessor(void **state)
{
	struct books books = open_with_reuse(1);

	(void)state;
	leave(&books, .id = 1);
	pass(&books, 2 * SECOND);
	take(&books, .id = 2, .port = 40000, .pid = 200);
	assert_int_equal(destination(&books)->used, 1);
	assert_int_equal(destination(&books)->time_wait, 0);
	assert_int_equal(destination(&books)->recyclable, 0);
	assert_null(find_owner(&books, EVENT_PID));
	assert_int_equal(owner(&books, 200)->active, 1);
	assert_int_equal(tcp(&books)->used, 1);
	assert_int_equal(given_back(&books, "connect"), 1);
	assert_int_equal(look(&books)->health.drift_total, 0);
	release(&books, .id = 1); /* the source may tell it after all */
	assert_int_equal(destination(&books)->used, 1);
	assert_int_equal(given_back(&books, "connect"), 1);
	books_close(&books);
}

static void a_port_recycled_by_the_same_owner_keeps_its_row(void **state)
{
	struct books books = open_with_reuse(1);

	(void)state;
	leave(&books, .id = 1);
	pass(&books, 2 * SECOND);
	take(&books, .id = 2, .port = 40000);
	assert_recyclable(&books, 0);
	assert_int_equal(owner(&books, EVENT_PID)->active, 1);
	assert_int_equal(owner(&books, EVENT_PID)->time_wait, 0);
	assert_int_equal(owner(&books, EVENT_PID)->allocations, 2);
	release(&books, .id = 2);
	assert_int_equal(look(&books)->owners_count, 0);
	books_close(&books);
}

static void the_same_port_toward_another_destination_ends_nothing(void **state)
{
	struct books books = open_with_reuse(1);

	(void)state;
	leave(&books, .id = 1);
	take(&books, .id = 2, .port = 40000, .remote_port = 2);
	assert_int_equal(destination(&books)->time_wait, 1);
	assert_int_equal(find_destination(&books, 2)->active, 1);
	books_close(&books);
}

/* --- learned from the kernel's tables -------------------------------------------------------- */

#define find_remnant(books, ...)                                                            \
	take(books, .port = 40000, .state = HOLD_TIME_WAIT, .tw_flags = HOLD_TW_TIMESTAMPS, \
	     .event_flags = EVENT_FOUND, .nobody = true, __VA_ARGS__)

static void a_found_remnant_is_recyclable_at_once(void **state)
{
	struct books books = open_with_reuse(1);

	(void)state;
	find_remnant(&books, .id = 1);
	assert_int_equal(destination(&books)->time_wait, 1);
	ledger_advance(books.ledger, books.now_ns);
	assert_int_equal(destination(&books)->recyclable, 1);
	assert_int_equal(destination(&books)->used, 0);
	books_close(&books);
}

static void a_found_remnant_without_timestamps_is_not(void **state)
{
	struct books books = open_with_reuse(1);

	(void)state;
	take(&books, .id = 1, .port = 40000, .state = HOLD_TIME_WAIT, .event_flags = EVENT_FOUND);
	pass(&books, SECOND);
	assert_recyclable(&books, 0);
	books_close(&books);
}

static void a_resync_keeps_what_is_recyclable(void **state)
{
	struct books books = open_with_reuse(1);

	(void)state;
	leave(&books, .id = 1);
	pass(&books, 30 * SECOND);
	assert_recyclable(&books, 1);
	ledger_resync_begin(books.ledger);
	take(&books, .id = 1, .port = 40000, .state = HOLD_TIME_WAIT,
	     .tw_flags = HOLD_TW_TIMESTAMPS, .event_flags = EVENT_FOUND | EVENT_RESYNC);
	ledger_resync_end(books.ledger);
	assert_recyclable(&books, 1);
	assert_int_equal(look(&books)->health.drift_total, 0);
	books_close(&books);
}

/* --- the sysctl changes ---------------------------------------------------------------------- */

static void allowing_reuse_reviews_what_waits(void **state)
{
	struct netns_facts facts = usual_facts();
	struct books books = open_with_reuse(0);

	(void)state;
	leave(&books, .id = 1);
	pass(&books, 10 * SECOND);
	assert_recyclable(&books, 0);
	facts.tw_reuse = 1;
	tell(&books, &facts);
	pass(&books, SECOND);
	assert_recyclable(&books, 1);
	books_close(&books);
}

static void forbidding_reuse_takes_it_back(void **state)
{
	struct netns_facts facts = usual_facts();
	struct books books = open_with_reuse(1);

	(void)state;
	leave(&books, .id = 1);
	pass(&books, SECOND);
	leave(&books, .id = 2, .remote_port = 2); /* still in line */
	assert_recyclable(&books, 1);
	facts.tw_reuse = 0;
	tell(&books, &facts);
	assert_recyclable(&books, 0);
	pass(&books, 10 * SECOND);
	assert_recyclable(&books, 0);
	assert_int_equal(find_destination(&books, 2)->recyclable, 0);
	books_close(&books);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_wait_keeps_the_port_and_its_owner),
		cmocka_unit_test(time_wait_told_twice_counts_once),
		cmocka_unit_test(a_port_is_recyclable_after_the_delay),
		cmocka_unit_test(the_delay_is_the_namespaces_own),
		cmocka_unit_test(a_long_delay_holds_up_no_other_namespace),
		cmocka_unit_test(the_sysctl_says_who_may_recycle),
		cmocka_unit_test(ipv6_loopback_is_loopback),
		cmocka_unit_test(only_with_timestamps_and_a_fin_is_a_port_recyclable),
		cmocka_unit_test(a_fin_that_comes_makes_a_port_recyclable),
		cmocka_unit_test(flags_that_change_back_take_it_back),
		cmocka_unit_test(an_exclusive_port_is_never_recyclable),
		cmocka_unit_test(a_remnant_that_ends_while_it_waits_is_forgotten),
		cmocka_unit_test(a_recycled_port_ends_its_predecessor),
		cmocka_unit_test(a_port_recycled_by_the_same_owner_keeps_its_row),
		cmocka_unit_test(the_same_port_toward_another_destination_ends_nothing),
		cmocka_unit_test(a_found_remnant_is_recyclable_at_once),
		cmocka_unit_test(a_found_remnant_without_timestamps_is_not),
		cmocka_unit_test(a_resync_keeps_what_is_recyclable),
		cmocka_unit_test(allowing_reuse_reviews_what_waits),
		cmocka_unit_test(forbidding_reuse_takes_it_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
