// SPDX-License-Identifier: Apache-2.0
#include "user/alert/owners.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN 16

static uint32_t hash(const struct owners_key *key)
{
	uint64_t value = (uint64_t)key->netns << 32 | (key->share ? key->share->pid : UINT32_MAX);

	value = (value ^ key->protocol) * 0x9e3779b97f4a7c15ULL;
	return (uint32_t)(value >> 32);
}

static bool fits(const struct view_owner *row, const struct owners_key *key)
{
	const struct view_share *share = key->share;

	if (row->netns != key->netns || row->protocol != key->protocol ||
	    strcmp(row->netns_name, key->netns_name))
		return false;
	return !share || (row->pid == share->pid &&
			  !strncmp(row->process, share->process, sizeof(row->process)));
}

/* Where the row is that fits, or the free slot behind where it would be. A row is there twice: by
 * itself, and the first of its place for the place; either is found by whoever asks for it, for
 * what fits is compared. */
static uint32_t *find_slot(const struct owners *owners, const struct owners_key *key)
{
	uint32_t i = hash(key) & owners->mask;

	while (owners->slots[i] && !fits(&owners->view->owners[owners->slots[i] - 1], key))
		i = (i + 1) & owners->mask;
	return &owners->slots[i];
}

/* Rows come worst first, and the first that fits is the one to be found. */
static void add(struct owners *owners, const struct owners_key *key, size_t row)
{
	uint32_t *slot = find_slot(owners, key);

	if (!*slot)
		*slot = (uint32_t)row + 1;
}

static void add_row(struct owners *owners, size_t i)
{
	const struct view_owner *row = &owners->view->owners[i];
	struct view_share share = { .pid = row->pid };
	struct owners_key key = {
		.netns_name = row->netns_name,
		.netns = row->netns,
		.protocol = row->protocol,
	};

	memcpy(share.process, row->process, sizeof(share.process));
	add(owners, &key, i);
	key.share = &share;
	add(owners, &key, i);
}

int owners_open(struct owners *ret, const struct view *view)
{
	struct owners owners = { .view = view };
	size_t size = SLOTS_MIN;

	while (size < 4 * view->owners_count) /* at most half of it will be used */
		size *= 2;
	owners.mask = (uint32_t)size - 1;
	owners.slots = calloc(size, sizeof(*owners.slots));
	if (!owners.slots)
		return -ENOMEM;
	for (size_t i = 0; i < view->owners_count; i++)
		add_row(&owners, i);
	*ret = owners;
	return 0;
}

void owners_done(struct owners *owners)
{
	free(owners->slots);
	*owners = (struct owners){ 0 };
}

const struct view_owner *owners_find(const struct owners *owners, const struct owners_key *key)
{
	uint32_t slot = owners->slots ? *find_slot(owners, key) : 0;

	return slot ? &owners->view->owners[slot - 1] : NULL;
}
