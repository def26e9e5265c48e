// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "user/core/ledger_types.h"
#include "user/base/util.h"

#define SECOND UINT64_C(1000000000)

static void size_is_the_range_without_reserved_ports(void **state)
{
	static const struct {
		uint16_t first;
		uint16_t last;
		uint32_t reserved;
		uint32_t size;
	} cases[] = {
		{ 32768, 60999, 0, 28232 }, { 40000, 40003, 0, 4 }, { 40000, 40003, 1, 3 },
		{ 40000, 40003, 4, 0 },     { 40000, 40000, 0, 1 }, { 1, 65535, 0, 65535 },
		{ 40001, 40000, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct pool pool = { .first = cases[i].first,
					   .last = cases[i].last,
					   .reserved_count = cases[i].reserved };

		assert_int_equal(pool_size(&pool), cases[i].size);
	}
}

/* Reserved ports are slots like others to the search: only the range's own size is odd or even. */
static void capacity_loses_bound_ports_and_one_of_an_odd_range(void **state)
{
	static const struct {
		uint16_t last; /* the range begins at 40000 */
		uint32_t reserved;
		uint32_t exclusive;
		uint32_t capacity;
	} cases[] = {
		{ 40003, 0, 0, 4 }, { 40004, 0, 0, 4 }, { 40003, 1, 0, 3 }, { 40004, 1, 0, 3 },
		{ 40003, 0, 1, 3 }, { 40004, 0, 2, 2 }, { 40003, 0, 4, 0 }, { 40004, 0, 5, 0 },
		{ 40004, 1, 4, 0 }, { 40000, 0, 0, 1 }, { 40000, 0, 1, 0 }, { 40001, 2, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct pool pool = { .first = 40000,
					   .last = cases[i].last,
					   .reserved_count = cases[i].reserved,
					   .exclusive.count = cases[i].exclusive };

		assert_int_equal(pool_capacity(&pool), cases[i].capacity);
	}
}

static void a_pool_contains_its_ends_and_no_reserved_port(void **state)
{
	uint8_t reserved[65536 / 8] = { 0 };
	struct pool pool = { .first = 40000, .last = 40010 };

	(void)state;
	assert_false(pool_contains(&pool, 39999));
	assert_true(pool_contains(&pool, 40000));
	assert_true(pool_contains(&pool, 40010));
	assert_false(pool_contains(&pool, 40011));
	reserved[40003 / 8] = 1 << 40003 % 8;
	pool.reserved = reserved;
	assert_true(pool_contains(&pool, 40002));
	assert_false(pool_contains(&pool, 40003));
	assert_true(pool_contains(&pool, 40004));
}

static void a_pool_of_all_ports_contains_the_last(void **state)
{
	const struct pool pool = { .first = 1, .last = 65535 };

	(void)state;
	assert_true(pool_contains(&pool, 65535));
	assert_false(pool_contains(&pool, 0));
}

static void a_pool_not_told_yet_contains_nothing(void **state)
{
	const struct pool pool = { 0 };

	(void)state;
	assert_false(pool_contains(&pool, 1));
	assert_false(pool_contains(&pool, 65535));
}

static void refusals_count_for_a_minute(void **state)
{
	struct pool pool = { 0 };

	(void)state;
	assert_int_equal(pool_refused_recently(&pool, 1000 * SECOND), 0);
	pool_count_refusal(&pool, 1000 * SECOND);
	pool_count_refusal(&pool, 1000 * SECOND + 1);
	assert_int_equal(pool_refused_recently(&pool, 1000 * SECOND), 2);
	assert_int_equal(pool_refused_recently(&pool, 1059 * SECOND + SECOND - 1), 2);
	assert_int_equal(pool_refused_recently(&pool, 1060 * SECOND), 0);
}

static void refusals_of_each_second_leave_by_themselves(void **state)
{
	struct pool pool = { 0 };

	(void)state;
	for (uint64_t second = 1000; second < 1100; second++)
		pool_count_refusal(&pool, second * SECOND);
	assert_int_equal(pool_refused_recently(&pool, 1099 * SECOND), 60);
	assert_int_equal(pool_refused_recently(&pool, 1100 * SECOND), 59);
	assert_int_equal(pool_refused_recently(&pool, 1158 * SECOND), 1);
	assert_int_equal(pool_refused_recently(&pool, 1159 * SECOND), 0);
}

static void a_pause_forgets_what_was_before(void **state)
{
	static const uint64_t pauses[] = { 60, 61, 119, 120, 121, 100000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pauses); i++) {
		struct pool pool = { 0 };

		for (int k = 0; k < 5; k++)
			pool_count_refusal(&pool, 1000 * SECOND);
		pool_count_refusal(&pool, (1000 + pauses[i]) * SECOND);
		assert_int_equal(pool_refused_recently(&pool, (1000 + pauses[i]) * SECOND), 1);
	}
}

static void a_refusal_that_comes_late_is_counted(void **state)
{
	struct pool pool = { 0 };

	(void)state;
	pool_count_refusal(&pool, 1000 * SECOND);
	pool_count_refusal(&pool, 999 * SECOND);
	assert_int_equal(pool_refused_recently(&pool, 1000 * SECOND), 2);
	assert_int_equal(pool_refused_recently(&pool, 999 * SECOND), 2);
}

static void refusals_right_after_boot_are_counted(void **state)
{
	struct pool pool = { 0 };

	(void)state;
	pool_count_refusal(&pool, 1);
	pool_count_refusal(&pool, SECOND);
	assert_int_equal(pool_refused_recently(&pool, SECOND), 2);
	assert_int_equal(pool_refused_recently(&pool, 60 * SECOND), 1);
	assert_int_equal(pool_refused_recently(&pool, 61 * SECOND), 0);
}

static void saturation_stays_between_0_and_1(void **state)
{
	(void)state;
	assert_true(saturation(0, 4) == 0.0);
	assert_true(saturation(1, 4) == 0.25);
	assert_true(saturation(4, 4) == 1.0);
	assert_true(saturation(5, 4) == 1.0);
	assert_true(saturation(0, 0) == 1.0);
	assert_true(saturation(UINT32_MAX, 1) == 1.0);
}

static void recyclable_ports_are_not_used(void **state)
{
	(void)state;
	assert_int_equal(tally_used(&(struct tally){ 0 }), 0);
	assert_int_equal(tally_used(&(struct tally){ .active = 2, .time_wait = 3 }), 5);
	assert_int_equal(
		tally_used(&(struct tally){ .active = 2, .time_wait = 3, .recyclable = 3 }), 2);
	assert_int_equal(tally_used(&(struct tally){ .active = 2, .exclusive = 7 }), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(size_is_the_range_without_reserved_ports),
		cmocka_unit_test(capacity_loses_bound_ports_and_one_of_an_odd_range),
		cmocka_unit_test(a_pool_contains_its_ends_and_no_reserved_port),
		cmocka_unit_test(a_pool_of_all_ports_contains_the_last),
		cmocka_unit_test(a_pool_not_told_yet_contains_nothing),
		cmocka_unit_test(refusals_count_for_a_minute),
		cmocka_unit_test(refusals_of_each_second_leave_by_themselves),
		cmocka_unit_test(a_pause_forgets_what_was_before),
		cmocka_unit_test(a_refusal_that_comes_late_is_counted),
		cmocka_unit_test(refusals_right_after_boot_are_counted),
		cmocka_unit_test(saturation_stays_between_0_and_1),
		cmocka_unit_test(recyclable_ports_are_not_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
