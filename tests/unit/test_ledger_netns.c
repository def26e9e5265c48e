// SPDX-License-Identifier: Apache-2.0
/* What the host says of network namespaces, and what changes when it says something else. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdbool.h>

#include "tests/unit/books.h"
#include "user/base/util.h"

#define UNTOLD 2 /* a namespace that is known by events only */

static void reserve(struct netns_facts *facts, uint16_t port)
{
	facts->reserved[port / 8] |= (uint8_t)(1 << port % 8);
}

/* --- a namespace nobody told of yet ---------------------------------------------------------- */

static void an_unknown_namespace_has_the_range_its_event_saw(void **state)
{
	struct books books = books_open();
	const struct view_pool *row;

	(void)state;
	take(&books, .id = 1, .port = 50000, .netns = UNTOLD, .first = 50000, .last = 50009);
	row = find_pool(&books, UNTOLD, IPPROTO_TCP);
	assert_int_equal(row->first, 50000);
	assert_int_equal(row->last, 50009);
	assert_int_equal(row->size, 10);
	assert_int_equal(row->used, 1);
	assert_string_equal(row->netns_name, "2");
	books_close(&books);
}

/* The range is the namespace's, not a protocol's. */
static void an_unknown_namespace_has_one_range_for_both_protocols(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000, .netns = UNTOLD);
	take(&books, .id = 2, .port = 40000, .netns = 3, .protocol = IPPROTO_UDP,
	     .path = PATH_BIND);
	assert_int_equal(find_pool(&books, UNTOLD, IPPROTO_UDP)->size, 100);
	assert_true(find_pool(&books, UNTOLD, IPPROTO_UDP)->saturation == 0.0);
	assert_int_equal(find_pool(&books, 3, IPPROTO_TCP)->size, 100);
	assert_int_equal(find_pool(&books, 3, IPPROTO_TCP)->first, EVENT_FIRST);
	books_close(&books);
}

static void a_refusal_makes_a_namespace_known(void **state)
{
	struct books books = books_open();

	(void)state;
	refuse(&books, .netns = UNTOLD);
	assert_non_null(find_pool(&books, UNTOLD, IPPROTO_TCP));
	assert_int_equal(ledger_list_netns(books.ledger, NULL, 0), 2);
	books_close(&books);
}

/* What it leaves behind stays known, but counts no more. */
static void a_changed_range_is_known_with_its_next_port(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000);
	take(&books, .id = 2, .port = 50003, .first = 50000, .last = 50009);
	assert_int_equal(tcp(&books)->size, 10);
	assert_int_equal(tcp(&books)->used, 1);
	assert_int_equal(pool(&books, IPPROTO_UDP)->size, 10);
	refuse(&books, .first = 40000, .last = 50009);
	assert_int_equal(tcp(&books)->size, 10010);
	assert_int_equal(tcp(&books)->used, 2);
	books_close(&books);
}

/* They tell what the range was when the hold began. */
static void repeated_holds_do_not_change_the_range(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000);
	take(&books, .id = 1, .port = 40000, .first = 1, .last = 65535, .pid = 7);
	assert_int_equal(tcp(&books)->size, 100);
	take(&books, .id = 2, .port = 40001, .first = 1, .last = 65535,
	     .event_flags = EVENT_FOUND | EVENT_RESYNC);
	assert_int_equal(tcp(&books)->size, 100);
	books_close(&books);
}

static void a_namespace_not_told_of_recycles_nothing_until_it_is(void **state)
{
	struct netns_facts facts = usual_facts();
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000, .netns = UNTOLD);
	time_wait(&books, .id = 1, .tw_flags = HOLD_TW_TIMESTAMPS);
	pass(&books, 10 * SECOND);
	assert_int_equal(destination(&books)->recyclable, 0);
	facts.inode = UNTOLD;
	facts.tw_reuse = 1;
	tell(&books, &facts);
	pass(&books, SECOND);
	assert_int_equal(destination(&books)->recyclable, 1);
	books_close(&books);
}

/* --- facts ----------------------------------------------------------------------------------- */

static void a_name_is_the_one_told_last(void **state)
{
	struct netns_facts facts = usual_facts();
	struct books books = books_open();

	(void)state;
	assert_string_equal(ledger_netns_name(books.ledger, EVENT_NETNS), "host");
	snprintf(facts.name, sizeof(facts.name), "blue");
	tell(&books, &facts);
	assert_string_equal(ledger_netns_name(books.ledger, EVENT_NETNS), "blue");
	assert_string_equal(tcp(&books)->netns_name, "blue");
	assert_null(ledger_netns_name(books.ledger, UNTOLD));
	books_close(&books);
}

static void reserved_ports_leave_the_pool(void **state)
{
	struct netns_facts facts = usual_facts();
	struct books books = books_open();

	(void)state;
	reserve(&facts, 40000);
	reserve(&facts, 40099);
	reserve(&facts, 39999); /* outside: nobody misses it */
	reserve(&facts, 40100);
	tell(&books, &facts);
	assert_int_equal(tcp(&books)->size, 98);
	assert_int_equal(tcp(&books)->reserved, 2);
	assert_int_equal(pool(&books, IPPROTO_UDP)->size, 98);
	take(&books, .id = 1, .port = 40000, .path = PATH_EXPLICIT, .nowhere = true);
	assert_int_equal(tcp(&books)->used, 0);
	books_close(&books);
}

