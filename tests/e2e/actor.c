// SPDX-License-Identifier: Apache-2.0
/* The test's side: each order is a message, and so is what came of it. */
#include "actor.h"

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actor_order.h"
#include "check.h"
#include "message.h"

#define ANSWER_S 400

struct actor {
	pid_t pid;
	int control;
};

/* --- processes ------------------------------------------------------------------------------- */

static struct actor *new_actor(int ret_ends[2])
{
	struct timeval limit = { .tv_sec = ANSWER_S };
	struct actor *actor = calloc(1, sizeof(*actor));

	assert_non_null(actor);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_ends), 0);
	setsockopt(ret_ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	actor->control = ret_ends[0];
	return actor;
}

/* fork(), but the child has this pid. */
static pid_t fork_as(pid_t pid)
{
	struct clone_args how = {
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)&pid,
		.set_tid_size = 1,
	};

	return (pid_t)syscall(SYS_clone3, &how, sizeof(how));
}

struct actor *actor_start_as(pid_t pid, const char *netns, const char *name)
{
	int ends[2];
	struct actor *actor = new_actor(ends);

	prctl(PR_SET_CHILD_SUBREAPER, 1); /* children of actors that ended are ours */
	actor->pid = pid ? fork_as(pid) : fork();
	assert_true(actor->pid >= 0);
	if (actor->pid == 0) {
		close(ends[0]);
		stage_play(ends[1], netns, name);
	}
	close(ends[1]);
	return actor;
}

struct actor *actor_start(const char *netns, const char *name)
{
	return actor_start_as(0, netns, name);
}

/* A child of another actor, which does not wait for it, is gone once the kernel knows no such
 * process. */
void actor_stop(struct actor *actor)
{
	if (!actor)
		return;
	close(actor->control);
	kill(actor->pid, SIGKILL);
	while (waitpid(actor->pid, NULL, 0) < 0 && kill(actor->pid, 0) == 0)
		usleep(1000);
	free(actor);
}

pid_t actor_pid(const struct actor *actor)
{
	return actor->pid;
}

/* --- orders ---------------------------------------------------------------------------------- */

static void send_order(struct actor *actor, const struct order *order, const int *fds, size_t count)
{
	assert_true(message_send(actor->control, order, sizeof(*order), fds, count));
}

static struct outcome hear(struct actor *actor, int *fds, size_t *ret_count)
{
	struct outcome outcome;

	assert_int_equal(message_receive(actor->control, &outcome, sizeof(outcome), fds, ret_count),
			 sizeof(outcome));
	return outcome;
}

static struct outcome tell(struct actor *actor, const struct order *order)
{
	int fds[MESSAGE_FDS_MAX];
	size_t count;

	send_order(actor, order, NULL, 0);
	return hear(actor, fds, &count);
}

static struct outcome tell_verb(struct actor *actor, enum verb verb, uint32_t count)
{
	struct order order = { .verb = verb, .count = count };

	return tell(actor, &order);
}

/* With a remote end. */
static struct outcome tell_about(struct actor *actor, enum verb verb, uint32_t count,
				 const char *address, uint16_t port)
{
	struct order order = { .verb = verb, .count = count, .opening.remote_port = port };

	snprintf(order.opening.remote, sizeof(order.opening.remote), "%s", address);
	return tell(actor, &order);
}

void all_done(struct outcome outcome, uint32_t count)
{
	if (outcome.done != count || outcome.failed)
		fail_msg("%u of %u done, %u failed: %s", outcome.done, count, outcome.failed,
			 strerror(outcome.error));
}

/* --- opening --------------------------------------------------------------------------------- */

void actor_open_begin(struct actor *actor, uint32_t count, const struct opening *opening)
{
	struct order order = { .verb = VERB_OPEN, .count = count, .opening = *opening };

	send_order(actor, &order, NULL, 0);
}

struct outcome actor_open_end(struct actor *actor)
{
	int fds[MESSAGE_FDS_MAX];
	size_t count;

	return hear(actor, fds, &count);
}

struct outcome actor_open_as(struct actor *actor, uint32_t count, const struct opening *opening)
{
	actor_open_begin(actor, count, opening);
	return actor_open_end(actor);
}

struct outcome actor_connect(struct actor *actor, uint32_t count, const char *address,
			     uint16_t port)
{
	return tell_about(actor, VERB_OPEN, count, address, port);
}

struct outcome actor_bind(struct actor *actor, uint32_t count, int type, const char *address,
			  uint16_t port)
{
	struct opening opening = { .type = type, .local_port = port };

	snprintf(opening.local, sizeof(opening.local), "%s", address);
	return actor_open_as(actor, count, &opening);
}

