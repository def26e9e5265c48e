// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdalign.h>
#include <stdbool.h>
#include <string.h>

#include "user/base/arena.h"

static int arena_setup(void **state)
{
	*state = arena_new();
	return *state ? 0 : -1;
}

static int arena_teardown(void **state)
{
	arena_free(*state);
	return 0;
}

static bool all_zero(const char *bytes, size_t size)
{
	while (size)
		if (bytes[--size])
			return false;
	return true;
}

static void freeing_no_arena_is_fine(void **state)
{
	(void)state;
	arena_free(NULL);
}

static void memory_is_zeroed_aligned_and_apart(void **state)
{
	char *last = NULL;

	for (size_t size = 1; size < 2000; size++) {
		char *memory = arena_alloc(*state, size, 1);

		assert_non_null(memory);
		assert_int_equal((uintptr_t)memory % alignof(max_align_t), 0);
		assert_true(all_zero(memory, size));
		memset(memory, 0xaa, size);
		if (last)
			assert_int_equal((unsigned char)last[size - 2], 0xaa);
		last = memory;
	}
}

static void one_larger_than_a_chunk_fits(void **state)
{
	char *before = arena_strdup(*state, "before");
	char *large = arena_alloc(*state, 100, 100000);
	char *after = arena_strdup(*state, "after");

	assert_non_null(large);
	assert_true(all_zero(large, 10000000));
	memset(large, 0xaa, 10000000);
	assert_string_equal(before, "before");
	assert_string_equal(after, "after");
}

static void no_rows_are_a_valid_pointer(void **state)
{
	assert_non_null(arena_alloc(*state, 0, 64));
	assert_non_null(arena_alloc(*state, 64, 0));
}

static void a_size_that_overflows_is_no_memory(void **state)
{
	assert_null(arena_alloc(*state, SIZE_MAX, 2));
	assert_null(arena_alloc(*state, SIZE_MAX / 2, 2));
	assert_null(arena_alloc(*state, SIZE_MAX, 1));
	assert_null(arena_alloc(*state, PTRDIFF_MAX, 1));
	assert_non_null(arena_alloc(*state, 1, 1));
}

static void strdup_copies(void **state)
{
	char text[] = "text";
	char *copy = arena_strdup(*state, text);

	text[0] = 'n';
	assert_string_equal(copy, "text");
	assert_string_equal(arena_strdup(*state, ""), "");
	assert_null(arena_strdup(*state, NULL));
}

static void printf_cuts_nothing(void **state)
{
	char *text = arena_printf(*state, "%d%*s|", 42, 50000, "x");

	assert_int_equal(strlen(text), 50003);
	assert_memory_equal(text, "42 ", 3);
	assert_string_equal(text + 50001, "x|");
	assert_string_equal(arena_printf(*state, "%s", ""), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(freeing_no_arena_is_fine),
		cmocka_unit_test_setup_teardown(memory_is_zeroed_aligned_and_apart, arena_setup,
						arena_teardown),
		cmocka_unit_test_setup_teardown(one_larger_than_a_chunk_fits, arena_setup,
						arena_teardown),
		cmocka_unit_test_setup_teardown(no_rows_are_a_valid_pointer, arena_setup,
						arena_teardown),
		cmocka_unit_test_setup_teardown(a_size_that_overflows_is_no_memory, arena_setup,
						arena_teardown),
		cmocka_unit_test_setup_teardown(strdup_copies, arena_setup, arena_teardown),
		cmocka_unit_test_setup_teardown(printf_cuts_nothing, arena_setup, arena_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
