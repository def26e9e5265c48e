// SPDX-License-Identifier: Apache-2.0
/* The agent with a source that plays what a test wrote, on a clock that the test winds. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "tests/unit/events.h"
#include "user/agent.h"
#include "user/verify/holds_dump.h"
#include "user/core/ledger.h"
#include "user/host/netns.h"
#include "user/base/util.h"
#include "user/core/view.h"

#define NETNS 4000000001U /* no namespace of this machine: its inode numbers are smaller */
#define EVENTS_MAX 64

/* Events wait in one of these until the agent asks. */
struct tape {
	struct event events[EVENTS_MAX];
	size_t count;
};

/* The fake and its clock; a test has one at a time. The agent opens it without an argument. */
static struct stage {
	struct source source;
	struct tape ring;
	struct tape files;
	struct tape repeated;
	struct source_losses losses;
	unsigned int reconciles;
	unsigned int resyncs;
	uint64_t now_ns;
	uint64_t realtime_ns; /* ahead of now_ns */
	uint64_t reconcile_takes_ns;
	bool open;
} stage;

static uint64_t stage_clock(clockid_t clock)
{
	return clock == CLOCK_REALTIME ? stage.now_ns + stage.realtime_ns : stage.now_ns;
}

static void record(struct tape *tape, struct event event)
{
	assert_true(tape->count < EVENTS_MAX);
	tape->events[tape->count++] = event;
}

static int play(struct tape *tape, source_handler *handler, void *context)
{
	int played = (int)tape->count;

	for (size_t i = 0; i < tape->count; i++)
		assert_int_equal(handler(context, &tape->events[i]), 0);
	tape->count = 0;
	return played;
}

static int fake_open(struct source **ret, const struct source_config *config,
		     char reason[SOURCE_REASON_MAX]);

static void fake_close(struct source *self)
{
	if (self)
		stage.open = false;
}

static int fake_fd(struct source *self)
{
	(void)self;
	return -1;
}

static int fake_drain(struct source *self, source_handler *handler, void *context)
{
	(void)self;
	return play(&stage.ring, handler, context);
}

static int fake_find_files(struct source *self, source_handler *handler, void *context)
{
	(void)self;
	stage.reconciles++;
	stage.now_ns += stage.reconcile_takes_ns;
	play(&stage.files, handler, context);
	return 0;
}

static int fake_find_netns(struct source *self, struct netns_door *door, source_handler *handler,
			   void *context)
{
	(void)door;
	(void)self;
	(void)handler;
	(void)context;
	return 0;
}

static int fake_sweep(struct source *self, bool resync, source_handler *handler, void *context)
{
	(void)self;
	if (resync) {
		stage.resyncs++;
		play(&stage.repeated, handler, context);
	}
	return 0;
}

static int fake_losses(struct source *self, struct source_losses *ret)
{
	(void)self;
	*ret = stage.losses;
	return 0;
}

static const struct source_ops fake = {
	.name = "fake",
	.sees = "what the test wrote",
	.open = fake_open,
	.close = fake_close,
	.fd = fake_fd,
	.drain = fake_drain,
	.find_files = fake_find_files,
	.find_netns = fake_find_netns,
	.sweep = fake_sweep,
	.losses = fake_losses,
};

static int fake_open(struct source **ret, const struct source_config *config,
		     char reason[SOURCE_REASON_MAX])
{
	(void)config;
	(void)reason;
	stage.source.ops = &fake;
	stage.open = true;
	*ret = &stage.source;
	return 0;
}

static int broken_open(struct source **ret, const struct source_config *config,
		       char reason[SOURCE_REASON_MAX])
{
	(void)ret;
	(void)config;
	snprintf(reason, SOURCE_REASON_MAX, "it is broken; mend it");
	return -EPERM;
}

static const struct source_ops broken = { .name = "broken", .open = broken_open };

static int set_stage(void **state)
{
	(void)state;
	stage = (struct stage){ .now_ns = 1000 * SECOND };
	return 0;
}

static struct agent *start(const struct source_ops *const *sources, const char *name)
{
	struct agent_config config = { .sources = sources, .source = name, .clock = stage_clock };
	struct agent *agent = NULL;

	assert_int_equal(agent_open(&agent, &config), 0);
	return agent;
}

static struct agent *start_fake(void)
{
	static const struct source_ops *const sources[] = { &fake, NULL };

	return start(sources, NULL);
}

