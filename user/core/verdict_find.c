// SPDX-License-Identifier: Apache-2.0
#include "user/core/verdict_find.h"

#include <netinet/in.h>
#include <string.h>

#include "user/base/util.h"
#include "user/core/counting.h"

/* --- the list -------------------------------------------------------------------------------- */

static int compare_places(const struct finding *a, const struct finding *b)
{
	const struct destination *x = a->destination;
	const struct destination *y = b->destination;

	if (a->pool->netns->inode != b->pool->netns->inode)
		return a->pool->netns->inode < b->pool->netns->inode ? -1 : 1;
	if (a->pool->vrf != b->pool->vrf)
		return a->pool->vrf < b->pool->vrf ? -1 : 1;
	if (a->pool->protocol != b->pool->protocol)
		return (int)a->pool->protocol - (int)b->pool->protocol;
	if (!x || !y)
		return (x != NULL) - (y != NULL);
	return memcmp(&x->key.local, &y->key.local,
		      sizeof(x->key) - offsetof(struct destination_key, local));
}

static int compare(const struct finding *a, const struct finding *b)
{
	uint32_t a_ports = a->numbers.mine > a->numbers.used ? a->numbers.mine : a->numbers.used;
	uint32_t b_ports = b->numbers.mine > b->numbers.used ? b->numbers.mine : b->numbers.used;
	int order;

	if (a->severity != b->severity)
		return (int)b->severity - (int)a->severity;
	if (a_ports != b_ports)
		return a_ports < b_ports ? 1 : -1;
	if (a->verdict != b->verdict)
		return (int)a->verdict - (int)b->verdict;
	order = compare_places(a, b);
	if (order || !a->owner || !b->owner)
		return order;
	return a->owner->key.tgid < b->owner->key.tgid ? -1 : 1;
}

/* A range is narrow once, for the worst of its destinations. */
static struct finding *find_same(struct findings *findings, const struct finding *finding)
{
	for (size_t i = 0; i < findings->count; i++) {
		struct finding *row = &findings->rows[i];

		if (finding->verdict == VERDICT_NARROW_RANGE && row->verdict == finding->verdict &&
		    row->pool == finding->pool && !row->window && !finding->window)
			return row;
	}
	return NULL;
}

static void take_out(struct findings *findings, struct finding *row)
{
	size_t after = (size_t)(&findings->rows[--findings->count] - row);

	memmove(row, row + 1, after * sizeof(*row));
}

static void add(struct findings *findings, const struct finding *finding)
{
	struct finding *same = find_same(findings, finding);
	size_t at;

	if (same && compare(finding, same) >= 0)
		return;
	if (same)
		take_out(findings, same);
	at = findings->count;

	while (at && compare(finding, &findings->rows[at - 1]) < 0)
		at--;
	if (at == VERDICTS_MAX)
		return;
	if (findings->count < VERDICTS_MAX)
		findings->count++;
	memmove(&findings->rows[at + 1], &findings->rows[at],
		(findings->count - at - 1) * sizeof(*finding));
	findings->rows[at] = *finding;
}

/* What stands by now is added. True: something does. */
static bool conclude(struct findings *findings, struct finding *finding, struct standing *standing,
		     enum verdict now, uint64_t now_ns)
{
	finding->verdict = standing_follow(standing, now, &finding->numbers, now_ns);
	finding->severity = (enum view_severity)standing->severity;
	if (finding->verdict == VERDICT_NONE)
		return false;
	add(findings, finding);
	return true;
}

/* --- ranges ---------------------------------------------------------------------------------- */

static uint32_t range_size_without(const struct pool *pool, uint16_t first, uint16_t last)
{
	uint32_t size = 0;

	if (!pool->reserved)
		return (uint32_t)last - first + 1;
	for (uint32_t port = first; port <= last; port++)
		size += !(pool->reserved[port / 8] & 1 << port % 8);
	return size;
}

