// SPDX-License-Identifier: Apache-2.0
/* Who a hold belongs to, by what names, and for how long the ledger remembers. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdbool.h>

#include "tests/unit/books.h"
#include "user/base/util.h"

static void pid_and_start_make_an_owner(void **state)
{
	struct books books = books_open();
	const struct view *view;

	(void)state;
	take(&books, .id = 1, .port = 40000, .pid = 5, .start_ns = SECOND);
	take(&books, .id = 2, .port = 40001, .pid = 5, .start_ns = SECOND);
	take(&books, .id = 3, .port = 40002, .pid = 5, .start_ns = 2 * SECOND);
	take(&books, .id = 4, .port = 40003, .pid = 6, .start_ns = SECOND);
	view = look(&books);
	assert_int_equal(view->owners_count, 3);
	assert_int_equal(view->owners[0].pid, 5);
	assert_int_equal(view->owners[0].used, 2);
	books_close(&books);
}

static void owners_share_a_destination(void **state)
{
	struct books books = books_open();
	const struct view_destination *row;

	(void)state;
	take(&books, .id = 1, .port = 40000, .pid = 5, .comm = "five");
	take(&books, .id = 2, .port = 40001, .pid = 6, .comm = "six");
	take(&books, .id = 3, .port = 40002, .pid = 6, .comm = "six");
	time_wait(&books, .id = 3);
	row = destination(&books);
	assert_int_equal(row->used, 3);
	assert_int_equal(row->owners_count, 2);
	assert_int_equal(row->owners[0].pid, 6);
	assert_string_equal(row->owners[0].process, "six");
	assert_int_equal(row->owners[0].used, 2);
	assert_int_equal(row->owners[0].active, 1);
	assert_int_equal(row->owners[0].time_wait, 1);
	assert_int_equal(row->owners[1].pid, 5);
	assert_int_equal(row->owners[1].used, 1);
	books_close(&books);
}

static void an_owner_has_a_row_in_each_pool(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000);
	take(&books, .id = 2, .port = 40000, .protocol = IPPROTO_UDP, .path = PATH_AUTOBIND);
	take(&books, .id = 3, .port = 40000, .netns = 2);
	assert_int_equal(look(&books)->owners_count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(books.view->owners[i].pid, EVENT_PID);
		assert_int_equal(books.view->owners[i].used, 1);
	}
	books_close(&books);
}

static void exec_renames_the_owner(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000, .comm = "sh", .uid = 0, .cgroup = 1);
	pass(&books, SECOND);
	take(&books, .id = 2, .port = 40001, .comm = "nginx", .uid = 33, .cgroup = 2);
	assert_int_equal(look(&books)->owners_count, 1);
	assert_string_equal(owner(&books, EVENT_PID)->process, "nginx");
	assert_int_equal(owner(&books, EVENT_PID)->uid, 33);
	books_close(&books);
}

/* A resync repeats each hold as it was taken. */
static void an_old_hold_repeated_does_not_bring_an_old_name_back(void **state)
{
	struct books books = books_open();
	uint64_t then = books.now_ns;

	(void)state;
	take(&books, .id = 1, .port = 40000, .comm = "sh");
	pass(&books, SECOND);
	take(&books, .id = 2, .port = 40001, .comm = "nginx");
	take(&books, .id = 1, .port = 40000, .comm = "sh", .taken_ns = then,
	     .event_flags = EVENT_FOUND | EVENT_RESYNC);
	assert_string_equal(owner(&books, EVENT_PID)->process, "nginx");
	books_close(&books);
}

static void the_kernel_is_one_owner(void **state)
{
	struct books books = books_open();
	const struct view_owner *row;

	(void)state;
	take(&books, .id = 1, .port = 40000, .kernel = true, .pid = 77, .comm = "kworker/0:1");
	take(&books, .id = 2, .port = 40001, .kernel = true, .pid = 78, .comm = "kworker/1:1");
	assert_int_equal(look(&books)->owners_count, 1);
	row = owner(&books, 0);
	assert_string_equal(row->process, "kernel");
	assert_true(row->known);
	assert_true(row->alive);
	assert_int_equal(row->start_time, 0);
	assert_int_equal(row->used, 2);
	books_close(&books);
}

