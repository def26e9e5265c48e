/* SPDX-License-Identifier: Apache-2.0 */
/* `portgauge verify`, while something else goes on: it mostly sleeps. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#define REVIEW_REPLY_MAX 1024

struct watch;

struct review {
	pid_t pid; /* 0: none is under way */
	int output;
};

void review_start(struct review *review, const struct watch *watch);

/* Waits for its end; makes the agent reconcile meanwhile, for which it may wait. The exit status
 * and what it said; 0 where none was under way. */
int review_end(struct review *review, const struct watch *watch, char reply[REVIEW_REPLY_MAX]);
