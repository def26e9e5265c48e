// SPDX-License-Identifier: Apache-2.0
/* The ledger as a view: order, sums that agree, what is not known, and whose memory it is. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdbool.h>

#include "tests/unit/books.h"
#include "user/base/util.h"

/* --- order ----------------------------------------------------------------------------------- */

/* Takes count ports toward a destination, from 40000 on; ids are taken from *next_id. */
static void fill(struct books *books, uint64_t *next_id, uint32_t count, struct saying saying)
{
	for (uint32_t i = 0; i < count; i++) {
		saying.id = (*next_id)++;
		saying.port = (uint16_t)(40000 + i);
		apply(books, make_taken(&saying));
	}
}

static void destinations_come_highest_saturation_first(void **state)
{
	struct books books = books_open();
	const struct view *view;
	uint64_t id = 1;

	(void)state;
	fill(&books, &id, 2, (struct saying){ .remote_port = 2 });
	fill(&books, &id, 9, (struct saying){ .remote_port = 9 });
	fill(&books, &id, 1, (struct saying){ .remote_port = 1 });
	fill(&books, &id, 5, (struct saying){ .remote_port = 5 });
	view = look(&books);
	assert_int_equal(view->destinations_count, 4);
	assert_int_equal(view->destinations[0].remote_port, 9);
	assert_int_equal(view->destinations[1].remote_port, 5);
	assert_int_equal(view->destinations[2].remote_port, 2);
	assert_int_equal(view->destinations[3].remote_port, 1);
	books_close(&books);
}

static void equal_destinations_come_in_the_order_of_their_addresses(void **state)
{
	struct books books = books_open();
	const struct view *view;

	(void)state;
	take(&books, .id = 1, .port = 40000, .remote = { 10, 9, 9, 9 }, .remote_port = 2);
	take(&books, .id = 2, .port = 40000, .remote = { 10, 9, 9, 9 }, .remote_port = 1);
	take(&books, .id = 3, .port = 40000, .remote = { 10, 1, 1, 1 }, .remote_port = 3);
	take(&books, .id = 4, .port = 40000, .remote = { 10, 1, 1, 1 }, .remote_port = 3,
	     .local = { 9, 0, 0, 1 });
	view = look(&books);
	assert_int_equal(view->destinations[0].local[12], 9);
	assert_int_equal(view->destinations[1].remote_port, 3);
	assert_int_equal(view->destinations[2].remote_port, 1);
	assert_int_equal(view->destinations[3].remote_port, 2);
	books_close(&books);
}

static void among_equal_saturation_more_holds_come_first(void **state)
{
	struct books books = books_open();
	const struct view *view;

	(void)state;
	take(&books, .id = 1, .port = 40000, .path = PATH_BIND, .remote_port = 1);
	take(&books, .id = 2, .port = 40001, .path = PATH_BIND, .remote_port = 2);
	take(&books, .id = 3, .port = 40002, .path = PATH_BIND, .remote_port = 2);
	view = look(&books);
	assert_int_equal(view->destinations[0].remote_port, 2);
	assert_true(view->destinations[0].saturation == 0.0);
	books_close(&books);
}

static void pools_come_worst_first_in_either_scope(void **state)
{
	struct books books = books_open();
	const struct view *view;
	uint64_t id = 1;

	(void)state;
	/* netns 2: 10 bound; netns 3: 20 toward one destination of 40; host UDP: 30 */
	fill(&books, &id, 10, (struct saying){ .netns = 2, .path = PATH_BIND });
	fill(&books, &id, 20, (struct saying){ .netns = 3, .first = 40000, .last = 40039 });
	fill(&books, &id, 30, (struct saying){ .protocol = IPPROTO_UDP, .path = PATH_BIND });
	view = look(&books);
	assert_int_equal(view->pools_count, 6);
	assert_int_equal(view->pools[0].netns, 3);
	assert_int_equal(view->pools[0].protocol, IPPROTO_TCP);
	assert_int_equal(view->pools[1].netns, EVENT_NETNS);
	assert_int_equal(view->pools[1].protocol, IPPROTO_UDP);
	assert_int_equal(view->pools[2].netns, 2);
	books_close(&books);
}

