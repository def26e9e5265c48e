// SPDX-License-Identifier: Apache-2.0
#include "user/core/view_build.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/arena.h"
#include "user/core/overlap.h"
#include "user/core/places.h"
#include "user/core/tables.h"
#include "user/core/view_rows.h"

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
	if (x->vrf != y->vrf)
		return x->vrf < y->vrf ? -1 : 1;
	return (int)x->protocol - (int)y->protocol;
}

static void fill_pool(struct builder *builder, struct view_pool *row, const struct pool *pool)
{
	*row = (struct view_pool){
		.vrf = pool->vrf,
		.netns = pool->netns->inode,
		.netns_name = builder_pool_name(builder, pool),
		.protocol = pool->protocol,
		.first = pool->first,
		.last = pool->last,
		.reserved = pool->reserved_count,
		.size = pool_size(pool),
		.used = pool->ports.count,
		.exclusive = pool_blocked(pool),
		.shared = pool->ports.count - pool_blocked(pool),
		.refused_recently = pool_refused_recently(pool, builder->facts->now_ns),
		.saturation = saturation(pool->ports.count, pool_size(pool)),
		.worst_destination_saturation = pool->worst_saturation,
		.exhaustion_seconds = pool->exhaustion_seconds,
	};
}

static double destination_exhaustion(const struct destination *destination)
{
	return trend_seconds_to(&destination->trend, tally_used(&destination->tally),
				destination_capacity(destination));
}

static double window_saturation(const struct pool *pool, const struct window *window)
{
	return saturation(tally_used(&window->tally), window_capacity(pool, window));
}

static void forget_worst(struct ledger *ledger)
{
	struct netns *netns;
	struct netns *next;
	struct pool *pool;

	HASH_ITER(hh, ledger->netns, netns, next)
		FOR_EACH_POOL(pool, netns) {
			pool->worst_saturation = 0;
			pool->exhaustion_seconds =
				trend_seconds_to(&pool->trend, pool->ports.count, pool_size(pool));
		}
}

/* A pool is as near its end as the nearest of its scopes: itself, or a destination in use. */
static void find_worst(struct ledger *ledger)
{
	struct destination *destination;
	struct destination *next;

	forget_worst(ledger);
	overlap_count(ledger);
	HASH_ITER(hh, ledger->destinations, destination, next) {
		struct pool *pool = destination->key.pool;
		uint32_t used = tally_used(&destination->tally);

		if (!used)
			continue;
		pool->worst_saturation = fmax(pool->worst_saturation,
					      saturation(used, destination_capacity(destination)));
		pool->exhaustion_seconds =
			fmin(pool->exhaustion_seconds, destination_exhaustion(destination));
		for (const struct window *w = destination->windows; w; w = w->next)
			pool->worst_saturation =
				fmax(pool->worst_saturation, window_saturation(pool, w));
	}
}

