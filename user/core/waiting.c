// SPDX-License-Identifier: Apache-2.0
/* A binary heap: delays differ between namespaces, so what comes first need not be due first. */
#include "user/core/waiting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_MIN 64

static int make_room(struct waiting_queue *queue)
{
	uint32_t capacity = queue->capacity ? queue->capacity * 2 : CAPACITY_MIN;
	struct waiting *entries;

	if (queue->count < queue->capacity)
		return 0;
	entries = reallocarray(queue->entries, capacity, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	queue->entries = entries;
	queue->capacity = capacity;
	return 0;
}

static void swap(struct waiting *a, struct waiting *b)
{
	struct waiting moved = *a;

	*a = *b;
	*b = moved;
}

static void sift_up(struct waiting *entries, uint32_t i)
{
	while (i && entries[i].due_ns < entries[(i - 1) / 2].due_ns) {
		swap(&entries[i], &entries[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
}

static void sift_down(struct waiting *entries, uint32_t count)
{
	uint32_t i = 0;

	for (;;) {
		uint32_t child = 2 * i + 1;

		if (child >= count)
			return;
		if (child + 1 < count && entries[child + 1].due_ns < entries[child].due_ns)
			child++;
		if (entries[i].due_ns <= entries[child].due_ns)
			return;
		swap(&entries[i], &entries[child]);
		i = child;
	}
}

int waiting_push(struct waiting_queue *queue, uint64_t id, uint64_t due_ns)
{
	int r = make_room(queue);

	if (r < 0)
		return r;
	queue->entries[queue->count] = (struct waiting){ id, due_ns };
	sift_up(queue->entries, queue->count++);
	return 0;
}

bool waiting_pop(struct waiting_queue *queue, uint64_t now_ns, uint64_t *ret_id)
{
	if (!queue->count || queue->entries[0].due_ns > now_ns)
		return false;
	*ret_id = queue->entries[0].id;
	queue->entries[0] = queue->entries[--queue->count];
	sift_down(queue->entries, queue->count);
	return true;
}

void waiting_done(struct waiting_queue *queue)
{
	free(queue->entries);
	memset(queue, 0, sizeof(*queue));
}
