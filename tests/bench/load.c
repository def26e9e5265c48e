// SPDX-License-Identifier: Apache-2.0
/*
 * The load of the benchmarks: processes that connect over loopback, each to a listener of its own,
 * and hold both ends. All are children, which end with their parent. Says what came of it in one
 * line of JSON; with --end=stay all stays open until standard input ends.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/active_opens.h"

#define FIRST_PORT 5000
#define WORKERS_MAX 128
#define BACKLOG 128

enum ending { END_SERVER, END_CLIENT, END_STAY, ENDING__COUNT };

struct plan {
	uint32_t count; /* connections, of all workers together */
	uint32_t workers;
	uint32_t destinations; /* of each worker: 127.0.0.1, 127.0.0.2, ... */
	enum ending ending;    /* who closes first */
};

/* A record that fits into a pipe at once. */
struct outcome {
	uint64_t done;
	uint64_t failed;     /* 1 at most: the first failure ends a worker */
	uint64_t refused_ns; /* CLOCK_REALTIME; 0: no port was refused */
};

struct worker {
	const struct plan *plan;
	uint32_t number;
	int listener;
};

struct pipes {
	int start[2]; /* nobody writes: its end is the sign */
	int report[2];
	int end[2]; /* the same, for those that stay */
};

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static struct sockaddr_in address_of(const struct worker *worker, uint32_t connection)
{
	uint32_t host = INADDR_LOOPBACK + connection % worker->plan->destinations;

	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(FIRST_PORT + worker->number),
				     .sin_addr.s_addr = htonl(host) };
}

/* --- in a worker ----------------------------------------------------------------------------- */

/* Both ends, or a negative errno and none. */
static int open_pair(const struct worker *worker, uint32_t connection, int ret_ends[2])
{
	struct sockaddr_in address = address_of(worker, connection);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int server;
	int error;

	if (client < 0)
		return -errno;
	if (connect(client, (struct sockaddr *)&address, sizeof(address)) < 0)
		goto fail;
	server = accept4(worker->listener, NULL, NULL, SOCK_CLOEXEC);
	if (server < 0)
		goto fail;
	ret_ends[0] = client;
	ret_ends[1] = server;
	return 0;
fail:
	error = -errno;
	close(client);
	return error;
}

/* The second end closes when it has seen that the first one did. */
static void close_pair(enum ending ending, const int ends[2])
{
	int first = ends[ending == END_SERVER ? 1 : 0];
	int second = ends[ending == END_SERVER ? 0 : 1];
	char byte;

	if (ending == END_STAY)
		return;
	close(first);
	(void)!read(second, &byte, 1);
	close(second);
}

static struct outcome work(const struct worker *worker)
{
	const struct plan *plan = worker->plan;
	uint32_t count =
		plan->count / plan->workers + (worker->number < plan->count % plan->workers);
	struct outcome outcome = { 0 };
	int ends[2] = { -1, -1 };
	int r;

	while (outcome.done < count) {
		r = open_pair(worker, (uint32_t)outcome.done, ends);
		if (r < 0) {
			outcome.failed = 1;
			if (r == -EADDRNOTAVAIL)
				outcome.refused_ns = now_ns(CLOCK_REALTIME);
			else
				fprintf(stderr, "load: connection %" PRIu64 ": %s\n", outcome.done,
					strerror(-r));
			break;
		}
		close_pair(plan->ending, ends);
		outcome.done++;
	}
	return outcome;
}

static _Noreturn void child(const struct worker *worker, const struct pipes *pipes)
{
	struct outcome outcome;
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(pipes->start[1]);
	close(pipes->end[1]);
	(void)!read(pipes->start[0], &byte, 1);
	outcome = work(worker);
	if (write(pipes->report[1], &outcome, sizeof(outcome)) != (ssize_t)sizeof(outcome))
		_exit(1);
	close(pipes->report[1]);
	if (worker->plan->ending == END_STAY)
		(void)!read(pipes->end[0], &byte, 1);
	_exit(0);
}

/* --- in the parent --------------------------------------------------------------------------- */

