/* SPDX-License-Identifier: Apache-2.0 */
/* The one place that waits: the source's ring, timers and signals, on sd-event. Tells a watchdog of
 * systemd, if there is one, that it goes round. */
#pragma once

#include <stdint.h>

struct agent;
struct loop;
struct sd_event;

struct loop_config {
	uint64_t drain_ns;     /* how often the ring is read when it does not fill */
	uint64_t reconcile_ns; /* how often the kernel's tables are read; 0: only when told */
	/* After each drain that brought events, and once a second. May be NULL. Negative: stop. */
	int (*drained)(void *context);
	int (*second)(void *context);
	/* On SIGHUP, which ends the program if this is NULL. */
	int (*reload)(void *context);
	void *context;
};

/* agent is borrowed. Blocks SIGINT, SIGTERM, SIGUSR1, SIGUSR2 and SIGCHLD, and SIGHUP to reload, in
 * the calling thread and those it starts later; the first two end loop_run, the third reconciles at
 * once, SIGUSR1 and SIGUSR2 bring the next second forward. A negative errno on failure. */
int loop_new(struct loop **ret, struct agent *agent, const struct loop_config *config);
void loop_free(struct loop *loop);

struct sd_event *loop_event(struct loop *loop);

/* Another interval, from now on. */
int loop_set_reconcile(struct loop *loop, uint64_t reconcile_ns);

/* 0 after a signal; a negative errno when something failed for good. */
int loop_run(struct loop *loop);
