// SPDX-License-Identifier: Apache-2.0
#include "user/verify/verify_match.h"

#include <netinet/in.h>
#include <stdlib.h>

/* All of outer must find a partner; where the choice is free, those with less choice come first. */
struct matching {
	struct verify_list *list;
	struct verify_items *outer;
	struct verify_items *inner;
	bool shows_bound;
};

/* The ledger knows its port only, or the port is what it keeps wherever it is connected to. */
static bool is_loose(const struct verify_entry *hold)
{
	return hold->path != PATH_CONNECT || !hold->tuple.remote_port;
}

/* Holds only ever go from active to TIME_WAIT. */
static bool conflict(const struct verify_item *outer, const struct verify_item *inner)
{
	return (outer->early == HOLD_TIME_WAIT && inner->early == HOLD_ACTIVE) ||
	       (outer->late == HOLD_ACTIVE && inner->early == HOLD_TIME_WAIT);
}

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Of those that are alike the same will be left over each time. */
static int compare_items(const void *first, const void *second)
{
	const struct verify_item *a = first;
	const struct verify_item *b = second;
	int r = verify_compare_ends(a->entry, b->entry);

	if (!r)
		r = order(a->late, b->late);
	return r ? r : order(a->entry->identity, b->entry->identity);
}

static void sort(struct verify_items *items)
{
	if (items->count)
		qsort(items->items, items->count, sizeof(*items->items), compare_items);
}

/* A state that differs is told once: by the sandwich with the kernel outside. */
static int pair(const struct matching *matching, struct verify_item *outer,
		struct verify_item *inner)
{
	outer->taken = true;
	inner->taken = true;
	if (matching->outer->side == VERIFY_LEDGER || !conflict(outer, inner))
		return 0;
	return verify_list_add(matching->list, VERIFY_STATE, outer->entry, inner->entry);
}

/* --- by the whole tuple ---------------------------------------------------------------------- */

/* first: where those with the item's ends begin. NULL: none is free. */
static struct verify_item *find_exact(const struct matching *matching,
				      const struct verify_item *item, size_t first, bool agreeing)
{
	struct verify_items *inner = matching->inner;

	for (size_t i = first; i < inner->count; i++) {
		struct verify_item *other = &inner->items[i];

		if (verify_compare_ends(other->entry, item->entry))
			break;
		if (!other->taken && !(agreeing && conflict(item, other)))
			return other;
	}
	return NULL;
}

/* Both sides are sorted, so the search goes on where the last one ended. */
static int match_exactly(const struct matching *matching, bool agreeing)
{
	const struct verify_items *inner = matching->inner;
	size_t first = 0;

	for (size_t i = 0; i < matching->outer->count; i++) {
		struct verify_item *item = &matching->outer->items[i];
		struct verify_item *other;
		int r;

		if (item->taken || !item->entry->tuple.remote_port)
			continue;
		while (first < inner->count &&
		       verify_compare_ends(inner->items[first].entry, item->entry) < 0)
			first++;
		other = find_exact(matching, item, first, agreeing);
		r = other ? pair(matching, item, other) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- by the port only ------------------------------------------------------------------------ */

/* Those that changed to TIME_WAIT meanwhile agree with either state, so they choose second. */
enum round { ROUND_SAME_STATE, ROUND_CHANGED, ROUND_OTHER_STATE, ROUND__COUNT };

/* Where the search for a free partner in a state goes on; by enum hold_state. */
struct cursors {
	size_t at[HOLD_TIME_WAIT + 1];
};

/* NULL: none. */
static struct verify_item *next_free(const struct matching *matching, struct cursors *cursors,
				     uint8_t state)
{
	struct verify_items *inner = matching->inner;
	size_t *at = &cursors->at[state];

	for (; *at < inner->count; (*at)++) {
		struct verify_item *item = &inner->items[*at];

		if (!item->taken && item->early == state &&
		    (inner->side == VERIFY_KERNEL || is_loose(item->entry)))
			return item;
	}
	return NULL;
}

static struct verify_item *find_loose(const struct matching *matching, struct cursors *cursors,
				      const struct verify_item *item, enum round round)
{
	struct verify_item *other = next_free(matching, cursors, item->late);

	if (!other && item->early != item->late)
		other = next_free(matching, cursors, item->early);
	if (!other && round == ROUND_OTHER_STATE)
		other = next_free(matching, cursors,
				  item->late == HOLD_ACTIVE ? HOLD_TIME_WAIT : HOLD_ACTIVE);
	return other;
}

static bool takes_part(const struct matching *matching, const struct verify_item *item,
		       enum round round)
{
	if (item->taken || (matching->outer->side == VERIFY_LEDGER && !is_loose(item->entry)))
		return false;
	return round != ROUND_SAME_STATE || item->early == item->late;
}

static int match_loosely(const struct matching *matching, enum round round)
{
	struct cursors cursors = { 0 };

	for (size_t i = 0; i < matching->outer->count; i++) {
		struct verify_item *item = &matching->outer->items[i];
		struct verify_item *other;
		int r;

		if (!takes_part(matching, item, round))
			continue;
		other = find_loose(matching, &cursors, item, round);
		r = other ? pair(matching, item, other) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- what is left ---------------------------------------------------------------------------- */

/* Before 6.8 the kernel does not list TCP sockets that are only bound. A named port stays bound
 * after its connection has ended; others are given back then. */
static bool may_be_unseen(const struct verify_entry *hold)
{
	if (hold->protocol != IPPROTO_TCP || hold->state != HOLD_ACTIVE)
		return false;
	return hold->path == PATH_EXPLICIT || (hold->path == PATH_BIND && !hold->tuple.remote_port);
}

static enum verify_kind kind_of(const struct matching *matching, const struct verify_entry *entry)
{
	if (matching->outer->side == VERIFY_KERNEL)
		return VERIFY_MISSING;
	return !matching->shows_bound && may_be_unseen(entry) ? VERIFY_UNSEEN : VERIFY_STALE;
}

static int report_lonely(const struct matching *matching)
{
	for (size_t i = 0; i < matching->outer->count; i++) {
		const struct verify_item *item = &matching->outer->items[i];
		int r = 0;

		if (!item->taken)
			r = verify_list_add(matching->list, kind_of(matching, item->entry),
					    item->entry, NULL);
		if (r < 0)
			return r;
	}
	return 0;
}

int verify_match(struct verify_list *ret, struct verify_items *outer, struct verify_items *inner,
		 bool shows_bound)
{
	const struct matching matching = { ret, outer, inner, shows_bound };
	int r;

	sort(outer);
	sort(inner);
	r = match_exactly(&matching, true);
	if (r == 0)
		r = match_exactly(&matching, false);
	for (enum round round = ROUND_SAME_STATE; round < ROUND__COUNT && r == 0; round++)
		r = match_loosely(&matching, round);
	return r < 0 ? r : report_lonely(&matching);
}
