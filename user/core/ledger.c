// SPDX-License-Identifier: Apache-2.0
#include "user/core/ledger.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/counters.h"
#include "user/core/counting.h"
#include "user/core/ledger_types.h"
#include "user/core/refusals.h"
#include "user/core/pools.h"
#include "user/core/tables.h"
#include "user/core/waiting.h"
#include "user/core/window.h"

#define NS_PER_SECOND 1000000000ULL
#define REFUSALS_REMEMBERED_NS (600 * NS_PER_SECOND)

const double search_bounds[VIEW_HISTOGRAM_BUCKETS - 1] = {
	1e-6, 2.5e-6, 5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4,
	5e-4, 1e-3,   5e-3, 1e-2, 2.5e-2, 1e-1, 1,
};

const double lifetime_bounds[VIEW_HISTOGRAM_BUCKETS - 1] = {
	1e-3, 1e-2, 1e-1, 0.5, 1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 21600,
};

int ledger_new(struct ledger **ret, uint32_t polled, uint64_t now_ns)
{
	struct ledger *ledger = calloc(1, sizeof(*ledger));

	if (!ledger)
		return -ENOMEM;
	ledger->polled = polled;
	ledger->now_ns = now_ns;
	ledger->starting = true;
	ledger_limit(ledger, &VIEW_LIMITS_DEFAULT);
	*ret = ledger;
	return 0;
}

void ledger_free(struct ledger *ledger)
{
	if (!ledger)
		return;
	tables_done(ledger);
	holds_done(&ledger->holds);
	waiting_done(&ledger->waiting);
	free(ledger);
}

static unsigned int protocol_index(uint8_t protocol)
{
	return protocol == IPPROTO_UDP;
}

static void histogram_add(struct histogram *histogram, const double *bounds, uint64_t value_ns)
{
	double seconds = (double)value_ns / NS_PER_SECOND;
	unsigned int bucket = 0;

	while (bucket < VIEW_HISTOGRAM_BUCKETS - 1 && seconds > bounds[bucket])
		bucket++;
	histogram->buckets[bucket]++;
	histogram->count++;
	histogram->sum_ns += value_ns;
}

static bool is_polled(const struct ledger *ledger, const struct hold *hold, bool ended)
{
	if (ledger->polled & LEDGER_POLLS_ALL)
		return true;
	if (hold_pool(hold)->protocol == IPPROTO_UDP)
		return ledger->polled & LEDGER_POLLS_UDP;
	return ended && hold->state == HOLD_TIME_WAIT &&
	       (ledger->polled & LEDGER_POLLS_TIME_WAIT_END);
}

/* Was this transition one that the hooks should have seen? Then count it as drift. */
static void count_drift(struct ledger *ledger, const struct hold *hold, bool ended)
{
	if (ledger->starting || is_polled(ledger, hold, ended))
		return;
	hold_pool(hold)->drift_running++;
	ledger->drift_total++;
}

static void end_hold(struct ledger *ledger, struct hold *hold, uint64_t now_ns, bool found)
{
	struct pool *pool = hold_pool(hold);

	if (found)
		count_drift(ledger, hold, true);
	counters_given_back(ledger, pool, hold->path);
	turnover_closed(hold);
	vacancy_left(ledger, hold, now_ns);
	if (!(hold->marks & MARK_FOUND) && now_ns > hold->taken_ns)
		histogram_add(&ledger->lifetimes[protocol_index(pool->protocol)][hold->path],
			      lifetime_bounds, now_ns - hold->taken_ns);
	hold_drop(ledger, hold);
}

/* A destination is the scope of a connect(): a listener's child and UDP have none. */
static const struct abi_tuple *destination_of(const struct abi_hold *hold)
{
	if (!hold->tuple.remote_port || hold->path == PATH_CHILD || hold->path == PATH_LISTEN ||
	    hold->protocol != IPPROTO_TCP)
		return NULL;
	return &hold->tuple;
}

static struct share *share_of(struct ledger *ledger, const struct abi_hold *hold)
{
	struct pool *pool = pool_get(ledger, &hold->tuple, hold->protocol, &hold->range);
	struct owner *owner =
		pool ? owner_get(ledger, &hold->owner, hold->flags, hold->taken_ns) : NULL;
	struct stake *stake = owner ? stake_get(ledger, owner, pool) : NULL;

	return stake ? share_get(ledger, stake, pool, destination_of(hold)) : NULL;
}

/* The kernel gave this port to the same destination again, so whatever had it is gone: a
 * recycled remnant whose end the source cannot see, or a socket whose release was lost. */
static void end_predecessor(struct ledger *ledger, struct share *share, uint16_t port,
			    uint64_t now_ns)
{
	struct hold *hold;

	if (!share->key.destination)
		return;
	hold = holds_find_port(&ledger->holds, share->key.destination, port);
	if (hold && !hold_is_exclusive(hold))
		end_hold(ledger, hold, now_ns, hold->state != HOLD_TIME_WAIT);
}

