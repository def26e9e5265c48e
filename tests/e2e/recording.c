// SPDX-License-Identifier: Apache-2.0
#include "recording.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process.h"
#include "scenario.h"

#define ARGUMENTS_MAX 16

const char *running_said(const struct running *running, char *ret, size_t size)
{
	ssize_t n = pread(running->log, ret, size - 1, 0);

	assert_true(n >= 0);
	ret[n] = '\0';
	return ret;
}

void running_wait_for(const struct running *running, const char *words)
{
	uint64_t deadline = deadline_in(60);
	char said[4096];

	while (!strstr(running_said(running, said, sizeof(said)), words)) {
		if (!program_runs(running->pid) || deadline < deadline_in(0))
			fail_msg("it does not say '%s': %s", words, said);
		usleep(20000);
	}
}

struct running recording_start_into(const struct scenario *scenario, const char *path,
				    const char *option, const char *value)
{
	const char *argv[ARGUMENTS_MAX] = { watch_program(), "record", path };
	struct running running = { .log = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) };
	size_t argc = 3;

	assert_true(running.log >= 0);
	snprintf(running.path, sizeof(running.path), "%s", path);
	unlink(path);
	if (scenario->source) {
		argv[argc++] = "--source";
		argv[argc++] = scenario->source;
	}
	if (option) {
		argv[argc++] = option;
		argv[argc++] = value;
	}
	running.pid = start_program(NULL, argv, running.log);
	running_wait_for(&running, "recording to");
	return running;
}

struct running recording_start_with(const struct scenario *scenario, const char *option,
				    const char *value)
{
	char path[64];

	snprintf(path, sizeof(path), "/tmp/pg-test-%d.recording", getpid());
	return recording_start_into(scenario, path, option, value);
}

struct running recording_start(const struct scenario *scenario)
{
	return recording_start_with(scenario, NULL, NULL);
}

void recording_stop(struct running *running)
{
	struct stat st;

	assert_int_equal(stop_program(running->pid), 0);
	assert_int_equal(stat(running->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(chmod(running->path, 0644), 0);
}

void recording_forget(struct running *running)
{
	close(running->log);
	assert_int_equal(unlink(running->path), 0);
}
