/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is the ledger what the kernel says? Compares readings of both, which can never be taken at the
 * same moment, and reports only what no race explains. Pure.
 *
 * Readings of the kernel (K) and of the ledger (D, for dump) alternate: K D K D K D. Every object
 * of the kernel has an identity, its cookie, and every hold its id; both outlive the change to
 * TIME_WAIT. So a reading can be put between two of the other side (verify_sandwich):
 *
 *   K D K   An object that is in both K was there all the time between, and before D: its hold
 *           must be in D. The agent drains its source before it dumps, so an event on its way is
 *           no excuse, but for a task that was preempted between taking the port and saying so.
 *   D K D   A hold that is in both D: its object must be in K. Had it ended before K, the event
 *           would have been drained before the second D. A dump of the kernel's can pass over an
 *           object that moves in its hash table, though.
 *
 * Both excuses pass: a difference counts if two sandwiches, a moment apart, both show it
 * (verify_persist). What the agent's source learns by looking only (LEDGER_POLLS_*) may lag for
 * one reconcile; verify_lags says so of a difference, and the caller then judges by readings
 * before and after the agent's next reconcile: the same sandwiches with a longer wait inside.
 *
 * Which hold belongs to which object? Those of connect() by their whole tuple. Others the ledger
 * knows by their port only: of n objects on one port, n holds must be there, no matter which. So
 * on a port where such objects come and go a difference can hide; none is ever made up. For the
 * same reason a bound port's destination is not compared.
 *
 * On kernels before 6.8, TCP sockets that are only bound do not show: their holds are not
 * verifiable, which is no difference. A listener that was shut down but not closed looks like one
 * that is gone there.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/holds_dump.h"
#include "user/sockdiag.h"

enum verify_side { VERIFY_KERNEL, VERIFY_LEDGER };

/* One object of the kernel or one hold of the ledger. */
struct verify_entry {
	struct abi_tuple tuple; /* of a hold without destination: netns and port */
	uint64_t identity;      /* cookie, or id of the hold */
	uint8_t protocol;
	uint8_t state;        /* enum hold_state */
	uint8_t kernel_state; /* SOCKDIAG_* and the kernel's others; 0 of a hold */
	uint8_t path;         /* enum hold_path; 0 of an object */
	uint32_t pid;         /* of a hold; 0: not known */
	uint32_t inode;       /* of an object */
	uint32_t uid;         /* of an object */
	char comm[ABI_COMM_LEN];
};

struct verify_reading {
	enum verify_side side;
	struct verify_entry *entries; /* sorted by verify_sort */
	size_t count;
	size_t room;
};

/* -ENOMEM: unchanged. */
int verify_add_object(struct verify_reading *reading, const struct sockdiag_record *record);
int verify_add_hold(struct verify_reading *reading, const struct holds_dump_record *record);

/* Needed once after the last entry was added; drops what was told twice. */
void verify_sort(struct verify_reading *reading);

void verify_reading_done(struct verify_reading *reading);

enum verify_kind {
	VERIFY_MISSING, /* the kernel has it, the ledger does not */
	VERIFY_STALE,   /* the ledger has it, the kernel does not */
	VERIFY_STATE,   /* active on one side, TIME_WAIT on the other */
	VERIFY_UNSEEN,  /* the ledger has it, and this kernel would not show it: no difference */
};

struct verify_difference {
	enum verify_kind kind;
	struct verify_entry entry; /* VERIFY_STATE: the object */
	struct verify_entry hold;  /* VERIFY_STATE: the hold; else nothing */
};

struct verify_list {
	struct verify_difference *differences;
	size_t count;
	size_t room;
};

/* Appends the one to the other. */
int verify_append(struct verify_list *ret, const struct verify_list *list);

void verify_list_done(struct verify_list *list);

/* Appends what of before and after (one side) has no partner in middle (the other side).
 * shows_bound: does the kernel list sockets that are only bound? -ENOMEM: the list is of no use. */
int verify_sandwich(struct verify_list *ret, const struct verify_reading *before,
		    const struct verify_reading *middle, const struct verify_reading *after,
		    bool shows_bound);

/* Appends what is in both lists; as the second one has it. Sorts both. */
int verify_persist(struct verify_list *ret, struct verify_list *first, struct verify_list *second);

/* May this be because the agent has not looked yet? polled: LEDGER_POLLS_* of its source. */
bool verify_lags(const struct verify_difference *difference, uint32_t polled);

/* "established", "time-wait", "bound"... */
const char *verify_state_name(const struct verify_entry *object);
