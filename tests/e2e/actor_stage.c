// SPDX-License-Identifier: Apache-2.0
/* The actor's own side: which sockets it has, and what it is told to do with them. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "actor_order.h"
#include "message.h"
#include "space.h"
#include "user/base/util.h"

#define SOCKETS_MAX 8192
#define THREADS_MAX 16

/* Sockets of one kind, oldest first. */
struct sockets {
	int fds[SOCKETS_MAX];
	uint32_t count;
};

struct stage {
	int control;
	struct sockets opened;
	struct sockets accepted;
	int listener;
};

/* One thread's part of the work. */
struct hand {
	pthread_t thread;
	const struct opening *opening;
	uint32_t count;
	int *fds; /* count of them, -1 where there is none */
	struct outcome outcome;
};

static void count(struct outcome *outcome, bool ok)
{
	if (ok) {
		outcome->done++;
	} else {
		outcome->failed++;
		outcome->error = errno;
	}
}

static void keep(struct sockets *sockets, int fd)
{
	if (fd >= 0 && sockets->count < SOCKETS_MAX)
		sockets->fds[sockets->count++] = fd;
}

static void add(struct outcome *sum, const struct outcome *part)
{
	sum->done += part->done;
	sum->failed += part->failed;
	if (part->error)
		sum->error = part->error;
}

static void *work(void *context)
{
	struct hand *hand = context;

	pthread_setname_np(pthread_self(), "pg-thread");
	for (uint32_t i = 0; i < hand->count; i++)
		count(&hand->outcome, socket_open(&hand->fds[i], hand->opening) == 0);
	return NULL;
}

/* The threads begin together and share the count evenly. */
static void open_with_threads(struct stage *stage, const struct order *order,
			      struct outcome *outcome)
{
	uint32_t threads = order->opening.threads;
	struct hand hands[THREADS_MAX] = { 0 };

	for (uint32_t i = 0; i < threads && i < THREADS_MAX; i++) {
		hands[i].opening = &order->opening;
		hands[i].count = order->count / threads;
		hands[i].fds = calloc(hands[i].count, sizeof(int));
		pthread_create(&hands[i].thread, NULL, work, &hands[i]);
	}
	for (uint32_t i = 0; i < threads && i < THREADS_MAX; i++) {
		pthread_join(hands[i].thread, NULL);
		for (uint32_t j = 0; j < hands[i].count; j++)
			keep(&stage->opened, hands[i].fds[j]);
		add(outcome, &hands[i].outcome);
		free(hands[i].fds);
	}
}

static void open_many(struct stage *stage, const struct order *order, struct outcome *outcome)
{
	int fd;

	if (order->opening.threads)
		return open_with_threads(stage, order, outcome);
	for (uint32_t i = 0; i < order->count; i++) {
		count(outcome, socket_open(&fd, &order->opening) == 0);
		keep(&stage->opened, fd);
	}
}

static void with_each(struct stage *stage, const struct order *order, struct outcome *outcome)
{
	const struct opening *opening = &order->opening;

	for (uint32_t i = 0; i < stage->opened.count; i++) {
		int fd = stage->opened.fds[i];
		int r;

		if (order->verb == VERB_CONNECT_AGAIN)
			r = socket_connect(fd, opening->remote, opening->remote_port);
		else if (order->verb == VERB_DISCONNECT)
			r = socket_disconnect(fd);
		else
			r = socket_await_end(fd);
		count(outcome, r == 0);
	}
}

static void accept_many(struct stage *stage, const struct order *order, struct outcome *outcome)
{
	for (uint32_t i = 0; i < order->count; i++) {
		int fd = accept4(stage->listener, NULL, NULL, SOCK_CLOEXEC);

		count(outcome, fd >= 0);
		keep(&stage->accepted, fd);
	}
}

