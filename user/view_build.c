// SPDX-License-Identifier: Apache-2.0
#include "user/view_build.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "user/arena.h"
#include "user/view_rows.h"

/* --- pools ----------------------------------------------------------------------------------- */

static double pool_badness(const struct view_pool *pool)
{
	return fmax(pool->saturation, pool->worst_destination_saturation);
}

static int compare_pools(const void *a, const void *b)
{
	const struct view_pool *x = a;
	const struct view_pool *y = b;

	if (pool_badness(x) != pool_badness(y))
		return pool_badness(x) < pool_badness(y) ? 1 : -1;
	if (x->used != y->used)
		return x->used < y->used ? 1 : -1;
	if (x->netns != y->netns)
		return x->netns < y->netns ? -1 : 1;
	return (int)x->protocol - (int)y->protocol;
}

static void fill_pool(struct builder *builder, struct view_pool *row, const struct pool *pool)
{
	*row = (struct view_pool){
		.netns = pool->netns->inode,
		.netns_name = builder_netns_name(builder, pool->netns),
		.protocol = pool->protocol,
		.first = pool->first,
		.last = pool->last,
		.reserved = pool->reserved_count,
		.size = pool_size(pool),
		.used = pool->ports.count,
		.exclusive = pool->exclusive.count,
		.shared = pool->ports.count - pool->exclusive.count,
		.refused_recently = pool_refused_recently(pool, builder->facts->now_ns),
		.saturation = saturation(pool->ports.count, pool_size(pool)),
		.exhaustion_seconds = pool->exhaustion_seconds,
	};
	if (pool->worst_used)
		row->worst_destination_saturation =
			saturation(pool->worst_used, pool_capacity(pool));
}

static double destination_exhaustion(const struct destination *destination)
{
	return trend_seconds_to(&destination->trend, tally_used(&destination->tally),
				pool_capacity(destination->key.pool));
}

static void forget_worst(struct pool *pool)
{
	pool->worst_used = 0;
	pool->exhaustion_seconds =
		trend_seconds_to(&pool->trend, pool->ports.count, pool_size(pool));
}

/* A pool is as near its end as the nearest of its scopes: itself, or a destination in use. */
static void find_worst(struct ledger *ledger)
{
	struct destination *destination;
	struct destination *next;
	struct netns *netns;
	struct netns *next_netns;

	HASH_ITER(hh, ledger->netns, netns, next_netns) {
		forget_worst(&netns->tcp);
		forget_worst(&netns->udp);
	}
	HASH_ITER(hh, ledger->destinations, destination, next) {
		struct pool *pool = destination->key.pool;
		uint32_t used = tally_used(&destination->tally);

		if (!used)
			continue;
		if (used > pool->worst_used)
			pool->worst_used = used;
		pool->exhaustion_seconds =
			fmin(pool->exhaustion_seconds, destination_exhaustion(destination));
	}
}

static void build_pools(struct builder *builder)
{
	size_t max = 2 * (size_t)HASH_COUNT(builder->ledger->netns);
	struct view_pool *pools = builder_rows(builder, max, sizeof(*pools));
	struct netns *netns;
	struct netns *next;
	size_t count = 0;

	if (!pools)
		return;
	find_worst(builder->ledger);
	HASH_ITER(hh, builder->ledger->netns, netns, next) {
		fill_pool(builder, &pools[count++], &netns->tcp);
		fill_pool(builder, &pools[count++], &netns->udp);
	}
	qsort(pools, count, sizeof(*pools), compare_pools);
	builder->view->pools = pools;
	builder->view->pools_count = count;
}

/* --- destinations ---------------------------------------------------------------------------- */

