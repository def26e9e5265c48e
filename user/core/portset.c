// SPDX-License-Identifier: Apache-2.0
#include "user/core/portset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_MIN 8

static uint32_t home(const struct portset *set, uint16_t port)
{
	return ((uint32_t)port * 2654435769u >> 7) & (set->capacity - 1);
}

/* The port's slot, or the free slot where it would go. The set always has a free one. */
static uint32_t find(const struct portset *set, uint16_t port)
{
	uint32_t i = home(set, port);

	while (set->slots[i].port && set->slots[i].port != port)
		i = (i + 1) & (set->capacity - 1);
	return i;
}

static int resize(struct portset *set, uint32_t capacity)
{
	struct portset bigger = { .capacity = capacity, .count = set->count };

	bigger.slots = calloc(capacity, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < set->capacity; i++)
		if (set->slots[i].port)
			bigger.slots[find(&bigger, set->slots[i].port)] = set->slots[i];
	free(set->slots);
	*set = bigger;
	return 0;
}

/* At most three quarters full, so that a search ends soon. */
static int make_room(struct portset *set)
{
	if (!set->capacity)
		return resize(set, CAPACITY_MIN);
	if ((set->count + 1) * 4 <= set->capacity * 3)
		return 0;
	return resize(set, set->capacity * 2);
}

int portset_add(struct portset *set, uint16_t port)
{
	struct portset_slot *slot;
	int r;

	r = make_room(set);
	if (r < 0)
		return r;
	slot = &set->slots[find(set, port)];
	if (!slot->port) {
		slot->port = port;
		set->count++;
	}
	slot->holds++;
	return 0;
}

/* Moves later entries of the same run back, so that no search stops early at the gap. */
static void close_gap(struct portset *set, uint32_t gap)
{
	uint32_t mask = set->capacity - 1;
	uint32_t i = gap;

	for (;;) {
		i = (i + 1) & mask;
		if (!set->slots[i].port)
			break;
		if (((i - home(set, set->slots[i].port)) & mask) < ((i - gap) & mask))
			continue;
		set->slots[gap] = set->slots[i];
		gap = i;
	}
	memset(&set->slots[gap], 0, sizeof(set->slots[gap]));
}

bool portset_remove(struct portset *set, uint16_t port)
{
	uint32_t i;

	if (!set->capacity)
		return false;
	i = find(set, port);
	if (!set->slots[i].port)
		return false;
	if (--set->slots[i].holds)
		return true;
	close_gap(set, i);
	set->count--;
	return true;
}

uint32_t portset_holds(const struct portset *set, uint16_t port)
{
	return set->count ? set->slots[find(set, port)].holds : 0;
}

bool portset_contains(const struct portset *set, uint16_t port)
{
	return portset_holds(set, port);
}

uint32_t portset_count_within(const struct portset *set, uint16_t first, uint16_t last)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < set->capacity; i++)
		if (set->slots[i].port && set->slots[i].port >= first && set->slots[i].port <= last)
			count++;
	return count;
}

void portset_done(struct portset *set)
{
	free(set->slots);
	memset(set, 0, sizeof(*set));
}
