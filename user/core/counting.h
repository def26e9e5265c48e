/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one hold adds to the sums of its pool, its owner and its destination. Pure. Change a
 * hold's path only between hold_count_out and hold_count_in, its state by hold_set_time_wait.
 */
#pragma once

#include "user/core/ledger_types.h"

struct pool *hold_pool(const struct hold *hold);

/* Not picked by connect(): its port is lost to every destination. */
bool hold_is_exclusive(const struct hold *hold);

/* Adds one hold to a tally (sign 1), or takes it out (-1). */
void tally_add(struct tally *tally, const struct hold *hold, int sign);

/* -ENOMEM: not counted; resync. A port outside the pool is no error and counts nothing. */
int hold_count_in(struct hold *hold);
void hold_count_out(struct hold *hold);

/* The hold lives on as TIME_WAIT; flags: HOLD_TW_*. */
void hold_set_time_wait(struct hold *hold, uint32_t flags);

/* Puts a TIME_WAIT hold in line to become recyclable, or takes back that it is. since_ns: when
 * the remnant began. -ENOMEM: it will count as used until it ends. */
int hold_review_time_wait(struct ledger *ledger, struct hold *hold, uint64_t since_ns);

/* Makes those recyclable whose time has come (ledger->now_ns). */
void release_due_time_waits(struct ledger *ledger);
