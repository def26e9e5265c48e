// SPDX-License-Identifier: Apache-2.0
/* The agent when its source fails, and what it learns of the host and tells of events. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "tests/unit/capture.h"
#include "tests/unit/events.h"
#include "user/agent.h"
#include "user/core/ledger.h"
#include "user/host/netns.h"
#include "user/host/procfs.h"
#include "user/base/util.h"
#include "user/core/view.h"

#define NETNS 4000000001U /* no namespace of this machine: its inode numbers are smaller */

/* The one source of a test: what each of its operations returns, and how often each ran. */
static struct stage {
	struct source source;
	uint64_t now_ns;
	int open_error;
	int drain_error;
	int files_error;
	int netns_error;
	int sweep_error;
	int losses_error;
	struct source_losses losses;
	unsigned int netns_looks;
	unsigned int opens;
	unsigned int closes;
	unsigned int sweeps;
	unsigned int resyncs;
	bool saw_our_netns;
	struct event waiting; /* kind 0: none */
} stage;

static uint64_t stage_clock(clockid_t clock)
{
	(void)clock;
	return stage.now_ns;
}

static void fake_close(struct source *self)
{
	stage.closes += self != NULL;
}

static int fake_fd(struct source *self)
{
	(void)self;
	return -1;
}

static int fake_drain(struct source *self, source_handler *handler, void *context)
{
	struct event event = stage.waiting;

	(void)self;
	if (stage.drain_error)
		return stage.drain_error;
	if (!event.header.kind)
		return 0;
	stage.waiting.header.kind = 0;
	return handler(context, &event) < 0 ? -1 : 1;
}

static int fake_find_files(struct source *self, source_handler *handler, void *context)
{
	(void)self;
	(void)handler;
	(void)context;
	return stage.files_error;
}

static int fake_find_netns(struct source *self, struct netns_door *door, source_handler *handler,
			   void *context)
{
	(void)self;
	(void)handler;
	(void)context;
	stage.netns_looks++;
	stage.saw_our_netns |= door->inode == netns_current();
	return stage.netns_error;
}

static int fake_sweep(struct source *self, bool resync, source_handler *handler, void *context)
{
	(void)self;
	(void)handler;
	(void)context;
	stage.sweeps++;
	stage.resyncs += resync;
	return stage.sweep_error;
}

static int fake_losses(struct source *self, struct source_losses *ret)
{
	(void)self;
	if (stage.losses_error)
		return stage.losses_error;
	*ret = stage.losses;
	return 0;
}

static int fake_open(struct source **ret, const struct source_config *config,
		     char reason[SOURCE_REASON_MAX]);

static const struct source_ops fake = {
	.name = "fake",
	.sees = "nothing",
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
	if (stage.open_error) {
		snprintf(reason, SOURCE_REASON_MAX, "no luck today");
		return stage.open_error;
	}
	stage.opens++;
	stage.source.ops = &fake;
	*ret = &stage.source;
	return 0;
}

static int set_stage(void **state)
{
	(void)state;
	stage = (struct stage){ .now_ns = 1000 * SECOND };
	return 0;
}

static int try_start(struct agent **ret, const char *name)
{
	static const struct source_ops *const sources[] = { &fake, NULL };
	struct agent_config config = { .sources = sources, .source = name, .clock = stage_clock };

	return agent_open(ret, &config);
}

static struct agent *start(void)
{
	struct agent *agent = NULL;

	assert_int_equal(try_start(&agent, NULL), 0);
	return agent;
}

/* An agent that must not open says why in one line and leaves nothing open. */
static void assert_no_start(const char *name, int error, const char *part)
{
	struct capture capture = capture_start(STDERR_FILENO);
	struct agent *agent = NULL;
	char said[1024];
	int r = try_start(&agent, name);

	capture_end(&capture, said, sizeof(said));
	assert_int_equal(r, error);
	assert_null(agent);
	assert_int_equal(stage.opens, stage.closes);
	assert_one_line(said, part);
}

/* --- opening --------------------------------------------------------------------------------- */

static void a_source_that_does_not_open_is_named(void **state)
{
	(void)state;
	stage.open_error = -EPERM;
	assert_no_start(NULL, -EPERM, "source fake: no luck today");
}

static void a_name_no_source_has_is_told(void **state)
{
	(void)state;
	assert_no_start("nonsense", -ENOENT, "'nonsense'");
}

