// SPDX-License-Identifier: Apache-2.0
/* What the host tells the ledger, and what the ledger tells about itself. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "user/core/counters.h"
#include "user/core/counting.h"
#include "user/core/ledger.h"
#include "user/core/pools.h"
#include "user/core/tables.h"

/* --- network namespaces ---------------------------------------------------------------------- */

static const uint8_t none_reserved[65536 / 8];

static const uint8_t *reserved_of(const struct pool *pool)
{
	return pool->reserved ? pool->reserved : none_reserved;
}

static bool same_reserved(const struct pool *pool, const uint8_t *reserved)
{
	return !memcmp(reserved_of(pool), reserved, sizeof(none_reserved));
}

static int copy_reserved(struct pool *pool, const uint8_t *reserved)
{
	if (same_reserved(pool, reserved))
		return 0;
	if (!pool->reserved)
		pool->reserved = malloc(sizeof(none_reserved));
	if (!pool->reserved)
		return -ENOMEM;
	memcpy(pool->reserved, reserved, sizeof(none_reserved));
	return 0;
}

static uint32_t reserved_inside(const struct pool *pool)
{
	const uint8_t *reserved = reserved_of(pool);
	uint32_t count = 0;

	for (uint32_t port = pool->first; port <= pool->last; port++)
		if (reserved[port / 8] & 1 << port % 8)
			count++;
	return count;
}

static int for_each_hold(struct ledger *ledger, const struct pool *pool,
			 int (*visit)(struct ledger *ledger, struct hold *hold))
{
	uint32_t next;
	int result = 0;

	for (uint32_t i = pool->first_hold; i; i = next) {
		struct hold *hold = holds_at(&ledger->holds, i);
		int r;

		next = hold->next; /* it may go */
		r = visit(ledger, hold);
		if (r < 0)
			result = r;
	}
	return result;
}

static int forget_count(struct ledger *ledger, struct hold *hold)
{
	(void)ledger;
	hold_count_out(hold);
	return 0;
}

static int count_again(struct ledger *ledger, struct hold *hold)
{
	(void)ledger;
	return hold_count_in(hold);
}

static int review(struct ledger *ledger, struct hold *hold)
{
	return hold->state == HOLD_TIME_WAIT ? hold_review_time_wait(ledger, hold, ledger->now_ns)
					     : 0;
}

/* No hold tells of these: their binders have left. */
static int count_stuck_again(struct pool *pool, const struct portset *stuck)
{
	int r = 0;

	for (uint32_t i = 0; i < stuck->capacity && r == 0; i++) {
		uint16_t port = stuck->slots[i].port;

		if (port && portset_contains(&pool->ports, port) &&
		    !portset_contains(&pool->exclusive, port))
			r = portset_add(&pool->stuck, port);
	}
	return r;
}

static int count_all_again(struct ledger *ledger, struct pool *pool, const struct portset *stuck)
{
	int r = for_each_hold(ledger, pool, count_again);

	return r < 0 ? r : count_stuck_again(pool, stuck);
}

/* Holds outside the new range stay known: the range may come back to them. */
static int set_range(struct ledger *ledger, struct pool *pool, uint16_t first, uint16_t last,
		     const uint8_t *reserved)
{
	struct portset stuck = pool->stuck;
	int r;

	if (pool->first == first && pool->last == last && same_reserved(pool, reserved))
		return 0;
	pool->stuck = (struct portset){ 0 };
	for_each_hold(ledger, pool, forget_count);
	portset_done(&pool->stuck);
	r = copy_reserved(pool, reserved);
	pool->first = first;
	pool->last = last;
	pool->reserved_count = reserved_inside(pool);
	if (r == 0)
		r = count_all_again(ledger, pool, &stuck);
	portset_done(&stuck);
	return r;
}

int ledger_follow_range(struct ledger *ledger, struct netns *netns, const struct abi_range *range)
{
	struct pool *pool;
	int r = 0;

	FOR_EACH_POOL(pool, netns)
		if (r == 0)
			r = set_range(ledger, pool, range->first, range->last, reserved_of(pool));
	return r;
}

