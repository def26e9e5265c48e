// SPDX-License-Identifier: Apache-2.0
#include "user/core/holds.h"

#include <stdlib.h>
#include <string.h>

#include "user/core/hash.h"
#include "user/core/ledger_types.h"

#define CAPACITY_MIN 256

typedef uint32_t hash_fn(const struct holds *holds, uint32_t entry);

static uint32_t hash_port(const struct destination *destination, uint16_t port)
{
	return hash_word((uint64_t)(uintptr_t)destination + ((uint64_t)port << 48));
}

static uint32_t hash_by_id(const struct holds *holds, uint32_t entry)
{
	return hash_word(holds->entries[entry].id);
}

static uint32_t hash_by_port(const struct holds *holds, uint32_t entry)
{
	const struct hold *hold = &holds->entries[entry];

	return hash_port(hold->share->key.destination, hold->port);
}

static void index_add(struct holds *holds, uint32_t *index, hash_fn *hash, uint32_t entry)
{
	uint32_t i = hash(holds, entry) & holds->mask;

	while (index[i])
		i = (i + 1) & holds->mask;
	index[i] = entry;
}

/* Moves later entries of the same run back over the gap. */
static void index_remove(struct holds *holds, uint32_t *index, hash_fn *hash, uint32_t entry)
{
	uint32_t mask = holds->mask;
	uint32_t gap = hash(holds, entry) & mask;

	while (index[gap] && index[gap] != entry)
		gap = (gap + 1) & mask;
	if (!index[gap])
		return;
	for (uint32_t i = (gap + 1) & mask; index[i]; i = (i + 1) & mask) {
		uint32_t home = hash(holds, index[i]) & mask;

		if (((i - home) & mask) < ((i - gap) & mask))
			continue;
		index[gap] = index[i];
		gap = i;
	}
	index[gap] = 0;
}

static void link_free(struct holds *holds, uint32_t first, uint32_t end)
{
	for (uint32_t i = end; i-- > first;) {
		holds->entries[i].id = 0;
		holds->entries[i].taken_ns = holds->free;
		holds->free = i;
	}
}

static void reindex(struct holds *holds)
{
	for (uint32_t i = 1; i < holds->capacity; i++) {
		if (!holds->entries[i].id)
			continue;
		index_add(holds, holds->by_id, hash_by_id, i);
		if (holds->entries[i].share->key.destination)
			index_add(holds, holds->by_port, hash_by_port, i);
	}
}

/* Indexes of at least 4/3 the capacity, a power of two. */
static uint32_t index_size(uint32_t capacity)
{
	uint32_t size = CAPACITY_MIN;

	while (size < capacity + capacity / 3)
		size *= 2;
	return size;
}

static bool grow(struct holds *holds)
{
	uint32_t capacity = holds->capacity ? holds->capacity + holds->capacity / 2 : CAPACITY_MIN;
	uint32_t size = index_size(capacity);
	uint32_t *by_id = calloc(size, sizeof(*by_id));
	uint32_t *by_port = calloc(size, sizeof(*by_port));
	struct hold *entries = NULL;

	if (by_id && by_port)
		entries = realloc(holds->entries, capacity * sizeof(*entries));
	if (!entries) {
		free(by_id);
		free(by_port);
		return false;
	}
	free(holds->by_id);
	free(holds->by_port);
	holds->entries = entries;
	holds->by_id = by_id;
	holds->by_port = by_port;
	holds->mask = size - 1;
	link_free(holds, holds->capacity ? holds->capacity : 1, capacity);
	holds->entries[0].id = 0;
	holds->capacity = capacity;
	reindex(holds);
	return true;
}

struct hold *holds_add(struct holds *holds, const struct hold *hold)
{
	uint32_t entry;

	if (!holds->free && !grow(holds))
		return NULL;
	entry = holds->free;
	holds->free = (uint32_t)holds->entries[entry].taken_ns;
	holds->entries[entry] = *hold;
	holds->count++;
	index_add(holds, holds->by_id, hash_by_id, entry);
	if (hold->share->key.destination)
		index_add(holds, holds->by_port, hash_by_port, entry);
	return &holds->entries[entry];
}

struct hold *holds_find(const struct holds *holds, uint64_t id)
{
	if (!holds->capacity)
		return NULL;
	for (uint32_t i = hash_word(id) & holds->mask; holds->by_id[i]; i = (i + 1) & holds->mask) {
		struct hold *hold = &holds->entries[holds->by_id[i]];

		if (hold->id == id)
			return hold;
	}
	return NULL;
}

struct hold *holds_find_port(const struct holds *holds, const struct destination *destination,
			     uint16_t port)
{
	if (!holds->capacity)
		return NULL;
	for (uint32_t i = hash_port(destination, port) & holds->mask; holds->by_port[i];
	     i = (i + 1) & holds->mask) {
		struct hold *hold = &holds->entries[holds->by_port[i]];

		if (hold->port == port && hold->share->key.destination == destination)
			return hold;
	}
	return NULL;
}

void holds_remove(struct holds *holds, struct hold *hold)
{
	uint32_t entry = (uint32_t)(hold - holds->entries);

	index_remove(holds, holds->by_id, hash_by_id, entry);
	if (hold->share->key.destination)
		index_remove(holds, holds->by_port, hash_by_port, entry);
	hold->id = 0;
	hold->taken_ns = holds->free;
	holds->free = entry;
	holds->count--;
}

void holds_link(struct holds *holds, uint32_t *first, struct hold *hold)
{
	uint32_t entry = (uint32_t)(hold - holds->entries);

	hold->next = *first;
	hold->previous = 0;
	if (*first)
		holds->entries[*first].previous = entry;
	*first = entry;
}

void holds_unlink(struct holds *holds, uint32_t *first, struct hold *hold)
{
	if (hold->next)
		holds->entries[hold->next].previous = hold->previous;
	if (hold->previous)
		holds->entries[hold->previous].next = hold->next;
	else
		*first = hold->next;
}

/* The kernel may have several on one port. */
static void visit_port(const struct holds *holds, const struct destination *destination,
		       uint16_t port, hold_visitor *visit, void *context)
{
	for (uint32_t i = hash_port(destination, port) & holds->mask; holds->by_port[i];
	     i = (i + 1) & holds->mask) {
		const struct hold *hold = &holds->entries[holds->by_port[i]];

		if (hold->port == port && hold->share->key.destination == destination)
			visit(context, hold);
	}
}

void holds_visit_ports(const struct holds *holds, const struct destination *destination,
		       const uint16_t range[2], hold_visitor *visit, void *context)
{
	for (uint32_t port = range[0]; port <= range[1] && holds->capacity; port++)
		visit_port(holds, destination, (uint16_t)port, visit, context);
}

uint32_t holds_end(const struct holds *holds)
{
	return holds->capacity;
}

struct hold *holds_at(const struct holds *holds, uint32_t index)
{
	return &holds->entries[index];
}

void holds_done(struct holds *holds)
{
	free(holds->entries);
	free(holds->by_id);
	free(holds->by_port);
	memset(holds, 0, sizeof(*holds));
}