static void *serve(void *context)
{
	struct stage *stage = context;
	int fd;

	while ((fd = accept4(stage->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		close(fd);
	return NULL;
}

static void take_out(struct sockets *sockets, uint32_t number)
{
	sockets->count -= number;
	memmove(sockets->fds, sockets->fds + number, sockets->count * sizeof(*sockets->fds));
}

static void close_oldest(struct sockets *sockets, uint32_t wanted, struct outcome *outcome)
{
	uint32_t closing = wanted && wanted < sockets->count ? wanted : sockets->count;

	for (uint32_t i = 0; i < closing; i++)
		count(outcome, close(sockets->fds[i]) == 0);
	take_out(sockets, closing);
}

static void reset_accepted(struct stage *stage, struct outcome *outcome)
{
	for (uint32_t i = 0; i < stage->accepted.count; i++)
		socket_set_resets(stage->accepted.fds[i]);
	close_oldest(&stage->accepted, 0, outcome);
}

static void cycle(const struct order *order, struct outcome *outcome)
{
	for (uint32_t i = 0; i < order->count; i++) {
		char byte;
		int fd;

		count(outcome, socket_open(&fd, &order->opening) == 0 && read(fd, &byte, 1) == 0);
		if (fd >= 0)
			close(fd);
	}
}

/* The child goes on with the stage as it is and a control socket of its own. */
static void bear_child(struct stage *stage, const struct order *order, int control,
		       struct outcome *outcome)
{
	pid_t pid;

	signal(SIGCHLD, SIG_IGN); /* nobody will wait for it here */
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_NAME, order->name);
		close(stage->control);
		stage->control = control;
		return;
	}
	outcome->pid = pid;
	count(outcome, pid > 0);
	close(control);
}

static void leave_open(int fd)
{
	fcntl(fd, F_SETFD, 0);
}

static void become_another(struct stage *stage, const struct order *order, struct outcome *outcome)
{
	char control[16];

	for (uint32_t i = 0; i < stage->opened.count; i++)
		leave_open(stage->opened.fds[i]);
	leave_open(stage->control);
	snprintf(control, sizeof(control), "%d", stage->control);
	execl("/proc/self/exe", "e2e", "--actor", control, order->name, NULL);
	count(outcome, false);
}

static void obey_about_opened(struct stage *stage, const struct order *order,
			      struct outcome *outcome)
{
	switch (order->verb) {
	case VERB_OPEN:
		open_many(stage, order, outcome);
		break;
	case VERB_CLOSE:
		close_oldest(&stage->opened, order->count, outcome);
		break;
	case VERB_CYCLE:
		cycle(order, outcome);
		break;
	default:
		with_each(stage, order, outcome);
	}
}

static void obey(struct stage *stage, const struct order *order, struct outcome *outcome)
{
	pthread_t thread;

	switch (order->verb) {
	case VERB_LISTEN:
		count(outcome, socket_open(&stage->listener, &order->opening) == 0);
		break;
	case VERB_ACCEPT:
		accept_many(stage, order, outcome);
		break;
	case VERB_SERVE:
		count(outcome, pthread_create(&thread, NULL, serve, stage) == 0);
		break;
	case VERB_CLOSE_ACCEPTED:
		close_oldest(&stage->accepted, 0, outcome);
		break;
	case VERB_RESET_ACCEPTED:
		reset_accepted(stage, outcome);
		break;
	case VERB_CLOSE_LISTENER:
		count(outcome, close(stage->listener) == 0);
		break;
	case VERB_EXEC:
		become_another(stage, order, outcome);
		break;
	default:
		obey_about_opened(stage, order, outcome);
	}
}

/* The sockets go with the answer; they are the other one's then. */
static bool give(struct stage *stage, const struct order *order)
{
	struct sockets *opened = &stage->opened;
	uint32_t number = order->count < opened->count ? order->count : opened->count;
	struct outcome outcome = { .done = number };
	bool sent = message_send(stage->control, &outcome, sizeof(outcome), opened->fds, number);

	if (number)
		close_oldest(opened, number, &outcome);
	return sent;
}

/* False: the test is gone. */
static bool answer(struct stage *stage, const struct order *order, const int *fds, size_t fds_count)
{
	struct outcome outcome = { 0 };

	switch (order->verb) {
	case VERB_GIVE:
		return give(stage, order);
	case VERB_TAKE:
		for (size_t i = 0; i < fds_count; i++)
			keep(&stage->opened, fds[i]);
		outcome.done = (uint32_t)fds_count;
		break;
	case VERB_FORK:
		bear_child(stage, order, fds[0], &outcome);
		if (!outcome.pid)
			return true; /* we are the child, whom nobody has asked yet */
		break;
	default:
		obey(stage, order, &outcome);
	}
	return message_send(stage->control, &outcome, sizeof(outcome), NULL, 0);
}

static _Noreturn void play(struct stage *stage)
{
	int fds[MESSAGE_FDS_MAX] = { -1 };
	struct order order;
	size_t fds_count;

	while (message_receive(stage->control, &order, sizeof(order), fds, &fds_count) ==
	       sizeof(order))
		if (!answer(stage, &order, fds, fds_count))
			break;
	_exit(0);
}

static struct stage *new_stage(int control)
{
	struct rlimit files = { SOCKETS_MAX * 2 + 64, SOCKETS_MAX * 2 + 64 };
	struct stage *stage = calloc(1, sizeof(*stage));

	if (!stage)
		_exit(126);
	setrlimit(RLIMIT_NOFILE, &files);
	stage->control = control;
	return stage;
}

void stage_play(int control, const char *netns, const char *name)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, name);
	space_enter(netns);
	play(new_stage(control));
}

void actor_resume(int control, const char *name)
{
	struct stage *stage = new_stage(control);
	struct outcome outcome = { .done = 1 };

	fcntl(control, F_SETFD, FD_CLOEXEC);
	prctl(PR_SET_NAME, name);
	if (!message_send(control, &outcome, sizeof(outcome), NULL, 0))
		_exit(126);
	play(stage);
}
