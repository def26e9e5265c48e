/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run of a program without a shell, in a process group of its own, with bytes on its standard
 * input, an environment of its own, and a time limit. Nothing here waits for it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hook;
struct sd_event;

#define HOOK_OUTPUT_MAX 512         /* bytes that are kept */
#define HOOK_GRACE_NS 2000000000ULL /* from SIGTERM to SIGKILL */

/* It has ended and may be closed from here. reason: NULL when it succeeded. output: what it wrote
 * to standard output and error, in one line, as far as it was kept. */
typedef void hook_ended(void *context, const char *reason, const char *output);

struct hook_config {
	const char *const *argv;        /* argv[0] is an absolute path */
	const char *const *environment; /* all of it, "NAME=value", ends with NULL */
	const char *input;
	uint64_t timeout_ns;
	hook_ended *ended;
	void *context;
};

/* SIGCHLD must be blocked. config and what it points to is needed during the call only. A negative
 * errno on failure; *ret is untouched. */
int hook_start(struct hook **ret, const struct hook_config *config, struct sd_event *event);

/* Kills what still runs. NULL is fine. */
void hook_close(struct hook *hook);
