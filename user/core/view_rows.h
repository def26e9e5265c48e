/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of building a view; for view_build.c and view_rows.c only. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "user/core/ledger_types.h"
#include "user/core/view_build.h"

struct arena;

struct builder {
	struct ledger *ledger;
	const struct view_facts *facts;
	struct arena *arena;
	struct view *view;
	const struct pool *named; /* the pool whose name was copied last */
	const char *name;
	bool failed; /* no memory: the view is not to be used */
};

/* Zeroed rows in the view's arena; NULL (and failed) without memory. */
void *builder_rows(struct builder *builder, size_t count, size_t size);

/* The name of a pool's namespace, and of its VRF if it has one ("shop%5"), in the view's arena;
 * never NULL. */
const char *builder_pool_name(struct builder *builder, const struct pool *pool);

/* CLOCK_MONOTONIC to ns since the epoch; 0 stays 0. */
uint64_t builder_realtime(const struct builder *builder, uint64_t monotonic_ns);

void build_refusals(struct builder *builder);
void build_counters(struct builder *builder);
void build_health(struct builder *builder);
void build_verdicts(struct builder *builder); /* after the pools */
