// SPDX-License-Identifier: Apache-2.0
/* How readings of sock_diag become events: what began, what changed, what is gone. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "tests/unit/objects.h"
#include "user/sources/diag_holds.h"
#include "user/base/util.h"

#define EVENTS_MAX 32
#define NO_LOOK 1 /* fails the test if anything is looked for */

/* A namespace under a source that a test plays. */
struct stage {
	struct diag_holds holds;
	struct diag_books books;
	struct event events[EVENTS_MAX];
	size_t count;
	uint32_t owned;  /* inode of the only socket with an owner, "client" */
	uint32_t looked; /* how often an object was looked for */
	int look_reply;  /* what came of it */
	struct sockdiag_record look_record;
};

static int note(void *context, const struct event *event)
{
	struct stage *stage = context;

	assert_true(stage->count < EVENTS_MAX);
	assert_true(event->header.flags & EVENT_FOUND);
	assert_int_equal(event->header.abi, ABI_VERSION);
	stage->events[stage->count++] = *event;
	return 0;
}

static const struct abi_owner *owner_of(void *context, uint32_t inode)
{
	static const struct abi_owner owner = { .start_ns = SECOND, .tgid = EVENT_PID };
	const struct stage *stage = context;

	return stage->owned == inode ? &owner : NULL;
}

static int look_for(void *context, struct sockdiag_record *ret, const struct diag_hold *hold)
{
	struct stage *stage = context;

	(void)hold;
	if (stage->look_reply == NO_LOOK)
		fail_msg("looked for an object");
	stage->looked++;
	*ret = stage->look_record;
	return stage->look_reply;
}

static int open_stage(void **state)
{
	struct stage *stage = calloc(1, sizeof(*stage));

	if (!stage)
		return -1;
	stage->holds = (struct diag_holds){
		.netns = EVENT_NETNS,
		.first = EVENT_FIRST,
		.last = EVENT_LAST,
		.timestamps = true,
	};
	stage->books = (struct diag_books){
		.max = 1000,
		.owner_of = owner_of,
		.owners = stage,
		.handler = note,
		.context = stage,
		.now_ns = 100 * SECOND,
	};
	stage->look_reply = NO_LOOK;
	*state = stage;
	return 0;
}

static int close_stage(void **state)
{
	struct stage *stage = *state;

	diag_holds_done(&stage->holds, &stage->books);
	assert_int_equal(stage->books.count, 0);
	free(stage);
	return 0;
}

static void see_one(struct stage *stage, struct sockdiag_record record)
{
	assert_int_equal(diag_holds_see(&stage->holds, &stage->books, &record), 0);
}

/* Begins a reading, forgetting the events of the last one. */
static void reading(struct stage *stage)
{
	stage->count = 0;
	diag_holds_begin(&stage->holds);
}

static void end(struct stage *stage)
{
	assert_int_equal(diag_holds_end(&stage->holds, &stage->books, look_for, stage), 0);
}

#define see(stage, ...) see_one(stage, object(__VA_ARGS__))

static const struct event *only(const struct stage *stage, enum event_kind kind)
{
	assert_int_equal(stage->count, 1);
	assert_int_equal(stage->events[0].header.kind, kind);
	return &stage->events[0];
}

static const struct abi_hold *only_taken(const struct stage *stage)
{
	return &only(stage, EVENT_TAKEN)->taken.hold;
}

static void an_object_seen_first_is_taken(void **state)
{
	struct stage *stage = *state;
	const struct abi_hold *hold;

	stage->owned = 4711;
	reading(stage);
	see(stage, .cookie = 5, .port = 40000, .inode = 4711, .cgroup = 8);
	end(stage);
	hold = only_taken(stage);
	assert_true(hold->id > 0);
	assert_int_equal(hold->tuple.port, 40000);
	assert_int_equal(hold->tuple.remote_port, EVENT_REMOTE_PORT);
	assert_int_equal(hold->range.first, EVENT_FIRST);
	assert_int_equal(hold->range.last, EVENT_LAST);
	assert_int_equal(hold->range.own_first, 0);
	assert_int_equal(hold->path, PATH_CONNECT);
	assert_int_equal(hold->state, HOLD_ACTIVE);
	assert_int_equal(hold->flags, HOLD_OWNER_KNOWN);
	assert_int_equal(hold->owner.tgid, EVENT_PID);
	assert_int_equal(hold->owner.cgroup, 8);
}

