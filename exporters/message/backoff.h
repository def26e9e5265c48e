/* SPDX-License-Identifier: Apache-2.0 */
/* How long to wait after a failure: longer each time, and not all at once. Pure. */
#pragma once

#include <stdint.h>

#define BACKOFF_FIRST_NS 1000000000ULL
#define BACKOFF_MAX_NS 30000000000ULL

struct backoff {
	uint64_t delay_ns; /* before chance; 0: nothing failed yet */
};

/* After a failure. random: any number; between half of the delay and all of it is waited. */
static inline uint64_t backoff_next(struct backoff *backoff, uint64_t random)
{
	uint64_t half;

	if (!backoff->delay_ns)
		backoff->delay_ns = BACKOFF_FIRST_NS;
	else if (backoff->delay_ns < BACKOFF_MAX_NS / 2)
		backoff->delay_ns *= 2;
	else
		backoff->delay_ns = BACKOFF_MAX_NS;
	half = backoff->delay_ns / 2;
	return half + random % (half + 1);
}

/* After a success. */
static inline void backoff_reset(struct backoff *backoff)
{
	backoff->delay_ns = 0;
}
