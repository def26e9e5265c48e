// SPDX-License-Identifier: Apache-2.0
#include "exporters/prometheus/series.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "exporters/prometheus/label.h"

#define SLOTS_MIN 64

static uint64_t key_hash(const struct series_key *key)
{
	uint64_t hash = label_hash((uint64_t)key->error << 8 | key->protocol, key->netns);

	hash = label_hash(hash, key->process);
	return label_hash(hash, key->detail);
}

static bool key_equal(const struct series_key *a, const struct series_key *b)
{
	return a->protocol == b->protocol && a->error == b->error &&
	       label_equal(a->netns, b->netns) && label_equal(a->process, b->process) &&
	       label_equal(a->detail, b->detail);
}

/* The slot of the key, or the free one where it belongs. There always is a free one. */
static struct series *find(const struct series_set *set, const struct series_key *key,
			   uint64_t hash)
{
	size_t mask = set->slots_count - 1;
	size_t i = (hash ^ hash >> 32) & mask;

	while (set->slots[i].key.netns &&
	       (set->slots[i].hash != hash || !key_equal(&set->slots[i].key, key)))
		i = (i + 1) & mask;
	return &set->slots[i];
}

static int grow(struct series_set *set)
{
	struct series_set bigger = { 0 };

	bigger.slots_count = set->slots_count ? set->slots_count * 2 : SLOTS_MIN;
	bigger.slots = calloc(bigger.slots_count, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	bigger.used = set->used;
	for (size_t i = 0; i < set->slots_count; i++) {
		const struct series *old = &set->slots[i];

		if (old->key.netns)
			*find(&bigger, &old->key, old->hash) = *old;
	}
	free(set->slots);
	*set = bigger;
	return 0;
}

int series_add(struct series_set *set, const struct series_key *key,
	       const uint64_t values[SERIES_VALUES])
{
	uint64_t hash = key_hash(key);
	struct series *slot;

	if (set->used * 4 >= set->slots_count * 3 && grow(set) < 0)
		return -ENOMEM;
	slot = find(set, key, hash);
	if (!slot->key.netns) {
		slot->key = *key;
		slot->hash = hash;
		set->used++;
	}
	for (size_t i = 0; i < SERIES_VALUES; i++)
		slot->values[i] += values[i];
	return 0;
}

const struct series *series_find(const struct series_set *set, const struct series_key *key)
{
	const struct series *slot;

	if (!set->slots_count)
		return NULL;
	slot = find(set, key, key_hash(key));
	return slot->key.netns ? slot : NULL;
}

static uint64_t total(const struct series *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < SERIES_VALUES; i++)
		sum += s->values[i];
	return sum;
}

/* The hash settles ties: the same series is kept from one scrape to the next. */
static int compare(const void *left, const void *right)
{
	const struct series *a = left;
	const struct series *b = right;
	uint64_t x = total(a);
	uint64_t y = total(b);

	if (x != y)
		return x > y ? -1 : 1;
	return a->hash < b->hash ? -1 : a->hash > b->hash;
}

void series_sort(struct series_set *set)
{
	size_t n = 0;

	for (size_t i = 0; i < set->slots_count; i++)
		if (set->slots[i].key.netns)
			set->slots[n++] = set->slots[i];
	if (n)
		qsort(set->slots, n, sizeof(*set->slots), compare);
}

void series_done(struct series_set *set)
{
	free(set->slots);
	memset(set, 0, sizeof(*set));
}