/* Three holds: toward a destination, bound, and bound outside the usual range. */
static void take_three(struct books *books)
{
	take(books, .id = 1, .port = 40000);
	take(books, .id = 2, .port = 40050, .path = PATH_BIND, .nowhere = true);
	take(books, .id = 3, .port = 40150, .path = PATH_EXPLICIT, .nowhere = true);
}

static void a_range_that_changes_counts_again(void **state)
{
	struct netns_facts facts = usual_facts();
	struct books books = books_open();

	(void)state;
	take_three(&books);
	assert_int_equal(tcp(&books)->used, 2);
	facts.first = 40100;
	facts.last = 40199;
	tell(&books, &facts);
	assert_int_equal(tcp(&books)->shared, 0);
	assert_int_equal(tcp(&books)->exclusive, 1);
	assert_int_equal(destination(&books)->used, 0);
	assert_int_equal(destination(&books)->capacity, 99);
	assert_int_equal(owner(&books, EVENT_PID)->used, 1);
	books_close(&books);
}

static void a_range_that_comes_back_counts_as_before(void **state)
{
	struct netns_facts facts = usual_facts();
	struct books books = books_open();

	(void)state;
	take_three(&books);
	facts.first = 50000;
	facts.last = 50001;
	tell(&books, &facts);
	assert_int_equal(tcp(&books)->used, 0);
	facts = usual_facts();
	tell(&books, &facts);
	assert_int_equal(tcp(&books)->shared, 1);
	assert_int_equal(tcp(&books)->exclusive, 1);
	assert_int_equal(destination(&books)->used, 1);
	assert_int_equal(allocated(&books, "connect"), 1);
	for (uint64_t id = 1; id <= 3; id++)
		release(&books, .id = id);
	assert_int_equal(tcp(&books)->used, 0);
	assert_int_equal(look(&books)->owners_count, 0);
	books_close(&books);
}

static void reserving_a_port_in_use_counts_again(void **state)
{
	struct netns_facts facts = usual_facts();
	struct books books = books_open();

	(void)state;
	take_three(&books);
	reserve(&facts, 40000);
	tell(&books, &facts);
	assert_int_equal(tcp(&books)->used, 1);
	assert_int_equal(tcp(&books)->size, 99);
	assert_int_equal(destination(&books)->used, 0);
	facts = usual_facts();
	tell(&books, &facts);
	assert_int_equal(tcp(&books)->used, 2);
	assert_int_equal(tcp(&books)->size, 100);
	release(&books, .id = 1);
	assert_int_equal(tcp(&books)->used, 1);
	books_close(&books);
}

static void a_recyclable_port_stays_so_through_a_recount(void **state)
{
	struct netns_facts facts = usual_facts();
	struct books books = books_open();

	(void)state;
	facts.tw_reuse = 1;
	tell(&books, &facts);
	take(&books, .id = 1, .port = 40000);
	time_wait(&books, .id = 1, .tw_flags = HOLD_TW_TIMESTAMPS);
	pass(&books, SECOND);
	facts.last = 40199;
	tell(&books, &facts);
	assert_int_equal(destination(&books)->recyclable, 1);
	assert_int_equal(destination(&books)->used, 0);
	release(&books, .id = 1);
	assert_int_equal(look(&books)->destinations_count, 0);
	books_close(&books);
}

static void the_same_facts_change_nothing(void **state)
{
	struct netns_facts facts = usual_facts();
	struct books books = books_open();

	(void)state;
	take_three(&books);
	for (int i = 0; i < 3; i++)
		tell(&books, &facts);
	assert_int_equal(tcp(&books)->used, 2);
	assert_int_equal(destination(&books)->used, 1);
	books_close(&books);
}

static void a_namespace_whose_ports_are_all_reserved_is_full(void **state)
{
	struct netns_facts facts = usual_facts();
	struct books books = books_open();

	(void)state;
	facts.first = facts.last = 40000;
	reserve(&facts, 40000);
	tell(&books, &facts);
	take(&books, .id = 1, .port = 40000);
	assert_int_equal(tcp(&books)->size, 0);
	assert_int_equal(destination(&books)->capacity, 0);
	assert_true(tcp(&books)->saturation == 1.0);
	books_close(&books);
}

/* --- leaving --------------------------------------------------------------------------------- */

