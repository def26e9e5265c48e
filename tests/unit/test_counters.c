// SPDX-License-Identifier: Apache-2.0
/* Counters that may be scraped: bounded, and none ever goes down. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>

#include "tests/unit/books.h"
#include "user/base/util.h"

#define NAMESPACES_MAX 3
#define PROCESSES_MAX 4
#define FIRST_NETNS 100 /* of the namespaces that come and go */

static struct books narrow_books(void)
{
	const struct view_limits limits = { .namespaces = NAMESPACES_MAX,
					    .processes = PROCESSES_MAX };
	struct books books = books_open();

	ledger_limit(books.ledger, &limits);
	return books;
}

static uint64_t sum(const struct view_counter *rows, size_t count)
{
	uint64_t total = 0;

	for (size_t i = 0; i < count; i++)
		total += rows[i].count;
	return total;
}

static bool same_labels(const struct view_counter *a, const struct view_counter *b)
{
	return !strcmp(a->netns_name, b->netns_name) && a->protocol == b->protocol &&
	       !strcmp(a->path, b->path) && a->error == b->error && !strcmp(a->process, b->process);
}

static const struct view_counter *find(const struct view_counter *rows, size_t count,
				       const struct view_counter *labels)
{
	for (size_t i = 0; i < count; i++)
		if (same_labels(&rows[i], labels))
			return &rows[i];
	return NULL;
}

static uint64_t allocations_of(struct books *books, const char *netns)
{
	const struct view *view = look(books);
	uint64_t total = 0;

	for (size_t i = 0; i < view->allocations_count; i++)
		if (!strcmp(view->allocations[i].netns_name, netns))
			total += view->allocations[i].count;
	return total;
}

static uint64_t refusals_of(struct books *books, const char *netns, const char *process)
{
	const struct view *view = look(books);
	uint64_t total = 0;

	for (size_t i = 0; i < view->refused_count; i++)
		if (!strcmp(view->refused[i].netns_name, netns) &&
		    !strcmp(view->refused[i].process, process))
			total += view->refused[i].count;
	return total;
}

static void live(struct books *books, uint64_t id, uint32_t netns, uint8_t protocol)
{
	take(books, .id = id, .port = 40000, .netns = netns, .protocol = protocol,
	     .path = protocol == IPPROTO_UDP ? PATH_BIND : PATH_CONNECT);
	release(books, .id = id);
}

static void namespaces_beyond_the_bound_are_counted_together(void **state)
{
	struct books books = narrow_books();

	(void)state;
	for (uint32_t i = 0; i < 10; i++)
		live(&books, i + 1, FIRST_NETNS + i, IPPROTO_TCP);
	assert_int_equal(allocations_of(&books, "100"), 1);
	assert_int_equal(allocations_of(&books, "102"), 1);
	assert_int_equal(allocations_of(&books, "103"), 0);
	assert_int_equal(allocations_of(&books, "other"), 7);
	assert_int_equal(sum(books.view->releases, books.view->releases_count), 10);
	assert_int_equal(books.view->releases_count, NAMESPACES_MAX + 1);
	books_close(&books);
}

static void both_protocols_of_a_namespace_share_its_place(void **state)
{
	struct books books = narrow_books();

	(void)state;
	for (uint32_t i = 0; i < NAMESPACES_MAX; i++)
		live(&books, i + 1, FIRST_NETNS + i, IPPROTO_TCP);
	for (uint32_t i = 0; i < NAMESPACES_MAX; i++)
		live(&books, i + 10, FIRST_NETNS + i, IPPROTO_UDP);
	assert_int_equal(allocations_of(&books, "other"), 0);
	assert_int_equal(allocations_of(&books, "101"), 2);
	books_close(&books);
}

static void each_vrf_takes_a_place(void **state)
{
	struct books books = narrow_books();

	(void)state;
	for (uint32_t vrf = 1; vrf <= 10; vrf++)
		take(&books, .id = vrf, .port = 40000, .netns = FIRST_NETNS, .vrf = vrf);
	assert_int_equal(look(&books)->allocations_count, NAMESPACES_MAX + 1);
	assert_int_equal(allocations_of(&books, "other"), 10 - NAMESPACES_MAX);
	ledger_drop_netns(books.ledger, FIRST_NETNS);
	for (uint32_t i = 0; i < NAMESPACES_MAX; i++)
		live(&books, 20 + i, FIRST_NETNS + i, IPPROTO_TCP);
	assert_int_equal(allocations_of(&books, "other"), 10 - NAMESPACES_MAX);
	books_close(&books);
}

/* What was counted together stays there; the place that came free counts from now on. */
static void a_place_that_comes_free_is_taken_without_moving_counts(void **state)
{
	struct books books = narrow_books();

	(void)state;
	for (uint32_t i = 0; i < NAMESPACES_MAX + 1; i++)
		live(&books, i + 1, FIRST_NETNS + i, IPPROTO_TCP);
	ledger_drop_netns(books.ledger, FIRST_NETNS);
	live(&books, 50, FIRST_NETNS + NAMESPACES_MAX, IPPROTO_TCP);
	assert_int_equal(allocations_of(&books, "103"), 1);
	assert_int_equal(allocations_of(&books, "other"), 1);
	assert_int_equal(allocations_of(&books, "100"), 0);
	books_close(&books);
}