int ledger_set_netns(struct ledger *ledger, const struct netns_facts *facts)
{
	struct netns *netns = netns_get(ledger, facts->inode);
	struct pool *pool;
	bool reuse_changed;
	int r = 0;

	if (!netns)
		return -ENOMEM;
	snprintf(netns->name, sizeof(netns->name), "%s", facts->name);
	reuse_changed = netns->tw_reuse != facts->tw_reuse;
	netns->tw_reuse = facts->tw_reuse;
	netns->tw_reuse_delay_ms = facts->tw_reuse_delay_ms;
	FOR_EACH_POOL(pool, netns) {
		if (r == 0)
			r = set_range(ledger, pool, facts->first, facts->last, facts->reserved);
		if (r == 0 && reuse_changed)
			r = for_each_hold(ledger, pool, review);
	}
	return r;
}

static int forget_hold(struct ledger *ledger, struct hold *hold)
{
	hold_drop(ledger, hold);
	return 0;
}

/* Most that go have given all ports back: namespaces that come and go must not cost a look at all
 * holds each. */
static void forget_pool(struct ledger *ledger, struct pool *pool)
{
	struct stake *stake;
	struct stake *next_stake;

	for_each_hold(ledger, pool, forget_hold);
	tables_tidy(ledger);
	DL_FOREACH_SAFE2(pool->stakes, stake, next_stake, next)
	{
		stake->refusals = 0;
		stake_collect(ledger, stake);
	}
	counters_forget_pool(ledger, pool);
}

void ledger_drop_netns(struct ledger *ledger, uint32_t inode)
{
	struct netns *netns = netns_find(ledger, inode);
	struct pool *pool;

	if (!netns)
		return;
	FOR_EACH_POOL(pool, netns)
		forget_pool(ledger, pool);
	netns_free(ledger, netns);
}

size_t ledger_list_netns(const struct ledger *ledger, uint32_t *ret, size_t max)
{
	struct netns *netns;
	struct netns *next;
	size_t count = 0;

	HASH_ITER(hh, ledger->netns, netns, next) {
		if (count < max)
			ret[count] = netns->inode;
		count++;
	}
	return count;
}

static bool has_active_holds(const struct ledger *ledger, const struct pool *pool)
{
	const struct hold *hold;

	for (uint32_t i = pool->first_hold; i; i = hold->next) {
		hold = holds_at(&ledger->holds, i);
		if (hold->state == HOLD_ACTIVE)
			return true;
	}
	return false;
}

bool ledger_netns_in_use(const struct ledger *ledger, uint32_t inode)
{
	const struct netns *netns = netns_find(ledger, inode);
	const struct pool *pool;

	if (!netns)
		return false;
	FOR_EACH_POOL(pool, netns)
		if (has_active_holds(ledger, pool))
			return true;
	return false;
}

const char *ledger_netns_name(const struct ledger *ledger, uint32_t inode)
{
	const struct netns *netns = netns_find(ledger, inode);

	return netns ? netns->name : NULL;
}

/* --- holds and owners ------------------------------------------------------------------------ */

bool ledger_describe(const struct ledger *ledger, uint64_t id, struct hold_description *ret)
{
	const struct hold *hold = holds_find(&ledger->holds, id);
	const struct destination *destination;
	const struct owner *owner;

	if (!hold)
		return false;
	owner = hold->share->key.stake->key.owner;
	destination = hold->share->key.destination;
	*ret = (struct hold_description){
		.tuple.port = hold->port,
		.tuple.netns = hold_pool(hold)->netns->inode,
		.tuple.vrf = hold_pool(hold)->vrf,
		.protocol = hold_pool(hold)->protocol,
		.path = hold->path,
		.state = hold->state,
		.pid = owner->key.tgid,
		.process = owner->comm,
		.netns_name = hold_pool(hold)->netns->name,
		.taken_ns = hold->taken_ns,
	};
	if (destination) {
		memcpy(ret->tuple.local, destination->key.local, sizeof(ret->tuple.local));
		memcpy(ret->tuple.remote, destination->key.remote, sizeof(ret->tuple.remote));
		ret->tuple.remote_port = destination->key.remote_port;
	}
	return true;
}

