// SPDX-License-Identifier: Apache-2.0
#include "user/verify/verify.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "user/core/ledger.h"
#include "user/verify/verify_match.h"

/* The entries of a reading that are in one place. */
struct slice {
	const struct verify_entry *entries;
	size_t count;
};

static size_t run_length(const struct verify_reading *reading, size_t first)
{
	size_t end = first + 1;

	while (end < reading->count &&
	       !verify_compare_place(&reading->entries[end], &reading->entries[first]))
		end++;
	return end - first;
}

/* Places come in order, so the search goes on where the last one ended. */
static struct slice slice_at(const struct verify_reading *reading, size_t *at,
			     const struct verify_entry *place)
{
	struct slice slice = { 0 };

	while (*at < reading->count && verify_compare_place(&reading->entries[*at], place) < 0)
		(*at)++;
	if (*at == reading->count || verify_compare_place(&reading->entries[*at], place))
		return slice;
	slice.entries = &reading->entries[*at];
	slice.count = run_length(reading, *at);
	return slice;
}

/* What is in both readings of the outer side, and is connected to the same place in both. NULL: no
 * memory. */
static struct verify_item *keep_stable(struct slice before, struct slice after, size_t *ret_count)
{
	struct verify_item *items = calloc(before.count ? before.count : 1, sizeof(*items));
	size_t count = 0;
	size_t j = 0;

	for (size_t i = 0; items && i < before.count; i++) {
		uint64_t identity = before.entries[i].identity;

		while (j < after.count && after.entries[j].identity < identity)
			j++;
		if (j == after.count || after.entries[j].identity != identity ||
		    verify_compare_ends(&before.entries[i], &after.entries[j]))
			continue;
		items[count++] = (struct verify_item){
			.entry = &after.entries[j],
			.early = before.entries[i].state,
			.late = after.entries[j].state,
		};
	}
	*ret_count = count;
	return items;
}

static struct verify_item *keep_all(struct slice slice)
{
	struct verify_item *items = calloc(slice.count ? slice.count : 1, sizeof(*items));

	for (size_t i = 0; items && i < slice.count; i++)
		items[i] = (struct verify_item){
			.entry = &slice.entries[i],
			.early = slice.entries[i].state,
			.late = slice.entries[i].state,
		};
	return items;
}

/* slices: of before, middle and after. */
static int match_slices(struct verify_list *list, enum verify_side side,
			const struct slice slices[3], bool shows_bound)
{
	struct verify_items outer = { .side = side };
	struct verify_items inner = {
		.side = side == VERIFY_KERNEL ? VERIFY_LEDGER : VERIFY_KERNEL,
		.count = slices[1].count,
	};
	int r = -ENOMEM;

	outer.items = keep_stable(slices[0], slices[2], &outer.count);
	inner.items = keep_all(slices[1]);
	if (outer.items && inner.items)
		r = outer.count ? verify_match(list, &outer, &inner, shows_bound) : 0;
	free(outer.items);
	free(inner.items);
	return r;
}

int verify_sandwich(struct verify_list *ret, const struct verify_reading *before,
		    const struct verify_reading *middle, const struct verify_reading *after,
		    bool shows_bound)
{
	size_t at_middle = 0;
	size_t at_after = 0;

	for (size_t at = 0; at < before->count;) {
		const struct verify_entry *place = &before->entries[at];
		const struct slice slices[3] = {
			{ place, run_length(before, at) },
			slice_at(middle, &at_middle, place),
			slice_at(after, &at_after, place),
		};
		int r = match_slices(ret, before->side, slices, shows_bound);

		if (r < 0)
			return r;
		at += slices[0].count;
	}
	return 0;
}

bool verify_lags(const struct verify_difference *difference, const struct holds_dump_header *header)
{
	const struct verify_entry *entry = &difference->entry;

	if ((header->flags & HOLDS_DUMP_INCOMPLETE) || (header->polled & LEDGER_POLLS_ALL))
		return true;
	if (entry->protocol == IPPROTO_UDP)
		return header->polled & LEDGER_POLLS_UDP;
	return difference->kind == VERIFY_STALE && entry->state == HOLD_TIME_WAIT &&
	       (header->polled & LEDGER_POLLS_TIME_WAIT_END);
}
