// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>
#include <math.h>

#include "user/core/trend.h"

#define SECOND UINT64_C(1000000000)

/* value(t) = start + rate * t, a sample a second. */
static struct trend grown(double start, double rate, unsigned int seconds)
{
	struct trend trend = { 0 };

	for (unsigned int t = 0; t <= seconds; t++)
		trend_add(&trend, start + rate * t, SECOND * (100 + t));
	return trend;
}

static void steady_growth_foretells_the_end(void **state)
{
	struct trend trend = grown(1000, 10, 120);

	(void)state;
	/* 2200 now, 10 a second: 2800 in a minute. */
	assert_float_equal(trend_seconds_to(&trend, 2200, 2800), 60, 1);
}

static void a_load_that_begins_is_not_taken_for_less(void **state)
{
	struct trend trend = grown(0, 100, 5);

	(void)state;
	assert_float_equal(trend_seconds_to(&trend, 500, 4000), 35, 0.001);
}

static void a_glimpse_foretells_nothing(void **state)
{
	struct trend trend = grown(0, 100, 4);

	(void)state;
	assert_true(isnan(trend_seconds_to(&trend, 400, 4000)));
}

static void a_full_scope_ends_now(void **state)
{
	struct trend trend = grown(1000, -10, 10);

	(void)state;
	assert_true(trend_seconds_to(&trend, 50, 50) == 0);
	assert_true(trend_seconds_to(&trend, 60, 50) == 0);
}

static void what_stays_or_falls_has_no_end(void **state)
{
	struct trend still = grown(500, 0, 60);
	struct trend falling = grown(5000, -3, 60);
	struct trend unseen = { 0 };

	(void)state;
	assert_true(isnan(trend_seconds_to(&still, 500, 1000)));
	assert_true(isnan(trend_seconds_to(&falling, 4820, 10000)));
	assert_true(isnan(trend_seconds_to(&unseen, 0, 1000)));
}

static void an_end_beyond_a_day_is_none(void **state)
{
	struct trend trend = grown(0, 0.1, 60);

	(void)state;
	assert_true(isnan(trend_seconds_to(&trend, 6, 28232)));
}

static void a_burst_is_forgotten(void **state)
{
	struct trend trend = grown(0, 100, 10);

	(void)state;
	assert_false(isnan(trend_seconds_to(&trend, 1000, 2000)));
	for (unsigned int t = 11; t < 200; t++)
		trend_add(&trend, 1000, SECOND * (100 + t));
	assert_true(isnan(trend_seconds_to(&trend, 1000, 2000)));
}

static void samples_too_close_change_nothing(void **state)
{
	struct trend trend = grown(1000, 10, 120);
	struct trend before = trend;

	(void)state;
	trend_add(&trend, 9999, trend.at_ns + SECOND / 10);
	trend_add(&trend, 9999, trend.at_ns - SECOND);
	assert_memory_equal(&trend, &before, sizeof(trend));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steady_growth_foretells_the_end),
		cmocka_unit_test(a_load_that_begins_is_not_taken_for_less),
		cmocka_unit_test(a_glimpse_foretells_nothing),
		cmocka_unit_test(a_full_scope_ends_now),
		cmocka_unit_test(what_stays_or_falls_has_no_end),
		cmocka_unit_test(an_end_beyond_a_day_is_none),
		cmocka_unit_test(a_burst_is_forgotten),
		cmocka_unit_test(samples_too_close_change_nothing),
	};

	return cmocka_run_group_tests_name("trend", tests, NULL, NULL);
}