bool verdict_wider_range(const struct pool *pool, uint32_t used, uint16_t *ret_first,
			 uint16_t *ret_last, uint32_t *ret_size)
{
	/* Ends of different parity, so that the search of connect() skips none. */
	static const uint16_t ranges[][2] = { { 32768, 60999 }, { 16384, 65535 }, { 1024, 65535 } };
	bool found = false;

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		uint32_t size;

		if (ranges[i][0] > pool->first || ranges[i][1] < pool->last)
			continue;
		size = range_size_without(pool, ranges[i][0], ranges[i][1]);
		if (size * 2 < pool_size(pool) * 3)
			continue;
		*ret_first = ranges[i][0];
		*ret_last = ranges[i][1];
		*ret_size = size;
		found = true;
		if (size >= 2 * used)
			break;
	}
	return found;
}

static bool has_wider_range(const struct pool *pool)
{
	uint16_t first;
	uint16_t last;
	uint32_t size;

	return verdict_wider_range(pool, 0, &first, &last, &size);
}

/* --- owners ---------------------------------------------------------------------------------- */

static const struct flow *flow_of(const struct watched *watched)
{
	return watched ? &watched->flow : NULL;
}

static struct numbers pool_numbers(const struct ledger *ledger, const struct pool *pool)
{
	return (struct numbers){
		.capacity = pool_size(pool),
		.used = pool->ports.count,
		.active = pool->ports.count,
		.explained = pool->explained,
		.refused = pool_refused_recently(pool, ledger->now_ns),
		.small = pool_size(pool) < USUAL_RANGE_SIZE,
	};
}

/* The kernel's own sockets nobody can set an option of. */
static void judge_binder(struct findings *findings, const struct ledger *ledger,
			 const struct stake *stake)
{
	struct pool *pool = stake->key.pool;
	struct standing *standing = &stake->watched->standing;
	struct finding finding = { .pool = pool,
				   .owner = stake->key.owner,
				   .numbers = pool_numbers(ledger, pool) };
	bool binds;

	finding.numbers.used = pool_blocked(pool);
	finding.numbers.mine = stake->bound;
	finding.destinations = stake->bound_destinations;
	binds = !(stake->key.owner->key.flags & HOLD_OWNER_KERNEL) &&
		verdict_binds(&finding.numbers, standing->verdict == VERDICT_BIND_BEFORE_CONNECT);
	if (conclude(findings, &finding, standing,
		     binds ? VERDICT_BIND_BEFORE_CONNECT : VERDICT_NONE, ledger->now_ns))
		pool->explained += stake->bound;
}

static void judge_udp_owner(struct findings *findings, const struct ledger *ledger,
			    const struct stake *stake)
{
	struct pool *pool = stake->key.pool;
	struct standing *standing = &stake->watched->standing;
	struct finding finding = { .pool = pool,
				   .owner = stake->key.owner,
				   .numbers = pool_numbers(ledger, pool) };
	bool leaks;

	finding.numbers.mine = stake->exclusive.count;
	finding.numbers.flow = flow_of(stake->watched);
	leaks = verdict_leaks(&finding.numbers, standing->verdict == VERDICT_UDP_LEAK);
	if (conclude(findings, &finding, standing, leaks ? VERDICT_UDP_LEAK : VERDICT_NONE,
		     ledger->now_ns))
		pool->explained += finding.numbers.mine;
}

static void judge_stakes(struct findings *findings, const struct ledger *ledger)
{
	struct stake *stake;
	struct stake *next;

	HASH_ITER(hh, ledger->stakes, stake, next) {
		if (!stake->watched)
			continue;
		if (stake->key.pool->protocol == IPPROTO_UDP)
			judge_udp_owner(findings, ledger, stake);
		else
			judge_binder(findings, ledger, stake);
	}
}

/* --- destinations ---------------------------------------------------------------------------- */

