/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is the ledger what the kernel says? Compares readings of both, which can never be taken at the
 * same moment, and reports only what no race explains. Pure.
 *
 * Readings of the ledger (D, for dump) and of the kernel (K) alternate: D K D K D K. Every object
 * of the kernel has an identity, its cookie, and every hold its id; both outlive the change to
 * TIME_WAIT. So a reading can be put between two of the other side:
 *
 *   K D K   An object that is in both K was there all the time between, and before D: its hold
 *           must be in D. The agent drains its source before it dumps, so an event on its way is
 *           no excuse, but for a task that was preempted between taking the port and saying so.
 *   D K D   A hold that is in both D: its object must be in K. Had it ended before K, the event
 *           would have been drained before the second D. A dump of the kernel's can pass over an
 *           object that moves in its hash table, though.
 *
 * Both excuses pass: a difference counts if two sandwiches, a moment apart, both show it
 * (verify_list_common). What the agent has not had occasion to see may lag for one reconcile;
 * verify_lags says so of a difference, and the caller then judges by readings before and after the
 * agent's next reconcile: the same sandwiches with a longer wait inside.
 *
 * On kernels before 6.8, TCP sockets that are only bound do not show: their holds are not
 * verifiable, which is no difference. A listener that was shut down but not closed looks like one
 * that is gone there.
 */
#pragma once

#include <stdbool.h>

#include "user/verify/holds_dump.h"
#include "user/verify/verify_list.h"
#include "user/verify/verify_reading.h"

/* Appends what of before and after (one side) has no partner in middle (the other side).
 * shows_bound: does the kernel list sockets that are only bound? -ENOMEM: the list is of no use. */
int verify_sandwich(struct verify_list *ret, const struct verify_reading *before,
		    const struct verify_reading *middle, const struct verify_reading *after,
		    bool shows_bound);

/* May this be because the agent has not looked yet: its source learns such things by looking only
 * (polled), or it knows that it has missed something and is about to look (incomplete)? */
bool verify_lags(const struct verify_difference *difference,
		 const struct holds_dump_header *header);