bool ledger_next_hold(const struct ledger *ledger, uint32_t *cursor, uint64_t *ret_id,
		      struct hold_description *ret)
{
	while (++*cursor < holds_end(&ledger->holds)) {
		const struct hold *hold = holds_at(&ledger->holds, *cursor);

		if (!hold->id)
			continue;
		*ret_id = hold->id;
		return ledger_describe(ledger, hold->id, ret);
	}
	return false;
}

struct owner *ledger_unidentified(struct ledger *ledger)
{
	tables_tidy(ledger); /* who has no port by now is of no interest */
	while (ledger->strangers && ledger->strangers->identified)
		owner_unlist(ledger, ledger->strangers);
	return ledger->strangers;
}

struct owner_id owner_id(const struct owner *owner)
{
	return (struct owner_id){
		.start_ns = owner->key.start_ns,
		.pid = owner->key.tgid,
		.flags = owner->key.flags,
	};
}

struct owner *ledger_find_owner(struct ledger *ledger, const struct owner_id *id)
{
	struct owner_key key = { .start_ns = id->start_ns, .tgid = id->pid, .flags = id->flags };
	struct owner *owner;

	HASH_FIND(hh, ledger->owners, &key, sizeof(key), owner);
	return owner;
}

void ledger_owner_gone(struct ledger *ledger, const struct owner_id *id)
{
	struct owner *owner = ledger_find_owner(ledger, id);

	if (owner)
		owner->alive = false;
}

uint64_t owner_cgroup_id(const struct owner *owner)
{
	return owner->cgroup_id;
}

static int replace_string(char **string, const char *value)
{
	char *copy = value ? strdup(value) : NULL;

	if (value && !copy)
		return -ENOMEM;
	free(*string);
	*string = copy;
	return 0;
}

int owner_identify(struct owner *owner, const char *cgroup, const char *unit, const char *container,
		   const char *pod)
{
	owner->identified = true;
	if (replace_string(&owner->cgroup, cgroup) < 0 || replace_string(&owner->unit, unit) < 0 ||
	    replace_string(&owner->container, container) < 0 ||
	    replace_string(&owner->pod, pod) < 0)
		return -ENOMEM;
	return 0;
}

int owner_name(struct owner *owner, const struct owner_names *names)
{
	owner->named = true;
	if (replace_string(&owner->exe, names->exe) < 0 ||
	    replace_string(&owner->command, names->command) < 0 ||
	    replace_string(&owner->container_name, names->container) < 0 ||
	    replace_string(&owner->pod_name, names->pod) < 0 ||
	    replace_string(&owner->pod_namespace, names->pod_namespace) < 0)
		return -ENOMEM;
	return 0;
}

void ledger_visit_destinations(const struct ledger *ledger, ledger_destination_visitor *visit,
			       void *context)
{
	const struct destination *destination;
	const struct destination *next;

	HASH_ITER(hh, ledger->destinations, destination, next) {
		const struct pool *pool = destination->key.pool;

		if (!pool->vrf)
			visit(context, pool->netns->inode, pool->protocol, destination->key.remote,
			      destination->key.remote_port);
	}
}

/* A container is there a moment before its names are; nobody looks at all owners at once. */
static bool lacks_names(const struct owner *owner)
{
	if (!owner->alive || !owner->key.tgid || !owner->identified)
		return false;
	return !owner->named ||
	       ((owner->container || owner->pod) && !owner->container_name && !owner->pod_name);
}

void ledger_check_owners(struct ledger *ledger,
			 bool (*alive)(void *context, const struct owner_id *id), void *context)
{
	struct owner *owner;
	struct owner *next;

	HASH_ITER(hh, ledger->owners, owner, next) {
		struct owner_id id = owner_id(owner);

		if (owner->alive && id.pid)
			owner->alive = alive(context, &id);
		if ((owner->cgroup_id && !owner->cgroup) || lacks_names(owner))
			owner_doubt(ledger, owner);
	}
}
