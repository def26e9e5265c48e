/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger's network namespaces and their pools: find, add, free. Pure. */
#pragma once

#include "user/core/ledger_types.h"

struct netns *netns_find(const struct ledger *ledger, uint32_t inode);

/* Finds or adds, with a TCP and a UDP pool of no range yet. NULL: no memory. */
struct netns *netns_get(struct ledger *ledger, uint32_t inode);
void netns_free(struct ledger *ledger, struct netns *netns);

/* The pool that an event speaks of, added if need be; a range nobody has told yet is believed.
 * NULL: no memory. */
struct pool *pool_get(struct ledger *ledger, const struct abi_tuple *tuple, uint8_t protocol,
		      const struct abi_range *range);

/* The same, but a VRF that has no pool yet stands for none: a refusal knows only the interface
 * its socket is bound to, which need not be a VRF. */
struct pool *pool_get_known(struct ledger *ledger, const struct abi_tuple *tuple, uint8_t protocol,
			    const struct abi_range *range);
