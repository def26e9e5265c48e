// SPDX-License-Identifier: Apache-2.0
/* The agent with a source that plays what a test wrote, on a clock that the test winds. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "tests/unit/stage.h"
#include "user/agent.h"
#include "user/verify/holds_dump.h"
#include "user/core/ledger.h"
#include "user/base/util.h"
#include "user/core/view.h"

static int broken_open(struct source **ret, const struct source_config *config,
		       char reason[SOURCE_REASON_MAX])
{
	(void)ret;
	(void)config;
	snprintf(reason, SOURCE_REASON_MAX, "it is broken; mend it");
	return -EPERM;
}

static const struct source_ops broken = { .name = "broken", .open = broken_open };

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
		STAGED(a_dump_has_what_waited_in_the_ring),
		STAGED(a_dump_says_when_the_last_reconcile_began),
		STAGED(a_dump_tells_of_losses_that_nobody_has_noted),
	};

	return cmocka_run_group_tests_name("agent", tests, NULL, NULL);
}
