/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts, the view they judged last, and what they told. Include after cmocka.h. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "user/alert/alert.h"
#include "user/base/arena.h"

#define SECOND UINT64_C(1000000000)
#define EPOCH_NS (1700000000 * SECOND)
#define TOLD_MAX 64

struct told {
	char rule[32];
	char subject[128];
	bool entered;
};

struct scene {
	struct alerts *alerts;
	struct view *view; /* the one judged last */
	uint64_t now_ns;
	struct told told[TOLD_MAX];
	size_t told_count;
	bool deaf; /* what is told does not matter */
};

static inline struct scene scene_of(const struct alert_rule *rules, size_t count)
{
	struct scene scene = { .now_ns = 1000 * SECOND };

	assert_int_equal(alerts_new(&scene.alerts, rules, count), 0);
	return scene;
}

static inline void scene_close(struct scene *scene)
{
	alerts_free(scene->alerts);
	view_unref(scene->view);
}

static inline void hear(void *context, const struct view_alert *alert, bool entered)
{
	struct scene *scene = context;
	struct told *told;

	if (scene->deaf)
		return;
	told = &scene->told[scene->told_count++];
	assert_true(scene->told_count <= TOLD_MAX);
	snprintf(told->rule, sizeof(told->rule), "%s", alert->rule);
	snprintf(told->subject, sizeof(told->subject), "%s", alert->subject);
	told->entered = entered;
}

static inline struct view *new_view(struct scene *scene)
{
	struct arena *arena = arena_new();
	struct view *view = arena_alloc(arena, 1, sizeof(*view));

	assert_non_null(view);
	view->arena = arena;
	view->references = 1;
	view->time = EPOCH_NS + scene->now_ns;
	view_unref(scene->view);
	return scene->view = view;
}

static inline void judge(struct scene *scene)
{
	assert_int_equal(alerts_evaluate(scene->alerts, scene->view, scene->now_ns, hear, scene),
			 0);
}

static inline struct view_destination destination(double saturation)
{
	return (struct view_destination){
		.netns_name = "host",
		.protocol = IPPROTO_TCP,
		.local = { [10] = 0xff, 0xff, 10, 0, 0, 1 },
		.remote = { [10] = 0xff, 0xff, 10, 0, 0, 2 },
		.remote_port = 5432,
		.capacity = 100,
		.used = (uint32_t)(saturation * 100),
		.saturation = saturation,
	};
}

/* Judges a view of these destinations, worst first. */
static inline void see(struct scene *scene, const struct view_destination *rows, size_t count)
{
	struct view *view = new_view(scene);

	view->destinations = rows;
	view->destinations_count = count;
	judge(scene);
}

static inline void see_one(struct scene *scene, double saturation)
{
	const struct view_destination row = destination(saturation);

	see(scene, &row, 1);
}

static inline void pass(struct scene *scene, uint64_t ns)
{
	scene->now_ns += ns;
}

static inline void assert_firing(const struct scene *scene, size_t count)
{
	assert_int_equal(scene->view->alerts_count, count);
}

static inline void fire(struct scene *scene, double saturation)
{
	see_one(scene, saturation);
	pass(scene, 2 * SECOND);
	see_one(scene, saturation);
	assert_firing(scene, 1);
}