static void nobody_is_one_owner_without_a_name(void **state)
{
	struct books books = books_open();
	const struct view_owner *row;

	(void)state;
	take(&books, .id = 1, .port = 40000, .nobody = true, .pid = 77);
	take(&books, .id = 2, .port = 40001, .nobody = true, .pid = 78);
	assert_int_equal(look(&books)->owners_count, 1);
	row = owner(&books, 0);
	assert_string_equal(row->process, "");
	assert_false(row->known);
	assert_false(row->alive);
	assert_int_equal(row->start_time, 0);
	assert_int_equal(row->used, 2);
	books_close(&books);
}

static void the_kernel_and_nobody_are_two(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000, .nobody = true);
	take(&books, .id = 2, .port = 40001, .kernel = true);
	assert_int_equal(look(&books)->owners_count, 2);
	books_close(&books);
}

static void a_hold_moves_to_its_owner_when_that_becomes_known(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000, .nobody = true);
	take(&books, .id = 1, .port = 40000, .event_flags = EVENT_FOUND);
	assert_int_equal(look(&books)->owners_count, 1);
	assert_int_equal(owner(&books, EVENT_PID)->used, 1);
	assert_int_equal(destination(&books)->used, 1);
	assert_int_equal(destination(&books)->owners_count, 1);
	assert_int_equal(look(&books)->health.drift_total, 0);
	assert_int_equal(allocated(&books, "connect"), 1);
	books_close(&books);
}

static void an_owner_goes_with_its_last_hold(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000);
	take(&books, .id = 2, .port = 40001);
	release(&books, .id = 1);
	assert_non_null(find_owner(&books, EVENT_PID));
	release(&books, .id = 2);
	assert_null(find_owner(&books, EVENT_PID));
	books_close(&books);
}

/* Ports bound by two owners (SO_REUSEPORT): each has it, the pool has it once. */
static void a_port_of_two_owners_is_in_both_rows(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000, .path = PATH_EXPLICIT, .nowhere = true, .pid = 5);
	take(&books, .id = 2, .port = 40000, .path = PATH_EXPLICIT, .nowhere = true, .pid = 6);
	assert_int_equal(owner(&books, 5)->exclusive, 1);
	assert_int_equal(owner(&books, 6)->exclusive, 1);
	assert_int_equal(tcp(&books)->exclusive, 1);
	release(&books, .id = 1);
	assert_null(find_owner(&books, 5));
	assert_int_equal(tcp(&books)->exclusive, 1);
	books_close(&books);
}

/* --- identification -------------------------------------------------------------------------- */

static void each_owner_is_looked_up_once(void **state)
{
	struct books books = books_open();
	struct owner *found;
	uint64_t cgroups = 0;

	(void)state;
	take(&books, .id = 1, .port = 40000, .pid = 5, .cgroup = 100);
	take(&books, .id = 2, .port = 40001, .pid = 6, .cgroup = 1000);
	for (int i = 0; i < 2; i++) {
		found = ledger_unidentified(books.ledger);
		assert_non_null(found);
		cgroups += owner_cgroup_id(found);
		assert_int_equal(owner_identify(found, "/x", NULL, NULL, NULL), 0);
	}
	assert_int_equal(cgroups, 1100);
	assert_null(ledger_unidentified(books.ledger));
	take(&books, .id = 3, .port = 40002, .pid = 7, .cgroup = 7);
	assert_int_equal(owner_cgroup_id(ledger_unidentified(books.ledger)), 7);
	books_close(&books);
}

