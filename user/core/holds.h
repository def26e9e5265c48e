/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of holds, compact because there may be a million: found by id, and by destination and
 * port. Pure. Entries move when the table grows: keep ids, not pointers, across holds_add.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct share;
struct destination;

/* hold.marks */
#define MARK_COUNTED 0x01    /* its port is in the pool, and the sums include it */
#define MARK_FOUND 0x02      /* when it began is not known */
#define MARK_RECYCLABLE 0x04 /* the kernel would give its port to the same destination now */
#define MARK_SEEN 0x08       /* repeated by the resync under way */
#define MARK_NAMED 0x10      /* its owner asked for this very port */

struct hold {
	uint64_t id; /* 0: free entry */
	struct share *share;
	uint64_t taken_ns; /* CLOCK_MONOTONIC */
	uint16_t port;
	uint8_t path;  /* enum hold_path */
	uint8_t state; /* enum hold_state */
	uint8_t flags; /* HOLD_* of abi.h */
	uint8_t marks;
	uint16_t range; /* the socket's own, in ledger.ranges; 0: none */
	uint32_t next;  /* of the same list; 0: none */
	uint32_t previous;
};

struct holds {
	struct hold *entries; /* [0] is never used: 0 means none */
	uint32_t capacity;
	uint32_t count;
	uint32_t free;     /* head of the free list, linked through taken_ns */
	uint32_t *by_id;   /* open addressing */
	uint32_t *by_port; /* the same, of entries with a destination */
	uint32_t mask;
};

/* NULL: no memory. id must not be there yet. */
struct hold *holds_add(struct holds *holds, const struct hold *hold);

/* NULL: none. */
struct hold *holds_find(const struct holds *holds, uint64_t id);
struct hold *holds_find_port(const struct holds *holds, const struct destination *destination,
			     uint16_t port);

void holds_remove(struct holds *holds, struct hold *hold);

/* Lists of holds, by index: *first is the first, 0 in an empty list. A hold is in one list at most,
 * and leaves it before it is removed. */
void holds_link(struct holds *holds, uint32_t *first, struct hold *hold);
void holds_unlink(struct holds *holds, uint32_t *first, struct hold *hold);

/* Calls visit for each hold toward the destination on a port from first to last. */
typedef void hold_visitor(void *context, const struct hold *hold);
void holds_visit_ports(const struct holds *holds, const struct destination *destination,
		       const uint16_t range[2], hold_visitor *visit, void *context);

/* For a walk: index 1 to holds_end - 1; entries with id 0 are free. Removing while walking is
 * fine. */
uint32_t holds_end(const struct holds *holds);
struct hold *holds_at(const struct holds *holds, uint32_t index);

void holds_done(struct holds *holds);
