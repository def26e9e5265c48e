/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks in nanoseconds. Pure modules take the time as an argument instead. */
#pragma once

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}
