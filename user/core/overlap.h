/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections on ports that somebody bound after them, on another address. No new connection can
 * have such a port, but its destination has it already: of what the bind takes from everybody,
 * this much is not taken from that destination.
 */
#pragma once

struct ledger;

/* Fills destination.kept and window.kept for now. */
void overlap_count(struct ledger *ledger);
