// SPDX-License-Identifier: Apache-2.0
/*
 * Long random lives: the ledger against a plain list of holds that is counted from scratch. Each
 * seed is a test; a failure names the seed and the step.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdbool.h>

#include "tests/unit/books.h"
#include "user/base/util.h"

#define STEPS 6000
#define STEPS_PER_CHECK 20
#define STEPS_PER_SETTLING 1000
#define SETTLING_NS (70 * SECOND) /* longer than any delay */
#define HOLDS 300
#define NETNS 3
#define REMOTES 4
#define OWNERS 5 /* 0: nobody */
#define PORTS 30 /* ports in play, from EVENT_FIRST */

struct model_hold {
	uint64_t id; /* 0: free */
	uint32_t netns;
	uint32_t owner;
	uint16_t remote; /* port of the destination; 0: none */
	uint16_t port;
	uint8_t protocol;
	uint8_t path;
	uint8_t state;
	uint8_t tw_flags;
};

struct model {
	struct books books;
	struct model_hold holds[HOLDS];
	struct netns_facts facts[NETNS + 1]; /* by inode; [0] is not used */
	uint64_t next_id;
};

static uint32_t below(uint32_t bound)
{
	return (uint32_t)rand() % bound;
}

static bool chance(uint32_t one_in)
{
	return below(one_in) == 0;
}

/* --- what the model says --------------------------------------------------------------------- */

static bool shared(const struct model_hold *hold)
{
	return hold->path == PATH_CONNECT;
}

static bool counted_in(const struct model *model, const struct model_hold *hold)
{
	const struct netns_facts *facts = &model->facts[hold->netns];

	return hold->id && hold->port >= facts->first && hold->port <= facts->last &&
	       !(facts->reserved[hold->port / 8] & 1 << hold->port % 8);
}

/* Addresses of the builders are 10.0.0.1 and 10.0.1.1: no loopback. */
static bool recyclable_in_the_end(const struct model *model, const struct model_hold *hold)
{
	return shared(hold) && hold->state == HOLD_TIME_WAIT &&
	       hold->tw_flags == HOLD_TW_TIMESTAMPS && model->facts[hold->netns].tw_reuse == 1;
}

/* --- events ---------------------------------------------------------------------------------- */

static struct saying say(const struct model_hold *hold)
{
	return (struct saying){
		.id = hold->id,
		.netns = hold->netns,
		.protocol = hold->protocol,
		.path = hold->path,
		.state = hold->state,
		.tw_flags = hold->tw_flags,
		.port = hold->port,
		.remote_port = hold->remote,
		.nowhere = !hold->remote,
		.pid = hold->owner,
		.nobody = !hold->owner,
	};
}

static void tell_taken(struct model *model, const struct model_hold *hold, uint8_t flags)
{
	struct saying saying = say(hold);

	saying.event_flags = flags;
	apply(&model->books, make_taken(&saying));
}

static struct model_hold *any_hold(struct model *model)
{
	return &model->holds[below(HOLDS)];
}

/* Who has this 4-tuple; the kernel gives it out once. */
static struct model_hold *holder(struct model *model, const struct model_hold *wanted)
{
	for (int i = 0; i < HOLDS; i++) {
		struct model_hold *hold = &model->holds[i];

		if (hold->id && hold != wanted && hold->remote && hold->netns == wanted->netns &&
		    hold->protocol == IPPROTO_TCP && hold->remote == wanted->remote &&
		    hold->port == wanted->port)
			return hold;
	}
	return NULL;
}

static struct model_hold random_hold(struct model *model)
{
	static const uint8_t tcp_paths[] = { PATH_CONNECT,  PATH_CONNECT, PATH_CONNECT, PATH_BIND,
					     PATH_EXPLICIT, PATH_LISTEN,  PATH_CHILD };
	static const uint8_t udp_paths[] = { PATH_BIND, PATH_EXPLICIT, PATH_AUTOBIND };
	bool udp = chance(5);
	struct model_hold hold = {
		.id = ++model->next_id,
		.netns = 1 + below(NETNS),
		.owner = below(OWNERS),
		.port = (uint16_t)(EVENT_FIRST + below(PORTS)),
		.protocol = udp ? IPPROTO_UDP : IPPROTO_TCP,
		.path = udp ? udp_paths[below(ARRAY_SIZE(udp_paths))]
			    : tcp_paths[below(ARRAY_SIZE(tcp_paths))],
		.state = HOLD_ACTIVE,
	};

