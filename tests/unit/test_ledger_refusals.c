// SPDX-License-Identifier: Apache-2.0
/* Ports asked for and not given: who asked, how full it was, and how much of it is kept. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdbool.h>

#include "tests/unit/books.h"
#include "user/base/util.h"

#define COUNTERS_MAX 200

/* Books of a range of four ports: 40000 to 40003. */
static struct books open_small(void)
{
	struct netns_facts facts = usual_facts();
	struct books books = books_open();

	facts.last = 40003;
	tell(&books, &facts);
	return books;
}

static uint64_t refused_of(struct books *books, const char *process)
{
	const struct view *view = look(books);
	uint64_t sum = 0;

	for (size_t i = 0; i < view->refused_count; i++)
		if (!strcmp(view->refused[i].process, process))
			sum += view->refused[i].count;
	return sum;
}

static void a_refusal_says_who_what_and_where(void **state)
{
	struct books books = books_open();
	const struct view_refusal *row;

	(void)state;
	refuse(&books, .pid = 42, .comm = "curl", .at_ns = BOOKS_START_NS + 5);
	assert_int_equal(look(&books)->refusals_count, 1);
	row = &books.view->refusals[0];
	assert_int_equal(row->time, BOOKS_START_NS + 5);
	assert_int_equal(row->pid, 42);
	assert_string_equal(row->process, "curl");
	assert_int_equal(row->netns, EVENT_NETNS);
	assert_string_equal(row->netns_name, "host");
	assert_int_equal(row->protocol, IPPROTO_TCP);
	assert_string_equal(row->path, "connect");
	assert_int_equal(row->error, EADDRNOTAVAIL);
	assert_int_equal(row->local[15], 1);
	assert_int_equal(row->remote[14], 1);
	assert_int_equal(row->remote_port, EVENT_REMOTE_PORT);
	books_close(&books);
}

static void a_refusal_holds_nothing(void **state)
{
	struct books books = books_open();

	(void)state;
	refuse(&books, .path = PATH_CONNECT);
	assert_int_equal(tcp(&books)->used, 0);
	assert_int_equal(look(&books)->destinations_count, 0);
	assert_int_equal(owner(&books, EVENT_PID)->used, 0);
	assert_int_equal(owner(&books, EVENT_PID)->refusals, 1);
	assert_int_equal(owner(&books, EVENT_PID)->allocations, 0);
	books_close(&books);
}

static void a_refused_connect_says_how_full_its_destination_was(void **state)
{
	struct books books = open_small();

	(void)state;
	take(&books, .id = 1, .port = 40000);
	take(&books, .id = 2, .port = 40001);
	take(&books, .id = 3, .port = 40002, .remote_port = 2);
	refuse(&books, .path = PATH_CONNECT);
	assert_true(look(&books)->refusals[0].saturation == 0.5);
	refuse(&books, .path = PATH_CONNECT, .remote_port = 2);
	assert_true(look(&books)->refusals[0].saturation == 0.25);
	refuse(&books, .path = PATH_CONNECT, .remote_port = 3); /* nobody goes there */
	assert_true(look(&books)->refusals[0].saturation == 0.0);
	for (uint16_t port = 40000; port <= 40003; port++)
		take(&books, .id = port, .port = port, .path = PATH_BIND, .nowhere = true);
	refuse(&books, .path = PATH_CONNECT, .remote_port = 3); /* and nobody can */
	assert_true(look(&books)->refusals[0].saturation == 1.0);
	books_close(&books);
}

static void a_refused_bind_says_how_full_the_pool_was(void **state)
{
	struct books books = open_small();

	(void)state;
	take(&books, .id = 1, .port = 40000);
	take(&books, .id = 2, .port = 40000, .remote_port = 2);
	take(&books, .id = 3, .port = 40001, .path = PATH_BIND, .nowhere = true);
	take(&books, .id = 4, .port = 40002, .protocol = IPPROTO_UDP, .path = PATH_BIND);
	refuse(&books, .path = PATH_BIND, .nowhere = true);
	assert_true(look(&books)->refusals[0].saturation == 0.5);
	assert_int_equal(books.view->refusals[0].error, EADDRINUSE);
	assert_int_equal(books.view->refusals[0].remote_port, 0);
	refuse(&books, .path = PATH_AUTOBIND, .nowhere = true, .protocol = IPPROTO_UDP);
	assert_true(look(&books)->refusals[0].saturation == 0.25);
	assert_int_equal(books.view->refusals[0].error, EAGAIN);
	books_close(&books);
}