static struct numbers destination_numbers(const struct ledger *ledger,
					  const struct destination *destination)
{
	const struct tally *tally = &destination->tally;
	const struct pool *pool = destination->key.pool;

	return (struct numbers){
		.capacity = destination_capacity(destination),
		.used = tally_used(tally),
		.active = tally->active,
		.waiting = tally->time_wait - tally->recyclable,
		.waited_ever = destination->turnover.waited,
		.stiff = tally->stiff,
		.explained = pool->explained,
		.refused = pool_refused_recently(pool, ledger->now_ns),
		.refusing = pool_refuses(pool, ledger->now_ns),
		.small = pool_size(pool) < USUAL_RANGE_SIZE,
	};
}

static bool judge_shares(struct findings *findings, const struct ledger *ledger,
			 const struct destination *destination)
{
	bool any = false;

	for (const struct share *share = destination->shares; share; share = share->next) {
		struct finding finding = { .pool = destination->key.pool,
					   .destination = destination,
					   .owner = share->key.stake->key.owner };
		bool leaks;

		if (!share->watched)
			continue;
		finding.numbers = destination_numbers(ledger, destination);
		finding.numbers.mine = share->tally.active + share->tally.exclusive;
		finding.numbers.flow = flow_of(share->watched);
		leaks = verdict_leaks(&finding.numbers,
				      share->watched->standing.verdict == VERDICT_LEAK);
		any |= conclude(findings, &finding, &share->watched->standing,
				leaks ? VERDICT_LEAK : VERDICT_NONE, ledger->now_ns);
	}
	return any;
}

static uint32_t share_ports(const struct share *share)
{
	return tally_used(&share->tally) + share->tally.exclusive;
}

/* Whoever has most there. */
static const struct share *top_share(const struct destination *destination)
{
	const struct share *top = destination->shares;

	for (const struct share *share = top; share; share = share->next) {
		uint32_t ports = share_ports(share);

		if (ports > share_ports(top) ||
		    (ports == share_ports(top) &&
		     share->key.stake->key.owner->key.tgid < top->key.stake->key.owner->key.tgid))
			top = share;
	}
	return top;
}

static void judge_whole(struct findings *findings, struct ledger *ledger,
			const struct destination *destination)
{
	struct standing *standing = &destination->watched->standing;
	struct finding finding = { .pool = destination->key.pool, .destination = destination };
	struct numbers *numbers = &finding.numbers;
	const struct share *top = top_share(destination);

	*numbers = destination_numbers(ledger, destination);
	numbers->flow = flow_of(destination->watched);
	numbers->found = destination->watched->found;
	numbers->wider = verdict_is_full(numbers, standing->verdict != VERDICT_NONE) &&
			 has_wider_range(finding.pool);
	numbers->mine = numbers->active + destination->tally.exclusive;
	if (top)
		finding.owner = top->key.stake->key.owner;
	finding.together = true;
	conclude(findings, &finding, standing,
		 verdict_on_scope(numbers, (enum verdict)standing->verdict), ledger->now_ns);
}

/* Few ports are all that sockets with an IP_LOCAL_PORT_RANGE have, where others have more. */
static void judge_windows(struct findings *findings, const struct ledger *ledger,
			  const struct destination *destination)
{
	struct numbers whole = destination_numbers(ledger, destination);

	for (struct window *w = destination->windows; w; w = w->next) {
		struct finding finding = { .pool = destination->key.pool,
					   .destination = destination,
					   .window = w,
					   .numbers = whole };
		bool narrow;

		finding.numbers.capacity = window_capacity(finding.pool, w);
		finding.numbers.used = tally_used(&w->tally);
		finding.numbers.active = w->tally.active;
		finding.numbers.waiting = w->tally.time_wait - w->tally.recyclable;
		narrow = verdict_is_full(&finding.numbers, w->standing.verdict) &&
			 !verdict_is_full(&whole, false) &&
			 finding.numbers.capacity * 2 < whole.capacity;
		conclude(findings, &finding, &w->standing,
			 narrow ? VERDICT_NARROW_RANGE : VERDICT_NONE, ledger->now_ns);
	}
}