static void what_was_looked_up_is_in_the_view(void **state)
{
	struct books books = books_open();
	const struct view_owner *row;
	char unit[] = "nginx.service";

	(void)state;
	take(&books, .id = 1, .port = 40000);
	assert_null(owner(&books, EVENT_PID)->unit);
	assert_int_equal(owner_identify(ledger_unidentified(books.ledger), "/a", unit, "c", "p"),
			 0);
	unit[0] = 'X'; /* it was copied */
	row = owner(&books, EVENT_PID);
	assert_string_equal(row->cgroup, "/a");
	assert_string_equal(row->unit, "nginx.service");
	assert_string_equal(row->container, "c");
	assert_string_equal(row->pod, "p");
	books_close(&books);
}

static void identifying_again_replaces_all(void **state)
{
	struct books books = books_open();
	struct owner *found;

	(void)state;
	take(&books, .id = 1, .port = 40000);
	found = ledger_unidentified(books.ledger);
	assert_int_equal(owner_identify(found, "/a", "a.service", "c", "p"), 0);
	assert_int_equal(owner_identify(found, "/b", NULL, NULL, NULL), 0);
	assert_string_equal(owner(&books, EVENT_PID)->cgroup, "/b");
	assert_null(owner(&books, EVENT_PID)->unit);
	assert_null(owner(&books, EVENT_PID)->container);
	assert_null(owner(&books, EVENT_PID)->pod);
	books_close(&books);
}

static void a_process_that_runs_another_program_is_looked_up_again(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000, .comm = "sh");
	assert_int_equal(owner_identify(ledger_unidentified(books.ledger), NULL, NULL, NULL, NULL),
			 0);
	take(&books, .id = 2, .port = 40001, .comm = "sh");
	assert_null(ledger_unidentified(books.ledger));
	take(&books, .id = 3, .port = 40002, .comm = "java");
	assert_non_null(ledger_unidentified(books.ledger));
	books_close(&books);
}

static void names_are_copied_into_the_view(void **state)
{
	struct books books = books_open();
	char exe[] = "/usr/bin/java";
	struct owner_names names = { exe, "java app.jar ...", "worker", "web-7d9", "shop" };
	const struct view_owner *row;

	(void)state;
	take(&books, .id = 1, .port = 40000);
	assert_null(owner(&books, EVENT_PID)->exe);
	assert_int_equal(owner_name(ledger_unidentified(books.ledger), &names), 0);
	exe[0] = 'X';
	row = owner(&books, EVENT_PID);
	assert_string_equal(row->exe, "/usr/bin/java");
	assert_string_equal(row->command, "java app.jar ...");
	assert_string_equal(row->container_name, "worker");
	assert_string_equal(row->pod_name, "web-7d9");
	assert_string_equal(row->pod_namespace, "shop");
	books_close(&books);
}

/* --- who lives ------------------------------------------------------------------------------- */

struct census {
	uint32_t dead_pid;
	unsigned int asked;
	uint64_t start_ns; /* of the last one asked about */
};

static bool is_alive(void *context, const struct owner_id *id)
{
	struct census *census = context;

	census->asked++;
	census->start_ns = id->start_ns;
	return id->pid != census->dead_pid;
}

static void a_dead_owner_keeps_its_holds(void **state)
{
	struct books books = books_open();
	struct census census = { .dead_pid = 5 };

	(void)state;
	take(&books, .id = 1, .port = 40000, .pid = 5, .start_ns = 123);
	ledger_check_owners(books.ledger, is_alive, &census);
	assert_int_equal(census.asked, 1);
	assert_int_equal(census.start_ns, 123);
	assert_false(owner(&books, 5)->alive);
	assert_int_equal(owner(&books, 5)->used, 1);
	ledger_check_owners(books.ledger, is_alive, &census);
	assert_int_equal(census.asked, 1); /* the dead stay dead */
	books_close(&books);
}