static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int open_listener(struct worker *worker)
{
	struct sockaddr_in address = address_of(worker, 0);
	int on = 1;

	address.sin_addr.s_addr = htonl(INADDR_ANY);
	worker->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (worker->listener < 0)
		return -errno;
	setsockopt(worker->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(worker->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(worker->listener, BACKLOG) < 0)
		return -errno;
	return 0;
}

static int start_workers(const struct plan *plan, const struct pipes *pipes)
{
	struct worker worker = { .plan = plan };
	pid_t pid;
	int r;

	for (; worker.number < plan->workers; worker.number++) {
		r = open_listener(&worker);
		if (r < 0)
			return r;
		pid = fork();
		if (pid < 0)
			return -errno;
		if (pid == 0)
			child(&worker, pipes);
		close(worker.listener);
	}
	return 0;
}

/* False: a worker died. */
static bool collect(const struct plan *plan, const struct pipes *pipes, struct outcome *ret)
{
	struct outcome one;

	for (uint32_t i = 0; i < plan->workers; i++) {
		if (read(pipes->report[0], &one, sizeof(one)) != (ssize_t)sizeof(one))
			return false;
		ret->done += one.done;
		ret->failed += one.failed;
		if (one.refused_ns && (!ret->refused_ns || one.refused_ns < ret->refused_ns))
			ret->refused_ns = one.refused_ns;
	}
	return true;
}

static int blow(const struct plan *plan)
{
	struct outcome outcome = { 0 };
	struct pipes pipes;
	uint64_t begin;
	char byte;
	int r;

	if (pipe(pipes.start) < 0 || pipe(pipes.report) < 0 || pipe(pipes.end) < 0)
		return -errno;
	r = start_workers(plan, &pipes);
	if (r < 0)
		return r;
	close(pipes.report[1]);
	begin = now_ns(CLOCK_MONOTONIC);
	close(pipes.start[1]);
	if (!collect(plan, &pipes, &outcome))
		return -ECHILD;
	printf("{\"done\": %" PRIu64 ", \"failed\": %" PRIu64 ", \"ns\": %" PRIu64
	       ", \"refused_ns\": %" PRIu64 ", \"active_opens\": %" PRIu64 "}\n",
	       outcome.done, outcome.failed, now_ns(CLOCK_MONOTONIC) - begin, outcome.refused_ns,
	       active_opens());
	fflush(stdout);
	while (plan->ending == END_STAY && read(STDIN_FILENO, &byte, 1) > 0)
		;
	close(pipes.end[1]);
	while (wait(NULL) >= 0) /* until the last is gone, and its port free: SIGCHLD is ignored */
		;
	return 0;
}

/* --- options --------------------------------------------------------------------------------- */

static uint32_t number(const struct argp_state *state, const char *text, unsigned long max)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end || value < 1 || value > max)
		argp_error(state, "'%s' is not a number from 1 to %lu", text, max);
	return (uint32_t)value;
}

static enum ending ending(const struct argp_state *state, const char *text)
{
	static const char *const names[ENDING__COUNT] = { "server", "client", "stay" };

	for (enum ending i = 0; i < ENDING__COUNT; i++)
		if (!strcmp(text, names[i]))
			return i;
	argp_error(state, "'%s' is neither server, client nor stay", text);
	return ENDING__COUNT;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct plan *plan = state->input;

	switch (key) {
	case 'c':
		plan->count = number(state, argument, UINT32_MAX);
		return 0;
	case 'w':
		plan->workers = number(state, argument, WORKERS_MAX);
		return 0;
	case 'd':
		plan->destinations = number(state, argument, 1U << 20);
		return 0;
	case 'e':
		plan->ending = ending(state, argument);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{ "count", 'c', "N", 0, "Connections, of all workers together", 0 },
	{ "workers", 'w', "N", 0, "Processes (default 1)", 0 },
	{ "destinations", 'd', "N", 0, "Addresses each connects to, in turn (default 1)", 0 },
	{ "end", 'e', "server|client|stay", 0, "Who closes first (default server)", 0 },
	{ 0 },
};

int main(int argc, char **argv)
{
	static const struct argp argp = {
		options, parse, NULL, "Connects and closes over loopback.", NULL, NULL, NULL
	};
	struct plan plan = { .count = 1000, .workers = 1, .destinations = 1 };
	int r;

	argp_parse(&argp, argc, argv, 0, NULL, &plan);
	signal(SIGCHLD, SIG_IGN);
	raise_limit();
	r = blow(&plan);
	if (r < 0)
		fprintf(stderr, "load: %s\n", r == -ECHILD ? "a worker died" : strerror(-r));
	return r < 0;
}
