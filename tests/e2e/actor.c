// SPDX-License-Identifier: Apache-2.0
#include "actor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "user/util.h"

#define SOCKETS_MAX 8192

enum verb {
	VERB_CONNECT,
	VERB_BIND,
	VERB_BIND_CONNECT,
	VERB_UDP_SEND,
	VERB_LISTEN,
	VERB_ACCEPT,
	VERB_SERVE,
	VERB_CLOSE,
	VERB_CLOSE_ACCEPTED,
	VERB_CLOSE_LISTENER,
	VERB_CYCLE,
};

struct order {
	uint32_t verb;
	uint32_t count;
	int32_t type;
	uint16_t port;
	char address[64];
};

struct actor {
	pid_t pid;
	int control;
};

/* Sockets of one kind, oldest first. */
struct sockets {
	int fds[SOCKETS_MAX];
	uint32_t count;
};

/* The actor's own side. */
struct stage {
	struct sockets opened;
	struct sockets accepted;
	int listener;
};

static socklen_t make_address(struct sockaddr_storage *ret, const char *address, uint16_t port)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		return sizeof(*v4);
	}
	inet_pton(AF_INET6, address, &v6->sin6_addr);
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	return sizeof(*v6);
}

static int open_socket(const struct order *order, int type)
{
	return socket(strchr(order->address, ':') ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0);
}

static int call_bind(int fd, const struct order *order, uint16_t port)
{
	struct sockaddr_storage address;
	socklen_t length = make_address(&address, order->address, port);

	return bind(fd, (struct sockaddr *)&address, length);
}

static int call_connect(int fd, const struct order *order)
{
	struct sockaddr_storage address;
	socklen_t length = make_address(&address, order->address, order->port);

	return connect(fd, (struct sockaddr *)&address, length);
}

static int call_send(int fd, const struct order *order)
{
	struct sockaddr_storage address;
	socklen_t length = make_address(&address, order->address, order->port);

	return sendto(fd, "x", 1, 0, (struct sockaddr *)&address, length) < 0 ? -1 : 0;
}

static int act_on(int fd, const struct order *order)
{
	switch (order->verb) {
	case VERB_BIND:
		return call_bind(fd, order, order->port);
	case VERB_BIND_CONNECT:
		return call_bind(fd, order, 0) < 0 ? -1 : call_connect(fd, order);
	case VERB_UDP_SEND:
		return call_send(fd, order);
	default:
		return call_connect(fd, order);
	}
}

static void count(struct outcome *outcome, bool ok)
{
	if (ok) {
		outcome->done++;
	} else {
		outcome->failed++;
		outcome->error = errno;
	}
}

static void open_many(struct stage *stage, const struct order *order, struct outcome *outcome)
{
	for (uint32_t i = 0; i < order->count && stage->opened.count < SOCKETS_MAX; i++) {
		int fd = open_socket(order, order->type);
		bool ok = fd >= 0 && act_on(fd, order) == 0;

		count(outcome, ok);
		if (ok)
			stage->opened.fds[stage->opened.count++] = fd;
		else if (fd >= 0)
			close(fd);
	}
}