static void nobody_asks_whether_the_kernel_lives(void **state)
{
	struct books books = books_open();
	struct census census = { .dead_pid = 0 };

	(void)state;
	take(&books, .id = 1, .port = 40000, .kernel = true);
	take(&books, .id = 2, .port = 40001, .nobody = true);
	ledger_check_owners(books.ledger, is_alive, &census);
	assert_int_equal(census.asked, 0);
	books_close(&books);
}

/* Its cgroup may have been too new for the last walk of the tree. */
static void an_owner_whose_cgroup_was_not_found_is_looked_up_again(void **state)
{
	struct books books = books_open();
	struct census census = { .dead_pid = 0 };

	(void)state;
	take(&books, .id = 1, .port = 40000, .pid = 5, .cgroup = 100);
	take(&books, .id = 2, .port = 40001, .pid = 6, .cgroup = 200);
	for (int i = 0; i < 2; i++) {
		struct owner *found = ledger_unidentified(books.ledger);
		bool known = owner_cgroup_id(found) == 100;

		assert_int_equal(owner_identify(found, known ? "/a" : NULL, NULL, NULL, NULL), 0);
		assert_int_equal(owner_name(found, &(struct owner_names){ 0 }), 0);
	}
	ledger_check_owners(books.ledger, is_alive, &census);
	assert_non_null(ledger_unidentified(books.ledger));
	assert_int_equal(owner_cgroup_id(ledger_unidentified(books.ledger)), 200);
	books_close(&books);
}

/* There may have been too many at once, or its files came later than the container. */
static void an_owner_without_names_is_looked_up_again(void **state)
{
	struct books books = books_open();
	struct census census = { .dead_pid = 0 };
	struct owner_names names = { .exe = "/usr/bin/java" };
	struct owner *found;

	(void)state;
	take(&books, .id = 1, .port = 40000, .pid = 5);
	found = ledger_unidentified(books.ledger);
	assert_int_equal(owner_identify(found, "/a", NULL, NULL, NULL), 0);
	ledger_check_owners(books.ledger, is_alive, &census);
	assert_ptr_equal(ledger_unidentified(books.ledger), found);
	assert_int_equal(owner_identify(found, "/a", NULL, NULL, NULL), 0);
	assert_int_equal(owner_name(found, &names), 0);
	ledger_check_owners(books.ledger, is_alive, &census);
	assert_null(ledger_unidentified(books.ledger));
	assert_int_equal(owner_identify(found, "/a", NULL, "0123456789ab", NULL), 0);
	ledger_check_owners(books.ledger, is_alive, &census);
	assert_ptr_equal(ledger_unidentified(books.ledger), found);
	books_close(&books);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pid_and_start_make_an_owner),
		cmocka_unit_test(owners_share_a_destination),
		cmocka_unit_test(an_owner_has_a_row_in_each_pool),
		cmocka_unit_test(exec_renames_the_owner),
		cmocka_unit_test(an_old_hold_repeated_does_not_bring_an_old_name_back),
		cmocka_unit_test(the_kernel_is_one_owner),
		cmocka_unit_test(nobody_is_one_owner_without_a_name),
		cmocka_unit_test(the_kernel_and_nobody_are_two),
		cmocka_unit_test(a_hold_moves_to_its_owner_when_that_becomes_known),
		cmocka_unit_test(an_owner_goes_with_its_last_hold),
		cmocka_unit_test(a_port_of_two_owners_is_in_both_rows),
		cmocka_unit_test(each_owner_is_looked_up_once),
		cmocka_unit_test(what_was_looked_up_is_in_the_view),
		cmocka_unit_test(identifying_again_replaces_all),
		cmocka_unit_test(a_process_that_runs_another_program_is_looked_up_again),
		cmocka_unit_test(names_are_copied_into_the_view),
		cmocka_unit_test(an_owner_without_names_is_looked_up_again),
		cmocka_unit_test(a_dead_owner_keeps_its_holds),
		cmocka_unit_test(nobody_asks_whether_the_kernel_lives),
		cmocka_unit_test(an_owner_whose_cgroup_was_not_found_is_looked_up_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
