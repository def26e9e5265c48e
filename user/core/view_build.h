/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a view of the ledger. Pure: what the ledger cannot know is in the facts. */
#pragma once

#include <stdint.h>

#include "user/core/view.h"

struct ledger;
struct places;

/* Strings are copied. */
struct view_facts {
	uint64_t now_ns;             /* CLOCK_MONOTONIC, as the ledger's */
	uint64_t realtime_offset_ns; /* add to CLOCK_MONOTONIC: ns since the epoch */
	uint64_t boot_offset_ns;     /* add to CLOCK_BOOTTIME: ns since the epoch */
	uint64_t since_ns;           /* CLOCK_MONOTONIC: when the agent began to look */
	const char *source;
	const char *kernel;
	const char *host;
	const struct places *places;   /* borrowed; NULL: none are known */
	const struct view_tally *lost; /* borrowed; names are not copied and must be constants */
	size_t lost_count;
	bool complete;
};

/* A view with one reference, not yet shared. -ENOMEM: *ret is untouched. */
int view_build(struct view **ret, struct ledger *ledger, const struct view_facts *facts);
