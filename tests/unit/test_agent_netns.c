// SPDX-License-Identifier: Apache-2.0
/* The agent and its network namespaces. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>
#include <sched.h>

#include "tests/unit/stage.h"
#include "user/base/util.h"
#include "user/host/netns.h"
#include "user/host/netns_door.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGED(a_namespace_that_is_gone_takes_its_time_wait_along),
		STAGED(a_namespace_under_anothers_number_has_nothing_of_it),
		STAGED(a_namespace_keeps_its_own),
		STAGED(a_namespace_that_is_another_when_visited_has_nothing_of_the_old_one),
		STAGED(a_namespace_that_comes_when_another_has_gone_is_read),
	};

	return cmocka_run_group_tests_name("agent_netns", tests, NULL, NULL);
}