struct outcome actor_bind_connect(struct actor *actor, uint32_t count, const char *address,
				  uint16_t port)
{
	struct opening opening = { .remote_port = port };

	snprintf(opening.local, sizeof(opening.local), "%s", address);
	snprintf(opening.remote, sizeof(opening.remote), "%s", address);
	return actor_open_as(actor, count, &opening);
}

static struct outcome open_udp(struct actor *actor, uint32_t count, unsigned int how,
			       const char *address, uint16_t port)
{
	struct opening opening = { .type = SOCK_DGRAM, .how = how, .remote_port = port };

	snprintf(opening.remote, sizeof(opening.remote), "%s", address);
	return actor_open_as(actor, count, &opening);
}

struct outcome actor_udp_connect(struct actor *actor, uint32_t count, const char *address,
				 uint16_t port)
{
	return open_udp(actor, count, 0, address, port);
}

struct outcome actor_udp_send(struct actor *actor, uint32_t count, const char *address,
			      uint16_t port)
{
	return open_udp(actor, count, OPEN_SEND, address, port);
}

struct outcome actor_listen_as(struct actor *actor, const struct opening *opening)
{
	struct order order = { .verb = VERB_LISTEN, .opening = *opening };

	order.opening.how |= OPEN_LISTEN;
	return tell(actor, &order);
}

struct outcome actor_listen(struct actor *actor, const char *address, uint16_t port)
{
	struct opening opening = { .how = OPEN_REUSEADDR, .local_port = port };

	snprintf(opening.local, sizeof(opening.local), "%s", address);
	return actor_listen_as(actor, &opening);
}

/* --- what is open ---------------------------------------------------------------------------- */

struct outcome actor_connect_again(struct actor *actor, const char *address, uint16_t port)
{
	return tell_about(actor, VERB_CONNECT_AGAIN, 0, address, port);
}

struct outcome actor_disconnect(struct actor *actor)
{
	return tell_verb(actor, VERB_DISCONNECT, 0);
}

struct outcome actor_await_end(struct actor *actor)
{
	return tell_verb(actor, VERB_AWAIT_END, 0);
}

struct outcome actor_close(struct actor *actor, uint32_t count)
{
	return tell_verb(actor, VERB_CLOSE, count);
}

struct outcome actor_accept(struct actor *actor, uint32_t count)
{
	return tell_verb(actor, VERB_ACCEPT, count);
}

struct outcome actor_serve(struct actor *actor)
{
	return tell_verb(actor, VERB_SERVE, 0);
}

struct outcome actor_close_accepted(struct actor *actor)
{
	return tell_verb(actor, VERB_CLOSE_ACCEPTED, 0);
}

struct outcome actor_reset_accepted(struct actor *actor)
{
	return tell_verb(actor, VERB_RESET_ACCEPTED, 0);
}

struct outcome actor_close_listener(struct actor *actor)
{
	return tell_verb(actor, VERB_CLOSE_LISTENER, 0);
}

struct outcome actor_cycle(struct actor *actor, uint32_t count, const char *address, uint16_t port)
{
	return tell_about(actor, VERB_CYCLE, count, address, port);
}

/* --- identity -------------------------------------------------------------------------------- */

static struct order named_order(enum verb verb, const char *name)
{
	struct order order = { .verb = verb };

	snprintf(order.name, sizeof(order.name), "%s", name);
	return order;
}

struct actor *actor_fork(struct actor *actor, const char *name)
{
	struct order order = named_order(VERB_FORK, name);
	int fds[MESSAGE_FDS_MAX];
	int ends[2];
	struct actor *child = new_actor(ends);
	size_t count;

	send_order(actor, &order, &ends[1], 1);
	close(ends[1]);
	child->pid = hear(actor, fds, &count).pid;
	assert_true(child->pid > 0);
	return child;
}

void actor_exec(struct actor *actor, const char *name)
{
	struct order order = named_order(VERB_EXEC, name);

	assert_int_equal(tell(actor, &order).done, 1);
}

void actor_give(struct actor *actor, struct actor *other, uint32_t count)
{
	struct order give = { .verb = VERB_GIVE, .count = count };
	struct order take = { .verb = VERB_TAKE };
	int fds[MESSAGE_FDS_MAX];
	int none[MESSAGE_FDS_MAX];
	size_t fds_count;
	size_t none_count;

	send_order(actor, &give, NULL, 0);
	hear(actor, fds, &fds_count);
	assert_int_equal(fds_count, count);
	send_order(other, &take, fds, fds_count);
	assert_int_equal(hear(other, none, &none_count).done, count);
	for (size_t i = 0; i < fds_count; i++)
		close(fds[i]);
}