static int insert_hold(struct ledger *ledger, const struct abi_hold *seen, uint8_t marks)
{
	struct share *share = share_of(ledger, seen);
	uint16_t range = range_number(ledger, &seen->range);
	bool found = marks & MARK_FOUND;
	struct hold *hold;
	int r;

	if (!share)
		return -ENOMEM;
	if (seen->path == PATH_EXPLICIT)
		marks |= MARK_NAMED;
	share->holds++; /* keeps it while a predecessor goes */
	if (seen->path == PATH_CONNECT)
		end_predecessor(ledger, share, seen->tuple.port, seen->taken_ns);
	hold = holds_add(&ledger->holds, &(struct hold){ .id = seen->id,
							 .share = share,
							 .taken_ns = seen->taken_ns,
							 .port = seen->tuple.port,
							 .path = seen->path,
							 .state = seen->state,
							 .flags = seen->flags,
							 .marks = marks,
							 .range = range });
	if (!hold) {
		share->holds--;
		share_collect(ledger, share);
		return -ENOMEM;
	}
	holds_link(&ledger->holds, &hold_pool(hold)->first_hold, hold);
	window_enter(ledger, hold);
	r = hold_count_in(hold);
	/* One that was found is old enough for sure but for its first second of sixty. */
	if (hold->state == HOLD_TIME_WAIT && r == 0)
		r = hold_review_time_wait(ledger, hold, found ? 0 : ledger->now_ns);
	return r;
}

static void count_allocation(struct ledger *ledger, struct hold *hold,
			     const struct event_taken *taken)
{
	unsigned int protocol = protocol_index(taken->hold.protocol);

	if (taken->header.flags & EVENT_FOUND) {
		count_drift(ledger, hold, false);
		if (ledger->starting)
			return;
	}
	counters_taken(ledger, hold_pool(hold), hold->path);
	turnover_opened(hold);
	hold->share->key.stake->allocations++;
	if (taken->search_ns)
		histogram_add(&ledger->searches[protocol][hold->path], search_bounds,
			      taken->search_ns);
}

/* As a resync repeats most of them. One that could not be counted is to be tried again. */
static bool is_repeated(struct ledger *ledger, const struct hold *hold, const struct abi_hold *seen)
{
	return hold->marks & MARK_COUNTED && hold->port == seen->tuple.port &&
	       hold->path == seen->path && hold->state == seen->state &&
	       hold->flags == seen->flags && hold->taken_ns == seen->taken_ns &&
	       hold->range == range_number(ledger, &seen->range) &&
	       hold->share == share_of(ledger, seen);
}

/* Its bind bucket outlived the moment in which one of its holds was replaced. */
static int stay_stuck(struct pool *pool, uint16_t port)
{
	if (!portset_contains(&pool->ports, port) || portset_contains(&pool->exclusive, port) ||
	    portset_contains(&pool->stuck, port))
		return 0;
	return portset_add(&pool->stuck, port);
}

/* The same hold with another owner, path or destination: nothing began and nothing ended. */
static int replace_hold(struct ledger *ledger, struct hold *hold, const struct abi_hold *seen,
			uint8_t marks)
{
	struct share *share = hold->share;
	struct pool *pool = hold_pool(hold);
	uint16_t port = hold->port;
	bool stuck = portset_contains(&pool->stuck, port);
	int r;

	marks |= hold->marks & (MARK_FOUND | MARK_NAMED);
	if (seen->state == HOLD_TIME_WAIT)
		marks |= hold->marks & MARK_RECYCLABLE;
	if (seen->state == HOLD_TIME_WAIT)
		turnover_waited(hold);
	share->holds++; /* keeps it, and its owner's counts, in case the hold comes back to it */
	hold_drop(ledger, hold);
	r = insert_hold(ledger, seen, marks);
	if (r == 0)
		turnover_moved(share, holds_find(&ledger->holds, seen->id));
	if (r == 0 && stuck)
		r = stay_stuck(pool, port);
	share->holds--;
	share_collect(ledger, share);
	return r;
}

/* No event tells that a range changed, but each choice tells what it was made from. */
static int follow_range(struct ledger *ledger, const struct pool *pool,
			const struct abi_range *range)
{
	if (!range->last || (pool->first == range->first && pool->last == range->last))
		return 0;
	return ledger_follow_range(ledger, pool->netns, range);
}

static int begin_hold(struct ledger *ledger, const struct event_taken *taken, uint8_t marks)
{
	struct hold *hold;
	int r = insert_hold(ledger, &taken->hold, marks);

	if (r < 0)
		return r;
	hold = holds_find(&ledger->holds, taken->hold.id);
	vacancy_taken(ledger, hold);
	count_allocation(ledger, hold, taken);
	if (taken->header.flags & EVENT_RESYNC)
		return 0;
	return follow_range(ledger, hold_pool(hold), &taken->hold.range);
}

