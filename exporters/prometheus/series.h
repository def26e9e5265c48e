/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums rows that share one set of labels. The view has a row for each process; a metric has one
 * for each name, and two processes may write theirs the same way (label.h).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SERIES_VALUES 3

/* Strings are borrowed from the view; NULL is "". */
struct series_key {
	const char *netns;
	const char *process;
	const char *detail; /* unit, or path */
	uint8_t protocol;
	uint16_t error;
};

struct series {
	struct series_key key;
	uint64_t hash;
	uint64_t values[SERIES_VALUES];
};

/* Start with { 0 }, end with series_done. */
struct series_set {
	struct series *slots; /* a free slot has no key.netns */
	size_t slots_count;   /* a power of two, or 0 */
	size_t used;
};

/* 0 or -ENOMEM, which adds nothing. key->netns is never NULL. */
int series_add(struct series_set *set, const struct series_key *key,
	       const uint64_t values[SERIES_VALUES]);

/* NULL: not there. Not after series_sort. */
const struct series *series_find(const struct series_set *set, const struct series_key *key);

/* Biggest sum of values first, at set->slots[0 .. used - 1]. Nothing can be added afterwards. */
void series_sort(struct series_set *set);

void series_done(struct series_set *set);
