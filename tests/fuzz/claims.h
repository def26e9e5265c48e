/* SPDX-License-Identifier: Apache-2.0 */
/* What holds of every view, whatever events made it. */
#pragma once

#include <math.h>

#include "tests/fuzz/fuzz.h"
#include "user/core/ledger.h"
#include "user/core/view.h"
#include "user/core/view_build.h"

static inline void claim_ratio(double value)
{
	claim(value >= 0.0 && value <= 1.0);
}

/* NAN: unknown. */
static inline void claim_seconds(double value)
{
	claim(isnan(value) || value >= 0.0);
}

static inline void claim_pools(const struct view *view)
{
	for (size_t i = 0; i < view->pools_count; i++) {
		const struct view_pool *pool = &view->pools[i];

		claim(pool->used == pool->shared + pool->exclusive);
		claim(pool->used <= pool->size && pool->exclusive <= pool->used);
		claim(pool->netns_name);
		claim_ratio(pool->saturation);
		claim_ratio(pool->worst_destination_saturation);
		claim_seconds(pool->exhaustion_seconds);
	}
}

/* Whose a window's ports are, the row of its destination says. */
static inline void claim_shares(const struct view_destination *row)
{
	uint64_t used = 0;
	uint64_t active = 0;
	uint64_t time_wait = 0;
	uint64_t exclusive = 0;

	for (size_t i = 0; i < row->owners_count; i++) {
		used += row->owners[i].used;
		active += row->owners[i].active;
		time_wait += row->owners[i].time_wait;
		exclusive += row->owners[i].exclusive;
	}
	claim(used == row->used && active == row->active);
	claim(time_wait == row->time_wait && exclusive == row->exclusive);
}

static inline void claim_destinations(const struct view *view)
{
	for (size_t i = 0; i < view->destinations_count; i++) {
		const struct view_destination *row = &view->destinations[i];

		claim(row->recyclable <= row->time_wait);
		claim(row->used == row->active + row->time_wait - row->recyclable);
		claim(row->remote_port && !row->window == !!row->owners_count);
		claim_ratio(row->saturation);
		claim_seconds(row->exhaustion_seconds);
		claim(!i || row[-1].saturation >= row->saturation);
		if (!row->window)
			claim_shares(row);
	}
}

static inline void claim_owners(const struct view *view)
{
	for (size_t i = 0; i < view->owners_count; i++) {
		const struct view_owner *row = &view->owners[i];

		claim(row->recyclable <= row->time_wait);
		claim(row->used == row->active + row->time_wait - row->recyclable + row->exclusive);
		claim(memchr(row->process, 0, sizeof(row->process)));
	}
}

/* At most so many, gravest first, each with its remedy in one line. */
static inline void claim_verdicts(const struct view *view)
{
	claim(view->verdicts_count <= 20);
	for (size_t i = 0; i < view->verdicts_count; i++) {
		const struct view_verdict *row = &view->verdicts[i];

		claim(*row->verdict && *row->subject && *row->text && *row->remedy);
		claim(!strpbrk(row->subject, "\n\033") && !strpbrk(row->text, "\n\033"));
		claim(!strpbrk(row->remedy, "\n\033") && row->netns_name);
		claim(!i || row[-1].severity >= row->severity);
	}
}

/* Builds a view of the ledger and judges it. */
static inline void claim_view(struct ledger *ledger, uint64_t now_ns)
{
	const struct view_facts facts = { .now_ns = now_ns, .source = "fuzz" };
	struct view *view = NULL;

	claim(view_build(&view, ledger, &facts) == 0);
	claim_pools(view);
	claim_destinations(view);
	claim_owners(view);
	claim_verdicts(view);
	view_unref(view);
}