	if (hold.path == PATH_CONNECT)
		hold.remote = (uint16_t)(1 + below(REMOTES));
	return hold;
}

/* A namespace that nobody told of, or that was dropped, has the range its first event saw. */
static void learn_netns(struct model *model, uint32_t inode)
{
	struct netns_facts *facts = &model->facts[inode];

	if (facts->last)
		return;
	facts->first = EVENT_FIRST;
	facts->last = EVENT_LAST;
	facts->tw_reuse_delay_ms = 1000;
}

static void do_take(struct model *model)
{
	struct model_hold *slot = any_hold(model);
	struct model_hold hold = random_hold(model);
	struct model_hold *predecessor = holder(model, &hold);

	if (slot->id || (predecessor && !(shared(predecessor) && shared(&hold))))
		return;
	if (predecessor)
		predecessor->id = 0;
	*slot = hold;
	learn_netns(model, hold.netns);
	tell_taken(model, slot, chance(10) ? EVENT_FOUND : 0);
}

/* Bound, and now connected or listening. */
static void do_use_bound(struct model *model)
{
	struct model_hold *hold = any_hold(model);
	struct model_hold changed = *hold;

	if (!hold->id || hold->protocol != IPPROTO_TCP || hold->remote ||
	    (hold->path != PATH_BIND && hold->path != PATH_EXPLICIT))
		return;
	if (chance(4))
		changed.path = PATH_LISTEN;
	else
		changed.remote = (uint16_t)(1 + below(REMOTES));
	if (changed.remote && holder(model, &changed))
		return;
	*hold = changed;
	tell_taken(model, hold, 0);
}

static void do_repeat(struct model *model)
{
	struct model_hold *hold = any_hold(model);

	if (!hold->id)
		return;
	if (!hold->owner)
		hold->owner = below(OWNERS);
	tell_taken(model, hold, chance(2) ? EVENT_FOUND : 0);
}

static void do_time_wait(struct model *model)
{
	struct model_hold *hold = any_hold(model);

	if (!hold->id || hold->protocol != IPPROTO_TCP || hold->path == PATH_LISTEN)
		return;
	hold->state = HOLD_TIME_WAIT;
	hold->tw_flags = (uint8_t)(below(4) * HOLD_TW_TIMESTAMPS) & HOLD_TW_FLAGS;
	time_wait(&model->books, .id = hold->id, .tw_flags = hold->tw_flags);
}

static void do_release(struct model *model)
{
	struct model_hold *hold = any_hold(model);

	if (hold->id)
		release(&model->books, .id = hold->id, .event_flags = chance(10) ? EVENT_FOUND : 0);
	else
		release(&model->books, .id = ++model->next_id);
	hold->id = 0;
}

static void do_refuse(struct model *model)
{
	struct model_hold hold = random_hold(model);
	struct saying saying = say(&hold);

	learn_netns(model, hold.netns);
	apply(&model->books, make_refused(&saying));
}

static void do_facts(struct model *model)
{
	struct netns_facts *facts = &model->facts[1 + below(NETNS)];

	facts->first = (uint16_t)(EVENT_FIRST + below(8));
	facts->last = (uint16_t)(EVENT_FIRST + PORTS - 1 - below(8));
	memset(facts->reserved, 0, sizeof(facts->reserved));
	for (uint32_t i = below(4); i > 0; i--) {
		uint32_t port = EVENT_FIRST + below(PORTS + 10);

		facts->reserved[port / 8] |= (uint8_t)(1 << port % 8);
	}
	facts->tw_reuse = (uint8_t)below(3);
	facts->tw_reuse_delay_ms = 1 + below(5000);
	tell(&model->books, facts);
}

