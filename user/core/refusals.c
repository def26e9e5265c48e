// SPDX-License-Identifier: Apache-2.0
#include "user/core/refusals.h"

#include <string.h>

#include "user/core/counters.h"
#include "user/core/tables.h"
#include "user/core/window.h"

/* A socket with a range of its own chose from fewer ports; if no hold of such a socket is there to
 * count them by, the refusal itself says that they are gone. */
static double window_saturation(const struct pool *pool, const struct destination *destination,
				const struct abi_range *range)
{
	const struct window *window =
		destination ? window_find(destination, range->own_first, range->own_last) : NULL;

	if (!window)
		return 1;
	return saturation(tally_used(&window->tally), window_capacity(pool, window));
}

/* How full the scope was that refused: a destination for connect(), else the pool. */
static double refused_saturation(const struct ledger *ledger, struct pool *pool,
				 const struct event_refused *event)
{
	const struct destination *destination;

	if (event->path != PATH_CONNECT && event->range.own_first)
		return 1;
	if (event->path != PATH_CONNECT)
		return saturation(pool->ports.count, pool_size(pool));
	destination = destination_find(ledger, pool, &event->tuple);
	if (event->range.own_first)
		return window_saturation(pool, destination, &event->range);
	return saturation(destination ? tally_used(&destination->tally) : 0, pool_capacity(pool));
}

static void remember_refusal(struct ledger *ledger, struct pool *pool, const struct owner *owner,
			     const struct event_refused *event)
{
	struct refusal *refusal = &ledger->refusals[ledger->refusals_seen++ % REFUSALS_KEPT];

	*refusal = (struct refusal){
		.owner = owner->key,
		.time_ns = event->header.time_ns,
		.tuple = event->tuple,
		.error = event->error,
		.protocol = event->protocol,
		.path = event->path,
		.saturation = refused_saturation(ledger, pool, event),
	};
	memcpy(refusal->comm, owner->comm, sizeof(refusal->comm));
	memcpy(refusal->netns_name, pool->netns->name, sizeof(refusal->netns_name));
}

int refusal_apply(struct ledger *ledger, struct stake *stake, const struct event_refused *event)
{
	struct pool *pool = stake->key.pool;

	stake->refusals++;
	stake->refused_ns = event->header.time_ns;
	pool_count_refusal(pool, event->header.time_ns);
	remember_refusal(ledger, pool, stake->key.owner, event);
	return counters_refused(ledger, pool, stake->key.owner->comm, event);
}
