// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>

#include "user/base/text.h"
#include "user/base/util.h"
#include "user/commands/when.h"

#define BEGIN_NS UINT64_C(1795344858123000000) /* 2026-11-22T10:54:18.123Z */

static void means(const char *text, const char *expected)
{
	char time[TEXT_TIME_MAX];
	uint64_t ns;

	if (when_parse(text, BEGIN_NS, &ns) < 0)
		fail_msg("'%s' is refused", text);
	assert_string_equal(text_time(time, ns), expected);
}

static void days_and_times_are_taken(void **state)
{
	(void)state;
	means("2026-11-22T10:54:20Z", "2026-11-22T10:54:20.000Z");
	means("2026-11-22 10:54:20", "2026-11-22T10:54:20.000Z");
	means("2024-02-29T00:00Z", "2024-02-29T00:00:00.000Z");
	means("2026-11-22T10:54:20.5Z", "2026-11-22T10:54:20.500Z");
	means("2026-11-22T10:54:20.123999999Z", "2026-11-22T10:54:20.123Z");
}

static void what_text_time_writes_is_read_again(void **state)
{
	char time[TEXT_TIME_MAX];
	uint64_t ns;

	(void)state;
	assert_int_equal(when_parse(text_time(time, BEGIN_NS), 0, &ns), 0);
	assert_int_equal(ns, BEGIN_NS);
}

static void a_time_of_day_is_the_next_one(void **state)
{
	(void)state;
	means("10:54:19", "2026-11-22T10:54:19.000Z");
	means("10:54:18.123", "2026-11-22T10:54:18.123Z");
	means("10:54:18", "2026-11-23T10:54:18.000Z"); /* that one was just before */
	means("10:55", "2026-11-22T10:55:00.000Z");
	means("00:00:01Z", "2026-11-23T00:00:01.000Z");
}

static void a_duration_counts_from_the_beginning(void **state)
{
	(void)state;
	means("+0", "2026-11-22T10:54:18.123Z");
	means("+90s", "2026-11-22T10:55:48.123Z");
	means("+1h1ms", "2026-11-22T11:54:18.124Z");
}

static void anything_else_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"now",
		"+",
		"+90",
		"90s",
		"-90s",
		"10",
		"10:",
		"10:5",
		"24:00",
		"10:60",
		"10:54:61",
		"10:54:20.",
		"10:54:20x",
		"2026-11-22",
		"2026-11-22T",
		"2026-11-22T10",
		"2026-13-22T10:54",
		"2026-00-22T10:54",
		"2026-02-30T10:54",
		"1969-11-22T10:54",
		"9999-11-22T10:54",
		"2026-11-22T10:54:20+01:00",
		"2026-11-22  10:54",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint64_t ns = 7;

		if (when_parse(bad[i], BEGIN_NS, &ns) != -EINVAL)
			fail_msg("'%s' is taken", bad[i]);
		assert_int_equal(ns, 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_and_times_are_taken),
		cmocka_unit_test(what_text_time_writes_is_read_again),
		cmocka_unit_test(a_time_of_day_is_the_next_one),
		cmocka_unit_test(a_duration_counts_from_the_beginning),
		cmocka_unit_test(anything_else_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
