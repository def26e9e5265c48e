/* SPDX-License-Identifier: Apache-2.0 */
/* Ports asked for and not given: the newest ones in full, all of them counted. Pure. */
#pragma once

#include "user/core/event.h"
#include "user/core/ledger_types.h"

/* stake: who asked, in which pool. -ENOMEM: remembered, but not in the counters. */
int refusal_apply(struct ledger *ledger, struct stake *stake, const struct event_refused *event);
