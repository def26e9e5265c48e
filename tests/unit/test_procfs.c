// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>

#include "tests/unit/scratch.h"
#include "user/host/procfs.h"
#include "user/base/util.h"

/* Fields 3 to 21, then the start, then some of what follows. */
#define STAT(name, start)                                                                       \
	"4242 (" name ") S 1 4242 4242 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 " start " 123 45 " \
	"18446744073709551615 0\n"

#define TICK_NS (UINT64_C(1000000000) / (uint64_t)sysconf(_SC_CLK_TCK))

/* --- parse_start ----------------------------------------------------------------------------- */

static void the_start_is_field_22(void **state)
{
	(void)state;
	assert_int_equal(procfs_parse_start(STAT("sleep", "987654")), 987654);
	assert_int_equal(procfs_parse_start(STAT("sleep", "0")), 0);
	assert_int_equal(procfs_parse_start(STAT("sleep", "18446744073709551614")), UINT64_MAX - 1);
}

static void a_hostile_name_does_not_move_it(void **state)
{
	static const char *const stats[] = {
		STAT("", "11"),
		STAT(" ", "11"),
		STAT(")", "11"),
		STAT("((((", "11"),
		STAT("))))))", "11"),
		STAT("a b c d e f g h", "11"),
		STAT("x) S 1 2 3 4 5 6", "11"),
		STAT(") R 99 99 99 99 9", "11"),
		STAT("1 (a) 2", "11"),
		STAT("new\nline", "11"),
		STAT("\xff\xfe\x80", "11"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(stats); i++)
		assert_int_equal(procfs_parse_start(stats[i]), 11);
}

static void what_is_no_stat_has_no_start(void **state)
{
	static const char *const bad[] = {
		"",
		"4242",
		"4242 (sleep",
		"4242 (sleep)",
		"4242 (sleep) ",
		"4242 (sleep) S 1 4242 4242 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0",
		"4242 (sleep) S 1 4242 4242 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 ",
		"4242 (sleep) S 1 4242 4242 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 x",
		")",
		") ) ) ) )",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (procfs_parse_start(bad[i]) != 0)
			fail_msg("\"%s\" has a start", bad[i]);
}

/* --- read ------------------------------------------------------------------------------------ */

static void a_small_file_is_read_whole(void **state)
{
	char path[PATH_MAX];
	char text[8];

	scratch_write(*state, "file", "1234567");
	assert_int_equal(procfs_read(scratch_path(path, *state, "file"), text, sizeof(text)), 0);
	assert_string_equal(text, "1234567");
	scratch_write(*state, "file", "");
	assert_int_equal(procfs_read(path, text, sizeof(text)), 0);
	assert_string_equal(text, "");
}

static void a_file_that_does_not_fit_is_not_cut(void **state)
{
	char path[PATH_MAX];
	char text[8];

	scratch_write(*state, "file", "12345678");
	assert_int_equal(procfs_read(scratch_path(path, *state, "file"), text, sizeof(text)),
			 -EFBIG);
	scratch_write(*state, "file", "123456789");
	assert_int_equal(procfs_read(path, text, sizeof(text)), -EFBIG);
}

static void what_cannot_be_read_says_why(void **state)
{
	char path[PATH_MAX];
	char text[8];

	assert_int_equal(procfs_read(scratch_path(path, *state, "none"), text, sizeof(text)),
			 -ENOENT);
	assert_int_equal(procfs_read(*state, text, sizeof(text)), -EISDIR);
}

/* --- alive ----------------------------------------------------------------------------------- */

static void a_process_lives_while_pid_and_start_agree(void **state)
{
	scratch_write(*state, "4242/stat", STAT("sleep", "987654"));
	assert_true(procfs_alive(*state, 4242, 987654 * TICK_NS));
	assert_true(procfs_alive(*state, 4242, 987654 * TICK_NS + TICK_NS - 1));
	assert_false(procfs_alive(*state, 4242, 987654 * TICK_NS - 1));
	assert_false(procfs_alive(*state, 4242, 987655 * TICK_NS));
	assert_false(procfs_alive(*state, 4243, 987654 * TICK_NS));
}

static void a_file_that_says_nothing_is_no_life(void **state)
{
	scratch_write(*state, "1/stat", "");
	scratch_write(*state, "2/stat", "2 (x) S");
	assert_false(procfs_alive(*state, 1, 987654 * TICK_NS));
	assert_false(procfs_alive(*state, 2, 987654 * TICK_NS));
}

static void we_live_ourselves(void **state)
{
	char text[1024];
	uint64_t start;

	(void)state;
	assert_int_equal(procfs_read("/proc/self/stat", text, sizeof(text)), 0);
	start = procfs_parse_start(text);
	assert_int_not_equal(start, 0);
	assert_true(procfs_alive("/proc", (uint32_t)getpid(), start * TICK_NS));
	assert_false(procfs_alive("/proc", (uint32_t)getpid(), (start + 1) * TICK_NS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_start_is_field_22),
		cmocka_unit_test(a_hostile_name_does_not_move_it),
		cmocka_unit_test(what_is_no_stat_has_no_start),
		scratch_test(a_small_file_is_read_whole),
		scratch_test(a_file_that_does_not_fit_is_not_cut),
		scratch_test(what_cannot_be_read_says_why),
		scratch_test(a_process_lives_while_pid_and_start_agree),
		scratch_test(a_file_that_says_nothing_is_no_life),
		cmocka_unit_test(we_live_ourselves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
