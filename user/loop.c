// SPDX-License-Identifier: Apache-2.0
#include "user/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include <systemd/sd-event.h>

#include "user/agent.h"
#include "user/base/log.h"

#define NS_PER_US 1000ULL
#define SECOND_US 1000000ULL

struct loop {
	struct loop_config config;
	struct agent *agent;
	sd_event *event;
	sd_event_source *drain_timer;
	sd_event_source *second_timer;
	sd_event_source *reconcile_timer;
};

static int again(sd_event_source *timer, uint64_t after_us)
{
	int r = sd_event_source_set_time_relative(timer, after_us);

	return r < 0 ? r : sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

static int finish(struct loop *loop, int r)
{
	if (r < 0)
		sd_event_exit(loop->event, r);
	return r;
}

static int drain(struct loop *loop)
{
	int r = agent_drain(loop->agent);

	if (r < 0)
		log_error("reading events from source %s: %s", agent_source(loop->agent)->name,
			  strerror(-r));
	else if (r > 0 && loop->config.drained)
		r = loop->config.drained(loop->config.context);
	return finish(loop, r);
}

static int on_ring(sd_event_source *source, int fd, uint32_t events, void *context)
{
	(void)source;
	(void)fd;
	(void)events;
	return drain(context);
}

static int on_drain_timer(sd_event_source *timer, uint64_t time_us, void *context)
{
	struct loop *loop = context;
	int r = drain(loop);

	(void)time_us;
	return r < 0 ? r : again(timer, loop->config.drain_ns / NS_PER_US);
}

static int on_second(sd_event_source *timer, uint64_t time_us, void *context)
{
	struct loop *loop = context;
	int r = agent_tick(loop->agent);

	(void)time_us;
	if (r < 0)
		log_error("looking after the ledger: %s", strerror(-r));
	else if (loop->config.second)
		r = loop->config.second(loop->config.context);
	if (r < 0)
		return finish(loop, r);
	return again(timer, SECOND_US);
}

/* A reconcile that fails now may succeed later: say so and go on. */
static void reconcile(struct loop *loop)
{
	int r = agent_reconcile(loop->agent);

	if (r < 0)
		log_warning("reading the kernel's socket tables: %s; trying again later",
			    strerror(-r));
}

static int on_reconcile(sd_event_source *timer, uint64_t time_us, void *context)
{
	struct loop *loop = context;

	(void)time_us;
	reconcile(loop);
	return again(timer, loop->config.reconcile_ns / NS_PER_US);
}

static int on_reconcile_signal(sd_event_source *source, const struct signalfd_siginfo *info,
			       void *context)
{
	struct loop *loop = context;

	(void)source;
	(void)info;
	reconcile(loop);
	return on_second(loop->second_timer, 0, loop);
}

static int on_look_signal(sd_event_source *source, const struct signalfd_siginfo *info,
			  void *context)
{
	struct loop *loop = context;

	(void)source;
	(void)info;
	return on_second(loop->second_timer, 0, loop);
}

static int on_reload_signal(sd_event_source *source, const struct signalfd_siginfo *info,
			    void *context)
{
	struct loop *loop = context;

	(void)source;
	(void)info;
	return finish(loop, loop->config.reload(loop->config.context));
}

static int block_signals(bool reloads)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	if (reloads)
		sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD); /* sd-event wants it so before it watches children */
	return sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? -errno : 0;
}

static int add_timer(struct loop *loop, sd_event_source **ret, uint64_t after_us,
		     sd_event_time_handler_t handler)
{
	return sd_event_add_time_relative(loop->event, ret, CLOCK_MONOTONIC, after_us, 0, handler,
					  loop);
}

static int open_loop(struct loop *loop)
{
	int r;

	r = block_signals(loop->config.reload);
	if (r == 0)
		r = sd_event_new(&loop->event);
	if (r >= 0)
		r = sd_event_set_watchdog(loop->event, true);
	if (r >= 0)
		r = sd_event_add_signal(loop->event, NULL, SIGINT, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(loop->event, NULL, SIGTERM, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(loop->event, NULL, SIGUSR1, on_reconcile_signal, loop);
	if (r >= 0)
		r = sd_event_add_signal(loop->event, NULL, SIGUSR2, on_look_signal, loop);
	if (r >= 0 && loop->config.reload)
		r = sd_event_add_signal(loop->event, NULL, SIGHUP, on_reload_signal, loop);
	if (r >= 0)
		r = sd_event_add_io(loop->event, NULL, agent_fd(loop->agent), EPOLLIN, on_ring,
				    loop);
	if (r >= 0)
		r = add_timer(loop, &loop->drain_timer, loop->config.drain_ns / NS_PER_US,
			      on_drain_timer);
	if (r >= 0)
		r = add_timer(loop, &loop->second_timer, 0, on_second);
	if (r >= 0 && loop->config.reconcile_ns)
		r = add_timer(loop, &loop->reconcile_timer, loop->config.reconcile_ns / NS_PER_US,
			      on_reconcile);
	return r < 0 ? r : 0;
}

int loop_new(struct loop **ret, struct agent *agent, const struct loop_config *config)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	int r;

	if (!loop)
		return -ENOMEM;
	loop->config = *config;
	loop->agent = agent;
	r = open_loop(loop);
	if (r < 0) {
		loop_free(loop);
		return r;
	}
	*ret = loop;
	return 0;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	sd_event_source_unref(loop->drain_timer);
	sd_event_source_unref(loop->second_timer);
	sd_event_source_unref(loop->reconcile_timer);
	sd_event_unref(loop->event);
	free(loop);
}

struct sd_event *loop_event(struct loop *loop)
{
	return loop->event;
}

int loop_set_reconcile(struct loop *loop, uint64_t reconcile_ns)
{
	bool same = reconcile_ns == loop->config.reconcile_ns;

	loop->config.reconcile_ns = reconcile_ns;
	if (same)
		return 0;
	if (!reconcile_ns)
		return sd_event_source_set_enabled(loop->reconcile_timer, SD_EVENT_OFF);
	if (loop->reconcile_timer)
		return again(loop->reconcile_timer, reconcile_ns / NS_PER_US);
	return add_timer(loop, &loop->reconcile_timer, reconcile_ns / NS_PER_US, on_reconcile);
}

int loop_run(struct loop *loop)
{
	return sd_event_loop(loop->event);
}