/* Full of ports that the kernel would recycle: it refuses nothing then. */
static void recyclable_ports_do_not_fill_a_destination(void **state)
{
	struct netns_facts facts = usual_facts();
	struct books books = books_open();

	(void)state;
	facts.tw_reuse = 1;
	facts.last = 40003;
	tell(&books, &facts);
	for (uint16_t port = 40000; port <= 40003; port++) {
		take(&books, .id = port, .port = port);
		time_wait(&books, .id = port, .tw_flags = HOLD_TW_TIMESTAMPS);
	}
	refuse(&books, .path = PATH_CONNECT);
	assert_true(look(&books)->refusals[0].saturation == 1.0);
	pass(&books, SECOND);
	refuse(&books, .path = PATH_CONNECT);
	assert_true(look(&books)->refusals[0].saturation == 0.0);
	books_close(&books);
}

static void the_newest_refusals_come_first_and_are_bounded(void **state)
{
	struct books books = books_open();

	(void)state;
	for (uint32_t i = 1; i <= 1000; i++)
		refuse(&books, .pid = i, .path = PATH_CONNECT);
	assert_int_equal(look(&books)->refusals_count, 256);
	assert_int_equal(books.view->refusals[0].pid, 1000);
	assert_int_equal(books.view->refusals[255].pid, 745);
	assert_int_equal(refused_of(&books, "client"), 1000);
	books_close(&books);
}

static void counters_tell_pool_path_error_and_process_apart(void **state)
{
	struct books books = books_open();

	(void)state;
	for (int i = 0; i < 2; i++) {
		refuse(&books, .path = PATH_CONNECT);
		refuse(&books, .path = PATH_BIND);
		refuse(&books, .path = PATH_CONNECT, .comm = "other one");
		refuse(&books, .path = PATH_CONNECT, .error = 42);
		refuse(&books, .path = PATH_CONNECT, .netns = 2);
		refuse(&books, .path = PATH_BIND, .protocol = IPPROTO_UDP);
	}
	assert_int_equal(look(&books)->refused_count, 6);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(books.view->refused[i].count, 2);
	books_close(&books);
}

static void a_counter_is_of_a_name_not_of_a_process(void **state)
{
	struct books books = books_open();

	(void)state;
	refuse(&books, .pid = 5);
	refuse(&books, .pid = 6);
	assert_int_equal(look(&books)->refused_count, 1);
	assert_int_equal(books.view->refused[0].count, 2);
	books_close(&books);
}

static void what_stands_behind_a_names_end_does_not_matter(void **state)
{
	struct books books = books_open();
	struct event event = refused_event(.comm = "nc");

	(void)state;
	apply(&books, event);
	memset(event.refused.owner.comm + 3, 'x', 12);
	apply(&books, event);
	assert_int_equal(look(&books)->refused_count, 1);
	assert_int_equal(refused_of(&books, "nc"), 2);
	books_close(&books);
}

static void refuse_by(struct books *books, unsigned int name)
{
	char comm[16];

	snprintf(comm, sizeof(comm), "job-%u", name);
	refuse(books, .comm = comm, .pid = 1 + name);
}

static void names_beyond_the_bound_are_counted_together(void **state)
{
	struct books books = books_open();

	(void)state;
	for (unsigned int i = 0; i < COUNTERS_MAX + 500; i++)
		refuse_by(&books, i);
	assert_int_equal(look(&books)->refused_count, COUNTERS_MAX + 1);
	assert_int_equal(refused_of(&books, "other"), 500);
	assert_int_equal(refused_of(&books, "job-0"), 1);
	books_close(&books);
}

