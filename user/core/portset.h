/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of ports, each with the number of holds on it: ports are counted once, however many
 * sockets share one. Pure. Zeroed memory is an empty set; portset_done leaves it so again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct portset_slot {
	uint16_t port; /* 0: free slot; no hold has port 0 */
	uint16_t pad;
	uint32_t holds;
};

struct portset {
	struct portset_slot *slots; /* open addressing; a power of two of them */
	uint32_t capacity;
	uint32_t count; /* distinct ports */
};

/* 0, or -ENOMEM with the set unchanged. */
int portset_add(struct portset *set, uint16_t port);

/* False if the port is not there. */
bool portset_remove(struct portset *set, uint16_t port);

/* Holds on the port. */
uint32_t portset_holds(const struct portset *set, uint16_t port);

bool portset_contains(const struct portset *set, uint16_t port);

/* Distinct ports from first to last. */
uint32_t portset_count_within(const struct portset *set, uint16_t first, uint16_t last);

void portset_done(struct portset *set);