static void start_listening(struct stage *stage, const struct order *order, struct outcome *outcome)
{
	int on = 1;

	stage->listener = open_socket(order, SOCK_STREAM);
	setsockopt(stage->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	count(outcome, call_bind(stage->listener, order, order->port) == 0 &&
			       listen(stage->listener, 4096) == 0);
}

static void accept_many(struct stage *stage, const struct order *order, struct outcome *outcome)
{
	for (uint32_t i = 0; i < order->count && stage->accepted.count < SOCKETS_MAX; i++) {
		int fd = accept4(stage->listener, NULL, NULL, SOCK_CLOEXEC);

		count(outcome, fd >= 0);
		if (fd >= 0)
			stage->accepted.fds[stage->accepted.count++] = fd;
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

static void close_oldest(struct sockets *sockets, uint32_t wanted, struct outcome *outcome)
{
	uint32_t closing = wanted && wanted < sockets->count ? wanted : sockets->count;

	for (uint32_t i = 0; i < closing; i++)
		count(outcome, close(sockets->fds[i]) == 0);
	sockets->count -= closing;
	memmove(sockets->fds, sockets->fds + closing, sockets->count * sizeof(*sockets->fds));
}

static void cycle(const struct order *order, struct outcome *outcome)
{
	for (uint32_t i = 0; i < order->count; i++) {
		int fd = open_socket(order, SOCK_STREAM);
		char byte;

		count(outcome, fd >= 0 && call_connect(fd, order) == 0 && read(fd, &byte, 1) == 0);
		close(fd);
	}
}

static struct outcome obey(struct stage *stage, const struct order *order)
{
	struct outcome outcome = { 0 };
	pthread_t thread;

	switch (order->verb) {
	case VERB_LISTEN:
		start_listening(stage, order, &outcome);
		break;
	case VERB_ACCEPT:
		accept_many(stage, order, &outcome);
		break;
	case VERB_SERVE:
		count(&outcome, pthread_create(&thread, NULL, serve, stage) == 0);
		break;
	case VERB_CLOSE:
		close_oldest(&stage->opened, order->count, &outcome);
		break;
	case VERB_CLOSE_ACCEPTED:
		close_oldest(&stage->accepted, 0, &outcome);
		break;
	case VERB_CLOSE_LISTENER:
		count(&outcome, close(stage->listener) == 0);
		break;
	case VERB_CYCLE:
		cycle(order, &outcome);
		break;
	default:
		open_many(stage, order, &outcome);
	}
	return outcome;
}

static void enter(const char *netns)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		_exit(126);
	close(fd);
}

static _Noreturn void play(int control, const char *netns, const char *name)
{
	struct rlimit files = { SOCKETS_MAX * 2 + 64, SOCKETS_MAX * 2 + 64 };
	struct stage *stage = calloc(1, sizeof(*stage));
	struct outcome outcome;
	struct order order;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, name);
	setrlimit(RLIMIT_NOFILE, &files);
	enter(netns);
	while (read(control, &order, sizeof(order)) == sizeof(order)) {
		outcome = obey(stage, &order);
		if (write(control, &outcome, sizeof(outcome)) != sizeof(outcome))
			break;
	}
	_exit(0);
}

struct actor *actor_start(const char *netns, const char *name)
{
	struct actor *actor = calloc(1, sizeof(*actor));
	int pair[2];

	assert_non_null(actor);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	actor->pid = fork();
	assert_true(actor->pid >= 0);
	if (actor->pid == 0) {
		close(pair[0]);
		play(pair[1], netns, name);
	}
	close(pair[1]);
	actor->control = pair[0];
	return actor;
}

void actor_stop(struct actor *actor)
{
	if (!actor)
		return;
	close(actor->control);
	kill(actor->pid, SIGKILL);
	waitpid(actor->pid, NULL, 0);
	free(actor);
}

pid_t actor_pid(const struct actor *actor)
{
	return actor->pid;
}

static struct outcome tell(struct actor *actor, const struct order *order)
{
	struct timeval limit = { .tv_sec = 120 };
	struct outcome outcome;

	setsockopt(actor->control, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	assert_int_equal(write(actor->control, order, sizeof(*order)), sizeof(*order));
	assert_int_equal(read(actor->control, &outcome, sizeof(outcome)), sizeof(outcome));
	return outcome;
}

static struct outcome tell_about(struct actor *actor, enum verb verb, uint32_t count, int type,
				 const char *address, uint16_t port)
{
	struct order order = { .verb = verb, .count = count, .type = type, .port = port };

	snprintf(order.address, sizeof(order.address), "%s", address);
	return tell(actor, &order);
}

struct outcome actor_connect(struct actor *actor, uint32_t number, const char *address,
			     uint16_t port)
{
	return tell_about(actor, VERB_CONNECT, number, SOCK_STREAM, address, port);
}

struct outcome actor_bind(struct actor *actor, uint32_t number, int type, const char *address,
			  uint16_t port)
{
	return tell_about(actor, VERB_BIND, number, type, address, port);
}

struct outcome actor_bind_connect(struct actor *actor, uint32_t number, const char *address,
				  uint16_t port)
{
	return tell_about(actor, VERB_BIND_CONNECT, number, SOCK_STREAM, address, port);
}

struct outcome actor_udp_connect(struct actor *actor, uint32_t number, const char *address,
				 uint16_t port)
{
	return tell_about(actor, VERB_CONNECT, number, SOCK_DGRAM, address, port);
}

struct outcome actor_udp_send(struct actor *actor, uint32_t number, const char *address,
			      uint16_t port)
{
	return tell_about(actor, VERB_UDP_SEND, number, SOCK_DGRAM, address, port);
}

struct outcome actor_listen(struct actor *actor, const char *address, uint16_t port)
{
	return tell_about(actor, VERB_LISTEN, 1, SOCK_STREAM, address, port);
}

struct outcome actor_accept(struct actor *actor, uint32_t number)
{
	return tell_about(actor, VERB_ACCEPT, number, 0, "", 0);
}

struct outcome actor_serve(struct actor *actor)
{
	return tell_about(actor, VERB_SERVE, 0, 0, "", 0);
}

struct outcome actor_close(struct actor *actor, uint32_t number)
{
	return tell_about(actor, VERB_CLOSE, number, 0, "", 0);
}

struct outcome actor_close_accepted(struct actor *actor)
{
	return tell_about(actor, VERB_CLOSE_ACCEPTED, 0, 0, "", 0);
}

struct outcome actor_close_listener(struct actor *actor)
{
	return tell_about(actor, VERB_CLOSE_LISTENER, 0, 0, "", 0);
}

struct outcome actor_cycle(struct actor *actor, uint32_t number, const char *address, uint16_t port)
{
	return tell_about(actor, VERB_CYCLE, number, SOCK_STREAM, address, port);
}
