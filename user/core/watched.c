// SPDX-License-Identifier: Apache-2.0
#include "user/core/watched.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "user/core/counting.h"
#include "user/core/ledger_types.h"

#define PORTS_MIN 8     /* that are worth watching */
#define PART_OF_POOL 50 /* one in so many */

/* --- counting -------------------------------------------------------------------------------- */

static void count_closed(struct share *share, bool waits)
{
	share->turnover.closed++;
	share->key.stake->turnover.closed++;
	if (!share->key.destination)
		return;
	share->key.destination->turnover.closed++;
	share->key.destination->turnover.waited += waits;
}

/* One that was found as a remnant has been opened and closed meanwhile. */
void turnover_opened(const struct hold *hold)
{
	struct share *share = hold->share;

	share->turnover.opened++;
	share->key.stake->turnover.opened++;
	if (share->key.destination)
		share->key.destination->turnover.opened++;
	if (hold->state != HOLD_ACTIVE)
		count_closed(share, true);
}

/* A remnant has been counted when it became one. */
void turnover_closed(const struct hold *hold)
{
	if (hold->state == HOLD_ACTIVE)
		count_closed(hold->share, false);
}

void turnover_waited(const struct hold *hold)
{
	if (hold->state == HOLD_ACTIVE)
		count_closed(hold->share, true);
}

void turnover_moved(struct share *from, const struct hold *hold)
{
	struct share *to = hold->share;

	if (to == from || hold->state != HOLD_ACTIVE)
		return;
	from->turnover.closed++;
	to->turnover.opened++;
	if (from->key.destination != to->key.destination) {
		if (from->key.destination)
			from->key.destination->turnover.closed++;
		if (to->key.destination)
			to->key.destination->turnover.opened++;
	}
	if (from->key.stake != to->key.stake) {
		from->key.stake->turnover.closed++;
		to->key.stake->turnover.opened++;
	}
}

/* --- watching -------------------------------------------------------------------------------- */

/* Half of what it takes to begin is enough to go on. Without memory it is not watched. */
static void watch(struct ledger *ledger, struct watched **at, const struct pool *pool,
		  uint32_t ports, const struct turnover *turnover)
{
	uint32_t least = pool_size(pool) / PART_OF_POOL;
	struct flow_counts counts = { .level = ports };

	if (least < PORTS_MIN)
		least = PORTS_MIN;
	if (ports < (*at ? least / 2 : least)) {
		free(*at);
		*at = NULL;
		return;
	}
	if (!*at)
		*at = calloc(1, sizeof(**at));
	if (!*at)
		return;
	if (!(*at)->flow.minute.count)
		(*at)->found = !ledger->watching;
	if (turnover) {
		counts.opened = turnover->opened;
		counts.closed = turnover->closed;
		counts.waited = turnover->waited;
	}
	flow_add(&(*at)->flow, &counts, ledger->now_ns);
}

static void watch_shares(struct ledger *ledger, const struct destination *destination)
{
	for (struct share *share = destination->shares; share; share = share->next)
		watch(ledger, &share->watched, destination->key.pool,
		      share->tally.active + share->tally.exclusive, &share->turnover);
}

void watch_all(struct ledger *ledger)
{
	struct destination *destination;
	struct destination *next;
	struct stake *stake;
	struct stake *next_stake;
	struct netns *netns;
	struct netns *next_netns;
	struct pool *pool;

	HASH_ITER(hh, ledger->destinations, destination, next) {
		const struct tally *tally = &destination->tally;

		watch(ledger, &destination->watched, destination->key.pool,
		      tally->active + tally->time_wait + tally->exclusive, &destination->turnover);
		watch_shares(ledger, destination);
	}
	HASH_ITER(hh, ledger->stakes, stake, next_stake)
		watch(ledger, &stake->watched, stake->key.pool, stake->exclusive.count,
		      &stake->turnover);
	HASH_ITER(hh, ledger->netns, netns, next_netns)
		FOR_EACH_POOL(pool, netns)
			watch(ledger, &pool->watched, pool, pool->ports.count, NULL);
	ledger->watching = true;
}