static void an_object_told_twice_is_taken_once(void **state)
{
	struct stage *stage = *state;

	reading(stage);
	see(stage, .cookie = 5, .port = 40000);
	see(stage, .cookie = 5, .port = 40000);
	end(stage);
	only_taken(stage);
}

static void what_stays_is_not_told_again(void **state)
{
	struct stage *stage = *state;

	reading(stage);
	see(stage, .cookie = 5, .port = 40000);
	end(stage);
	reading(stage);
	see(stage, .cookie = 5, .port = 40000, .state = 8); /* close-wait */
	end(stage);
	assert_int_equal(stage->count, 0);
}

static void what_is_gone_is_released(void **state)
{
	struct stage *stage = *state;
	uint64_t id;

	reading(stage);
	see(stage, .cookie = 5, .port = 40000);
	id = only_taken(stage)->id;
	reading(stage);
	stage->look_reply = -ENOENT;
	end(stage);
	assert_int_equal(only(stage, EVENT_RELEASED)->released.id, id);
	assert_int_equal(stage->looked, 1);
	assert_int_equal(stage->books.count, 0);
}

static void what_a_reading_passed_over_is_looked_for(void **state)
{
	struct stage *stage = *state;

	reading(stage);
	see(stage, .cookie = 5, .port = 40000);
	reading(stage);
	stage->look_reply = 0;
	stage->look_record = object(.cookie = 5, .port = 40000);
	end(stage);
	assert_int_equal(stage->count, 0);
	assert_int_equal(stage->looked, 1);
}

static void another_object_with_its_ends_is_not_it(void **state)
{
	struct stage *stage = *state;

	reading(stage);
	see(stage, .cookie = 5, .port = 40000);
	reading(stage);
	stage->look_reply = 0;
	stage->look_record = object(.cookie = 6, .port = 40000);
	end(stage);
	only(stage, EVENT_RELEASED);
}

static void what_cannot_be_looked_for_stays(void **state)
{
	struct stage *stage = *state;

	reading(stage);
	see(stage, .cookie = 5, .port = 40000);
	reading(stage);
	stage->look_reply = -ETIMEDOUT;
	end(stage);
	assert_int_equal(stage->count, 0);
	assert_int_equal(stage->books.count, 1);
}

static void what_has_no_ends_is_not_looked_for(void **state)
{
	struct stage *stage = *state;

	reading(stage);
	see(stage, .cookie = 5, .port = 40000, .state = SOCKDIAG_CLOSE, .nowhere = true);
	see(stage, .cookie = 6, .port = 40001, .protocol = IPPROTO_UDP);
	reading(stage);
	end(stage); /* NO_LOOK */
	assert_int_equal(stage->count, 2);
	assert_int_equal(stage->books.count, 0);
}

static void a_remnant_whose_time_has_come_is_not_looked_for(void **state)
{
	struct stage *stage = *state;

	reading(stage);
	see(stage, .cookie = 5, .port = 40000, .state = SOCKDIAG_TIME_WAIT, .remnant = true,
	    .expires_ms = 9000);
	reading(stage);
	stage->books.now_ns += 10 * SECOND;
	end(stage); /* NO_LOOK */
	only(stage, EVENT_RELEASED);
}

static void a_failed_reading_ends_nothing(void **state)
{
	struct stage *stage = *state;

	reading(stage);
	see(stage, .cookie = 5, .port = 40000);
	end(stage);
	reading(stage); /* and no end */
	reading(stage);
	see(stage, .cookie = 5, .port = 40000);
	end(stage);
	assert_int_equal(stage->count, 0);
}

static void time_wait_keeps_hold_and_owner(void **state)
{
	struct stage *stage = *state;
	const struct event *event;
	uint64_t id;

	stage->owned = 4711;
	reading(stage);
	see(stage, .cookie = 5, .port = 40000, .inode = 4711);
	end(stage);
	id = only_taken(stage)->id;
	reading(stage);
	see(stage, .cookie = 5, .port = 40000, .state = SOCKDIAG_TIME_WAIT, .remnant = true);
	end(stage);
	event = only(stage, EVENT_TIME_WAIT);
	assert_int_equal(event->time_wait.id, id);
	assert_int_equal(event->time_wait.flags, 0); /* not loopback: timestamps unknown */
}