static void do_drop(struct model *model)
{
	uint32_t inode = 1 + below(NETNS);

	ledger_drop_netns(model->books.ledger, inode);
	model->books.told[inode] = (struct abi_range){ 0 };
	for (int i = 0; i < HOLDS; i++)
		if (model->holds[i].netns == inode)
			model->holds[i].id = 0;
	model->facts[inode] = (struct netns_facts){ .inode = inode, .name = "again" };
}

static void do_resync(struct model *model)
{
	ledger_reconcile_begin(model->books.ledger);
	ledger_resync_begin(model->books.ledger);
	for (int i = 0; i < HOLDS; i++) {
		struct model_hold *hold = &model->holds[i];

		if (!hold->id)
			continue;
		if (chance(10))
			hold->id = 0; /* it is gone, unseen */
		else
			tell_taken(model, hold, EVENT_FOUND | EVENT_RESYNC);
	}
	ledger_resync_end(model->books.ledger);
	ledger_reconcile_end(model->books.ledger, model->books.now_ns);
}

static void do_pass(struct model *model)
{
	pass(&model->books, below(700) * MS);
}

/* --- agreement ------------------------------------------------------------------------------- */

/* Distinct ports among the holds that are picked. */
struct ports {
	bool seen[PORTS];
	uint32_t count;
};

static void add_port(struct ports *ports, uint16_t port)
{
	ports->count += !ports->seen[port - EVENT_FIRST];
	ports->seen[port - EVENT_FIRST] = true;
}

static void check_pool(const struct model *model, const struct view_pool *row)
{
	struct ports used = { 0 };
	struct ports exclusive = { 0 };

	for (int i = 0; i < HOLDS; i++) {
		const struct model_hold *hold = &model->holds[i];

		if (!counted_in(model, hold) || hold->netns != row->netns ||
		    hold->protocol != row->protocol)
			continue;
		add_port(&used, hold->port);
		if (!shared(hold))
			add_port(&exclusive, hold->port);
	}
	assert_int_equal(row->used, used.count);
	assert_int_equal(row->exclusive, exclusive.count);
	assert_int_equal(row->shared, used.count - exclusive.count);
	assert_int_equal(row->first, model->facts[row->netns].first);
}

static void check_shares(const struct view_destination *row)
{
	struct view_share sum = { 0 };

	for (size_t i = 0; i < row->owners_count; i++) {
		const struct view_share *share = &row->owners[i];

		assert_true(share->used <= share->active + share->time_wait);
		sum.used += share->used;
		sum.active += share->active;
		sum.time_wait += share->time_wait;
		sum.exclusive += share->exclusive;
	}
	assert_int_equal(sum.used, row->used);
	assert_int_equal(sum.active, row->active);
	assert_int_equal(sum.time_wait, row->time_wait);
	assert_int_equal(sum.exclusive, row->exclusive);
}

static void check_destination(const struct model *model, const struct view_destination *row,
			      bool settled)
{
	struct view_destination sum = { 0 };

	for (int i = 0; i < HOLDS; i++) {
		const struct model_hold *hold = &model->holds[i];

		if (!counted_in(model, hold) || hold->netns != row->netns ||
		    hold->remote != row->remote_port)
			continue;
		sum.exclusive += !shared(hold);
		sum.active += shared(hold) && hold->state == HOLD_ACTIVE;
		sum.time_wait += shared(hold) && hold->state == HOLD_TIME_WAIT;
		sum.recyclable += recyclable_in_the_end(model, hold);
	}
	assert_int_equal(row->active, sum.active);
	assert_int_equal(row->time_wait, sum.time_wait);
	assert_int_equal(row->exclusive, sum.exclusive);
	assert_true(row->recyclable <= sum.recyclable);
	if (settled)
		assert_int_equal(row->recyclable, sum.recyclable);
	assert_int_equal(row->used, row->active + row->time_wait - row->recyclable);
	check_shares(row);
}

