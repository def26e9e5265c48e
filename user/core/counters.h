/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts that only grow: ports taken, given back and refused. Whoever reads them must never see one
 * go down, however many there could be, so a set of labels gets a row of its own when something is
 * counted and there is room, keeps it until its namespace is gone, and counts in it from then on.
 * What is counted while there is no room goes into an "other" row and stays there. The sum of all
 * rows is what was counted, less the namespaces that are gone. Pure.
 */
#pragma once

#include "user/core/ledger_types.h"

void counters_taken(struct ledger *ledger, struct pool *pool, uint8_t path);
void counters_given_back(struct ledger *ledger, struct pool *pool, uint8_t path);

/* -ENOMEM: not counted. */
int counters_refused(struct ledger *ledger, struct pool *pool, const char *comm,
		     const struct event_refused *event);

/* A new pool counts as the others of its namespace and VRF do. It is in its namespace's list. */
void counters_join(struct pool *pool);

/* Makes room: the rows of a pool that is about to go. */
void counters_forget_pool(struct ledger *ledger, struct pool *pool);

void counters_done(struct ledger *ledger);