static void a_socket_told_after_its_remnant_does_not_come_back(void **state)
{
	struct stage *stage = *state;

	reading(stage);
	see(stage, .cookie = 5, .port = 40000, .state = SOCKDIAG_TIME_WAIT, .remnant = true);
	see(stage, .cookie = 5, .port = 40000);
	end(stage);
	assert_int_equal(only_taken(stage)->state, HOLD_TIME_WAIT);
}

static void a_remnant_on_loopback_has_the_timestamps_of_its_namespace(void **state)
{
	struct stage *stage = *state;

	reading(stage);
	see(stage, .cookie = 5, .port = 40000, .state = SOCKDIAG_TIME_WAIT, .remnant = true,
	    .local = { 127, 0, 0, 1 }, .remote = { 127, 0, 0, 1 });
	assert_int_equal(only_taken(stage)->flags, HOLD_TW_TIMESTAMPS);
	stage->holds.timestamps = false;
	reading(stage);
	see(stage, .cookie = 6, .port = 40000, .state = SOCKDIAG_TIME_WAIT, .remnant = true,
	    .v6 = true);
	assert_int_equal(only_taken(stage)->flags, 0);
}

static void a_remnant_in_fin_wait_2_is_told_and_then_changes(void **state)
{
	struct stage *stage = *state;

	reading(stage);
	see(stage, .cookie = 5, .port = 40000, .state = SOCKDIAG_FIN_WAIT2, .remnant = true,
	    .v6 = true);
	assert_int_equal(only_taken(stage)->flags, HOLD_TW_FIN_WAIT2);
	reading(stage);
	see(stage, .cookie = 5, .port = 40000, .state = SOCKDIAG_TIME_WAIT, .remnant = true,
	    .v6 = true);
	assert_int_equal(only(stage, EVENT_TIME_WAIT)->time_wait.flags, HOLD_TW_TIMESTAMPS);
}

static void an_owner_found_later_is_told(void **state)
{
	struct stage *stage = *state;
	uint64_t id;

	reading(stage);
	see(stage, .cookie = 5, .port = 40000, .inode = 4711);
	id = only_taken(stage)->id;
	assert_int_equal(stage->events[0].taken.hold.flags, 0);
	stage->owned = 4711;
	reading(stage);
	see(stage, .cookie = 5, .port = 40000, .inode = 4711);
	assert_int_equal(only_taken(stage)->id, id);
	assert_int_equal(stage->events[0].taken.hold.flags, HOLD_OWNER_KNOWN);
}

static void an_owner_that_was_found_stays(void **state)
{
	struct stage *stage = *state;

	stage->owned = 4711;
	reading(stage);
	see(stage, .cookie = 5, .port = 40000, .inode = 4711);
	stage->owned = 0;
	reading(stage);
	see(stage, .cookie = 5, .port = 40000); /* closed, an orphan now */
	end(stage);
	assert_int_equal(stage->count, 0);
}

static void a_child_belongs_to_who_listens(void **state)
{
	struct stage *stage = *state;

	stage->owned = 4711;
	reading(stage);
	see(stage, .cookie = 5, .port = 40000, .inode = 4711, .state = SOCKDIAG_LISTEN,
	    .nowhere = true);
	see(stage, .cookie = 6, .port = 40000); /* not accepted yet: nobody's file */
	end(stage);
	assert_int_equal(stage->count, 2);
	assert_int_equal(stage->events[0].taken.hold.path, PATH_LISTEN);
	assert_int_equal(stage->events[1].taken.hold.path, PATH_CHILD);
	assert_int_equal(stage->events[1].taken.hold.owner.tgid, EVENT_PID);
}

static void a_path_that_was_found_stays(void **state)
{
	struct stage *stage = *state;

	reading(stage);
	see(stage, .cookie = 5, .port = 40000, .state = SOCKDIAG_CLOSE, .nowhere = true);
	reading(stage);
	see(stage, .cookie = 5, .port = 40000);
	assert_int_equal(only_taken(stage)->path, PATH_BIND);
	assert_int_equal(stage->events[0].taken.hold.tuple.remote_port, EVENT_REMOTE_PORT);
}

static void a_bound_socket_may_come_to_listen(void **state)
{
	struct stage *stage = *state;

	reading(stage);
	see(stage, .cookie = 5, .port = 40000, .state = SOCKDIAG_CLOSE, .nowhere = true);
	reading(stage);
	see(stage, .cookie = 5, .port = 40000, .state = SOCKDIAG_LISTEN, .nowhere = true);
	assert_int_equal(only_taken(stage)->path, PATH_LISTEN);
}

