/* SPDX-License-Identifier: Apache-2.0 */
/* The agent under test, and what it says. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

struct launch;
struct watch;

/* The agent's program; build/portgauge unless PORTGAUGE names another. */
const char *watch_program(void);

/* How the agent is started. */
struct watch_plan {
	const char *source;          /* NULL: lets it choose */
	unsigned int reconcile_s;    /* 0: a short interval */
	const char *const *more;     /* further arguments, ended by NULL; or NULL */
	const struct launch *launch; /* NULL: as it is */
};

/* Starts `portgauge run` and waits until it is ready. NULL: the agent as it comes, with a short
 * reconcile interval. Fails the test if it does not come up. */
struct watch *watch_start(const struct watch_plan *plan);

/* SIGTERM; the exit status. NULL is fine. */
int watch_stop(struct watch *watch);

pid_t watch_pid(const struct watch *watch);
uint16_t watch_port(const struct watch *watch);
const char *watch_control(const struct watch *watch); /* path of its control socket */

/* All it has written to standard error so far. Caller frees. */
char *watch_log(const struct watch *watch);

/* The body of a GET; NULL if the status is not 200. Caller frees. */
char *watch_get(const struct watch *watch, const char *path);

/* The same in the form asked for: a value of Accept. NULL, too, if the answer is another form. */
char *watch_get_as(const struct watch *watch, const char *path, const char *type);

/* /api/v1/snapshot. Caller drops the reference. Fails the test if it is no JSON. */
json_t *watch_snapshot(const struct watch *watch);

/* Rows of a snapshot; NULL: not there. */
json_t *pool_row(const json_t *snapshot, uint32_t netns, const char *protocol);
json_t *destination_row(const json_t *snapshot, uint32_t netns, const char *remote, uint16_t port);
json_t *owner_row(const json_t *snapshot, uint32_t netns, const char *protocol,
		  const char *process);
json_t *refusal_row(const json_t *snapshot, uint32_t netns, const char *process);
/* Of this name (NULL: any) on what is in the namespace of this name. */
json_t *verdict_row(const json_t *snapshot, const char *netns, const char *verdict);
/* What a process has in a destination's row. */
json_t *share_row(const json_t *destination, const char *process);

/* A number of a row; NAN where the row or the number is missing or null. */
double number(const json_t *row, const char *key);
const char *text(const json_t *row, const char *key);

uint64_t deadline_in(unsigned int seconds);
/* Fails the test with the snapshot once the deadline is over; else waits a moment. */
void wait_or_fail(uint64_t deadline, const char *what, const json_t *snapshot);

/* Polls snapshots until the condition, which speaks of `snapshot`, holds. */
#define EVENTUALLY(watch, condition)                                           \
	do {                                                                   \
		uint64_t deadline_ = deadline_in(40);                          \
		bool holds_ = false;                                           \
		while (!holds_) {                                              \
			json_t *snapshot = watch_snapshot(watch);              \
			holds_ = (condition);                                  \
			if (!holds_)                                           \
				wait_or_fail(deadline_, #condition, snapshot); \
			json_decref(snapshot);                                 \
		}                                                              \
	} while (0)

/* Polls /metrics until the series, written as in the text format: name{a="b",...}, has the
 * value. One that ends in a comma stands for the sum of all that begin so. */
void metric_becomes(const struct watch *watch, const char *series, double value);
void metric_reaches(const struct watch *watch, const char *series, double least);
/* NAN: it is not there. */
double metric_now(const struct watch *watch, const char *series);
