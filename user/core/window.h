/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets with an IP_LOCAL_PORT_RANGE of their own choose from fewer ports, so they can run out
 * toward a destination that is free for everyone else: each such range is a scope of its own. Pure.
 */
#pragma once

#include "user/core/ledger_types.h"

/* The number of a socket's own range in ledger.ranges; 0: it has none, or there are too many. */
uint16_t range_number(struct ledger *ledger, const struct abi_range *range);

/* A hold of such a socket begins or ends. Without memory the window is not shown. */
void window_enter(struct ledger *ledger, const struct hold *hold);
void window_leave(const struct ledger *ledger, const struct hold *hold);

/* The window of a range toward a destination; NULL: no hold of such a socket is there. */
const struct window *window_find(const struct destination *destination, uint16_t first,
				 uint16_t last);

void windows_done(struct destination *destination);