static void a_snapshot_that_fails_is_told(void **state)
{
	(void)state;
	stage.files_error = -EIO;
	assert_no_start(NULL, -EIO, "Input/output error");
	stage.files_error = 0;
	stage.sweep_error = -EIO;
	assert_no_start(NULL, -EIO, "Input/output error");
	stage.sweep_error = 0;
	stage.drain_error = -EBADF;
	assert_no_start(NULL, -EBADF, "Bad file descriptor");
}

static void closing_no_agent_is_fine(void **state)
{
	(void)state;
	agent_close(NULL);
}

static void an_agent_closes_its_source_once(void **state)
{
	struct agent *agent = start();

	(void)state;
	agent_close(agent);
	assert_int_equal(stage.opens, 1);
	assert_int_equal(stage.closes, 1);
}

/* --- running --------------------------------------------------------------------------------- */

static void a_drain_that_fails_is_told(void **state)
{
	struct agent *agent = start();

	(void)state;
	stage.drain_error = -EBADF;
	assert_int_equal(agent_drain(agent), -EBADF);
	assert_int_equal(agent_tick(agent), -EBADF);
	assert_int_equal(agent_reconcile(agent), -EBADF);
	stage.drain_error = 0;
	assert_int_equal(agent_tick(agent), 0);
	agent_close(agent);
}