static void owners_come_with_most_ports_first(void **state)
{
	struct books books = books_open();
	const struct view *view;
	uint64_t id = 1;

	(void)state;
	fill(&books, &id, 2, (struct saying){ .pid = 2 });
	fill(&books, &id, 9, (struct saying){ .pid = 9, .remote_port = 9 });
	refuse(&books, .pid = 7);
	refuse(&books, .pid = 8);
	refuse(&books, .pid = 8);
	view = look(&books);
	assert_int_equal(view->owners_count, 4);
	assert_int_equal(view->owners[0].pid, 9);
	assert_int_equal(view->owners[1].pid, 2);
	assert_int_equal(view->owners[2].pid, 8); /* no ports: more refusals first */
	assert_int_equal(view->owners[3].pid, 7);
	books_close(&books);
}

static void owners_of_a_destination_come_with_most_ports_first(void **state)
{
	struct books books = books_open();
	const struct view_destination *row;

	(void)state;
	take(&books, .id = 1, .port = 40000, .pid = 3);
	take(&books, .id = 2, .port = 40001, .pid = 2);
	take(&books, .id = 3, .port = 40002, .pid = 1, .path = PATH_BIND);
	take(&books, .id = 4, .port = 40003, .pid = 1, .path = PATH_BIND);
	row = destination(&books);
	assert_int_equal(row->owners_count, 3);
	assert_int_equal(row->owners[0].pid, 1);
	assert_int_equal(row->owners[0].used, 0);
	assert_int_equal(row->owners[0].exclusive, 2);
	assert_int_equal(row->owners[1].pid, 2);
	assert_int_equal(row->owners[2].pid, 3);
	books_close(&books);
}

/* --- sums ------------------------------------------------------------------------------------ */

static void destinations_and_owners_add_up_to_the_same(void **state)
{
	struct books books = books_open();
	uint32_t by_destination = 0;
	uint32_t by_owner = 0;
	const struct view *view;
	uint64_t id = 1;

	(void)state;
	for (uint16_t remote = 1; remote <= 5; remote++)
		for (uint32_t pid = 1; pid <= 4; pid++)
			fill(&books, &id, pid + remote,
			     (struct saying){ .remote_port = remote,
					      .pid = pid,
					      .local = { 10, 0, 0, (uint8_t)pid } });
	for (uint64_t i = 1; i < id; i += 3)
		time_wait(&books, .id = i);
	view = look(&books);
	for (size_t i = 0; i < view->destinations_count; i++)
		by_destination += view->destinations[i].used;
	for (size_t i = 0; i < view->owners_count; i++)
		by_owner += view->owners[i].used;
	assert_int_equal(by_destination, id - 1);
	assert_int_equal(by_owner, id - 1);
	assert_int_equal(tcp(&books)->used, 9); /* each port once */
	books_close(&books);
}

static void the_worst_destination_is_that_of_the_pool(void **state)
{
	struct books books = books_open();
	uint64_t id = 1;

	(void)state;
	fill(&books, &id, 4, (struct saying){ .remote_port = 1 });
	fill(&books, &id, 20, (struct saying){ .remote_port = 2 });
	fill(&books, &id, 50, (struct saying){ .remote_port = 3, .netns = 2 });
	assert_true(tcp(&books)->worst_destination_saturation == 0.2);
	assert_true(find_pool(&books, 2, IPPROTO_TCP)->worst_destination_saturation == 0.5);
	assert_true(pool(&books, IPPROTO_UDP)->worst_destination_saturation == 0.0);
	for (uint64_t i = 1; i < id; i++)
		release(&books, .id = i);
	assert_true(tcp(&books)->worst_destination_saturation == 0.0);
	books_close(&books);
}

