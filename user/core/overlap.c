// SPDX-License-Identifier: Apache-2.0
#include "user/core/overlap.h"

#include "user/core/counting.h"
#include "user/core/ledger_types.h"

static bool pool_overlaps(const struct pool *pool)
{
	const struct portset *exclusive = &pool->exclusive;

	if (pool->stuck.count)
		return true;
	for (uint32_t i = 0; exclusive->count && i < exclusive->capacity; i++) {
		const struct portset_slot *slot = &exclusive->slots[i];

		if (slot->port && portset_holds(&pool->ports, slot->port) > slot->holds)
			return true;
	}
	return false;
}

static void forget(struct ledger *ledger)
{
	struct destination *destination;
	struct destination *next;

	HASH_ITER(hh, ledger->destinations, destination, next) {
		destination->kept = 0;
		for (struct window *w = destination->windows; w; w = w->next)
			w->kept = 0;
	}
}

/* Does it use a port that is blocked? */
static bool is_kept(const struct hold *hold)
{
	const struct pool *pool = hold_pool(hold);

	if (!(hold->marks & MARK_COUNTED) || hold->marks & MARK_RECYCLABLE ||
	    hold_is_exclusive(hold))
		return false;
	return portset_contains(&pool->exclusive, hold->port) ||
	       portset_contains(&pool->stuck, hold->port);
}

static void count(const struct hold *hold)
{
	struct destination *destination = hold->share->key.destination;

	if (!destination || !is_kept(hold))
		return;
	destination->kept++;
	for (struct window *w = destination->windows; w; w = w->next)
		if (hold->port >= w->first && hold->port <= w->last)
			w->kept++;
}

static void count_pool(const struct ledger *ledger, const struct pool *pool)
{
	const struct hold *hold;

	for (uint32_t i = pool->first_hold; i; i = hold->next) {
		hold = holds_at(&ledger->holds, i);
		count(hold);
	}
}

/* Seldom: only then is it worth looking at each hold. */
void overlap_count(struct ledger *ledger)
{
	struct netns *netns;
	struct netns *next;
	struct pool *pool;

	forget(ledger);
	HASH_ITER(hh, ledger->netns, netns, next)
		FOR_EACH_POOL(pool, netns)
			if (pool_overlaps(pool))
				count_pool(ledger, pool);
}