static int apply_taken(struct ledger *ledger, const struct event_taken *taken)
{
	struct hold *known = holds_find(&ledger->holds, taken->hold.id);
	bool resync = taken->header.flags & EVENT_RESYNC;
	uint8_t marks = MARK_SEEN;

	if (known && is_repeated(ledger, known, &taken->hold)) {
		known->marks |= marks;
		return 0;
	}
	if (known)
		return replace_hold(ledger, known, &taken->hold, marks);
	if (taken->header.flags & EVENT_FOUND && !resync)
		marks |= MARK_FOUND;
	return begin_hold(ledger, taken, marks);
}

static int apply_time_wait(struct ledger *ledger, const struct event_time_wait *event)
{
	struct hold *hold = holds_find(&ledger->holds, event->id);

	if (!hold)
		return 0;
	turnover_waited(hold);
	hold_set_time_wait(hold, event->flags);
	return hold_review_time_wait(ledger, hold, event->header.time_ns);
}

static void apply_released(struct ledger *ledger, const struct event_released *event)
{
	struct hold *hold = holds_find(&ledger->holds, event->id);

	if (hold)
		end_hold(ledger, hold, event->header.time_ns, event->header.flags & EVENT_FOUND);
}

static int apply_refused(struct ledger *ledger, const struct event_refused *event)
{
	struct pool *pool = pool_get_known(ledger, &event->tuple, event->protocol, &event->range);
	struct owner *owner =
		pool ? owner_get(ledger, &event->owner, event->flags, event->header.time_ns) : NULL;
	struct stake *stake = owner ? stake_get(ledger, owner, pool) : NULL;
	int r;

	if (!stake)
		return -ENOMEM;
	r = follow_range(ledger, pool, &event->range);
	if (r == 0)
		r = refusal_apply(ledger, stake, event);
	if (event->search_ns)
		histogram_add(&ledger->searches[protocol_index(event->protocol)][event->path],
			      search_bounds, event->search_ns);
	stake_collect(ledger, stake);
	return r;
}

int ledger_apply(struct ledger *ledger, const struct event *event)
{
	ledger->events[event->header.kind]++;
	if (event->header.time_ns > ledger->now_ns)
		ledger->now_ns = event->header.time_ns;
	switch (event->header.kind) {
	case EVENT_TAKEN:
		return apply_taken(ledger, &event->taken);
	case EVENT_TIME_WAIT:
		return apply_time_wait(ledger, &event->time_wait);
	case EVENT_RELEASED:
		apply_released(ledger, &event->released);
		return 0;
	default:
		return apply_refused(ledger, &event->refused);
	}
}

static void follow_trends(struct ledger *ledger)
{
	struct destination *destination;
	struct destination *next;
	struct netns *netns;
	struct netns *next_netns;
	struct pool *pool;

	HASH_ITER(hh, ledger->destinations, destination, next)
		trend_add(&destination->trend, tally_used(&destination->tally), ledger->now_ns);
	HASH_ITER(hh, ledger->netns, netns, next_netns)
		FOR_EACH_POOL(pool, netns)
			trend_add(&pool->trend, pool->ports.count, ledger->now_ns);
}

void ledger_advance(struct ledger *ledger, uint64_t now_ns)
{
	struct stake *stake;
	struct stake *next;

	if (now_ns > ledger->now_ns)
		ledger->now_ns = now_ns;
	release_due_time_waits(ledger);
	tables_tidy(ledger);
	follow_trends(ledger);
	watch_all(ledger);
	if (!ledger->idle_stakes)
		return;
	HASH_ITER(hh, ledger->stakes, stake, next) {
		if (stake->shares || stake->refused_ns + REFUSALS_REMEMBERED_NS > ledger->now_ns)
			continue;
		stake->refusals = 0;
		stake_collect(ledger, stake);
	}
}

static void for_each_pool(const struct ledger *ledger, void (*visit)(struct pool *pool))
{
	struct netns *netns;
	struct netns *next;
	struct pool *pool;

	HASH_ITER(hh, ledger->netns, netns, next)
		FOR_EACH_POOL(pool, netns)
			visit(pool);
}

static void drift_begin(struct pool *pool)
{
	pool->drift_running = 0;
}

static void drift_end(struct pool *pool)
{
	pool->drift = pool->drift_running;
	pool->drift_running = 0;
}

void ledger_reconcile_begin(struct ledger *ledger)
{
	for_each_pool(ledger, drift_begin);
}

void ledger_reconcile_end(struct ledger *ledger, uint64_t now_ns)
{
	ledger->reconciled_ns = now_ns;
	if (!ledger->starting)
		ledger->reconciliations++;
	ledger->starting = false;
	for_each_pool(ledger, drift_end);
}

void ledger_resync_begin(struct ledger *ledger)
{
	for (uint32_t i = 1; i < holds_end(&ledger->holds); i++)
		holds_at(&ledger->holds, i)->marks &= (uint8_t)~MARK_SEEN;
}

void ledger_resync_end(struct ledger *ledger)
{
	for (uint32_t i = 1; i < holds_end(&ledger->holds); i++) {
		struct hold *hold = holds_at(&ledger->holds, i);

		if (hold->id && !(hold->marks & MARK_SEEN))
			end_hold(ledger, hold, ledger->now_ns, true);
	}
}
