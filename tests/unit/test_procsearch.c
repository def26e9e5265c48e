// SPDX-License-Identifier: Apache-2.0
/* Looking for a few sockets in the file tables of a made-up /proc, at a price that is given. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>

#include "tests/unit/process_files.h"
#include "user/host/procnames.h"
#include "user/host/procsearch.h"

#define PLENTY 1000000
#define TICK_NS 10000000ULL /* of the made-up processes: 100 ticks a second */
#define START_NS (100 * TICK_NS)

struct seen {
	uint64_t wanted; /* 0: all of them, to the end */
	uint32_t pid;
	unsigned int count;
};

static bool see(void *context, uint64_t inode, uint32_t pid)
{
	struct seen *seen = context;

	seen->count++;
	if (inode != seen->wanted)
		return true;
	seen->pid = pid;
	return false;
}

static void the_process_with_the_lowest_pid_is_found(void **state)
{
	struct procsearch search = { 0 };
	struct seen seen = { .wanted = 500 };

	make_process(*state, 20, "worker", 0);
	make_file(*state, 20, 3, "socket:[500]");
	assert_false(procsearch_go_on(&search, NULL, *state, PLENTY, see, &seen));
	assert_int_equal(seen.pid, 20);
}

static void process_1_comes_last(void **state)
{
	struct procsearch search = { 0 };
	struct seen seen = { .wanted = 500 };

	make_process(*state, 1, "systemd", 0);
	make_file(*state, 1, 3, "socket:[500]");
	make_file(*state, 1, 4, "socket:[501]");
	make_process(*state, 20, "sshd", 0);
	make_file(*state, 20, 3, "socket:[500]");
	procsearch_go_on(&search, NULL, *state, PLENTY, see, &seen);
	assert_int_equal(seen.pid, 20);
	seen = (struct seen){ .wanted = 501 };
	search = (struct procsearch){ 0 };
	procsearch_go_on(&search, NULL, *state, PLENTY, see, &seen);
	assert_int_equal(seen.pid, 1);
}

static void a_search_in_vain_comes_around(void **state)
{
	struct procsearch search = { 0 };
	struct seen seen = { 0 };

	make_process(*state, 20, "worker", 0);
	make_file(*state, 20, 3, "socket:[500]");
	make_file(*state, 20, 4, "/dev/null");
	make_file(*state, 20, 5, "socket:[x]");
	assert_true(procsearch_go_on(&search, NULL, *state, PLENTY, see, &seen));
	assert_int_equal(seen.count, 1);
	assert_int_equal(search.after, 0);
}

/* However little is paid at a time, every process gets its turn, and one at least each time. */
static void it_goes_on_where_it_stopped(void **state)
{
	struct procsearch search = { 0 };
	struct seen seen = { 0 };
	int calls = 1;

	for (uint32_t pid = 10; pid < 15; pid++) {
		make_process(*state, pid, "worker", 0);
		make_file(*state, pid, 3, "socket:[500]");
	}
	while (!procsearch_go_on(&search, NULL, *state, 1, see, &seen))
		assert_true(++calls < 100);
	assert_true(calls > 1);
	assert_true(seen.count >= 1);
}

static void a_process_with_files_without_number_is_not_walked_to_the_end(void **state)
{
	struct procsearch search = { 0 };
	struct seen seen = { 0 };

	make_process(*state, 10, "proxy", 0);
	for (uint32_t file = 0; file < 3000; file++)
		make_file(*state, 10, file, "socket:[500]");
	assert_true(procsearch_go_on(&search, NULL, *state, PLENTY, see, &seen));
	assert_in_range(seen.count, 1, 2048);
}

static void no_proc_is_no_process(void **state)
{
	struct procsearch search = { 0 };
	struct seen seen = { 0 };

	(void)state;
	assert_true(procsearch_go_on(&search, NULL, "/nowhere", PLENTY, see, &seen));
	assert_int_equal(seen.count, 0);
}

/* --- what a process runs --------------------------------------------------------------------- */

static void a_process_is_named_by_its_program_and_arguments(void **state)
{
	struct procnames names;
	char path[PATH_MAX];

	make_process(*state, 20, "python3", 0);
	assert_int_equal(symlink("/usr/bin/python3.11", scratch_path(path, *state, "20/exe")), 0);
	scratch_write(*state, "20/cmdline", "python3");
	assert_int_equal(procnames_read(&names, NULL, *state, 20, START_NS), 0);
	assert_string_equal(names.exe, "/usr/bin/python3.11");
	assert_string_equal(names.command, "python3 ...");
}

static void who_has_another_start_is_another_process(void **state)
{
	struct procnames names = { .exe = "before" };

	make_process(*state, 20, "python3", 0);
	assert_int_equal(procnames_read(&names, NULL, *state, 20, START_NS + TICK_NS), -ESRCH);
	assert_int_equal(procnames_read(&names, NULL, *state, 21, START_NS), -ESRCH);
	assert_string_equal(names.exe, "before");
}

static void what_may_not_be_read_is_empty(void **state)
{
	struct procnames names;

	make_process(*state, 20, "kthreadd", 0);
	assert_int_equal(procnames_read(&names, NULL, *state, 20, START_NS), 0);
	assert_string_equal(names.exe, "");
	assert_string_equal(names.command, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(the_process_with_the_lowest_pid_is_found),
		scratch_test(process_1_comes_last),
		scratch_test(a_search_in_vain_comes_around),
		scratch_test(it_goes_on_where_it_stopped),
		scratch_test(a_process_with_files_without_number_is_not_walked_to_the_end),
		cmocka_unit_test(no_proc_is_no_process),
		scratch_test(a_process_is_named_by_its_program_and_arguments),
		scratch_test(who_has_another_start_is_another_process),
		scratch_test(what_may_not_be_read_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