static void check_owner(const struct model *model, const struct view_owner *row)
{
	struct ports exclusive = { 0 };
	uint32_t active = 0;
	uint32_t waiting = 0;

	for (int i = 0; i < HOLDS; i++) {
		const struct model_hold *hold = &model->holds[i];

		if (!counted_in(model, hold) || hold->netns != row->netns ||
		    hold->protocol != row->protocol || hold->owner != row->pid)
			continue;
		if (!shared(hold))
			add_port(&exclusive, hold->port);
		else if (hold->state == HOLD_ACTIVE)
			active++;
		else
			waiting++;
	}
	assert_int_equal(row->active, active);
	assert_int_equal(row->time_wait, waiting);
	assert_int_equal(row->exclusive, exclusive.count);
	assert_int_equal(row->used, active + waiting - row->recyclable + exclusive.count);
}

/* Rows there must be: one a pair that any hold has, counted or not. */
static size_t destinations_of(const struct model *model)
{
	bool seen[NETNS + 1][REMOTES + 1] = { 0 };
	size_t count = 0;

	for (int i = 0; i < HOLDS; i++) {
		const struct model_hold *hold = &model->holds[i];

		if (!hold->id || !hold->remote)
			continue;
		count += !seen[hold->netns][hold->remote];
		seen[hold->netns][hold->remote] = true;
	}
	return count;
}

static void check(struct model *model, bool settled)
{
	const struct view *view = look(&model->books);

	for (size_t i = 0; i < view->pools_count; i++)
		check_pool(model, &view->pools[i]);
	assert_int_equal(view->destinations_count, destinations_of(model));
	for (size_t i = 0; i < view->destinations_count; i++)
		check_destination(model, &view->destinations[i], settled);
	for (size_t i = 0; i < view->owners_count; i++)
		check_owner(model, &view->owners[i]);
}

/* --- lives ----------------------------------------------------------------------------------- */

static void step(struct model *model)
{
	static const struct {
		uint32_t one_in;
		void (*act)(struct model *model);
	} rare[] = { { 500, do_drop },  { 150, do_resync },  { 40, do_facts },
		     { 10, do_refuse }, { 8, do_pass },      { 6, do_use_bound },
		     { 5, do_repeat },  { 4, do_time_wait }, { 3, do_release } };

	for (size_t i = 0; i < ARRAY_SIZE(rare); i++)
		if (chance(rare[i].one_in))
			return rare[i].act(model);
	do_take(model);
}

static void release_all(struct model *model)
{
	const struct view *view;

	for (int i = 0; i < HOLDS; i++)
		if (model->holds[i].id)
			release(&model->books, .id = model->holds[i].id);
	pass(&model->books, 1000 * SECOND);
	view = look(&model->books);
	assert_int_equal(view->destinations_count, 0);
	assert_int_equal(view->owners_count, 0);
	for (size_t i = 0; i < view->pools_count; i++)
		assert_int_equal(view->pools[i].used, 0);
}

static void live(unsigned int seed)
{
	struct model *model = calloc(1, sizeof(*model));

	assert_non_null(model);
	srand(seed);
	model->books = books_open();
	model->facts[EVENT_NETNS] = usual_facts();
	for (uint32_t inode = 2; inode <= NETNS; inode++)
		model->facts[inode] = (struct netns_facts){ .inode = inode, .name = "new" };
	for (int i = 1; i <= STEPS; i++) {
		step(model);
		if (i % STEPS_PER_SETTLING == 0)
			pass(&model->books, SETTLING_NS);
		if (i % STEPS_PER_CHECK == 0)
			check(model, i % STEPS_PER_SETTLING == 0);
	}
	release_all(model);
	books_close(&model->books);
	free(model);
}

/* *state: the seed. */
static void a_random_life_agrees_with_counting_from_scratch(void **state)
{
	live((unsigned int)(uintptr_t)*state);
}

#define life(seed)                                                                 \
	cmocka_unit_test_prestate(a_random_life_agrees_with_counting_from_scratch, \
				  (void *)(uintptr_t)(seed))

int main(void)
{
	const struct CMUnitTest tests[] = {
		life(1), life(2), life(3), life(4), life(5), life(6), life(7), life(8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
