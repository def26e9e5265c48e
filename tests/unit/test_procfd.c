// SPDX-License-Identifier: Apache-2.0
/* Which process has a socket, out of a made-up /proc. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>

#include "tests/unit/process_files.h"
#include "user/host/procfd.h"

/* Reads it all; the caller frees. */
static struct procfd *scan(const char *proc)
{
	struct procfd *table = NULL;

	assert_int_equal(procfd_new(&table, proc, NULL), 0);
	assert_int_equal(procfd_scan(table), 0);
	return table;
}

static void a_socket_belongs_to_who_has_it_open(void **state)
{
	struct procfd *table;

	make_process(*state, 77, "nginx", 33);
	make_file(*state, 77, 3, "socket:[4711]");
	make_file(*state, 77, 4, "socket:[4712]");
	make_process(*state, 78, "curl", 0);
	make_file(*state, 78, 3, "socket:[5000]");
	table = scan(*state);
	assert_string_equal(procfd_find(table, 4711)->comm, "nginx");
	assert_string_equal(procfd_find(table, 4712)->comm, "nginx");
	assert_int_equal(procfd_find(table, 5000)->tgid, 78);
	assert_null(procfd_find(table, 4713));
	assert_null(procfd_find(table, 0));
	assert_int_equal(procfd_counts(table).sockets, 3);
	assert_int_equal(procfd_counts(table).processes, 2);
	assert_int_equal(procfd_counts(table).unreadable, 0);
	procfd_free(table);
}

static void of_several_the_lowest_pid_counts(void **state)
{
	struct procfd *table;

	for (uint32_t pid = 70; pid < 90; pid++) {
		make_process(*state, pid, "worker", 33);
		make_file(*state, pid, 3, "socket:[4711]");
	}
	table = scan(*state);
	assert_int_equal(procfd_find(table, 4711)->tgid, 70);
	assert_int_equal(procfd_counts(table).sockets, 1);
	procfd_free(table);
}

static void what_is_no_socket_is_passed_over(void **state)
{
	static const char *const targets[] = { "/dev/null",
					       "pipe:[4711]",
					       "socket:[]",
					       "socket:[-4711]",
					       "socket:[4711",
					       "socket:[4711]x",
					       "socket:[99999999999999999999]",
					       "socket:[0]" };
	struct procfd *table;

	make_process(*state, 77, "nginx", 33);
	for (uint32_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		make_file(*state, 77, i, targets[i]);
	table = scan(*state);
	assert_int_equal(procfd_counts(table).sockets, 0);
	assert_null(procfd_find(table, 4711));
	procfd_free(table);
}

static void who_vanishes_owns_nothing(void **state)
{
	struct procfd *table;

	make_file(*state, 77, 3, "socket:[4711]"); /* and no stat */
	scratch_write(*state, "self", "");
	scratch_write(*state, "notes/fd/3", "");
	table = scan(*state);
	assert_null(procfd_find(table, 4711));
	assert_int_equal(procfd_counts(table).sockets, 0);
	procfd_free(table);
}

static void a_scan_forgets_the_last_one(void **state)
{
	struct procfd *table;
	char path[PATH_MAX];

	make_process(*state, 77, "nginx", 33);
	make_file(*state, 77, 3, "socket:[4711]");
	table = scan(*state);
	assert_non_null(procfd_find(table, 4711));
	assert_int_equal(unlink(scratch_path(path, *state, "77/fd/3")), 0);
	assert_int_equal(procfd_scan(table), 0);
	assert_null(procfd_find(table, 4711));
	procfd_free(table);
}

static void thousands_are_found(void **state)
{
	struct procfd *table;
	char target[32];

	make_process(*state, 77, "nginx", 33);
	for (uint32_t i = 0; i < 3000; i++) {
		snprintf(target, sizeof(target), "socket:[%u]", 1000000 + i);
		make_file(*state, 77, i, target);
	}
	table = scan(*state);
	assert_int_equal(procfd_counts(table).sockets, 3000);
	for (uint32_t i = 0; i < 3000; i++)
		assert_non_null(procfd_find(table, 1000000 + i));
	assert_null(procfd_find(table, 1003000));
	procfd_free(table);
}

static void a_proc_that_is_not_there_is_an_error(void **state)
{
	struct procfd *table = NULL;

	(void)state;
	assert_int_equal(procfd_new(&table, "/nonexistent", NULL), 0);
	assert_int_equal(procfd_scan(table), -ENOENT);
	assert_null(procfd_find(table, 4711));
	procfd_free(table);
	procfd_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(a_socket_belongs_to_who_has_it_open),
		scratch_test(of_several_the_lowest_pid_counts),
		scratch_test(what_is_no_socket_is_passed_over),
		scratch_test(who_vanishes_owns_nothing),
		scratch_test(a_scan_forgets_the_last_one),
		scratch_test(thousands_are_found),
		cmocka_unit_test(a_proc_that_is_not_there_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