static void judge_destinations(struct findings *findings, struct ledger *ledger)
{
	struct destination *destination;
	struct destination *next;

	HASH_ITER(hh, ledger->destinations, destination, next) {
		if (destination->windows)
			judge_windows(findings, ledger, destination);
		if (!destination->watched)
			continue;
		if (judge_shares(findings, ledger, destination))
			destination->watched->standing = (struct standing){ 0 };
		else
			judge_whole(findings, ledger, destination);
	}
}

/* --- pools ----------------------------------------------------------------------------------- */

static const struct stake *top_stake(const struct pool *pool)
{
	const struct stake *top = pool->stakes;

	for (const struct stake *stake = top; stake; stake = stake->next)
		if (stake->exclusive.count > top->exclusive.count ||
		    (stake->exclusive.count == top->exclusive.count &&
		     stake->key.owner->key.tgid < top->key.owner->key.tgid))
			top = stake;
	return top;
}

/* A TCP pool full of connections hurts bind() only: tell of it where somebody does bind. */
static bool is_needed(const struct pool *pool)
{
	uint32_t unexplained = pool->exclusive.count > pool->explained
				       ? pool->exclusive.count - pool->explained
				       : 0;

	return pool->protocol == IPPROTO_UDP || unexplained * 10 >= pool_size(pool);
}

static void judge_pool(struct findings *findings, const struct ledger *ledger,
		       const struct pool *pool)
{
	struct standing *standing = &pool->watched->standing;
	struct finding finding = { .pool = pool, .numbers = pool_numbers(ledger, pool) };
	struct numbers *numbers = &finding.numbers;
	const struct stake *top = NULL;
	enum verdict now = VERDICT_NONE;

	numbers->flow = flow_of(pool->watched);
	numbers->found = pool->watched->found;
	numbers->wider = verdict_is_full(numbers, standing->verdict) && has_wider_range(pool);
	if (is_needed(pool))
		now = verdict_on_scope(numbers, (enum verdict)standing->verdict);
	if (now != VERDICT_NONE || standing->verdict)
		top = top_stake(pool);
	if (top) {
		numbers->mine = top->exclusive.count;
		finding.owner = top->key.owner;
	}
	conclude(findings, &finding, standing, now, ledger->now_ns);
}

static void judge_pools(struct findings *findings, const struct ledger *ledger)
{
	struct netns *netns;
	struct netns *next;
	struct pool *pool;

	HASH_ITER(hh, ledger->netns, netns, next)
		FOR_EACH_POOL(pool, netns)
			if (pool->watched)
				judge_pool(findings, ledger, pool);
}

static void find_collisions(struct findings *findings, const struct ledger *ledger)
{
	for (size_t i = 0; i < VACANCIES_MAX; i++) {
		const struct vacancy *vacancy = &ledger->vacancies[i];
		const struct hold *taker = vacancy_taker(ledger, vacancy);

		if (taker)
			add(findings, &(struct finding){
					      .verdict = VERDICT_LISTEN_COLLISION,
					      .severity = SEVERITY_WARNING,
					      .pool = vacancy->pool,
					      .destination = taker->share->key.destination,
					      .owner = taker->share->key.stake->key.owner,
					      .vacancy = vacancy,
					      .numbers.capacity = pool_size(vacancy->pool),
				      });
	}
}

static void forget_explained(const struct ledger *ledger)
{
	struct netns *netns;
	struct netns *next;
	struct pool *pool;

	HASH_ITER(hh, ledger->netns, netns, next)
		FOR_EACH_POOL(pool, netns)
			pool->explained = 0;
}

void verdict_find(struct findings *ret, struct ledger *ledger)
{
	ret->count = 0;
	forget_explained(ledger);
	judge_stakes(ret, ledger);
	judge_destinations(ret, ledger);
	judge_pools(ret, ledger);
	find_collisions(ret, ledger);
}
