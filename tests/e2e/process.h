/* SPDX-License-Identifier: Apache-2.0 */
/* Other programs: run to the end with their output, or started and stopped. All have time limits.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#define OUTPUT_MAX (1 << 22)

struct result {
	int status; /* exit status; 128 + signal; -1: did not end in time and was killed */
	char *out;  /* standard output and standard error together, terminated */
};

/* How a program is started apart from its arguments. */
struct launch {
	const char *netns; /* enter this namespace first; NULL: stay */
	bool unprivileged; /* as nobody, without capabilities */
	bool without_btf;  /* with /sys/kernel/btf hidden */
	int timeout_s;     /* 0: 60 */
};

/* Runs to the end. Fails the test if it cannot be started. */
struct result run_program(const struct launch *launch, const char *const *argv);
void result_done(struct result *result);

/* Runs and demands exit status 0: `must("ip", "netns", "add", name)`. */
#define must(...) must_run((const char *const[]){ __VA_ARGS__, NULL })
void must_run(const char *const *argv);

/* Starts in the background, output to a file descriptor of the caller's (-1: discarded). */
pid_t start_program(const struct launch *launch, const char *const *argv, int output);

/* SIGTERM, then SIGKILL after a while; returns the exit status as in struct result. */
int stop_program(pid_t pid);

/* Hands a file, or a folder with all that is in it, to the user whom the agent runs as:
 * $E2E_AGENT_USER, without it this one. */
void agents_own(const char *path);

/* Is it still running? */
bool program_runs(pid_t pid);
