// SPDX-License-Identifier: Apache-2.0
#include "user/core/pools.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/counters.h"

#define TW_REUSE_DELAY_MS 1000 /* until told */

struct netns *netns_find(const struct ledger *ledger, uint32_t inode)
{
	struct netns *netns;

	HASH_FIND(hh, ledger->netns, &inode, sizeof(inode), netns);
	return netns;
}

static struct pool *pool_find(const struct netns *netns, uint8_t protocol, uint32_t vrf)
{
	struct pool *pool;

	FOR_EACH_POOL(pool, netns)
		if (pool->protocol == protocol && pool->vrf == vrf)
			return pool;
	return NULL;
}

static void pools_free(struct ledger *ledger, struct netns *netns)
{
	struct pool *pool;

	while ((pool = netns->pools)) {
		netns->pools = pool->next;
		vacancies_forget(ledger, pool);
		portset_done(&pool->ports);
		portset_done(&pool->exclusive);
		portset_done(&pool->stuck);
		free(pool->reserved);
		free(pool->watched);
		free(pool);
		ledger->pools_count--;
	}
}

/* Behind the others; with the ports of the namespace's own pools. */
static struct pool *pool_add(struct ledger *ledger, struct netns *netns, uint8_t protocol,
			     uint32_t vrf)
{
	const struct pool *model = netns->pools;
	struct pool **end = &netns->pools;
	struct pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return NULL;
	*pool = (struct pool){ .netns = netns, .protocol = protocol, .vrf = vrf };
	if (model) {
		pool->first = model->first;
		pool->last = model->last;
		pool->reserved_count = model->reserved_count;
	}
	if (model && model->reserved) {
		pool->reserved = malloc(65536 / 8);
		if (!pool->reserved) {
			free(pool);
			return NULL;
		}
		memcpy(pool->reserved, model->reserved, 65536 / 8);
	}
	while (*end)
		end = &(*end)->next;
	*end = pool;
	counters_join(pool);
	ledger->pools_count++;
	return pool;
}

struct netns *netns_get(struct ledger *ledger, uint32_t inode)
{
	struct netns *netns = netns_find(ledger, inode);

	if (netns)
		return netns;
	netns = calloc(1, sizeof(*netns));
	if (!netns)
		return NULL;
	netns->inode = inode;
	netns->tw_reuse_delay_ms = TW_REUSE_DELAY_MS;
	snprintf(netns->name, sizeof(netns->name), "%u", inode);
	if (pool_add(ledger, netns, IPPROTO_TCP, 0) && pool_add(ledger, netns, IPPROTO_UDP, 0))
		HASH_ADD(hh, ledger->netns, inode, sizeof(netns->inode), netns);
	if (!netns->hh.tbl) {
		pools_free(ledger, netns);
		free(netns);
		return NULL;
	}
	return netns;
}

void netns_free(struct ledger *ledger, struct netns *netns)
{
	HASH_DEL(ledger->netns, netns);
	pools_free(ledger, netns);
	free(netns);
}

/* Both protocols share a namespace's range. */
static void believe_range(struct netns *netns, const struct abi_range *range)
{
	struct pool *pool;

	FOR_EACH_POOL(pool, netns) {
		pool->first = range->first;
		pool->last = range->last;
	}
}

static struct netns *netns_of(struct ledger *ledger, const struct abi_tuple *tuple,
			      const struct abi_range *range)
{
	struct netns *netns = netns_get(ledger, tuple->netns);

	if (netns && !netns->pools->last)
		believe_range(netns, range);
	return netns;
}

struct pool *pool_get(struct ledger *ledger, const struct abi_tuple *tuple, uint8_t protocol,
		      const struct abi_range *range)
{
	struct netns *netns = netns_of(ledger, tuple, range);
	struct pool *pool = netns ? pool_find(netns, protocol, tuple->vrf) : NULL;

	if (netns && !pool)
		pool = pool_add(ledger, netns, protocol, tuple->vrf);
	return pool;
}

struct pool *pool_get_known(struct ledger *ledger, const struct abi_tuple *tuple, uint8_t protocol,
			    const struct abi_range *range)
{
	struct netns *netns = netns_of(ledger, tuple, range);
	struct pool *pool = netns ? pool_find(netns, protocol, tuple->vrf) : NULL;

	if (netns && !pool)
		pool = pool_find(netns, protocol, 0);
	return pool;
}