static int compare_shares(const void *a, const void *b)
{
	const struct view_share *x = a;
	const struct view_share *y = b;
	uint32_t x_ports = x->used + x->exclusive;
	uint32_t y_ports = y->used + y->exclusive;

	if (x_ports != y_ports)
		return x_ports < y_ports ? 1 : -1;
	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static int compare_destinations(const void *a, const void *b)
{
	const struct view_destination *x = a;
	const struct view_destination *y = b;
	uint32_t x_holds = x->used + x->exclusive + x->recyclable;
	uint32_t y_holds = y->used + y->exclusive + y->recyclable;
	int order;

	if (x->saturation != y->saturation)
		return x->saturation < y->saturation ? 1 : -1;
	if (x_holds != y_holds)
		return x_holds < y_holds ? 1 : -1;
	order = memcmp(x->remote, y->remote, sizeof(x->remote));
	if (!order)
		order = (int)x->remote_port - (int)y->remote_port;
	return order ? order : memcmp(x->local, y->local, sizeof(x->local));
}

static void fill_shares(struct builder *builder, struct view_destination *row,
			const struct destination *destination)
{
	size_t count = destination->shares_count;
	struct view_share *shares = builder_rows(builder, count, sizeof(*shares));
	size_t i = 0;

	if (!shares)
		return;
	for (const struct share *share = destination->shares; share; share = share->next) {
		const struct owner *owner = share->key.stake->key.owner;

		shares[i] = (struct view_share){
			.pid = owner->key.tgid,
			.used = tally_used(&share->tally),
			.active = share->tally.active,
			.time_wait = share->tally.time_wait,
			.exclusive = share->tally.exclusive,
		};
		memcpy(shares[i++].process, owner->comm, sizeof(shares->process));
	}
	qsort(shares, count, sizeof(*shares), compare_shares);
	row->owners = shares;
	row->owners_count = count;
}

static void fill_destination(struct builder *builder, struct view_destination *row,
			     const struct destination *destination)
{
	const struct pool *pool = destination->key.pool;

	*row = (struct view_destination){
		.netns = pool->netns->inode,
		.netns_name = builder_netns_name(builder, pool->netns),
		.protocol = pool->protocol,
		.remote_port = destination->key.remote_port,
		.capacity = pool_capacity(pool),
		.used = tally_used(&destination->tally),
		.active = destination->tally.active,
		.time_wait = destination->tally.time_wait,
		.recyclable = destination->tally.recyclable,
		.exclusive = destination->tally.exclusive,
		.exhaustion_seconds = destination_exhaustion(destination),
	};
	row->saturation = saturation(row->used, row->capacity);
	memcpy(row->local, destination->key.local, sizeof(row->local));
	memcpy(row->remote, destination->key.remote, sizeof(row->remote));
	fill_shares(builder, row, destination);
}

static void build_destinations(struct builder *builder)
{
	size_t max = HASH_COUNT(builder->ledger->destinations);
	struct view_destination *destinations = builder_rows(builder, max, sizeof(*destinations));
	struct destination *destination;
	struct destination *next;
	size_t count = 0;

	if (!destinations)
		return;
	HASH_ITER(hh, builder->ledger->destinations, destination, next)
		fill_destination(builder, &destinations[count++], destination);
	qsort(destinations, count, sizeof(*destinations), compare_destinations);
	builder->view->destinations = destinations;
	builder->view->destinations_count = count;
}

/* --- owners ---------------------------------------------------------------------------------- */

static int compare_owners(const void *a, const void *b)
{
	const struct view_owner *x = a;
	const struct view_owner *y = b;

	if (x->used != y->used)
		return x->used < y->used ? 1 : -1;
	if (x->refusals != y->refusals)
		return x->refusals < y->refusals ? 1 : -1;
	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static void fill_owner(struct builder *builder, struct view_owner *row, const struct stake *stake)
{
	const struct owner *owner = stake->key.owner;
	const struct pool *pool = stake->key.pool;

	*row = (struct view_owner){
		.pid = owner->key.tgid,
		.known = owner->key.flags,
		.uid = owner->uid,
		.cgroup = arena_strdup(builder->arena, owner->cgroup),
		.unit = arena_strdup(builder->arena, owner->unit),
		.container = arena_strdup(builder->arena, owner->container),
		.pod = arena_strdup(builder->arena, owner->pod),
		.alive = owner->alive,
		.netns = pool->netns->inode,
		.netns_name = builder_netns_name(builder, pool->netns),
		.protocol = pool->protocol,
		.used = tally_used(&stake->tally) + stake->exclusive.count,
		.active = stake->tally.active,
		.time_wait = stake->tally.time_wait,
		.recyclable = stake->tally.recyclable,
		.exclusive = stake->exclusive.count,
		.allocations = stake->allocations,
		.refusals = stake->refusals,
	};
	if (owner->key.start_ns)
		row->start_time = owner->key.start_ns + builder->facts->boot_offset_ns;
	memcpy(row->process, owner->comm, sizeof(row->process));
}

static void build_owners(struct builder *builder)
{
	size_t max = HASH_COUNT(builder->ledger->stakes);
	struct view_owner *owners = builder_rows(builder, max, sizeof(*owners));
	struct stake *stake;
	struct stake *next;
	size_t count = 0;

	if (!owners)
		return;
	HASH_ITER(hh, builder->ledger->stakes, stake, next)
		fill_owner(builder, &owners[count++], stake);
	qsort(owners, count, sizeof(*owners), compare_owners);
	builder->view->owners = owners;
	builder->view->owners_count = count;
}

/* --- the whole ------------------------------------------------------------------------------- */

static void build_frame(struct builder *builder)
{
	const struct view_facts *facts = builder->facts;
	struct view *view = builder->view;

	view->references = 1;
	view->arena = builder->arena;
	view->time = builder_realtime(builder, facts->now_ns);
	view->version = PORTGAUGE_VERSION;
	view->source = arena_strdup(builder->arena, facts->source);
	view->kernel = arena_strdup(builder->arena, facts->kernel);
	view->host = arena_strdup(builder->arena, facts->host);
}

int view_build(struct view **ret, struct ledger *ledger, const struct view_facts *facts)
{
	struct builder builder = { .ledger = ledger, .facts = facts, .arena = arena_new() };

	if (!builder.arena)
		return -ENOMEM;
	builder.view = builder_rows(&builder, 1, sizeof(*builder.view));
	if (builder.view) {
		build_frame(&builder);
		build_pools(&builder);
		build_destinations(&builder);
		build_owners(&builder);
		build_refusals(&builder);
		build_counters(&builder);
		build_health(&builder);
	}
	if (builder.failed) {
		arena_free(builder.arena);
		return -ENOMEM;
	}
	*ret = builder.view;
	return 0;
}