static void build_pools(struct builder *builder)
{
	struct view_pool *pools =
		builder_rows(builder, builder->ledger->pools_count, sizeof(*pools));
	struct netns *netns;
	struct netns *next;
	struct pool *pool;
	size_t count = 0;

	if (!pools)
		return;
	find_worst(builder->ledger);
	HASH_ITER(hh, builder->ledger->netns, netns, next)
		FOR_EACH_POOL(pool, netns)
			fill_pool(builder, &pools[count++], pool);
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
	if (!order)
		order = memcmp(x->local, y->local, sizeof(x->local));
	if (!order)
		order = (int)x->window - (int)y->window;
	return order ? order : (int)x->first - (int)y->first;
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

/* Ports of a VRF are not those that we know the listeners of. */
static void fill_place(struct builder *builder, struct view_destination *row,
		       const struct destination *destination)
{
	const struct places *places = builder->facts->places;
	const struct pool *pool = destination->key.pool;
	struct place_key key = {
		.netns = pool->netns->inode,
		.port = destination->key.remote_port,
		.protocol = pool->protocol,
	};
	const struct place_server *server;

	if (!places)
		return;
	row->service = arena_strdup(builder->arena, places_service(places, key.protocol, key.port));
	if (pool->vrf)
		return;
	memcpy(key.address, destination->key.remote, sizeof(key.address));
	server = places_server(places, &key);
	if (!server)
		return;
	row->listener_pid = server->pid;
	memcpy(row->listener, server->process, sizeof(row->listener));
}

static void fill_destination(struct builder *builder, struct view_destination *row,
			     const struct destination *destination, const struct tally *tally)
{
	const struct pool *pool = destination->key.pool;

	*row = (struct view_destination){
		.netns = pool->netns->inode,
		.netns_name = builder_pool_name(builder, pool),
		.protocol = pool->protocol,
		.remote_port = destination->key.remote_port,
		.first = pool->first,
		.last = pool->last,
		.capacity = destination_capacity(destination),
		.used = tally_used(tally),
		.active = tally->active,
		.time_wait = tally->time_wait,
		.recyclable = tally->recyclable,
		.exclusive = tally->exclusive,
		.exhaustion_seconds = NAN,
	};
	memcpy(row->local, destination->key.local, sizeof(row->local));
	memcpy(row->remote, destination->key.remote, sizeof(row->remote));
	fill_place(builder, row, destination);
}

static void fill_whole(struct builder *builder, struct view_destination *row,
		       const struct destination *destination)
{
	fill_destination(builder, row, destination, &destination->tally);
	row->saturation = saturation(row->used, row->capacity);
	row->exhaustion_seconds = destination_exhaustion(destination);
	fill_shares(builder, row, destination);
}

static void fill_window(struct builder *builder, struct view_destination *row,
			const struct destination *destination, const struct window *window)
{
	fill_destination(builder, row, destination, &window->tally);
	row->window = true;
	row->first = window->first;
	row->last = window->last;
	row->capacity = window_capacity(destination->key.pool, window);
	row->saturation = saturation(row->used, row->capacity);
}

static size_t count_scopes(const struct ledger *ledger)
{
	struct destination *destination;
	struct destination *next;
	size_t count = 0;

	HASH_ITER(hh, ledger->destinations, destination, next) {
		count++;
		for (const struct window *w = destination->windows; w; w = w->next)
			count++;
	}
	return count;
}

static void build_destinations(struct builder *builder)
{
	size_t max = count_scopes(builder->ledger);
	struct view_destination *rows = builder_rows(builder, max, sizeof(*rows));
	struct destination *destination;
	struct destination *next;
	size_t count = 0;

	if (!rows)
		return;
	HASH_ITER(hh, builder->ledger->destinations, destination, next) {
		fill_whole(builder, &rows[count++], destination);
		for (const struct window *w = destination->windows; w; w = w->next)
			fill_window(builder, &rows[count++], destination, w);
	}
	qsort(rows, count, sizeof(*rows), compare_destinations);
	builder->view->destinations = rows;
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
		.exe = arena_strdup(builder->arena, owner->exe),
		.command = arena_strdup(builder->arena, owner->command),
		.container_name = arena_strdup(builder->arena, owner->container_name),
		.pod_name = arena_strdup(builder->arena, owner->pod_name),
		.pod_namespace = arena_strdup(builder->arena, owner->pod_namespace),
		.alive = owner->alive,
		.netns = pool->netns->inode,
		.netns_name = builder_pool_name(builder, pool),
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
	tables_tidy(ledger);
	builder.view = builder_rows(&builder, 1, sizeof(*builder.view));
	if (builder.view) {
		build_frame(&builder);
		build_pools(&builder);
		build_destinations(&builder);
		build_owners(&builder);
		build_refusals(&builder);
		build_counters(&builder);
		build_health(&builder);
		build_verdicts(&builder);
	}
	if (builder.failed) {
		arena_free(builder.arena);
		return -ENOMEM;
	}
	*ret = builder.view;
	return 0;
}
