// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "exporters/message/backoff.h"
#include "exporters/message/message.h"
#include "exporters/message/queue.h"

#define MAX_AGE 100

static void push(struct queue *queue, uint64_t born_ns)
{
	static const struct view_alert alert = { .rule = "Rule" };
	struct message_moment moment = { .now_ns = born_ns };
	struct message *message = NULL;

	assert_int_equal(message_new(&message, &alert, true, &moment), 0);
	queue_push(queue, message);
	message_unref(message);
}

static struct queue make(size_t max)
{
	struct queue queue;

	assert_int_equal(queue_init(&queue, max, MAX_AGE), 0);
	return queue;
}

/* born_ns of the oldest, which leaves; 0: none. */
static uint64_t pop(struct queue *queue, uint64_t now_ns)
{
	const struct message *message = queue_take(queue, now_ns);
	uint64_t born_ns = message ? message->born_ns : 0;

	if (message)
		queue_give_back(queue, true);
	return born_ns;
}

static void oldest_comes_first(void **state)
{
	struct queue queue = make(3);

	(void)state;
	for (uint64_t i = 1; i <= 20; i++) {
		push(&queue, 2 * i);
		push(&queue, 2 * i + 1);
		assert_int_equal(pop(&queue, 50), 2 * i);
		assert_int_equal(pop(&queue, 50), 2 * i + 1);
		assert_int_equal(pop(&queue, 50), 0);
	}
	assert_int_equal(queue.dropped, 0);
	queue_done(&queue);
}

static void full_queue_drops_the_oldest_and_counts(void **state)
{
	struct queue queue = make(3);

	(void)state;
	for (uint64_t i = 1; i <= 5; i++)
		push(&queue, i);
	assert_int_equal(queue.dropped, 2);
	assert_int_equal(queue.count, 3);
	assert_int_equal(pop(&queue, 5), 3);
	queue_done(&queue);
}

static void what_is_under_way_is_not_dropped(void **state)
{
	struct queue queue = make(2);
	const struct message *message;

	(void)state;
	push(&queue, 1);
	message = queue_take(&queue, 1);
	for (uint64_t i = 2; i <= 6; i++)
		push(&queue, i);
	assert_int_equal(message->born_ns, 1);
	queue_expire(&queue, 1000);
	assert_int_equal(queue.count, 1);
	assert_int_equal(queue.dropped, 5);
	queue_give_back(&queue, false);
	assert_ptr_equal(queue_take(&queue, 50), message);
	queue_give_back(&queue, true);
	assert_int_equal(queue.count, 0);
	queue_done(&queue);
}

static void old_messages_are_given_up(void **state)
{
	struct queue queue = make(4);

	(void)state;
	push(&queue, 1);
	push(&queue, 50);
	assert_int_equal(pop(&queue, 1 + MAX_AGE), 1);
	push(&queue, 60);
	assert_int_equal(pop(&queue, 51 + MAX_AGE), 60);
	assert_int_equal(queue.dropped, 1);
	queue_done(&queue);
}

static void one_may_wait_while_another_is_under_way(void **state)
{
	struct queue queue = make(0);

	(void)state;
	push(&queue, 1);
	queue_take(&queue, 1);
	push(&queue, 2);
	assert_int_equal(queue.dropped, 0);
	queue_done(&queue);
	queue_done(&queue);
}

static void backoff_doubles_up_to_its_limit(void **state)
{
	struct backoff backoff = { 0 };
	uint64_t delay = BACKOFF_FIRST_NS;

	(void)state;
	for (int i = 0; i < 12; i++) {
		assert_int_equal(backoff_next(&backoff, 0), delay / 2);
		delay = delay * 2 > BACKOFF_MAX_NS ? BACKOFF_MAX_NS : delay * 2;
	}
	assert_int_equal(backoff.delay_ns, BACKOFF_MAX_NS);
	backoff_reset(&backoff);
	assert_int_equal(backoff_next(&backoff, 0), BACKOFF_FIRST_NS / 2);
}

static void chance_adds_up_to_half_of_the_delay(void **state)
{
	struct backoff one = { 0 };
	struct backoff other = { 0 };

	(void)state;
	assert_int_equal(backoff_next(&one, BACKOFF_FIRST_NS / 2), BACKOFF_FIRST_NS);
	assert_int_equal(backoff_next(&other, BACKOFF_FIRST_NS / 2 + 1), BACKOFF_FIRST_NS / 2);
	assert_in_range(backoff_next(&one, UINT64_MAX), BACKOFF_FIRST_NS, 2 * BACKOFF_FIRST_NS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(oldest_comes_first),
		cmocka_unit_test(full_queue_drops_the_oldest_and_counts),
		cmocka_unit_test(what_is_under_way_is_not_dropped),
		cmocka_unit_test(old_messages_are_given_up),
		cmocka_unit_test(one_may_wait_while_another_is_under_way),
		cmocka_unit_test(backoff_doubles_up_to_its_limit),
		cmocka_unit_test(chance_adds_up_to_half_of_the_delay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
