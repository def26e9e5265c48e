// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/counter.h"

#define WIDE "\xe7\xb6\xb2" /* two columns */

static struct grid blank(unsigned int rows, unsigned int columns)
{
	struct grid grid;

	demand_utf8();
	assert_int_equal(grid_init(&grid, rows, columns), 0);
	return grid;
}

static void reads(struct grid *grid, const char *wanted)
{
	char *text = grid_text(grid);

	assert_string_equal(text, wanted);
	free(text);
	grid_done(grid);
}

static void what_fits_is_put(void **state)
{
	struct grid grid = blank(2, 10);

	(void)state;
	assert_int_equal(grid_put(&grid, 0, 2, 5, "hello", 0), 5);
	grid_put_right(&grid, 1, 0, 10, "right", 0);
	reads(&grid, "  hello\n     right\n");
}

static void what_does_not_fit_is_cut(void **state)
{
	struct grid grid = blank(3, 6);

	(void)state;
	assert_int_equal(grid_put(&grid, 0, 0, 4, "hello", 0), 4);
	assert_int_equal(grid_put(&grid, 1, 4, 10, "hello", 0), 2);
	assert_int_equal(grid_put(&grid, 2, 0, 0, "hello", 0), 0);
	reads(&grid, "hel~\n    h~\n\n");
}

static void nothing_is_put_beyond_the_grid(void **state)
{
	struct grid grid = blank(1, 4);

	(void)state;
	assert_int_equal(grid_put(&grid, 1, 0, 4, "x", 0), 0);
	assert_int_equal(grid_put(&grid, 0, 4, 4, "x", 0), 0);
	grid_put_right(&grid, 0, 8, 4, "x", 0);
	grid_mark(&grid, 1, GRID_BOLD);
	reads(&grid, "\n");
}

static void wide_characters_take_two_columns(void **state)
{
	struct grid grid = blank(3, 6);

	(void)state;
	assert_int_equal(grid_width(WIDE "x"), 3);
	assert_int_equal(grid_put(&grid, 0, 0, 6, WIDE WIDE "x", 0), 5);
	assert_int_equal(grid_put(&grid, 1, 0, 4, WIDE WIDE "x", 0), 3); /* no half of one */
	assert_int_equal(grid.cells[1].character, 0);
	grid_put(&grid, 2, 0, 6, WIDE WIDE, 0);
	grid_put(&grid, 2, 1, 2, "ab", 0); /* halves of both are gone */
	reads(&grid, WIDE WIDE "x\n" WIDE "~\n ab\n");
}

static void what_could_harm_a_terminal_never_gets_in(void **state)
{
	struct grid grid = blank(2, 20);

	(void)state;
	grid_put(&grid, 0, 0, 20, HOSTILE, 0);
	assert_int_equal(grid_width("e\xcc\x81x"), 2); /* what combines has no width */
	grid_put(&grid, 1, 0, 20, "e\xcc\x81x", 0);
	for (unsigned int i = 0; i < 40; i++)
		assert_true(grid.cells[i].character >= 0x20);
	reads(&grid, "?[31mred????\nex\n");
}

static void a_locale_without_them_shows_marks(void **state)
{
	struct grid grid = blank(1, 8);

	(void)state;
	setlocale(LC_CTYPE, "C");
	grid_put(&grid, 0, 0, 8, "a" WIDE "b", 0);
	demand_utf8();
	reads(&grid, "a?b\n");
}

static void words_are_wrapped(void **state)
{
	struct grid grid = blank(4, 12);

	(void)state;
	assert_int_equal(grid_wrap(NULL, 12, 0, 9, 2, "one two three, verylongwordindeed"), 4);
	assert_int_equal(grid_wrap(&grid, 12, 1, 3, 2, " one  two three, verylongwordindeed"), 4);
	reads(&grid, "\n  one two\n  three,\n  verylongwo\n");
}

static void marks_are_kept(void **state)
{
	struct grid grid = blank(1, 3);

	(void)state;
	grid_put(&grid, 0, 0, 1, "x", GRID_CRITICAL);
	grid_mark(&grid, 0, GRID_REVERSE);
	assert_int_equal(grid.cells[0].marks, GRID_CRITICAL | GRID_REVERSE);
	assert_int_equal(grid.cells[2].marks, GRID_REVERSE);
	grid_done(&grid);
}

static void a_huge_terminal_is_bounded(void **state)
{
	struct grid grid = blank(100000, 100000);

	(void)state;
	assert_int_equal(grid.rows, GRID_ROWS_MAX);
	assert_int_equal(grid.columns, GRID_COLUMNS_MAX);
	grid_done(&grid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_is_put),
		cmocka_unit_test(what_does_not_fit_is_cut),
		cmocka_unit_test(nothing_is_put_beyond_the_grid),
		cmocka_unit_test(wide_characters_take_two_columns),
		cmocka_unit_test(what_could_harm_a_terminal_never_gets_in),
		cmocka_unit_test(a_locale_without_them_shows_marks),
		cmocka_unit_test(words_are_wrapped),
		cmocka_unit_test(marks_are_kept),
		cmocka_unit_test(a_huge_terminal_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
