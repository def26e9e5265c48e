// SPDX-License-Identifier: Apache-2.0
#include "exporters/message/queue.h"

#include <errno.h>
#include <stdlib.h>

#include "exporters/message/message.h"

#define LEAST 2

int queue_init(struct queue *queue, size_t max, uint64_t max_age_ns)
{
	size_t room = max < LEAST ? LEAST : max;
	struct message **slots = calloc(room, sizeof(struct message *));

	if (!slots)
		return -ENOMEM;
	*queue = (struct queue){ .slots = slots, .max = room, .max_age_ns = max_age_ns };
	return 0;
}

static struct message **slot(const struct queue *queue, size_t place)
{
	return &queue->slots[(queue->head + place) % queue->max];
}

/* The oldest that is not under way. */
static void remove_waiting(struct queue *queue)
{
	size_t place = queue->held ? 1 : 0;

	message_unref(*slot(queue, place));
	if (queue->held)
		*slot(queue, 1) = *slot(queue, 0);
	queue->head = (queue->head + 1) % queue->max;
	queue->count--;
}

void queue_done(struct queue *queue)
{
	queue->held = false;
	while (queue->count)
		remove_waiting(queue);
	free(queue->slots);
	*queue = (struct queue){ 0 };
}

void queue_push(struct queue *queue, struct message *message)
{
	if (queue->count == queue->max) {
		remove_waiting(queue);
		queue->dropped++;
	}
	*slot(queue, queue->count) = message_ref(message);
	queue->count++;
}

void queue_expire(struct queue *queue, uint64_t now_ns)
{
	size_t first = queue->held ? 1 : 0;

	while (queue->count > first &&
	       now_ns - (*slot(queue, first))->born_ns > queue->max_age_ns) {
		remove_waiting(queue);
		queue->dropped++;
	}
}

struct message *queue_take(struct queue *queue, uint64_t now_ns)
{
	queue_expire(queue, now_ns);
	if (!queue->count)
		return NULL;
	queue->held = true;
	return *slot(queue, 0);
}

void queue_give_back(struct queue *queue, bool gone)
{
	queue->held = false;
	if (gone)
		remove_waiting(queue);
}
