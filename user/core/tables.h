/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger's tables of owners, destinations, stakes and shares: find or add, and free when
 * nothing points there any more. Pure. NULL from a find-or-add means no memory.
 */
#pragma once

#include "user/core/ledger_types.h"

/* seen_ns: when the owner was as described; an older description does not undo a newer one. */
struct owner *owner_get(struct ledger *ledger, const struct abi_owner *owner, uint32_t flags,
			uint64_t seen_ns);

/* Puts an owner on the list of those to be identified, once. */
void owner_list(struct ledger *ledger, struct owner *owner);
/* The agent is to look at it again. */
void owner_doubt(struct ledger *ledger, struct owner *owner);
void owner_unlist(struct ledger *ledger, struct owner *owner);

struct destination *destination_find(const struct ledger *ledger, struct pool *pool,
				     const struct abi_tuple *tuple);

/* The share of an owner in a pool, toward a destination (NULL: none); with its stake. */
struct stake *stake_get(struct ledger *ledger, struct owner *owner, struct pool *pool);
struct share *share_get(struct ledger *ledger, struct stake *stake, struct pool *pool,
			const struct abi_tuple *destination);

/* Gives up the share if no hold is left in it. It is spare then, for connections come one after the
 * other, and freed with what only it kept alive when other shares have taken its place. */
void share_collect(struct ledger *ledger, struct share *share);
/* Frees all that are spare: before anyone looks at the tables, and at least once a second. */
void tables_tidy(struct ledger *ledger);
/* Frees the stake if it has no share and no refusal worth keeping. */
void stake_collect(struct ledger *ledger, struct stake *stake);

/* Takes a hold out of every sum and table. */
void hold_drop(struct ledger *ledger, struct hold *hold);

void tables_done(struct ledger *ledger);
