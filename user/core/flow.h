/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What opened and what closed, over the last minute and the last hour. Pure. Zeroed memory is a
 * flow that has seen nothing.
 */
#pragma once

#include <stdint.h>

#define FLOW_PERIODS 12
#define FLOW_MINUTE_PERIOD_S 5
#define FLOW_HOUR_PERIOD_S 300

/* Counts since some beginning, which may wrap around, and what is open now. */
struct flow_counts {
	uint32_t opened;
	uint32_t closed;
	uint32_t waited; /* closed into TIME_WAIT */
	uint32_t level;
};

struct flow_ring {
	uint64_t at_ns[FLOW_PERIODS + 1];
	struct flow_counts samples[FLOW_PERIODS + 1];
	uint8_t count;
	uint8_t newest;
};

struct flow {
	struct flow_ring minute;
	struct flow_ring hour;
};

/* Some whole periods of a flow. */
struct flow_summary {
	double seconds; /* 0: nothing is known */
	uint32_t opened;
	uint32_t closed;
	uint32_t waited;
	int32_t growth;       /* of the level */
	uint32_t level;       /* at the end */
	uint32_t waited_ever; /* at the end; may have wrapped around */
	uint8_t periods;
	uint8_t rising; /* periods at whose end the level was higher */
	uint8_t falling;
	uint8_t opening; /* periods in which anything opened */
	uint8_t waiting; /* ... or went into TIME_WAIT */
};

/* now_ns: CLOCK_MONOTONIC. Counts between the ends of periods are left out. */
void flow_add(struct flow *flow, const struct flow_counts *counts, uint64_t now_ns);

/* The newest whole periods, at most so many. */
struct flow_summary flow_last(const struct flow_ring *ring, unsigned int periods);
