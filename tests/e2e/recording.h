/* SPDX-License-Identifier: Apache-2.0 */
/* `portgauge record` in the background. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct scenario;

/* A program in the background, and what it says. */
struct running {
	pid_t pid;
	int log;
	char path[64]; /* of its recording */
};

/* What it said so far. */
const char *running_said(const struct running *running, char *ret, size_t size);
void running_wait_for(const struct running *running, const char *words);

/* Starts `portgauge record PATH`, with an option (NULL: none), and waits until it records. */
struct running recording_start_into(const struct scenario *scenario, const char *path,
				    const char *option, const char *value);
struct running recording_start_with(const struct scenario *scenario, const char *option,
				    const char *value);
struct running recording_start(const struct scenario *scenario);

/* Its end by SIGTERM, and the file for everyone to read. */
void recording_stop(struct running *running);
void recording_forget(struct running *running);