static uint32_t ports_used(struct agent *agent)
{
	struct view *view = NULL;
	uint32_t used = 0;

	assert_int_equal(agent_view(agent, &view), 0);
	for (size_t i = 0; i < view->pools_count; i++)
		if (view->pools[i].netns == NETNS)
			used += view->pools[i].used;
	view_unref(view);
	return used;
}

static void a_source_that_fails_makes_way_for_the_next(void **state)
{
	static const struct source_ops *const sources[] = { &broken, &fake, NULL };
	struct agent *agent = start(sources, NULL);

	(void)state;
	assert_string_equal(agent_source(agent)->name, "fake");
	agent_close(agent);
	assert_false(stage.open);
}

static void every_attempt_says_what_became_of_it(void **state)
{
	static const struct source_ops *const sources[] = { &broken, &fake, &broken, NULL };
	struct source_attempt attempts[SOURCES_MAX];
	struct source_config config = { 0 };
	struct source *source = NULL;
	size_t count = 0;

	(void)state;
	assert_int_equal(source_open(&source, sources, NULL, &config, attempts, &count), 0);
	assert_int_equal(count, 3);
	assert_int_equal(attempts[0].error, -EPERM);
	assert_string_equal(attempts[0].reason, "it is broken; mend it");
	assert_true(attempts[1].tried);
	assert_int_equal(attempts[1].error, 0);
	assert_false(attempts[2].tried);
}

static void a_source_asked_for_by_name_has_no_substitute(void **state)
{
	static const struct source_ops *const sources[] = { &broken, &fake, NULL };
	struct source_attempt attempts[SOURCES_MAX];
	struct source_config config = { 0 };
	struct source *source = NULL;
	size_t count = 0;

	(void)state;
	assert_int_equal(source_open(&source, sources, "broken", &config, attempts, &count),
			 -EPERM);
	assert_int_equal(source_open(&source, sources, "none", &config, attempts, &count), -ENOENT);
	assert_null(source);
}

static void what_exists_already_is_found_at_the_start(void **state)
{
	struct agent *agent;

	(void)state;
	record(&stage.files,
	       taken_event(.id = 1, .netns = NETNS, .port = 40001, .event_flags = EVENT_FOUND));
	agent = start_fake();
	assert_int_equal(ports_used(agent), 1);
	agent_close(agent);
}

static void events_reach_the_view(void **state)
{
	struct agent *agent = start_fake();

	(void)state;
	record(&stage.ring, taken_event(.id = 1, .netns = NETNS, .port = 40001));
	record(&stage.ring, taken_event(.id = 2, .netns = NETNS, .port = 40002));
	assert_int_equal(agent_drain(agent), 2);
	assert_int_equal(ports_used(agent), 2);
	record(&stage.ring, released_event(.id = 1));
	assert_int_equal(agent_drain(agent), 1);
	assert_int_equal(ports_used(agent), 1);
	agent_close(agent);
}

static void count_told_releases(void *context, const struct event *event,
				const struct hold_description *hold)
{
	unsigned int *told = context;

	if (event->header.kind == EVENT_RELEASED && hold && hold->tuple.port == 40001)
		++*told;
}

static void an_observer_sees_events_before_the_ledger(void **state)
{
	struct agent *agent = start_fake();
	unsigned int told = 0;

	(void)state;
	agent_observe(agent, count_told_releases, &told);
	record(&stage.ring, taken_event(.id = 1, .netns = NETNS, .port = 40001));
	record(&stage.ring, released_event(.id = 1));
	record(&stage.ring, released_event(.id = 99));
	agent_drain(agent);
	assert_int_equal(told, 1);
	agent_close(agent);
}

static void a_full_ring_makes_the_source_repeat_all_holds(void **state)
{
	struct agent *agent = start_fake();

	(void)state;
	record(&stage.ring, taken_event(.id = 1, .netns = NETNS, .port = 40001));
	agent_drain(agent);
	stage.losses.by_reason[LOSS_RING_FULL] = 1; /* the release of 1 and the take of 2 */
	record(&stage.repeated, taken_event(.id = 2, .netns = NETNS, .port = 40002,
					    .event_flags = EVENT_FOUND | EVENT_RESYNC));
	stage.now_ns += SECOND;
	assert_int_equal(agent_tick(agent), 0);
	assert_int_equal(stage.resyncs, 1);
	assert_int_equal(ports_used(agent), 1);
	stage.now_ns += SECOND;
	assert_int_equal(agent_tick(agent), 0);
	assert_int_equal(stage.resyncs, 1); /* the same loss is mended once */
	agent_close(agent);
}