static void a_socket_that_connects_again_begins_anew(void **state)
{
	struct stage *stage = *state;

	reading(stage);
	see(stage, .cookie = 5, .port = 40000);
	reading(stage);
	see(stage, .cookie = 5, .port = 40000, .remote_port = 99);
	end(stage);
	assert_int_equal(stage->count, 2);
	assert_int_equal(stage->events[0].header.kind, EVENT_RELEASED);
	assert_int_equal(stage->events[1].header.kind, EVENT_TAKEN);
	assert_true(stage->events[1].taken.hold.id != stage->events[0].released.id);
}

static void a_udp_socket_may_change_its_peer(void **state)
{
	struct stage *stage = *state;

	reading(stage);
	see(stage, .cookie = 5, .port = 40000, .protocol = IPPROTO_UDP);
	reading(stage);
	see(stage, .cookie = 5, .port = 40000, .protocol = IPPROTO_UDP, .remote_port = 99);
	end(stage);
	assert_int_equal(stage->count, 0);
}

static void what_finds_no_room_is_counted(void **state)
{
	struct stage *stage = *state;

	stage->books.max = 2;
	reading(stage);
	for (uint16_t i = 0; i < 5; i++)
		see(stage, .cookie = i + 1U, .port = (uint16_t)(40000 + i));
	end(stage);
	assert_int_equal(stage->count, 2);
	assert_int_equal(stage->books.unplaced, 3);
}

static void a_namespace_that_cannot_be_read_keeps_its_open_sockets(void **state)
{
	struct stage *stage = *state;

	stage->owned = 4711;
	reading(stage);
	see(stage, .cookie = 5, .port = 40000, .inode = 4711);
	see(stage, .cookie = 6, .port = 40001, .inode = 4712);
	see(stage, .cookie = 7, .port = 40002, .state = SOCKDIAG_TIME_WAIT, .remnant = true);
	end(stage);
	stage->count = 0;
	assert_int_equal(diag_holds_abandon(&stage->holds, &stage->books), 0);
	assert_int_equal(stage->count, 2);
	assert_int_equal(stage->books.count, 1);
}

static void every_hold_is_repeated(void **state)
{
	struct stage *stage = *state;

	reading(stage);
	see(stage, .cookie = 5, .port = 40000);
	see(stage, .cookie = 6, .port = 40001);
	end(stage);
	stage->count = 0;
	assert_int_equal(diag_holds_repeat(&stage->holds, &stage->books), 0);
	assert_int_equal(stage->count, 2);
	assert_true(stage->events[0].header.flags & EVENT_RESYNC);
	assert_int_equal(stage->events[1].taken.hold.tuple.port, 40001);
}

#define stage_test(test) cmocka_unit_test_setup_teardown(test, open_stage, close_stage)

int main(void)
{
	const struct CMUnitTest tests[] = {
		stage_test(an_object_seen_first_is_taken),
		stage_test(an_object_told_twice_is_taken_once),
		stage_test(what_stays_is_not_told_again),
		stage_test(what_is_gone_is_released),
		stage_test(what_a_reading_passed_over_is_looked_for),
		stage_test(another_object_with_its_ends_is_not_it),
		stage_test(what_cannot_be_looked_for_stays),
		stage_test(what_has_no_ends_is_not_looked_for),
		stage_test(a_remnant_whose_time_has_come_is_not_looked_for),
		stage_test(a_failed_reading_ends_nothing),
		stage_test(time_wait_keeps_hold_and_owner),
		stage_test(a_socket_told_after_its_remnant_does_not_come_back),
		stage_test(a_remnant_on_loopback_has_the_timestamps_of_its_namespace),
		stage_test(a_remnant_in_fin_wait_2_is_told_and_then_changes),
		stage_test(an_owner_found_later_is_told),
		stage_test(an_owner_that_was_found_stays),
		stage_test(a_child_belongs_to_who_listens),
		stage_test(a_path_that_was_found_stays),
		stage_test(a_bound_socket_may_come_to_listen),
		stage_test(a_socket_that_connects_again_begins_anew),
		stage_test(a_udp_socket_may_change_its_peer),
		stage_test(what_finds_no_room_is_counted),
		stage_test(a_namespace_that_cannot_be_read_keeps_its_open_sockets),
		stage_test(every_hold_is_repeated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
