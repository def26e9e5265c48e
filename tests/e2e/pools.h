/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent says of a whole pool, against the kernel. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

/* The ports of a protocol ("tcp", "udp") in a namespace, with its range. */
struct pool {
	const char *netns;
	const char *protocol;
	uint16_t first;
	uint16_t last;
};

/* The snapshot's row; NULL: there is none. */
json_t *pool_in(const json_t *snapshot, const struct pool *pool);

/* Are as many of its ports used as the kernel has sockets on, now? Not for TCP sockets that are
 * bound and neither listen nor connect: the kernel's table lacks them. */
bool pool_counted_as_kernel(const json_t *snapshot, const struct pool *pool);

/* What all processes of this name have in it together: of "used", "active", "time_wait",
 * "exclusive". 0: no such process. */
double pool_held_by(const json_t *snapshot, const struct pool *pool, const char *process,
		    const char *key);

/* The verdict of this name on something in it speaks these words, subject included; NULL: any. */
bool pool_judged(const json_t *snapshot, const struct pool *pool, const char *verdict,
		 const char *words);