/* --- what is not known ----------------------------------------------------------------------- */

static void nothing_is_foretold_of_what_does_not_grow(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000);
	assert_true(isnan(destination(&books)->exhaustion_seconds)); /* seen but once */
	assert_true(isnan(tcp(&books)->exhaustion_seconds));
	for (int i = 0; i < 300; i++)
		pass(&books, SECOND);
	assert_true(isnan(destination(&books)->exhaustion_seconds));
	assert_true(isnan(tcp(&books)->exhaustion_seconds));
	books_close(&books);
}

static void the_end_of_what_fills_up_is_foretold(void **state)
{
	struct books books = books_open();
	double seconds;

	(void)state;
	for (uint16_t i = 0; i < 30; i++) {
		take(&books, .id = 1 + 2 * (uint64_t)i, .port = (uint16_t)(40000 + 2 * i));
		take(&books, .id = 2 + 2 * (uint64_t)i, .port = (uint16_t)(40001 + 2 * i));
		pass(&books, SECOND);
	}
	seconds = destination(&books)->exhaustion_seconds;
	assert_true(seconds > 15 && seconds < 40); /* 40 ports left */
	assert_true(tcp(&books)->exhaustion_seconds == seconds);
	assert_true(isnan(pool(&books, IPPROTO_UDP)->exhaustion_seconds));
	books_close(&books);
}

static void times_are_since_the_epoch_and_unknown_ones_zero(void **state)
{
	struct view_facts facts = { .now_ns = 5 * SECOND,
				    .realtime_offset_ns = 1000 * SECOND,
				    .boot_offset_ns = 2000 * SECOND,
				    .since_ns = 3 * SECOND,
				    .source = "test" };
	struct view *view = NULL;
	struct books books = { .now_ns = 4 * SECOND };

	(void)state;
	assert_int_equal(ledger_new(&books.ledger, 0, books.now_ns), 0);
	take(&books, .id = 1, .port = 40000, .start_ns = 7 * SECOND);
	take(&books, .id = 2, .port = 40001, .nobody = true);
	refuse(&books, .start_ns = 7 * SECOND);
	assert_int_equal(view_build(&view, books.ledger, &facts), 0);
	assert_int_equal(view->time, 1005 * SECOND);
	assert_int_equal(view->health.since, 1003 * SECOND);
	assert_int_equal(view->health.reconciled_at, 0); /* never */
	assert_int_equal(view->refusals[0].time, 1004 * SECOND);
	for (size_t i = 0; i < view->owners_count; i++)
		assert_int_equal(view->owners[i].start_time,
				 view->owners[i].known ? 2007 * SECOND : 0);
	view_unref(view);
	books_close(&books);
}

/* --- the frame ------------------------------------------------------------------------------- */

static void facts_are_copied(void **state)
{
	static const struct view_tally lost[] = { { "ring_full", 3 }, { "recursion", 4 } };
	char host[] = "box";
	struct view_facts facts = { .source = "fentry",
				    .kernel = "6.1.0",
				    .host = host,
				    .lost = lost,
				    .lost_count = ARRAY_SIZE(lost),
				    .complete = true };
	struct books books = books_open();
	struct view *view = NULL;

	(void)state;
	assert_int_equal(view_build(&view, books.ledger, &facts), 0);
	host[0] = 'X';
	assert_string_equal(view->host, "box");
	assert_string_equal(view->source, "fentry");
	assert_string_equal(view->kernel, "6.1.0");
	assert_string_equal(view->version, PORTGAUGE_VERSION);
	assert_true(view->health.complete);
	assert_int_equal(view->health.lost_count, 2);
	assert_string_equal(view->health.lost[1].name, "recursion");
	assert_int_equal(view->health.lost[1].count, 4);
	view_unref(view);
	books_close(&books);
}