static void a_skipped_program_makes_the_agent_look(void **state)
{
	struct agent *agent = start_fake();
	unsigned int before = stage.reconciles;

	(void)state;
	assert_int_equal(agent_tick(agent), 0);
	assert_int_equal(stage.reconciles, before);
	stage.losses.recursion = 3;
	assert_int_equal(agent_tick(agent), 0);
	assert_int_equal(stage.reconciles, before + 1);
	assert_int_equal(stage.resyncs, 0);
	agent_close(agent);
}

static void an_agent_that_looks_when_told_does_not_look_after_a_loss(void **state)
{
	static const struct source_ops *const sources[] = { &fake, NULL };
	const struct agent_config config = { .sources = sources,
					     .clock = stage_clock,
					     .looks_when_told = true };
	struct agent *agent = NULL;
	unsigned int before;

	(void)state;
	assert_int_equal(agent_open(&agent, &config), 0);
	before = stage.reconciles;
	stage.losses.recursion = 3;
	stage.losses.by_reason[LOSS_RING_FULL] = 1;
	assert_int_equal(agent_tick(agent), 0);
	assert_int_equal(stage.reconciles, before);
	assert_int_equal(agent_reconcile(agent), 0);
	assert_int_equal(stage.reconciles, before + 1);
	agent_close(agent);
}

static void looking_leaves_nine_tenths_of_the_time(void **state)
{
	struct agent *agent = start_fake();
	unsigned int before;

	(void)state;
	stage.reconcile_takes_ns = 2 * SECOND;
	stage.losses.recursion = 1;
	assert_int_equal(agent_tick(agent), 0);
	before = stage.reconciles;
	for (unsigned int i = 0; i < 19; i++) {
		stage.losses.recursion++;
		stage.now_ns += SECOND;
		assert_int_equal(agent_tick(agent), 0);
	}
	assert_int_equal(stage.reconciles, before);
	stage.now_ns += SECOND;
	assert_int_equal(agent_tick(agent), 0);
	assert_int_equal(stage.reconciles, before + 1);
	agent_close(agent);
}

static void losses_show_in_the_view(void **state)
{
	struct agent *agent = start_fake();
	struct view *view = NULL;
	bool shown = false;

	(void)state;
	stage.losses.by_reason[LOSS_MAP_FULL] = 7;
	assert_int_equal(agent_tick(agent), 0);
	assert_int_equal(agent_view(agent, &view), 0);
	for (size_t i = 0; i < view->health.lost_count; i++)
		if (!strcmp(view->health.lost[i].name, "map_full"))
			shown = view->health.lost[i].count == 7;
	assert_true(shown);
	assert_true(view->health.complete); /* the reconcile that followed found room for all */
	view_unref(view);
	agent_close(agent);
}

static bool is_complete(struct agent *agent)
{
	struct view *view = NULL;
	bool complete;

	assert_int_equal(agent_view(agent, &view), 0);
	complete = view->health.complete;
	view_unref(view);
	return complete;
}

static void a_full_table_is_incomplete_until_there_is_room(void **state)
{
	struct agent *agent = start_fake();

	(void)state;
	assert_true(is_complete(agent));
	stage.losses.by_reason[LOSS_MAP_FULL] = 1;
	stage.losses.unplaced = 1;
	assert_int_equal(agent_tick(agent), 0);
	assert_false(is_complete(agent));
	stage.now_ns += SECOND;
	assert_int_equal(agent_tick(agent), 0); /* looks again, by itself */
	assert_false(is_complete(agent));
	stage.losses.unplaced = 0;
	stage.now_ns += SECOND;
	assert_int_equal(agent_tick(agent), 0);
	stage.now_ns += SECOND;
	assert_int_equal(agent_tick(agent), 0);
	assert_true(is_complete(agent));
	agent_close(agent);
}

/* Somebody sets the wall clock back and forth: only the times that people read follow. */
static void a_stepped_clock_changes_no_number(void **state)
{
	static const uint64_t clocks[] = { 1000 * SECOND, 900000 * SECOND, 10 * SECOND };
	struct agent *agent = start_fake();

	(void)state;
	record(&stage.ring, taken_event(.id = 1, .netns = NETNS, .port = 40001));
	record(&stage.ring, refused_event(.netns = NETNS, .at_ns = stage.now_ns));
	for (size_t i = 0; i < ARRAY_SIZE(clocks); i++) {
		struct view *view = NULL;

		stage.realtime_ns = clocks[i];
		stage.now_ns += SECOND;
		assert_int_equal(agent_tick(agent), 0);
		assert_int_equal(ports_used(agent), 1);
		assert_int_equal(agent_view(agent, &view), 0);
		assert_int_equal(view->time, stage.now_ns + clocks[i]);
		assert_int_equal(view->refusals[0].time, view->time - (i + 1) * SECOND);
		assert_int_equal(view->owners[0].refusals, 1);
		assert_true(view->health.complete);
		view_unref(view);
	}
	agent_close(agent);
}

