/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent with a source that plays what a test wrote, on a clock that the test winds. Include
 * after cmocka.h.
 */
#pragma once

#include <stdbool.h>
#include <time.h>

#include "tests/unit/events.h"
#include "user/agent.h"
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

static inline uint64_t stage_clock(clockid_t clock)
{
	return clock == CLOCK_REALTIME ? stage.now_ns + stage.realtime_ns : stage.now_ns;
}

static inline void record(struct tape *tape, struct event event)
{
	assert_true(tape->count < EVENTS_MAX);
	tape->events[tape->count++] = event;
}

static inline int play(struct tape *tape, source_handler *handler, void *context)
{
	int played = (int)tape->count;

	for (size_t i = 0; i < tape->count; i++)
		assert_int_equal(handler(context, &tape->events[i]), 0);
	tape->count = 0;
	return played;
}

static inline int fake_open(struct source **ret, const struct source_config *config,
			    char reason[SOURCE_REASON_MAX]);

static inline void fake_close(struct source *self)
{
	if (self)
		stage.open = false;
}

static inline int fake_fd(struct source *self)
{
	(void)self;
	return -1;
}

static inline int fake_drain(struct source *self, source_handler *handler, void *context)
{
	(void)self;
	return play(&stage.ring, handler, context);
}

static inline int fake_find_files(struct source *self, source_handler *handler, void *context)
{
	(void)self;
	stage.reconciles++;
	stage.now_ns += stage.reconcile_takes_ns;
	play(&stage.files, handler, context);
	return 0;
}

static inline int fake_find_netns(struct source *self, struct netns_door *door,
				  source_handler *handler, void *context)
{
	(void)door;
	(void)self;
	(void)handler;
	(void)context;
	return 0;
}

static inline int fake_sweep(struct source *self, bool resync, source_handler *handler,
			     void *context)
{
	(void)self;
	if (resync) {
		stage.resyncs++;
		play(&stage.repeated, handler, context);
	}
	return 0;
}

static inline int fake_losses(struct source *self, struct source_losses *ret)
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

static inline int fake_open(struct source **ret, const struct source_config *config,
			    char reason[SOURCE_REASON_MAX])
{
	(void)config;
	(void)reason;
	stage.source.ops = &fake;
	stage.open = true;
	*ret = &stage.source;
	return 0;
}

static inline int set_stage(void **state)
{
	(void)state;
	stage = (struct stage){ .now_ns = 1000 * SECOND };
	return 0;
}

static inline struct agent *start(const struct source_ops *const *sources, const char *name)
{
	struct agent_config config = { .sources = sources, .source = name, .clock = stage_clock };
	struct agent *agent = NULL;

	assert_int_equal(agent_open(&agent, &config), 0);
	return agent;
}

static inline struct agent *start_fake(void)
{
	static const struct source_ops *const sources[] = { &fake, NULL };

	return start(sources, NULL);
}

static inline uint32_t ports_used(struct agent *agent)
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

static inline bool is_complete(struct agent *agent)
{
	struct view *view = NULL;
	bool complete;

	assert_int_equal(agent_view(agent, &view), 0);
	complete = view->health.complete;
	view_unref(view);
	return complete;
}

#define STAGED(function) cmocka_unit_test_setup(function, set_stage)