static void a_name_with_a_counter_keeps_it_beyond_the_bound(void **state)
{
	struct books books = books_open();

	(void)state;
	for (unsigned int i = 0; i < COUNTERS_MAX + 500; i++)
		refuse_by(&books, i);
	for (int i = 0; i < 10; i++)
		refuse_by(&books, 7);
	assert_int_equal(refused_of(&books, "job-7"), 11);
	assert_int_equal(refused_of(&books, "other"), 500);
	books_close(&books);
}

static void owners_kept_for_their_refusals_are_bounded(void **state)
{
	struct books books = books_open();

	(void)state;
	for (unsigned int i = 0; i < 5000; i++)
		refuse_by(&books, i);
	assert_in_range(look(&books)->owners_count, 1, 1024);
	books_close(&books);
}

static void an_owner_is_kept_ten_minutes_for_its_refusals(void **state)
{
	struct books books = books_open();

	(void)state;
	refuse(&books, .pid = 5);
	pass(&books, 599 * SECOND);
	assert_int_equal(owner(&books, 5)->refusals, 1);
	refuse(&books, .pid = 6);
	pass(&books, SECOND);
	assert_null(find_owner(&books, 5));
	assert_non_null(find_owner(&books, 6));
	pass(&books, 600 * SECOND);
	assert_int_equal(look(&books)->owners_count, 0);
	assert_int_equal(refused_of(&books, "client"), 2); /* the counter stays */
	books_close(&books);
}

static void an_owner_with_ports_keeps_its_refusals(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000);
	refuse(&books, .path = PATH_CONNECT);
	pass(&books, 1000 * SECOND);
	assert_int_equal(owner(&books, EVENT_PID)->refusals, 1);
	release(&books, .id = 1);
	assert_int_equal(owner(&books, EVENT_PID)->refusals, 1);
	pass(&books, SECOND);
	assert_null(find_owner(&books, EVENT_PID));
	books_close(&books);
}

static void recent_refusals_are_the_pools(void **state)
{
	struct books books = books_open();

	(void)state;
	refuse(&books, .path = PATH_CONNECT);
	refuse(&books, .path = PATH_BIND, .protocol = IPPROTO_UDP);
	refuse(&books, .path = PATH_BIND);
	assert_int_equal(tcp(&books)->refused_recently, 2);
	assert_int_equal(pool(&books, IPPROTO_UDP)->refused_recently, 1);
	pass(&books, 60 * SECOND);
	assert_int_equal(tcp(&books)->refused_recently, 0);
	books_close(&books);
}

static void the_kernel_and_nobody_are_refused_too(void **state)
{
	struct books books = books_open();

	(void)state;
	refuse(&books, .kernel = true);
	refuse(&books, .nobody = true);
	assert_int_equal(refused_of(&books, "kernel"), 1);
	assert_int_equal(refused_of(&books, ""), 1);
	assert_int_equal(look(&books)->refusals[0].pid, 0);
	books_close(&books);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refusal_says_who_what_and_where),
		cmocka_unit_test(a_refusal_holds_nothing),
		cmocka_unit_test(a_refused_connect_says_how_full_its_destination_was),
		cmocka_unit_test(a_refused_bind_says_how_full_the_pool_was),
		cmocka_unit_test(recyclable_ports_do_not_fill_a_destination),
		cmocka_unit_test(the_newest_refusals_come_first_and_are_bounded),
		cmocka_unit_test(counters_tell_pool_path_error_and_process_apart),
		cmocka_unit_test(a_counter_is_of_a_name_not_of_a_process),
		cmocka_unit_test(what_stands_behind_a_names_end_does_not_matter),
		cmocka_unit_test(names_beyond_the_bound_are_counted_together),
		cmocka_unit_test(a_name_with_a_counter_keeps_it_beyond_the_bound),
		cmocka_unit_test(owners_kept_for_their_refusals_are_bounded),
		cmocka_unit_test(an_owner_is_kept_ten_minutes_for_its_refusals),
		cmocka_unit_test(an_owner_with_ports_keeps_its_refusals),
		cmocka_unit_test(recent_refusals_are_the_pools),
		cmocka_unit_test(the_kernel_and_nobody_are_refused_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