static void a_program_that_is_detached_makes_the_view_incomplete(void **state)
{
	struct agent *agent = start_fake();

	(void)state;
	stage.losses.detached = 1;
	assert_int_equal(agent_tick(agent), 0);
	assert_int_equal(agent_tick(agent), 0);
	assert_false(is_complete(agent));
	agent_close(agent);
}

static void a_namespace_that_is_gone_takes_its_time_wait_along(void **state)
{
	struct agent *agent = start_fake();

	(void)state;
	record(&stage.ring, taken_event(.id = 1, .netns = NETNS, .port = 40001));
	record(&stage.ring, taken_event(.id = 2, .netns = NETNS, .port = 40002));
	record(&stage.ring, time_wait_event(.id = 1));
	assert_int_equal(agent_reconcile(agent), 0);
	assert_int_equal(ports_used(agent), 2); /* a live socket keeps its namespace */
	record(&stage.ring, time_wait_event(.id = 2));
	assert_int_equal(agent_reconcile(agent), 0);
	assert_int_equal(ports_used(agent), 0);
	assert_null(agent_netns_name(agent, NETNS));
	agent_close(agent);
}

/* What agent_dump writes; the caller is done with it. */
static struct holds_dump dump(struct agent *agent)
{
	CLEANUP(fd_closep) int fd = memfd_create("holds", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct holds_dump ret = { 0 };

	assert_int_equal(agent_dump(agent, fd, 7 * SECOND), 0);
	assert_int_equal(holds_dump_open(&ret, fd), 0);
	return ret;
}

static void a_dump_has_what_waited_in_the_ring(void **state)
{
	struct agent *agent = start_fake();
	CLEANUP(holds_dump_done) struct holds_dump all = { 0 };

	(void)state;
	record(&stage.ring, taken_event(.id = 1, .netns = NETNS, .port = 40001));
	all = dump(agent);
	assert_int_equal(all.count, 1);
	assert_int_equal(all.records[0].id, 1);
	assert_int_equal(all.header.reconcile_ns, 7 * SECOND);
	assert_int_equal(all.header.time_ns, stage.now_ns);
	assert_string_equal(all.header.source, "fake");
	agent_close(agent);
}

static void a_dump_says_when_the_last_reconcile_began(void **state)
{
	struct agent *agent;
	CLEANUP(holds_dump_done) struct holds_dump all = { 0 };

	(void)state;
	stage.reconcile_takes_ns = SECOND;
	agent = start_fake();
	all = dump(agent);
	assert_int_equal(all.header.reconcile_began_ns, stage.now_ns - SECOND);
	agent_close(agent);
}

/* Told by the dump itself: the tick that would mend it has not come yet. */
static void a_dump_tells_of_losses_that_nobody_has_noted(void **state)
{
	struct agent *agent = start_fake();
	CLEANUP(holds_dump_done) struct holds_dump all = { 0 };

	(void)state;
	stage.losses.recursion++;
	all = dump(agent);
	assert_true(all.header.flags & HOLDS_DUMP_INCOMPLETE);
	agent_close(agent);
}

/* The number is the same, the namespace is not. */
static void a_namespace_under_anothers_number_has_nothing_of_it(void **state)
{
	struct agent *agent = start_fake();
	struct view *view = NULL;

	(void)state;
	record(&stage.ring, taken_event(.id = 1, .netns = NETNS, .netns_life = 7, .port = 40001));
	record(&stage.ring, refused_event(.netns = NETNS, .netns_life = 7, .at_ns = stage.now_ns));
	assert_int_equal(agent_tick(agent), 0);
	assert_int_equal(ports_used(agent), 1);
	record(&stage.ring, refused_event(.netns = NETNS, .netns_life = 8, .first = 50000,
					  .at_ns = stage.now_ns, .last = 50009, .pid = 200));
	assert_int_equal(agent_tick(agent), 0);
	assert_int_equal(ports_used(agent), 0);
	assert_int_equal(agent_view(agent, &view), 0);
	assert_int_equal(view->owners_count, 1);
	assert_int_equal(view->owners[0].pid, 200);
	assert_int_equal(view->owners[0].refusals, 1);
	for (size_t i = 0; i < view->pools_count; i++)
		assert_true(view->pools[i].netns != NETNS || view->pools[i].first == 50000);
	view_unref(view);
	agent_close(agent);
}

static void a_namespace_keeps_its_own(void **state)
{
	struct agent *agent = start_fake();

	(void)state;
	record(&stage.ring, taken_event(.id = 1, .netns = NETNS, .netns_life = 7, .port = 40001));
	record(&stage.ring,
	       taken_event(.id = 2, .netns = NETNS + 1, .netns_life = 8, .port = 40001));
	record(&stage.ring, taken_event(.id = 3, .netns = NETNS, .netns_life = 7, .port = 40002));
	record(&stage.ring, taken_event(.id = 4, .netns = NETNS, .port = 40003)); /* not known */
	assert_int_equal(agent_tick(agent), 0);
	assert_int_equal(ports_used(agent), 3);
	agent_close(agent);
}

static uint32_t pool_size_of(struct agent *agent, uint32_t netns)
{
	struct view *view = NULL;
	uint32_t size = 0;

	assert_int_equal(agent_view(agent, &view), 0);
	for (size_t i = 0; i < view->pools_count; i++)
		if (view->pools[i].netns == netns)
			size = view->pools[i].size;
	view_unref(view);
	return size;
}

/* Leaves the process in a namespace of its own, so it comes last. */
static void a_namespace_that_comes_when_another_has_gone_is_read(void **state)
{
	struct agent *agent = start_fake();
	uint32_t netns;

	(void)state;
	record(&stage.ring, taken_event(.id = 1, .netns = NETNS, .port = 40001));
	record(&stage.ring, time_wait_event(.id = 1));
	assert_int_equal(agent_reconcile(agent), 0);
	assert_null(agent_netns_name(agent, NETNS));
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0) {
		netns = netns_current();
		record(&stage.ring, taken_event(.id = 2, .netns = netns, .port = 40001));
		assert_int_equal(agent_tick(agent), 0);
		assert_int_equal(pool_size_of(agent, netns), 60999 - 32768 + 1);
	}
	agent_close(agent);
}