static void a_namespace_that_goes_takes_its_holds_along(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000, .netns = UNTOLD, .pid = 5);
	take(&books, .id = 2, .port = 40001, .netns = UNTOLD, .pid = 5, .protocol = IPPROTO_UDP,
	     .path = PATH_BIND);
	take(&books, .id = 3, .port = 40000, .pid = 6);
	refuse(&books, .netns = UNTOLD, .pid = 7);
	ledger_drop_netns(books.ledger, UNTOLD);
	assert_null(find_pool(&books, UNTOLD, IPPROTO_TCP));
	assert_null(find_owner(&books, 5));
	assert_null(find_owner(&books, 7));
	assert_int_equal(look(&books)->refused_count, 0);
	assert_int_equal(look(&books)->refusals_count, 1); /* what happened, happened */
	assert_string_equal(look(&books)->refusals[0].netns_name, "2");
	assert_int_equal(destination(&books)->used, 1);
	assert_int_equal(tcp(&books)->used, 1);
	release(&books, .id = 1);
	time_wait(&books, .id = 2);
	assert_int_equal(tcp(&books)->used, 1);
	books_close(&books);
}

static void dropping_an_unknown_namespace_is_harmless(void **state)
{
	struct books books = books_open();

	(void)state;
	ledger_drop_netns(books.ledger, 4242);
	ledger_drop_netns(books.ledger, 0);
	assert_int_equal(ledger_list_netns(books.ledger, NULL, 0), 1);
	books_close(&books);
}

static void a_namespace_that_comes_back_starts_anew(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000);
	ledger_drop_netns(books.ledger, EVENT_NETNS);
	assert_int_equal(look(&books)->pools_count, 0);
	take(&books, .id = 2, .port = 40001);
	assert_int_equal(tcp(&books)->used, 1);
	assert_int_equal(allocated(&books, "connect"), 1);
	books_close(&books);
}

static void a_remnant_in_line_may_outlive_its_namespace(void **state)
{
	struct netns_facts facts = usual_facts();
	struct books books = books_open();

	(void)state;
	facts.tw_reuse = 1;
	tell(&books, &facts);
	take(&books, .id = 1, .port = 40000);
	time_wait(&books, .id = 1, .tw_flags = HOLD_TW_TIMESTAMPS);
	ledger_drop_netns(books.ledger, EVENT_NETNS);
	pass(&books, 10 * SECOND);
	assert_int_equal(look(&books)->destinations_count, 0);
	books_close(&books);
}

static void namespaces_are_listed_up_to_the_room_there_is(void **state)
{
	struct books books = books_open();
	uint32_t inodes[3] = { 7, 7, 7 };

	(void)state;
	take(&books, .id = 1, .port = 40000, .netns = UNTOLD);
	assert_int_equal(ledger_list_netns(books.ledger, inodes, 1), 2);
	assert_int_equal(inodes[1], 7);
	assert_int_equal(ledger_list_netns(books.ledger, inodes, 3), 2);
	assert_int_equal(inodes[0] + inodes[1], EVENT_NETNS + UNTOLD);
	assert_int_equal(inodes[2], 7);
	books_close(&books);
}

static void only_a_live_socket_keeps_a_namespace_in_use(void **state)
{
	struct books books = books_open();

	(void)state;
	assert_false(ledger_netns_in_use(books.ledger, EVENT_NETNS));
	take(&books, .id = 1, .port = 40000);
	assert_true(ledger_netns_in_use(books.ledger, EVENT_NETNS));
	assert_false(ledger_netns_in_use(books.ledger, UNTOLD));
	time_wait(&books, .id = 1);
	assert_false(ledger_netns_in_use(books.ledger, EVENT_NETNS));
	take(&books, .id = 2, .port = 40001, .protocol = IPPROTO_UDP, .path = PATH_BIND);
	assert_true(ledger_netns_in_use(books.ledger, EVENT_NETNS));
	release(&books, .id = 2);
	assert_false(ledger_netns_in_use(books.ledger, EVENT_NETNS));
	books_close(&books);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unknown_namespace_has_the_range_its_event_saw),
		cmocka_unit_test(an_unknown_namespace_has_one_range_for_both_protocols),
		cmocka_unit_test(a_refusal_makes_a_namespace_known),
		cmocka_unit_test(a_changed_range_is_known_with_its_next_port),
		cmocka_unit_test(repeated_holds_do_not_change_the_range),
		cmocka_unit_test(a_namespace_not_told_of_recycles_nothing_until_it_is),
		cmocka_unit_test(a_name_is_the_one_told_last),
		cmocka_unit_test(reserved_ports_leave_the_pool),
		cmocka_unit_test(a_range_that_changes_counts_again),
		cmocka_unit_test(a_range_that_comes_back_counts_as_before),
		cmocka_unit_test(reserving_a_port_in_use_counts_again),
		cmocka_unit_test(a_recyclable_port_stays_so_through_a_recount),
		cmocka_unit_test(the_same_facts_change_nothing),
		cmocka_unit_test(a_namespace_whose_ports_are_all_reserved_is_full),
		cmocka_unit_test(a_namespace_that_goes_takes_its_holds_along),
		cmocka_unit_test(dropping_an_unknown_namespace_is_harmless),
		cmocka_unit_test(a_namespace_that_comes_back_starts_anew),
		cmocka_unit_test(a_remnant_in_line_may_outlive_its_namespace),
		cmocka_unit_test(namespaces_are_listed_up_to_the_room_there_is),
		cmocka_unit_test(only_a_live_socket_keeps_a_namespace_in_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
