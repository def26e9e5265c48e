// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>

#include "user/base/units.h"
#include "user/base/util.h"

#define SECOND UINT64_C(1000000000)

static void durations_have_units(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} cases[] = {
		{ "0", 0 },
		{ "0s", 0 },
		{ "500ms", SECOND / 2 },
		{ "30s", 30 * SECOND },
		{ "1m30s", 90 * SECOND },
		{ "90m", 5400 * SECOND },
		{ "1h", 3600 * SECOND },
		{ "1d1ms", 86400 * SECOND + 1000000 },
		{ "1w2d3h4m5s6ms", 788645 * SECOND + 6000000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t ns = 1;

		assert_int_equal(units_duration(cases[i].text, &ns), 0);
		assert_int_equal(ns, cases[i].ns);
	}
}

static void what_is_no_duration_leaves_the_result(void **state)
{
	static const char *const bad[] = { "",     "5",     "s",   "1.5s", "-1s", " 1s",
					   "1s ",  "1 s",   "1sm", "1us",  "1S",  "30s1m",
					   "1m1m", "1ms1s", "inf", "0x1s" };
	uint64_t ns = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(units_duration(bad[i], &ns), -EINVAL);
	assert_int_equal(units_duration("99999999999999999999s", &ns), -ERANGE);
	assert_int_equal(units_duration("30501w", &ns), -ERANGE);
	assert_int_equal(ns, 7);
}

static void sizes_have_binary_units(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} cases[] = {
		{ "0", 0 },
		{ "65536", 65536 },
		{ "7B", 7 },
		{ "64KiB", 65536 },
		{ "1MiB", 1 << 20 },
		{ "2GiB", UINT64_C(2) << 30 },
		{ "1TiB", UINT64_C(1) << 40 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t bytes = 1;

		assert_int_equal(units_size(cases[i].text, &bytes), 0);
		assert_int_equal(bytes, cases[i].bytes);
	}
}

static void what_is_no_size_leaves_the_result(void **state)
{
	static const char *const bad[] = {
		"", "KiB", "1K", "1KB", "1.5MiB", "-1", "1 KiB", "1KiB1"
	};
	uint64_t bytes = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(units_size(bad[i], &bytes), -EINVAL);
	assert_int_equal(units_size("18446744073709551616", &bytes), -ERANGE);
	assert_int_equal(units_size("16777216TiB", &bytes), -ERANGE);
	assert_int_equal(bytes, 7);
}

static void both_are_written_as_they_are_read(void **state)
{
	char text[UNITS_TEXT_MAX];

	(void)state;
	assert_string_equal(units_duration_text(text, 0), "0");
	assert_string_equal(units_duration_text(text, 90 * SECOND), "1m30s");
	assert_string_equal(units_duration_text(text, 86400 * SECOND + 1000000), "1d1ms");
	assert_string_equal(units_duration_text(text, UINT64_MAX), "30500w3d23h34m33s709ms");
	assert_string_equal(units_size_text(text, 0), "0");
	assert_string_equal(units_size_text(text, 7), "7");
	assert_string_equal(units_size_text(text, 65536), "64KiB");
	assert_string_equal(units_size_text(text, (1 << 20) + 1024), "1025KiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_have_units),
		cmocka_unit_test(what_is_no_duration_leaves_the_result),
		cmocka_unit_test(sizes_have_binary_units),
		cmocka_unit_test(what_is_no_size_leaves_the_result),
		cmocka_unit_test(both_are_written_as_they_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
