// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "user/core/flow.h"

#define SECOND UINT64_C(1000000000)

/* A tick a second: so many opened and closed in each. */
static struct flow flowed(unsigned int seconds, uint32_t opens, uint32_t closes)
{
	struct flow flow = { 0 };

	for (unsigned int t = 0; t <= seconds; t++)
		flow_add(&flow,
			 &(struct flow_counts){ .opened = opens * t,
						.closed = closes * t,
						.waited = closes * t,
						.level = 1000 + opens * t - closes * t },
			 (100 + t) * SECOND);
	return flow;
}

static void nothing_is_known_before_a_period_is_over(void **state)
{
	struct flow flow = flowed(4, 10, 0);
	struct flow_summary sum = flow_last(&flow.minute, FLOW_PERIODS);

	(void)state;
	assert_int_equal(sum.periods, 0);
	assert_true(sum.seconds == 0);
	flow = flowed(5, 10, 0);
	sum = flow_last(&flow.minute, FLOW_PERIODS);
	assert_int_equal(sum.periods, 1);
	assert_true(sum.seconds == 5);
}

static void a_minute_is_summed(void **state)
{
	struct flow flow = flowed(200, 7, 3);
	struct flow_summary sum = flow_last(&flow.minute, FLOW_PERIODS);

	(void)state;
	assert_true(sum.seconds == 60);
	assert_int_equal(sum.opened, 420);
	assert_int_equal(sum.closed, 180);
	assert_int_equal(sum.waited, 180);
	assert_int_equal(sum.growth, 240);
	assert_int_equal(sum.rising, 12);
	assert_int_equal(sum.falling, 0);
	assert_int_equal(sum.opening, 12);
	assert_int_equal(sum.waiting, 12);
}

static void fewer_periods_are_the_newest(void **state)
{
	struct flow flow = flowed(30, 2, 0);
	struct flow_summary sum;

	(void)state;
	for (unsigned int t = 31; t <= 40; t++) /* nothing more */
		flow_add(&flow, &(struct flow_counts){ .opened = 60, .level = 1060 },
			 (100 + t) * SECOND);
	sum = flow_last(&flow.minute, 2);
	assert_true(sum.seconds == 10);
	assert_int_equal(sum.opened, 0);
	assert_int_equal(sum.rising, 0);
	sum = flow_last(&flow.minute, 4);
	assert_int_equal(sum.opened, 20);
	assert_int_equal(sum.rising, 2);
}

static void an_hour_has_longer_periods(void **state)
{
	struct flow flow = flowed(3600, 0, 0);
	struct flow_summary sum;

	(void)state;
	assert_true(flow_last(&flow.hour, FLOW_PERIODS).seconds == 3600);
	flow = flowed(299, 1, 0);
	assert_int_equal(flow_last(&flow.hour, FLOW_PERIODS).periods, 0);
	flow = flowed(7200, 1, 0);
	sum = flow_last(&flow.hour, FLOW_PERIODS);
	assert_int_equal(sum.opened, 3600);
	assert_int_equal(sum.rising, 12);
}

static void counts_may_wrap_around(void **state)
{
	struct flow flow = { 0 };
	struct flow_summary sum;

	(void)state;
	flow_add(&flow, &(struct flow_counts){ .opened = UINT32_MAX - 2, .level = 9 }, SECOND);
	flow_add(&flow, &(struct flow_counts){ .opened = 7, .level = 4 }, 6 * SECOND);
	sum = flow_last(&flow.minute, FLOW_PERIODS);
	assert_int_equal(sum.opened, 10);
	assert_int_equal(sum.growth, -5);
	assert_int_equal(sum.falling, 1);
}

static void late_ticks_make_longer_periods(void **state)
{
	struct flow flow = { 0 };

	(void)state;
	flow_add(&flow, &(struct flow_counts){ 0 }, SECOND);
	flow_add(&flow, &(struct flow_counts){ .opened = 5 }, 13 * SECOND);
	assert_true(flow_last(&flow.minute, FLOW_PERIODS).seconds == 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_known_before_a_period_is_over),
		cmocka_unit_test(a_minute_is_summed),
		cmocka_unit_test(fewer_periods_are_the_newest),
		cmocka_unit_test(an_hour_has_longer_periods),
		cmocka_unit_test(counts_may_wrap_around),
		cmocka_unit_test(late_ticks_make_longer_periods),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
