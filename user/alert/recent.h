/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a view's counters did within the last minute: a minute at least, a few seconds more at most;
 * all since the agent began, while that is less. Pure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "user/core/view.h"

#define RECENT_SLOTS 13
#define RECENT_REASONS_MAX 16
#define RECENT_REASON_BYTES 32

struct recent_counts {
	uint64_t at_ns;                               /* 0: none */
	uint64_t searches[2][VIEW_HISTOGRAM_BUCKETS]; /* TCP, UDP; all paths */
	uint64_t lost[RECENT_REASONS_MAX];
};

struct recent {
	struct recent_counts slots[RECENT_SLOTS]; /* a ring */
	size_t newest;
	struct recent_counts now;
	const double *bounds; /* of the view noted last */
	char reasons[RECENT_REASONS_MAX][RECENT_REASON_BYTES];
	size_t reasons_count;
};

/* Before the others, with each view. */
void recent_note(struct recent *recent, const struct view *view, uint64_t now_ns);

/* What share of the searches took less than: the quantile from 0 to 1 in seconds, linear within a
 * bucket as Prometheus has it. NAN if there were fewer than 100: that tells nothing. *ret_count:
 * how many there were. */
double recent_search_quantile(const struct recent *recent, uint8_t protocol, double quantile,
			      uint64_t *ret_count);

/* Events lost for the reason of that number, less than reasons_count. */
uint64_t recent_lost(const struct recent *recent, size_t reason);
