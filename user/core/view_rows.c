// SPDX-License-Identifier: Apache-2.0
#include "user/core/view_rows.h"

#include <netinet/in.h>
#include <string.h>

#include "user/base/arena.h"
#include "user/base/util.h"
#include "user/core/event.h"

#define NS_PER_SECOND 1e9

static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP };

void *builder_rows(struct builder *builder, size_t count, size_t size)
{
	void *rows = arena_alloc(builder->arena, count, size);

	if (!rows)
		builder->failed = true;
	return rows;
}

const char *builder_pool_name(struct builder *builder, const struct pool *pool)
{
	const struct pool *named = builder->named;

	if (named && named->netns == pool->netns && named->vrf == pool->vrf)
		return builder->name;
	if (pool->vrf)
		builder->name =
			arena_printf(builder->arena, "%s%%%u", pool->netns->name, pool->vrf);
	else
		builder->name = arena_strdup(builder->arena, pool->netns->name);
	builder->named = pool;
	if (!builder->name) {
		builder->failed = true;
		builder->name = "";
	}
	return builder->name;
}

uint64_t builder_realtime(const struct builder *builder, uint64_t monotonic_ns)
{
	return monotonic_ns ? monotonic_ns + builder->facts->realtime_offset_ns : 0;
}

static void fill_refusal(struct builder *builder, struct view_refusal *row,
			 const struct refusal *refusal)
{
	*row = (struct view_refusal){
		.time = builder_realtime(builder, refusal->time_ns),
		.pid = refusal->owner.tgid,
		.netns = refusal->tuple.netns,
		.netns_name = arena_strdup(builder->arena, refusal->netns_name),
		.protocol = refusal->protocol,
		.path = hold_path_name(refusal->path),
		.error = refusal->error,
		.remote_port = refusal->tuple.remote_port,
		.saturation = refusal->saturation,
	};
	if (!row->netns_name)
		builder->failed = true;
	memcpy(row->process, refusal->comm, sizeof(row->process));
	memcpy(row->local, refusal->tuple.local, sizeof(row->local));
	memcpy(row->remote, refusal->tuple.remote, sizeof(row->remote));
}

void build_refusals(struct builder *builder)
{
	const struct ledger *ledger = builder->ledger;
	size_t count = ledger->refusals_seen < REFUSALS_KEPT ? (size_t)ledger->refusals_seen
							     : REFUSALS_KEPT;
	struct view_refusal *rows = builder_rows(builder, count, sizeof(*rows));

	if (!rows)
		return;
	for (size_t i = 0; i < count; i++) {
		uint64_t newest_first = ledger->refusals_seen - 1 - i;

		fill_refusal(builder, &rows[i], &ledger->refusals[newest_first % REFUSALS_KEPT]);
	}
	builder->view->refusals = rows;
	builder->view->refusals_count = count;
}

/* One row a path that was ever used, so that every series there is has counted something. */
static size_t fill_path_counts(struct view_counter *rows, const char *netns_name, uint8_t protocol,
			       const uint64_t *counts)
{
	size_t count = 0;

	for (int path = 1; path < PATH__COUNT; path++)
		if (counts[path])
			rows[count++] = (struct view_counter){
				.netns_name = netns_name,
				.protocol = protocol,
				.path = hold_path_name((enum hold_path)path),
				.count = counts[path],
			};
	return count;
}

static void build_path_counts(struct builder *builder)
{
	const struct ledger *ledger = builder->ledger;
	size_t max = (ledger->pools_count + ARRAY_SIZE(protocols)) * PATH__COUNT;
	struct view_counter *taken = builder_rows(builder, max, sizeof(*taken));
	struct view_counter *given = builder_rows(builder, max, sizeof(*given));
	struct view *view = builder->view;
	struct netns *netns;
	struct netns *next;
	struct pool *pool;

	if (!taken || !given)
		return;
	view->allocations = taken;
	view->releases = given;
	HASH_ITER(hh, builder->ledger->netns, netns, next)
		FOR_EACH_POOL(pool, netns) {
			const char *name = builder_pool_name(builder, pool);

			view->allocations_count +=
				fill_path_counts(&taken[view->allocations_count], name,
						 pool->protocol, pool->allocations);
			view->releases_count += fill_path_counts(&given[view->releases_count], name,
								 pool->protocol, pool->releases);
		}
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		view->allocations_count +=
			fill_path_counts(&taken[view->allocations_count], "other", protocols[i],
					 ledger->taken_together[i]);
		view->releases_count +=
			fill_path_counts(&given[view->releases_count], "other", protocols[i],
					 ledger->given_back_together[i]);
	}
}

