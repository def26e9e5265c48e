// SPDX-License-Identifier: Apache-2.0
#include "user/core/counting.h"

#include <netinet/in.h>

#include "user/core/waiting.h"

#define NS_PER_MS 1000000ULL

struct pool *hold_pool(const struct hold *hold)
{
	return hold->share->key.stake->key.pool;
}

bool hold_is_exclusive(const struct hold *hold)
{
	return hold->path != PATH_CONNECT;
}

/* A remnant without timestamps, or whose peer has not closed: tcp_twsk_unique never gives it away.
 */
static bool is_stiff(const struct hold *hold)
{
	return hold->state == HOLD_TIME_WAIT && (hold->flags & HOLD_TW_FLAGS) != HOLD_TW_TIMESTAMPS;
}

void tally_add(struct tally *tally, const struct hold *hold, int sign)
{
	uint32_t one = (uint32_t)sign;

	if (hold_is_exclusive(hold))
		tally->exclusive += one;
	else if (hold->state == HOLD_TIME_WAIT)
		tally->time_wait += one;
	else
		tally->active += one;
	if (hold->marks & MARK_RECYCLABLE)
		tally->recyclable += one;
	if (!hold_is_exclusive(hold) && is_stiff(hold))
		tally->stiff += one;
}

/* To how many destinations an owner bound its ports; sign: what just happened to the share. */
static void count_bound_destination(struct share *share, int sign)
{
	uint32_t first = sign > 0 ? 1 : 0;

	if (share->tally.exclusive == first)
		share->key.stake->bound_destinations += (uint32_t)sign;
}

static void tallies_add(struct hold *hold, int sign)
{
	struct share *share = hold->share;

	if (!hold_is_exclusive(hold))
		tally_add(&share->key.stake->tally, hold, sign);
	if (!share->key.destination)
		return;
	if (hold->path == PATH_BIND)
		share->key.stake->bound += (uint32_t)sign;
	tally_add(&share->tally, hold, sign);
	if (hold_is_exclusive(hold))
		count_bound_destination(share, sign);
	tally_add(&share->key.destination->tally, hold, sign);
	for (struct window *window = share->key.destination->windows; window; window = window->next)
		if (hold->port >= window->first && hold->port <= window->last)
			tally_add(&window->tally, hold, sign);
}

static int add_exclusive(struct hold *hold)
{
	struct pool *pool = hold_pool(hold);
	int r = portset_add(&pool->exclusive, hold->port);

	if (r < 0)
		return r;
	r = portset_add(&hold->share->key.stake->exclusive, hold->port);
	if (r < 0)
		portset_remove(&pool->exclusive, hold->port);
	else
		portset_remove(&pool->stuck, hold->port);
	return r;
}

/* A bind bucket that was once bound turns connect() away until nobody is on the port, up to 6.16.
 */
static void remove_exclusive(struct hold *hold)
{
	struct pool *pool = hold_pool(hold);

	portset_remove(&hold->share->key.stake->exclusive, hold->port);
	portset_remove(&pool->exclusive, hold->port);
	if (hold->flags & HOLD_STICKS && !portset_contains(&pool->exclusive, hold->port) &&
	    portset_contains(&pool->ports, hold->port))
		portset_add(&pool->stuck, hold->port);
}

int hold_count_in(struct hold *hold)
{
	struct pool *pool = hold_pool(hold);
	int r;

	if (!pool_contains(pool, hold->port))
		return 0;
	r = portset_add(&pool->ports, hold->port);
	if (r < 0)
		return r;
	if (hold_is_exclusive(hold))
		r = add_exclusive(hold);
	if (r < 0) {
		portset_remove(&pool->ports, hold->port);
		return r;
	}
	hold->marks |= MARK_COUNTED;
	tallies_add(hold, 1);
	return 0;
}

void hold_count_out(struct hold *hold)
{
	struct pool *pool = hold_pool(hold);

	if (!(hold->marks & MARK_COUNTED))
		return;
	portset_remove(&pool->ports, hold->port);
	if (hold_is_exclusive(hold))
		remove_exclusive(hold);
	else if (!portset_contains(&pool->ports, hold->port))
		portset_remove(&pool->stuck, hold->port);
	tallies_add(hold, -1);
	hold->marks &= (uint8_t)~MARK_COUNTED;
}

void hold_set_time_wait(struct hold *hold, uint32_t flags)
{
	bool counted = hold->marks & MARK_COUNTED;

	if (counted)
		tallies_add(hold, -1);
	hold->state = HOLD_TIME_WAIT;
	hold->flags = (uint8_t)((hold->flags & ~HOLD_TW_FLAGS) | (flags & HOLD_TW_FLAGS));
	if (counted)
		tallies_add(hold, 1);
}

static bool is_loopback(const uint8_t address[16])
{
	const struct in6_addr *v6 = (const struct in6_addr *)address;

	return IN6_IS_ADDR_LOOPBACK(v6) || (IN6_IS_ADDR_V4MAPPED(v6) && address[12] == 127);
}

/* tcp_twsk_unique (5.10 to 7.3), age apart: timestamps, its FIN has come, and the sysctl allows
 * it, for everyone (1) or for loopback (2). */
static bool may_be_recycled(const struct hold *hold)
{
	const struct destination *destination = hold->share->key.destination;
	uint8_t allowed = hold_pool(hold)->netns->tw_reuse;

	if (hold_is_exclusive(hold) || !destination || hold->state != HOLD_TIME_WAIT)
		return false;
	if ((hold->flags & HOLD_TW_FLAGS) != HOLD_TW_TIMESTAMPS)
		return false;
	return allowed == 1 || (allowed == 2 && (is_loopback(destination->key.local) ||
						 is_loopback(destination->key.remote)));
}

static void set_recyclable(struct hold *hold, bool recyclable)
{
	bool counted = hold->marks & MARK_COUNTED;

	if (counted)
		tallies_add(hold, -1);
	if (recyclable)
		hold->marks |= MARK_RECYCLABLE;
	else
		hold->marks &= (uint8_t)~MARK_RECYCLABLE;
	if (counted)
		tallies_add(hold, 1);
}

/* Puts a TIME_WAIT hold in line, or takes back that it is recyclable. */
int hold_review_time_wait(struct ledger *ledger, struct hold *hold, uint64_t since_ns)
{
	uint64_t delay_ns = hold_pool(hold)->netns->tw_reuse_delay_ms * NS_PER_MS;

	if (may_be_recycled(hold))
		return hold->marks & MARK_RECYCLABLE
			       ? 0
			       : waiting_push(&ledger->waiting, hold->id, since_ns + delay_ns);
	if (hold->marks & MARK_RECYCLABLE)
		set_recyclable(hold, false);
	return 0;
}

void release_due_time_waits(struct ledger *ledger)
{
	uint64_t id;

	while (waiting_pop(&ledger->waiting, ledger->now_ns, &id)) {
		struct hold *hold = holds_find(&ledger->holds, id);

		if (hold && !(hold->marks & MARK_RECYCLABLE) && may_be_recycled(hold))
			set_recyclable(hold, true);
	}
}
