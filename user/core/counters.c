// SPDX-License-Identifier: Apache-2.0
#include "user/core/counters.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/ledger.h"

#define OTHER "other" /* as documents write it; a process may bear this name as well */

void ledger_limit(struct ledger *ledger, const struct view_limits *limits)
{
	ledger->apart_max = limits->namespaces;
	ledger->refused_max = limits->processes;
}

/* Another pool of the same namespace and VRF that is counted apart; they share one place. */
static struct pool *peer_apart(const struct pool *pool)
{
	struct pool *peer;

	FOR_EACH_POOL(peer, pool->netns)
		if (peer != pool && peer->vrf == pool->vrf && peer->counted_apart)
			return peer;
	return NULL;
}

void counters_join(struct pool *pool)
{
	pool->counted_apart = peer_apart(pool) != NULL;
}

static bool count_apart(struct ledger *ledger, struct pool *pool)
{
	struct pool *peer;

	if (pool->counted_apart)
		return true;
	if (ledger->apart >= ledger->apart_max)
		return false;
	FOR_EACH_POOL(peer, pool->netns)
		if (peer->vrf == pool->vrf)
			peer->counted_apart = true;
	ledger->apart++;
	return true;
}

static unsigned int protocol_index(const struct pool *pool)
{
	return pool->protocol == IPPROTO_UDP;
}

void counters_taken(struct ledger *ledger, struct pool *pool, uint8_t path)
{
	if (count_apart(ledger, pool))
		pool->allocations[path]++;
	else
		ledger->taken_together[protocol_index(pool)][path]++;
}

void counters_given_back(struct ledger *ledger, struct pool *pool, uint8_t path)
{
	if (count_apart(ledger, pool))
		pool->releases[path]++;
	else
		ledger->given_back_together[protocol_index(pool)][path]++;
}

static bool is_together(const struct refusal_key *key)
{
	return strcmp(key->comm, OTHER) == 0;
}

static struct refusal_count *find(const struct ledger *ledger, const struct refusal_key *key)
{
	struct refusal_count *count;

	HASH_FIND(hh, ledger->refused, key, sizeof(*key), count);
	return count;
}

static struct refusal_count *add(struct ledger *ledger, const struct refusal_key *key)
{
	struct refusal_count *count = calloc(1, sizeof(*count));

	if (!count)
		return NULL;
	count->key = *key;
	HASH_ADD(hh, ledger->refused, key, sizeof(count->key), count);
	if (!count->hh.tbl) {
		free(count);
		return NULL;
	}
	if (!is_together(key))
		ledger->refused_apart++;
	return count;
}

static void drop(struct ledger *ledger, struct refusal_count *count)
{
	if (!is_together(&count->key))
		ledger->refused_apart--;
	HASH_DEL(ledger->refused, count);
	free(count);
}

/* Without room for one more process, or for its namespace: the row that stands for all such. */
static void find_room(struct ledger *ledger, struct refusal_key *key)
{
	bool apart = count_apart(ledger, key->pool);

	if (apart &&
	    (is_together(key) || find(ledger, key) || ledger->refused_apart < ledger->refused_max))
		return;
	if (!apart)
		key->pool = NULL;
	memset(key->comm, 0, sizeof(key->comm));
	strcpy(key->comm, OTHER);
	ledger->refused_together++;
}

int counters_refused(struct ledger *ledger, struct pool *pool, const char *comm,
		     const struct event_refused *event)
{
	struct refusal_key key = {
		.pool = pool,
		.path = event->path,
		.protocol = pool->protocol,
		.error = event->error,
	};
	struct refusal_count *count;

	strcpy(key.comm, comm);
	find_room(ledger, &key);
	count = find(ledger, &key);
	if (!count)
		count = add(ledger, &key);
	if (!count)
		return -ENOMEM;
	count->count++;
	return 0;
}

void counters_forget_pool(struct ledger *ledger, struct pool *pool)
{
	struct refusal_count *count;
	struct refusal_count *next;

	HASH_ITER(hh, ledger->refused, count, next)
		if (count->key.pool == pool)
			drop(ledger, count);
	if (pool->counted_apart && !peer_apart(pool))
		ledger->apart--;
	pool->counted_apart = false;
}

void counters_done(struct ledger *ledger)
{
	struct refusal_count *count;
	struct refusal_count *next;

	HASH_ITER(hh, ledger->refused, count, next)
		drop(ledger, count);
}
