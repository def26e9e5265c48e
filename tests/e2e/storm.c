// SPDX-License-Identifier: Apache-2.0
#include "storm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "space.h"
#include "tests/active_opens.h"

#define STORM_S 600 /* at most */

struct storm {
	pid_t pid;
	int report;        /* where the child writes its struct storm_count */
	atomic_bool *over; /* shared with the child: no further lives */
};

/* A thread of the child: both ends of each of its connections. */
struct gust {
	const struct storm_plan *plan;
	const atomic_bool *over;
	unsigned int number;
	int listener;
	struct sockaddr_in address;
	uint32_t done;
	uint32_t failed;
};

/* --- in the child ---------------------------------------------------------------------------- */

static uint32_t share(uint32_t all, const struct gust *gust)
{
	unsigned int threads = gust->plan->threads;

	return all / threads + (gust->number < all % threads);
}

static int open_listener(struct gust *gust)
{
	int on = 1;

	gust->address.sin_family = AF_INET;
	gust->address.sin_port = htons(STORM_PORT);
	gust->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + gust->number);
	gust->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (gust->listener < 0)
		return -1;
	setsockopt(gust->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(gust->listener, (struct sockaddr *)&gust->address, sizeof(gust->address)))
		return -1;
	return listen(gust->listener, 128);
}

/* Both ends, or false and none. */
static bool open_pair(const struct gust *gust, int ret_ends[2])
{
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int server = -1;

	if (client >= 0 &&
	    !connect(client, (const struct sockaddr *)&gust->address, sizeof(gust->address)))
		server = accept4(gust->listener, NULL, NULL, SOCK_CLOEXEC);
	if (server < 0) {
		if (client >= 0)
			close(client);
		return false;
	}
	ret_ends[0] = client;
	ret_ends[1] = server;
	return true;
}

/* The second end closes when it has seen that the first one did. */
static bool live_connected(const struct gust *gust)
{
	bool lingers = gust->plan->weather == STORM_CLIENT_CLOSES;
	int ends[2];
	char byte;

	if (!open_pair(gust, ends))
		return false;
	close(ends[lingers ? 0 : 1]);
	(void)!read(ends[lingers ? 1 : 0], &byte, 1);
	close(ends[lingers ? 1 : 0]);
	return true;
}

static bool live_datagram(const struct gust *gust)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool done = fd >= 0 &&
		    !connect(fd, (const struct sockaddr *)&gust->address, sizeof(gust->address));

	if (fd >= 0)
		close(fd);
	return done;
}

static bool live_once(const struct gust *gust)
{
	return gust->plan->weather == STORM_DATAGRAMS ? live_datagram(gust) : live_connected(gust);
}

static void note(struct gust *gust, bool done)
{
	if (done)
		gust->done++;
	else
		gust->failed++;
}

static void *blow(void *argument)
{
	struct gust *gust = argument;
	uint32_t lives = share(gust->plan->lives, gust);
	uint32_t kept = share(gust->plan->kept, gust);
	int ends[2];

	for (uint32_t i = 0; i < lives && !atomic_load(gust->over); i++)
		note(gust, live_once(gust));
	for (uint32_t i = 0; i < kept; i++)
		note(gust, open_pair(gust, ends));
	return NULL;
}

static void run_all(const struct storm_plan *plan, const atomic_bool *over, struct storm_count *ret)
{
	struct gust gusts[STORM_THREADS_MAX] = { 0 };
	pthread_t threads[STORM_THREADS_MAX];

	for (unsigned int i = 0; i < plan->threads; i++) {
		gusts[i].plan = plan;
		gusts[i].over = over;
		gusts[i].number = i;
		if (open_listener(&gusts[i]) || pthread_create(&threads[i], NULL, blow, &gusts[i]))
			_exit(1);
	}
	for (unsigned int i = 0; i < plan->threads; i++) {
		pthread_join(threads[i], NULL);
		ret->done += gusts[i].done;
		ret->failed += gusts[i].failed;
	}
}

static void child(const struct storm_plan *plan, const atomic_bool *over, int report)
{
	struct storm_count count = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	space_enter(plan->netns);
	prctl(PR_SET_NAME, plan->name);
	run_all(plan, over, &count);
	count.active_opens = active_opens();
	if (write(report, &count, sizeof(count)) != (ssize_t)sizeof(count))
		_exit(1);
	for (;;)
		pause();
}

/* --- in the test ----------------------------------------------------------------------------- */

struct storm *storm_start(const struct storm_plan *plan)
{
	struct storm *storm = calloc(1, sizeof(*storm));
	int report[2];

	assert_non_null(storm);
	assert_in_range(plan->threads, 1, STORM_THREADS_MAX);
	assert_int_equal(pipe2(report, O_CLOEXEC), 0);
	storm->over = mmap(NULL, sizeof(*storm->over), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(storm->over != MAP_FAILED);
	storm->pid = fork();
	assert_true(storm->pid >= 0);
	if (storm->pid == 0) {
		close(report[0]);
		child(plan, storm->over, report[1]);
	}
	close(report[1]);
	storm->report = report[0];
	return storm;
}

bool storm_blows(const struct storm *storm)
{
	struct pollfd end = { .fd = storm->report, .events = POLLIN };

	return poll(&end, 1, 0) == 0;
}

struct storm_count storm_end(struct storm *storm)
{
	atomic_store(storm->over, true);
	return storm_await(storm);
}

struct storm_count storm_await(struct storm *storm)
{
	struct pollfd end = { .fd = storm->report, .events = POLLIN };
	struct storm_count count = { 0 };

	if (poll(&end, 1, STORM_S * 1000) != 1 ||
	    read(storm->report, &count, sizeof(count)) != (ssize_t)sizeof(count))
		fail_msg("the storm did not come to its end");
	return count;
}

void storm_stop(struct storm *storm)
{
	if (!storm)
		return;
	kill(storm->pid, SIGKILL);
	while (waitpid(storm->pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(storm->report);
	munmap(storm->over, sizeof(*storm->over));
	free(storm);
}