static void a_view_does_not_change_with_the_ledger(void **state)
{
	struct view_facts facts = { .source = "test" };
	struct books books = books_open();
	struct view *view = NULL;

	(void)state;
	take(&books, .id = 1, .port = 40000, .comm = "before");
	assert_int_equal(owner_identify(ledger_unidentified(books.ledger), "/a", "u", "c", "p"), 0);
	refuse(&books, .path = PATH_CONNECT, .comm = "before");
	assert_int_equal(view_build(&view, books.ledger, &facts), 0);
	release(&books, .id = 1);
	take(&books, .id = 2, .port = 40001, .comm = "after");
	ledger_drop_netns(books.ledger, EVENT_NETNS);
	books_close(&books); /* the view outlives even the ledger */
	assert_string_equal(view->owners[0].process, "before");
	assert_string_equal(view->owners[0].unit, "u");
	assert_string_equal(view->pools[0].netns_name, "host");
	assert_string_equal(view->destinations[0].netns_name, "host");
	assert_string_equal(view->destinations[0].owners[0].process, "before");
	assert_string_equal(view->refused[0].netns_name, "host");
	assert_string_equal(view->allocations[0].path, "connect");
	view_unref(view);
}

static void an_empty_ledger_has_a_view(void **state)
{
	struct view_facts facts = { .source = "test" };
	struct ledger *ledger = NULL;
	struct view *view = NULL;

	(void)state;
	assert_int_equal(ledger_new(&ledger, 0, 0), 0);
	assert_int_equal(view_build(&view, ledger, &facts), 0);
	assert_int_equal(view->pools_count, 0);
	assert_int_equal(view->owners_count, 0);
	assert_int_equal(view->alerts_count, 0);
	assert_null(view->kernel);
	assert_null(view->host);
	view_unref(view);
	ledger_free(ledger);
}

static void a_view_lives_until_its_last_reference(void **state)
{
	struct view_facts facts = { .source = "test" };
	struct books books = books_open();
	struct view *view = NULL;

	(void)state;
	view_unref(NULL);
	assert_int_equal(view_build(&view, books.ledger, &facts), 0);
	assert_ptr_equal(view_ref(view), view);
	view_unref(view);
	assert_string_equal(view->source, "test");
	view_unref(view);
	books_close(&books);
}

static void every_namespace_has_a_row_for_each_protocol(void **state)
{
	struct books books = books_open();
	const struct view *view;

	(void)state;
	for (uint32_t netns = 2; netns <= 20; netns++)
		take(&books, .id = netns, .port = 40000, .netns = netns);
	view = look(&books);
	assert_int_equal(view->pools_count, 40);
	assert_int_equal(view->health.drift_count, 40);
	for (size_t i = 0; i < view->pools_count; i++)
		if (view->pools[i].netns != EVENT_NETNS)
			assert_int_equal(strtoul(view->pools[i].netns_name, NULL, 10),
					 view->pools[i].netns);
	books_close(&books);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(destinations_come_highest_saturation_first),
		cmocka_unit_test(equal_destinations_come_in_the_order_of_their_addresses),
		cmocka_unit_test(among_equal_saturation_more_holds_come_first),
		cmocka_unit_test(pools_come_worst_first_in_either_scope),
		cmocka_unit_test(owners_come_with_most_ports_first),
		cmocka_unit_test(owners_of_a_destination_come_with_most_ports_first),
		cmocka_unit_test(destinations_and_owners_add_up_to_the_same),
		cmocka_unit_test(the_worst_destination_is_that_of_the_pool),
		cmocka_unit_test(nothing_is_foretold_of_what_does_not_grow),
		cmocka_unit_test(the_end_of_what_fills_up_is_foretold),
		cmocka_unit_test(times_are_since_the_epoch_and_unknown_ones_zero),
		cmocka_unit_test(facts_are_copied),
		cmocka_unit_test(a_view_does_not_change_with_the_ledger),
		cmocka_unit_test(an_empty_ledger_has_a_view),
		cmocka_unit_test(a_view_lives_until_its_last_reference),
		cmocka_unit_test(every_namespace_has_a_row_for_each_protocol),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