static void build_refused(struct builder *builder)
{
	size_t max = HASH_COUNT(builder->ledger->refused);
	struct view_counter *rows = builder_rows(builder, max, sizeof(*rows));
	struct refusal_count *count;
	struct refusal_count *next;
	size_t i = 0;

	if (!rows)
		return;
	HASH_ITER(hh, builder->ledger->refused, count, next) {
		rows[i] = (struct view_counter){
			.netns_name = count->key.pool ? builder_pool_name(builder, count->key.pool)
						      : "other",
			.protocol = count->key.protocol,
			.path = hold_path_name(count->key.path),
			.error = count->key.error,
			.count = count->count,
		};
		memcpy(rows[i++].process, count->key.comm, sizeof(rows->process));
	}
	builder->view->refused = rows;
	builder->view->refused_count = i;
}

static const struct view_histogram *build_histograms(struct builder *builder,
						     const struct histogram (*from)[PATH__COUNT],
						     const double *bounds, size_t *ret_count)
{
	struct view_histogram *rows = builder_rows(builder, 2 * (size_t)PATH__COUNT, sizeof(*rows));
	size_t count = 0;

	for (int i = 0; rows && i < 2; i++) {
		for (int path = 1; path < PATH__COUNT; path++) {
			const struct histogram *histogram = &from[i][path];

			if (!histogram->count)
				continue;
			rows[count] = (struct view_histogram){
				.protocol = protocols[i],
				.path = hold_path_name((enum hold_path)path),
				.bounds = bounds,
				.sum = (double)histogram->sum_ns / NS_PER_SECOND,
				.count = histogram->count,
			};
			memcpy(rows[count++].buckets, histogram->buckets,
			       sizeof(histogram->buckets));
		}
	}
	*ret_count = count;
	return rows;
}

void build_counters(struct builder *builder)
{
	struct view *view = builder->view;

	build_path_counts(builder);
	build_refused(builder);
	view->series_dropped[VIEW_REFUSALS] = builder->ledger->refused_together;
	view->searches = build_histograms(builder, builder->ledger->searches, search_bounds,
					  &view->searches_count);
	view->lifetimes = build_histograms(builder, builder->ledger->lifetimes, lifetime_bounds,
					   &view->lifetimes_count);
}

static void build_events(struct builder *builder)
{
	struct view_tally *events = builder_rows(builder, EVENT__COUNT - 1, sizeof(*events));
	struct view_health *health = &builder->view->health;

	if (!events)
		return;
	for (int kind = 1; kind < EVENT__COUNT; kind++)
		events[kind - 1] = (struct view_tally){
			.name = event_kind_name((enum event_kind)kind),
			.count = builder->ledger->events[kind],
		};
	health->events = events;
	health->events_count = EVENT__COUNT - 1;
}

static void build_lost(struct builder *builder)
{
	size_t count = builder->facts->lost_count;
	struct view_tally *lost = builder_rows(builder, count, sizeof(*lost));

	if (!lost)
		return;
	if (count)
		memcpy(lost, builder->facts->lost, count * sizeof(*lost));
	builder->view->health.lost = lost;
	builder->view->health.lost_count = count;
}

static void build_drift(struct builder *builder)
{
	struct view_drift *rows =
		builder_rows(builder, builder->ledger->pools_count, sizeof(*rows));
	struct view_health *health = &builder->view->health;
	struct netns *netns;
	struct netns *next;
	struct pool *pool;
	size_t count = 0;

	if (!rows)
		return;
	HASH_ITER(hh, builder->ledger->netns, netns, next)
		FOR_EACH_POOL(pool, netns)
			rows[count++] = (struct view_drift){
				.netns = netns->inode,
				.netns_name = builder_pool_name(builder, pool),
				.protocol = pool->protocol,
				.ports = pool->drift,
			};
	health->drift = rows;
	health->drift_count = count;
}

void build_health(struct builder *builder)
{
	const struct ledger *ledger = builder->ledger;
	struct view_health *health = &builder->view->health;

	build_events(builder);
	build_lost(builder);
	build_drift(builder);
	health->drift_total = ledger->drift_total;
	health->reconciliations = ledger->reconciliations;
	health->reconciled_at = builder_realtime(builder, ledger->reconciled_ns);
	health->since = builder_realtime(builder, builder->facts->since_ns);
	health->complete = builder->facts->complete;
}
