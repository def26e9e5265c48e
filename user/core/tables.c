// SPDX-License-Identifier: Apache-2.0
#include "user/core/tables.h"

#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "user/core/counters.h"
#include "user/core/counting.h"
#include "user/core/pools.h"
#include "user/core/window.h"

#define IDLE_STAKES_MAX 1024

static struct owner_key owner_key(const struct abi_owner *owner, uint32_t flags)
{
	if (flags & HOLD_OWNER_KERNEL)
		return (struct owner_key){ .flags = HOLD_OWNER_KNOWN | HOLD_OWNER_KERNEL };
	if (!(flags & HOLD_OWNER_KNOWN))
		return (struct owner_key){ 0 };
	return (struct owner_key){ owner->start_ns, owner->tgid, HOLD_OWNER_KNOWN };
}

/* A process may exec: its newest name is the one people will look for. */
static void owner_describe(struct owner *owner, const struct abi_owner *seen)
{
	if (owner->key.flags & HOLD_OWNER_KERNEL) {
		strcpy(owner->comm, "kernel");
	} else if (owner->key.flags & HOLD_OWNER_KNOWN) {
		memcpy(owner->comm, seen->comm, sizeof(owner->comm));
		owner->uid = seen->uid;
		owner->cgroup_id = seen->cgroup;
	}
}

void owner_list(struct ledger *ledger, struct owner *owner)
{
	if (owner->listed)
		return;
	DL_APPEND2(ledger->strangers, owner, previous_stranger, next_stranger);
	owner->listed = true;
}

void owner_doubt(struct ledger *ledger, struct owner *owner)
{
	owner->identified = false;
	owner_list(ledger, owner);
}

void owner_unlist(struct ledger *ledger, struct owner *owner)
{
	if (!owner->listed)
		return;
	DL_DELETE2(ledger->strangers, owner, previous_stranger, next_stranger);
	owner->listed = false;
}

/* It runs another program by now, or somewhere else: whatever was looked up is old. */
static bool is_another(const struct owner *owner, const struct abi_owner *seen)
{
	if (!owner->identified || !owner->key.tgid)
		return false;
	return owner->cgroup_id != seen->cgroup ||
	       strncmp(owner->comm, seen->comm, sizeof(owner->comm)) != 0;
}

struct owner *owner_get(struct ledger *ledger, const struct abi_owner *seen, uint32_t flags,
			uint64_t seen_ns)
{
	struct owner_key key = owner_key(seen, flags);
	struct owner *owner;

	HASH_FIND(hh, ledger->owners, &key, sizeof(key), owner);
	if (!owner) {
		owner = calloc(1, sizeof(*owner));
		if (!owner)
			return NULL;
		owner->key = key;
		owner->alive = key.flags != 0;
		HASH_ADD(hh, ledger->owners, key, sizeof(owner->key), owner);
		if (!owner->hh.tbl) {
			free(owner);
			return NULL;
		}
		owner_list(ledger, owner);
	}
	if (seen_ns >= owner->seen_ns) {
		if (is_another(owner, seen))
			owner_doubt(ledger, owner);
		owner_describe(owner, seen);
		owner->seen_ns = seen_ns;
	}
	return owner;
}

static void owner_free(struct ledger *ledger, struct owner *owner)
{
	HASH_DEL(ledger->owners, owner);
	owner_unlist(ledger, owner);
	free(owner->cgroup);
	free(owner->unit);
	free(owner->container);
	free(owner->pod);
	free(owner->exe);
	free(owner->command);
	free(owner->container_name);
	free(owner->pod_name);
	free(owner->pod_namespace);
	free(owner);
}

static struct destination_key destination_key(struct pool *pool, const struct abi_tuple *tuple)
{
	struct destination_key key = { .pool = pool, .remote_port = tuple->remote_port };

	memcpy(key.local, tuple->local, sizeof(key.local));
	memcpy(key.remote, tuple->remote, sizeof(key.remote));
	return key;
}

struct destination *destination_find(const struct ledger *ledger, struct pool *pool,
				     const struct abi_tuple *tuple)
{
	struct destination_key key = destination_key(pool, tuple);
	struct destination *destination;

	HASH_FIND(hh, ledger->destinations, &key, sizeof(key), destination);
	return destination;
}

static struct destination *destination_get(struct ledger *ledger, struct pool *pool,
					   const struct abi_tuple *tuple)
{
	struct destination *destination = destination_find(ledger, pool, tuple);

	if (destination)
		return destination;
	destination = calloc(1, sizeof(*destination));
	if (!destination)
		return NULL;
	destination->key = destination_key(pool, tuple);
	HASH_ADD(hh, ledger->destinations, key, sizeof(destination->key), destination);
	if (!destination->hh.tbl) {
		free(destination);
		return NULL;
	}
	return destination;
}

static void destination_collect(struct ledger *ledger, struct destination *destination)
{
	if (!destination || destination->shares_count)
		return;
	HASH_DEL(ledger->destinations, destination);
	windows_done(destination);
	free(destination->watched);
	free(destination);
}

struct stake *stake_get(struct ledger *ledger, struct owner *owner, struct pool *pool)
{
	struct stake_key key = { owner, pool };
	struct stake *stake;

