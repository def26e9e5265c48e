/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verdicts: what is wrong with one subject, judged by its numbers. Pure. docs/verdicts.md has a
 * section for each.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "user/core/flow.h"
#include "user/core/view.h"

/* The most precise first: of those that fit one subject, the first is given. */
enum verdict {
	VERDICT_NONE,
	VERDICT_LEAK,
	VERDICT_UDP_LEAK,
	VERDICT_CHURN,
	VERDICT_BIND_BEFORE_CONNECT,
	VERDICT_LISTEN_COLLISION,
	VERDICT_NARROW_RANGE,
	VERDICT_NEAR_EXHAUSTION,
	VERDICT__COUNT,
};

const char *verdict_name(enum verdict verdict);

/* What Linux comes with: 32768 to 60999. */
#define USUAL_RANGE_SIZE 28232

/* TCP_TIMEWAIT_LEN, the same in every kernel; no setting changes it. */
#define TIME_WAIT_S 60

/* The numbers of one scope: a destination, a pool, or what one owner has in it. */
struct numbers {
	uint32_t capacity; /* most ports the scope can have */
	uint32_t used;
	uint32_t active;
	uint32_t waiting;        /* in TIME_WAIT and not recyclable */
	uint32_t waited_ever;    /* as in its flow, but now */
	uint32_t stiff;          /* of these, what no setting makes recyclable */
	uint32_t mine;           /* ports of the owner that is judged or named */
	uint32_t explained;      /* ports that are lost to somebody who has a verdict */
	uint32_t refused;        /* in the pool, within 60 s */
	bool refusing;           /* in the pool, within 5 s */
	bool wider;              /* there is a wider range to be had */
	bool small;              /* the range is narrower than the usual one */
	bool found;              /* how it came to be is not known */
	const struct flow *flow; /* NULL: nothing is known */
};

/* What the scope is full of, if it is; standing: the verdict that stands, which is given up later
 * than it was come to. */
enum verdict verdict_on_scope(const struct numbers *numbers, enum verdict standing);

/* Does one owner, who has numbers.mine, open and never close? */
bool verdict_leaks(const struct numbers *numbers, bool stands);

/* Are numbers.mine, which one owner bound before it connected, a part worth telling of? */
bool verdict_binds(const struct numbers *numbers, bool stands);

/* Is the scope full? For what has no history. */
bool verdict_is_full(const struct numbers *numbers, bool stands);

enum view_severity verdict_severity(enum verdict verdict, const struct numbers *numbers);

/* What a leak is told by: the last minute, or the last hour if that shows what the minute is too
 * short for. */
struct flow_summary verdict_growth(const struct numbers *numbers);

/* Connections a second that go into TIME_WAIT. */
double verdict_waiting_rate(const struct numbers *numbers);

/* How long a verdict stands. Zeroed memory is none. */
struct standing {
	uint64_t held_ns;   /* when its condition last held */
	uint64_t severe_ns; /* when it was last as grave as it is said to be */
	uint32_t level;     /* ports at held_ns */
	uint8_t verdict;    /* enum verdict */
	uint8_t severity;   /* enum view_severity */
};

/* Takes what was judged now, and returns what stands: a verdict goes a while after its condition
 * went, at once when half of its ports did, and makes way for a more precise one. */
enum verdict standing_follow(struct standing *standing, enum verdict now,
			     const struct numbers *numbers, uint64_t now_ns);