/* Before 5.14 the kernel does not tell. */
static uint32_t own_life(void)
{
	CLEANUP(netns_door_close) struct netns_door door;

	netns_door_init(&door);
	assert_int_equal(netns_door_open(&door, NULL), 0);
	return netns_door_life(&door);
}

/* No socket of it has told of it yet: its door does. */
static void a_namespace_that_is_another_when_visited_has_nothing_of_the_old_one(void **state)
{
	struct agent *agent = start_fake();
	uint32_t life = own_life();
	struct view *view = NULL;

	(void)state;
	record(&stage.ring, taken_event(.id = 1, .netns = netns_current(), .port = 40001,
					.netns_life = life ? life + 1 : 0));
	assert_int_equal(agent_reconcile(agent), 0);
	assert_int_equal(agent_view(agent, &view), 0);
	assert_int_equal(view->owners_count, life ? 0 : 1);
	view_unref(view);
	agent_close(agent);
}

#define STAGED(function) cmocka_unit_test_setup(function, set_stage)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGED(a_source_that_fails_makes_way_for_the_next),
		STAGED(every_attempt_says_what_became_of_it),
		STAGED(a_source_asked_for_by_name_has_no_substitute),
		STAGED(what_exists_already_is_found_at_the_start),
		STAGED(events_reach_the_view),
		STAGED(an_observer_sees_events_before_the_ledger),
		STAGED(a_full_ring_makes_the_source_repeat_all_holds),
		STAGED(a_skipped_program_makes_the_agent_look),
		STAGED(an_agent_that_looks_when_told_does_not_look_after_a_loss),
		STAGED(looking_leaves_nine_tenths_of_the_time),
		STAGED(losses_show_in_the_view),
		STAGED(a_full_table_is_incomplete_until_there_is_room),
		STAGED(a_stepped_clock_changes_no_number),
		STAGED(a_program_that_is_detached_makes_the_view_incomplete),
		STAGED(a_namespace_that_is_gone_takes_its_time_wait_along),
		STAGED(a_dump_has_what_waited_in_the_ring),
		STAGED(a_dump_says_when_the_last_reconcile_began),
		STAGED(a_dump_tells_of_losses_that_nobody_has_noted),
		STAGED(a_namespace_under_anothers_number_has_nothing_of_it),
		STAGED(a_namespace_keeps_its_own),
		STAGED(a_namespace_that_is_another_when_visited_has_nothing_of_the_old_one),
		STAGED(a_namespace_that_comes_when_another_has_gone_is_read),
	};

	return cmocka_run_group_tests_name("agent", tests, NULL, NULL);
}
