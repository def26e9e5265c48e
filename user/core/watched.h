/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the ledger remembers of those destinations, shares, stakes and pools that have a
 * noteworthy part of the ports: their flow, and the verdict that stands. Pure. Their number is
 * bounded by the holds there are: each stands for eight of them at least.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "user/core/flow.h"
#include "user/core/verdict.h"

struct hold;
struct ledger;
struct share;

/* What began and ended, counted always. */
struct turnover {
	uint32_t opened;
	uint32_t closed;
	uint32_t waited; /* closed into TIME_WAIT */
};

struct watched {
	bool found; /* it was there when the ledger began: how it came to be is not known */
	struct flow flow;
	struct standing standing;
};

/* A hold began, ended or went into TIME_WAIT; it is in its share. */
void turnover_opened(const struct hold *hold);
void turnover_closed(const struct hold *hold);
void turnover_waited(const struct hold *hold);

/* The hold went from one share to another. */
void turnover_moved(struct share *from, const struct hold *hold);

/* Once a second: begins and ends watching, and adds to the flows. */
void watch_all(struct ledger *ledger);