	HASH_FIND(hh, ledger->stakes, &key, sizeof(key), stake);
	if (stake)
		return stake;
	stake = calloc(1, sizeof(*stake));
	if (!stake)
		return NULL;
	stake->key = key;
	HASH_ADD(hh, ledger->stakes, key, sizeof(stake->key), stake);
	if (!stake->hh.tbl) {
		free(stake);
		return NULL;
	}
	DL_APPEND2(pool->stakes, stake, previous, next);
	owner->stakes++;
	ledger->idle_stakes++;
	return stake;
}

static void stake_free(struct ledger *ledger, struct stake *stake)
{
	struct owner *owner = stake->key.owner;

	HASH_DEL(ledger->stakes, stake);
	DL_DELETE2(stake->key.pool->stakes, stake, previous, next);
	portset_done(&stake->exclusive);
	free(stake->watched);
	free(stake);
	ledger->idle_stakes--;
	if (--owner->stakes == 0)
		owner_free(ledger, owner);
}

void stake_collect(struct ledger *ledger, struct stake *stake)
{
	if (stake->shares)
		return;
	if (!stake->refusals || ledger->idle_stakes > IDLE_STAKES_MAX)
		stake_free(ledger, stake);
}

static void share_link(struct ledger *ledger, struct share *share)
{
	struct destination *destination = share->key.destination;

	if (share->key.stake->shares++ == 0)
		ledger->idle_stakes--;
	if (!destination)
		return;
	share->next = destination->shares;
	if (share->next)
		share->next->previous = share;
	destination->shares = share;
	destination->shares_count++;
}

static void share_unlink(struct ledger *ledger, struct share *share)
{
	struct destination *destination = share->key.destination;

	if (--share->key.stake->shares == 0)
		ledger->idle_stakes++;
	if (!destination)
		return;
	if (share->next)
		share->next->previous = share->previous;
	if (share->previous)
		share->previous->next = share->next;
	else
		destination->shares = share->next;
	destination->shares_count--;
}

static struct share *share_add(struct ledger *ledger, const struct share_key *key)
{
	struct share *share = calloc(1, sizeof(*share));

	if (!share)
		return NULL;
	share->key = *key;
	HASH_ADD(hh, ledger->shares, key, sizeof(share->key), share);
	if (!share->hh.tbl) {
		free(share);
		return NULL;
	}
	share_link(ledger, share);
	return share;
}

struct share *share_get(struct ledger *ledger, struct stake *stake, struct pool *pool,
			const struct abi_tuple *tuple)
{
	struct share_key key = { .stake = stake };
	struct share *share;

	if (tuple) {
		key.destination = destination_get(ledger, pool, tuple);
		if (!key.destination)
			return NULL;
	}
	HASH_FIND(hh, ledger->shares, &key, sizeof(key), share);
	if (share)
		return share;
	share = share_add(ledger, &key);
	if (!share)
		destination_collect(ledger, key.destination);
	return share;
}

static void share_free(struct ledger *ledger, struct share *share)
{
	share_unlink(ledger, share);
	HASH_DEL(ledger->shares, share);
	destination_collect(ledger, share->key.destination);
	stake_collect(ledger, share->key.stake);
	free(share->watched);
	free(share);
}

/* Empties a place for another spare share. */
static void spare_drop(struct ledger *ledger, unsigned int place)
{
	struct share *share = ledger->spares[place];

	ledger->spares[place] = NULL;
	if (!share)
		return;
	share->spare = false;
	if (!share->holds)
		share_free(ledger, share);
}

void share_collect(struct ledger *ledger, struct share *share)
{
	unsigned int place = ledger->next_spare;

	if (share->holds || share->spare)
		return;
	spare_drop(ledger, place);
	ledger->spares[place] = share;
	share->spare = true;
	ledger->next_spare = (place + 1) % SPARE_SHARES;
}

void tables_tidy(struct ledger *ledger)
{
	for (unsigned int i = 0; i < SPARE_SHARES; i++)
		spare_drop(ledger, i);
}

void hold_drop(struct ledger *ledger, struct hold *hold)
{
	struct share *share = hold->share;

	hold_count_out(hold);
	window_leave(ledger, hold);
	holds_unlink(&ledger->holds, &hold_pool(hold)->first_hold, hold);
	holds_remove(&ledger->holds, hold);
	share->holds--;
	share_collect(ledger, share);
}

void tables_done(struct ledger *ledger)
{
	struct share *share;
	struct share *next_share;
	struct stake *stake;
	struct stake *next_stake;
	struct owner *owner;
	struct owner *next_owner;
	struct netns *netns;
	struct netns *next_netns;

	tables_tidy(ledger);
	HASH_ITER(hh, ledger->shares, share, next_share)
		share_free(ledger, share);
	HASH_ITER(hh, ledger->stakes, stake, next_stake)
		stake_free(ledger, stake);
	HASH_ITER(hh, ledger->owners, owner, next_owner)
		owner_free(ledger, owner);
	HASH_ITER(hh, ledger->netns, netns, next_netns)
		netns_free(ledger, netns);
	counters_done(ledger);
	free(ledger->ranges);
}