static void losses_that_cannot_be_read_are_told(void **state)
{
	struct agent *agent = start();

	(void)state;
	stage.losses_error = -EBADF;
	assert_int_equal(agent_tick(agent), -EBADF);
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

static void a_resync_that_fails_is_tried_again(void **state)
{
	struct agent *agent = start();

	(void)state;
	stage.losses.by_reason[LOSS_RING_FULL] = 1;
	stage.sweep_error = -EIO;
	assert_int_equal(agent_tick(agent), 0);
	assert_false(is_complete(agent));
	assert_int_equal(stage.resyncs, 1);
	stage.sweep_error = 0;
	stage.now_ns += SECOND;
	assert_int_equal(agent_tick(agent), 0);
	assert_int_equal(stage.resyncs, 2);
	assert_true(is_complete(agent));
	stage.now_ns += SECOND;
	assert_int_equal(agent_tick(agent), 0);
	assert_int_equal(stage.resyncs, 2);
	agent_close(agent);
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

/* What a broken resync did not repeat may well live. */
static void a_resync_that_fails_drops_nothing(void **state)
{
	struct agent *agent = start();

	(void)state;
	stage.waiting = taken_event(.id = 1, .netns = NETNS, .port = 40001);
	assert_int_equal(agent_drain(agent), 1);
	stage.losses.by_reason[LOSS_RING_FULL] = 1;
	stage.sweep_error = -EIO;
	assert_int_equal(agent_tick(agent), 0);
	assert_int_equal(ports_used(agent), 1);
	agent_close(agent);
}

static void a_namespace_that_cannot_be_read_makes_the_view_incomplete(void **state)
{
	struct agent *agent = start();

	(void)state;
	stage.netns_error = -EIO;
	assert_int_equal(agent_reconcile(agent), 0);
	assert_false(is_complete(agent));
	agent_close(agent);
}

/* --- what it learns of the host -------------------------------------------------------------- */

static void our_own_namespace_is_looked_into_and_named(void **state)
{
	struct agent *agent = start();

	(void)state;
	assert_true(stage.saw_our_netns);
	assert_non_null(agent_netns_name(agent, netns_current()));
	agent_close(agent);
}

/* An event of a process that is here, or of one that is not: no pid is so large. */
static struct event taken_by(uint64_t id, uint32_t pid, uint64_t start_ns)
{
	return taken_event(.id = id, .netns = NETNS, .port = (uint16_t)(40000 + id), .pid = pid,
			   .start_ns = start_ns);
}

static void owners_that_ended_are_seen_dead(void **state)
{
	uint64_t tick_ns = SECOND / (uint64_t)sysconf(_SC_CLK_TCK);
	struct agent *agent = start();
	struct view *view = NULL;
	char stat[1024];

	(void)state;
	assert_int_equal(procfs_read("/proc/self/stat", stat, sizeof(stat)), 0);
	stage.waiting = taken_by(1, (uint32_t)getpid(), procfs_parse_start(stat) * tick_ns);
	assert_int_equal(agent_drain(agent), 1);
	stage.waiting = taken_by(2, UINT32_MAX, SECOND);
	assert_int_equal(agent_reconcile(agent), 0);
	assert_int_equal(agent_view(agent, &view), 0);
	assert_int_equal(view->owners_count, 2);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(view->owners[i].alive, view->owners[i].pid != UINT32_MAX);
	view_unref(view);
	agent_close(agent);
}

/* Its name and range are wanted at once; its holds came as events. */
static void a_new_namespace_is_looked_up_but_not_searched(void **state)
{
	struct agent *agent = start();
	unsigned int before = stage.netns_looks;

	(void)state;
	assert_true(before > 0);
	stage.waiting = taken_event(.id = 1, .netns = NETNS, .port = 40001);
	assert_int_equal(agent_tick(agent), 0);
	assert_int_equal(ports_used(agent), 1);
	assert_int_equal(stage.netns_looks, before);
	agent_close(agent);
}

static void drift_outside_a_reconcile_is_only_in_the_total(void **state)
{
	struct agent *agent = start();
	struct view *view = NULL;

	(void)state;
	stage.waiting =
		taken_event(.id = 1, .netns = NETNS, .port = 40001, .event_flags = EVENT_FOUND);
	assert_int_equal(agent_drain(agent), 1);
	assert_int_equal(agent_reconcile(agent), 0);
	assert_int_equal(agent_view(agent, &view), 0);
	assert_int_equal(view->health.drift_total, 1);
	assert_int_equal(view->health.reconciliations, 1);
	for (size_t i = 0; i < view->health.drift_count; i++)
		assert_int_equal(view->health.drift[i].ports, 0);
	view_unref(view);
	agent_close(agent);
}

static void note_description(void *context, const struct event *event,
			     const struct hold_description *hold)
{
	uint32_t *ports = context;

	ports[event->header.kind] = hold ? hold->tuple.port : 0;
}

static void an_observer_is_told_what_an_event_is_about(void **state)
{
	struct agent *agent = start();
	uint32_t ports[EVENT__COUNT] = { 0 };

	(void)state;
	agent_observe(agent, note_description, ports);
	for (int i = 0; i < 3; i++) {
		const struct event events[] = {
			taken_event(.id = 1, .netns = NETNS, .port = 40001),
			time_wait_event(.id = 1),
			released_event(.id = 1),
		};

		stage.waiting = events[i];
		assert_int_equal(agent_drain(agent), 1);
	}
	assert_int_equal(ports[EVENT_TAKEN], 0); /* it says it all itself */
	assert_int_equal(ports[EVENT_TIME_WAIT], 40001);
	assert_int_equal(ports[EVENT_RELEASED], 40001);
	agent_observe(agent, NULL, NULL);
	stage.waiting = taken_event(.id = 2, .netns = NETNS, .port = 40002);
	assert_int_equal(agent_drain(agent), 1);
	agent_close(agent);
}

static void a_view_says_where_it_is_from(void **state)
{
	struct agent *agent = start();
	struct view *view = NULL;

	(void)state;
	assert_int_equal(agent_view(agent, &view), 0);
	assert_string_equal(view->source, "fake");
	assert_string_not_equal(view->kernel, "");
	assert_string_not_equal(view->host, "");
	assert_int_equal(view->time, stage.now_ns);
	assert_int_equal(view->health.since, stage.now_ns);
	view_unref(view);
	agent_close(agent);
}

#define STAGED(function) cmocka_unit_test_setup(function, set_stage)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGED(a_source_that_does_not_open_is_named),
		STAGED(a_name_no_source_has_is_told),
		STAGED(a_snapshot_that_fails_is_told),
		STAGED(closing_no_agent_is_fine),
		STAGED(an_agent_closes_its_source_once),
		STAGED(a_drain_that_fails_is_told),
		STAGED(losses_that_cannot_be_read_are_told),
		STAGED(a_resync_that_fails_is_tried_again),
		STAGED(a_resync_that_fails_drops_nothing),
		STAGED(a_namespace_that_cannot_be_read_makes_the_view_incomplete),
		STAGED(our_own_namespace_is_looked_into_and_named),
		STAGED(owners_that_ended_are_seen_dead),
		STAGED(a_new_namespace_is_looked_up_but_not_searched),
		STAGED(drift_outside_a_reconcile_is_only_in_the_total),
		STAGED(an_observer_is_told_what_an_event_is_about),
		STAGED(a_view_says_where_it_is_from),
	};

	unsetenv("JOURNAL_STREAM"); /* messages in the form people see */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
