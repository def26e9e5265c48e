// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "user/core/ledger_types.h"

#define NS_PER_SECOND 1000000000ULL
#define REFUSES_SECONDS FLOW_MINUTE_PERIOD_S

static uint32_t range_size(const struct pool *pool)
{
	return pool->last >= pool->first ? (uint32_t)pool->last - pool->first + 1 : 0;
}

uint32_t pool_size(const struct pool *pool)
{
	return range_size(pool) - pool->reserved_count;
}

uint32_t pool_blocked(const struct pool *pool)
{
	return pool->exclusive.count + pool->stuck.count;
}

/* The search of a range of odd size skips one end. */
static uint32_t skipped(const struct pool *pool)
{
	uint32_t size = range_size(pool);

	return size > 1 ? size & 1 : 0;
}

static uint32_t less(uint32_t size, uint32_t lost)
{
	return size > lost ? size - lost : 0;
}

uint32_t pool_capacity(const struct pool *pool)
{
	return less(pool_size(pool), pool_blocked(pool) + skipped(pool));
}

uint32_t destination_capacity(const struct destination *destination)
{
	const struct pool *pool = destination->key.pool;

	return less(pool_size(pool) + destination->kept, pool_blocked(pool) + skipped(pool));
}

uint32_t window_capacity(const struct pool *pool, const struct window *window)
{
	uint32_t blocked = portset_count_within(&pool->exclusive, window->first, window->last) +
			   portset_count_within(&pool->stuck, window->first, window->last);
	uint32_t size = 0;

	for (uint32_t port = window->first; port <= window->last; port++)
		size += pool_contains(pool, (uint16_t)port);
	return less(size + window->kept, blocked);
}

bool pool_contains(const struct pool *pool, uint16_t port)
{
	if (port < pool->first || port > pool->last)
		return false;
	return !pool->reserved || !(pool->reserved[port / 8] & 1 << port % 8);
}

/* Empties the seconds that passed since the newest one counted. */
static void forget_old_seconds(struct pool *pool, uint64_t second)
{
	if (second - pool->refused_second >= REFUSED_SECONDS)
		memset(pool->refused, 0, sizeof(pool->refused));
	else
		while (pool->refused_second < second)
			pool->refused[++pool->refused_second % REFUSED_SECONDS] = 0;
	pool->refused_second = second;
}

void pool_count_refusal(struct pool *pool, uint64_t now_ns)
{
	uint64_t second = now_ns / NS_PER_SECOND;

	if (second > pool->refused_second)
		forget_old_seconds(pool, second);
	pool->refused[pool->refused_second % REFUSED_SECONDS]++;
}

static uint32_t refused_within(const struct pool *pool, uint64_t now_ns, unsigned int seconds)
{
	uint64_t second = now_ns / NS_PER_SECOND;
	uint32_t sum = 0;

	for (uint64_t age = 0; age < REFUSED_SECONDS && age <= pool->refused_second; age++)
		if (pool->refused_second - age + seconds > second)
			sum += pool->refused[(pool->refused_second - age) % REFUSED_SECONDS];
	return sum;
}

uint32_t pool_refused_recently(const struct pool *pool, uint64_t now_ns)
{
	return refused_within(pool, now_ns, REFUSED_SECONDS);
}

bool pool_refuses(const struct pool *pool, uint64_t now_ns)
{
	return refused_within(pool, now_ns, REFUSES_SECONDS);
}

double saturation(uint32_t used, uint32_t capacity)
{
	if (used >= capacity)
		return 1.0;
	return (double)used / capacity;
}

uint32_t tally_used(const struct tally *tally)
{
	return tally->active + tally->time_wait - tally->recyclable;
}
