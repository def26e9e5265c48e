// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>

#include "user/core/waiting.h"

#define MANY 1000

static void push(struct waiting_queue *queue, uint64_t id, uint64_t due_ns)
{
	assert_int_equal(waiting_push(queue, id, due_ns), 0);
}

/* 0: none is due. */
static uint64_t pop(struct waiting_queue *queue, uint64_t now_ns)
{
	uint64_t id;

	return waiting_pop(queue, now_ns, &id) ? id : 0;
}

static void an_empty_queue_gives_nothing(void **state)
{
	struct waiting_queue queue = { 0 };
	uint64_t id = 42;

	(void)state;
	assert_false(waiting_pop(&queue, UINT64_MAX, &id));
	assert_int_equal(id, 42); /* untouched */
	waiting_done(&queue);
}

static void none_comes_before_its_time(void **state)
{
	struct waiting_queue queue = { 0 };

	(void)state;
	push(&queue, 1, 100);
	assert_int_equal(pop(&queue, 99), 0);
	assert_int_equal(pop(&queue, 100), 1);
	assert_int_equal(pop(&queue, 100), 0);
	waiting_done(&queue);
}

static void they_come_in_the_order_of_their_times(void **state)
{
	struct waiting_queue queue = { 0 };

	(void)state;
	for (uint64_t id = 1; id <= MANY; id++)
		push(&queue, id, id * 10);
	for (uint64_t id = 1; id <= MANY; id++) {
		assert_int_equal(pop(&queue, id * 10 - 1), 0);
		assert_int_equal(pop(&queue, id * 10), id);
	}
	waiting_done(&queue);
}

/* Each namespace has its own tcp_tw_reuse_delay, of 1 ms to a minute. */
static void one_that_is_due_late_holds_up_no_other(void **state)
{
	struct waiting_queue queue = { 0 };

	(void)state;
	push(&queue, 1, 60000);
	push(&queue, 2, 1000);
	assert_int_equal(pop(&queue, 1000), 2);
	assert_int_equal(pop(&queue, 1000), 0);
	assert_int_equal(pop(&queue, 60000), 1);
	waiting_done(&queue);
}

static void times_in_any_order_come_sorted(void **state)
{
	struct waiting_queue queue = { 0 };
	uint64_t left = 0;
	uint64_t last = 0;

	(void)state;
	srand(3);
	for (int i = 0; i < 20000; i++) {
		uint64_t due_ns = 1 + last + (uint64_t)rand() % 500;
		uint64_t id;

		push(&queue, due_ns, due_ns); /* the id says when it is due */
		left++;
		if (rand() % 2)
			continue;
		id = pop(&queue, UINT64_MAX);
		assert_true(id >= last);
		last = id;
		left--;
	}
	for (uint64_t id; (id = pop(&queue, UINT64_MAX)); last = id, left--)
		assert_true(id >= last);
	assert_int_equal(left, 0);
	waiting_done(&queue);
}

static void growing_keeps_all_in_order(void **state)
{
	struct waiting_queue queue = { 0 };
	uint64_t expected = 1;
	uint64_t id = 1;

	(void)state;
	for (int round = 0; round < 100; round++) {
		for (int i = 0; i < 30; i++, id++)
			push(&queue, id, id);
		for (int i = 0; i < 20; i++, expected++)
			assert_int_equal(pop(&queue, UINT64_MAX), expected);
	}
	assert_int_equal(queue.count, id - expected);
	for (; expected < id; expected++)
		assert_int_equal(pop(&queue, UINT64_MAX), expected);
	assert_int_equal(queue.count, 0);
	waiting_done(&queue);
}

static void done_leaves_an_empty_queue(void **state)
{
	struct waiting_queue queue = { 0 };

	(void)state;
	push(&queue, 1, 1);
	waiting_done(&queue);
	assert_int_equal(pop(&queue, UINT64_MAX), 0);
	push(&queue, 2, 2);
	assert_int_equal(pop(&queue, UINT64_MAX), 2);
	waiting_done(&queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_queue_gives_nothing),
		cmocka_unit_test(none_comes_before_its_time),
		cmocka_unit_test(they_come_in_the_order_of_their_times),
		cmocka_unit_test(one_that_is_due_late_holds_up_no_other),
		cmocka_unit_test(times_in_any_order_come_sorted),
		cmocka_unit_test(growing_keeps_all_in_order),
		cmocka_unit_test(done_leaves_an_empty_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
