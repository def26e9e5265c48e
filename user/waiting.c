// SPDX-License-Identifier: Apache-2.0
#include "user/waiting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_MIN 64

static int grow(struct waiting_queue *queue)
{
	uint32_t capacity = queue->capacity ? queue->capacity * 2 : CAPACITY_MIN;
	struct waiting *entries = calloc(capacity, sizeof(*entries));

	if (!entries)
		return -ENOMEM;
	for (uint32_t i = 0; i < queue->count; i++)
		entries[i] = queue->entries[(queue->head + i) & (queue->capacity - 1)];
	free(queue->entries);
	queue->entries = entries;
	queue->capacity = capacity;
	queue->head = 0;
	return 0;
}

int waiting_push(struct waiting_queue *queue, uint64_t id, uint64_t due_ns)
{
	int r;

	if (queue->count == queue->capacity) {
		r = grow(queue);
		if (r < 0)
			return r;
	}
	queue->entries[(queue->head + queue->count) & (queue->capacity - 1)] =
		(struct waiting){ id, due_ns };
	queue->count++;
	return 0;
}

bool waiting_pop(struct waiting_queue *queue, uint64_t now_ns, uint64_t *ret_id)
{
	const struct waiting *oldest;

	if (!queue->count)
		return false;
	oldest = &queue->entries[queue->head];
	if (oldest->due_ns > now_ns)
		return false;
	*ret_id = oldest->id;
	queue->head = (queue->head + 1) & (queue->capacity - 1);
	queue->count--;
	return true;
}

void waiting_done(struct waiting_queue *queue)
{
	free(queue->entries);
	memset(queue, 0, sizeof(*queue));
}
