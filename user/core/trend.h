/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast a number grows, and when it will reach a limit if it goes on so. Pure. Zeroed memory is
 * a trend that has seen nothing.
 */
#pragma once

#include <stdint.h>

struct trend {
	uint64_t at_ns; /* of the newest sample; 0: none yet */
	double value;
	double rate; /* a second; smoothed over about a quarter of a minute, from 0 on: see seen */
	double seen; /* the share of rate that rests on samples, 0 to 1 */
};

/* Samples closer than half a second to the one before are left out. now_ns: CLOCK_MONOTONIC. */
void trend_add(struct trend *trend, double value, uint64_t now_ns);

/* Seconds until the value reaches the limit: 0 when it has, NAN when it is not approaching, or so
 * slowly that it would take more than a day, or not yet known for 5 seconds. */
double trend_seconds_to(const struct trend *trend, double value, double limit);