static void a_namespace_that_was_counted_with_others_takes_nothing_with_it(void **state)
{
	struct books books = narrow_books();

	(void)state;
	for (uint32_t i = 0; i < NAMESPACES_MAX + 2; i++) {
		live(&books, i + 1, FIRST_NETNS + i, IPPROTO_TCP);
		refuse(&books, .netns = FIRST_NETNS + i, .comm = "job");
	}
	ledger_drop_netns(books.ledger, FIRST_NETNS + NAMESPACES_MAX);
	assert_int_equal(allocations_of(&books, "other"), 2);
	assert_int_equal(refusals_of(&books, "other", "other"), 2);
	books_close(&books);
}

static void refusals_beyond_the_bound_keep_their_namespace(void **state)
{
	struct books books = narrow_books();
	char comm[16];

	(void)state;
	for (unsigned int i = 0; i < 20; i++) {
		snprintf(comm, sizeof(comm), "job-%u", i);
		refuse(&books, .netns = FIRST_NETNS + i % 2, .comm = comm);
	}
	assert_int_equal(refusals_of(&books, "100", "other"), 8);
	assert_int_equal(refusals_of(&books, "101", "other"), 8);
	assert_int_equal(refusals_of(&books, "101", "job-1"), 1);
	assert_int_equal(look(&books)->refused_count, PROCESSES_MAX + 2);
	assert_int_equal(books.view->series_dropped[VIEW_REFUSALS], 16);
	ledger_drop_netns(books.ledger, FIRST_NETNS);
	refuse(&books, .netns = FIRST_NETNS + 1, .comm = "late");
	assert_int_equal(refusals_of(&books, "101", "late"), 1);
	books_close(&books);
}

static void a_process_called_other_needs_no_place(void **state)
{
	struct books books = narrow_books();

	(void)state;
	refuse(&books, .netns = FIRST_NETNS, .comm = "other");
	for (unsigned int i = 0; i < PROCESSES_MAX; i++) {
		char comm[16];

		snprintf(comm, sizeof(comm), "job-%u", i);
		refuse(&books, .netns = FIRST_NETNS, .comm = comm);
	}
	assert_int_equal(refusals_of(&books, "100", "other"), 1);
	assert_int_equal(refusals_of(&books, "100", "job-3"), 1);
	books_close(&books);
}

/* --- anything a host can do ------------------------------------------------------------------ */

static void assert_none_went_down(const struct view_counter *before, size_t before_count,
				  const struct view_counter *rows, size_t count, const char *gone)
{
	for (size_t i = 0; i < before_count; i++) {
		const struct view_counter *now = find(rows, count, &before[i]);

		if (!strcmp(before[i].netns_name, gone))
			continue;
		assert_non_null(now);
		assert_true(now->count >= before[i].count);
	}
}

static uint32_t step(struct books *books, uint64_t id)
{
	uint32_t netns = FIRST_NETNS + (uint32_t)rand() % 6;
	char comm[16];

	switch (rand() % 8) {
	case 0:
		ledger_drop_netns(books->ledger, netns);
		return netns;
	case 1:
	case 2:
	case 3:
		live(books, id, netns, rand() % 2 ? IPPROTO_TCP : IPPROTO_UDP);
		break;
	default:
		snprintf(comm, sizeof(comm), "job-%d", rand() % 9);
		refuse(books, .netns = netns, .comm = comm,
		       .path = rand() % 2 ? PATH_CONNECT : PATH_BIND);
	}
	return 0;
}

static void no_counter_ever_goes_down(void **state)
{
	struct books books = narrow_books();
	struct view *before;
	char gone[16];

	(void)state;
	srand(1);
	look(&books);
	for (uint64_t i = 1; i < 5000; i++) {
		before = view_ref((struct view *)books.view);
		snprintf(gone, sizeof(gone), "%u", step(&books, i));
		look(&books);
		assert_none_went_down(before->refused, before->refused_count, books.view->refused,
				      books.view->refused_count, gone);
		assert_none_went_down(before->allocations, before->allocations_count,
				      books.view->allocations, books.view->allocations_count, gone);
		assert_none_went_down(before->releases, before->releases_count,
				      books.view->releases, books.view->releases_count, gone);
		assert_in_range(books.view->allocations_count, 0, 2 * NAMESPACES_MAX + 2);
		assert_in_range(books.view->refused_count, 0,
				PROCESSES_MAX + 4 * NAMESPACES_MAX + 4);
		view_unref(before);
	}
	books_close(&books);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(namespaces_beyond_the_bound_are_counted_together),
		cmocka_unit_test(both_protocols_of_a_namespace_share_its_place),
		cmocka_unit_test(each_vrf_takes_a_place),
		cmocka_unit_test(a_place_that_comes_free_is_taken_without_moving_counts),
		cmocka_unit_test(a_namespace_that_was_counted_with_others_takes_nothing_with_it),
		cmocka_unit_test(refusals_beyond_the_bound_keep_their_namespace),
		cmocka_unit_test(a_process_called_other_needs_no_place),
		cmocka_unit_test(no_counter_ever_goes_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
