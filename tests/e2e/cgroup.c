// SPDX-License-Identifier: Apache-2.0
#include "cgroup.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "watch.h"

#define PIDS_MAX 256
#define END_S 10
#define MOUNT_SIZE 128

/* The first mount of this type that has this option. */
static bool find_mount(char ret[MOUNT_SIZE], const char *type, const char *option)
{
	FILE *mounts = fopen("/proc/self/mounts", "re");
	char options[256];
	char is[32];
	bool found = false;

	assert_non_null(mounts);
	while (!found && fscanf(mounts, "%*s %127s %31s %255s %*[^\n]", ret, is, options) == 3)
		found = !strcmp(is, type) && strstr(options, option);
	fclose(mounts);
	return found;
}

void cgroup_path(char ret[CGROUP_PATH_SIZE], const char *name)
{
	char root[MOUNT_SIZE];

	if (!find_mount(root, "cgroup2", ""))
		fail_msg("no cgroup v2 is mounted");
	assert_true(snprintf(ret, CGROUP_PATH_SIZE, "%s/%s", root, name) < CGROUP_PATH_SIZE);
}

void cgroup_make(const char *name)
{
	char path[CGROUP_PATH_SIZE];

	cgroup_path(path, name);
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		fail_msg("cannot make %s: %s", path, strerror(errno));
}

static FILE *open_procs(const char *name, const char *mode)
{
	char path[CGROUP_PATH_SIZE];

	cgroup_path(path, name);
	strncat(path, "/cgroup.procs", sizeof(path) - strlen(path) - 1);
	return fopen(path, mode);
}

void cgroup_move(const char *name, pid_t pid)
{
	FILE *procs = open_procs(name, "we");

	if (!procs)
		fail_msg("there is no cgroup %s", name);
	assert_true(fprintf(procs, "%d", pid) > 0);
	assert_int_equal(fclose(procs), 0);
}

size_t cgroup_pids(const char *name, pid_t *ret, size_t size)
{
	FILE *procs = open_procs(name, "re");
	size_t count = 0;
	char line[32];

	while (procs && fgets(line, sizeof(line), procs)) {
		if (count < size)
			ret[count] = (pid_t)strtol(line, NULL, 10);
		count++;
	}
	if (procs)
		fclose(procs);
	return count;
}

int cgroup_kill(const char *name)
{
	uint64_t deadline = deadline_in(END_S);
	pid_t pids[PIDS_MAX];
	size_t count;

	while ((count = cgroup_pids(name, pids, PIDS_MAX))) {
		if (deadline_in(0) > deadline)
			return -1;
		for (size_t i = 0; i < count && i < PIDS_MAX; i++)
			kill(pids[i], SIGKILL);
		usleep(10000);
	}
	return 0;
}

static int remove_path(const char *path)
{
	uint64_t deadline = deadline_in(END_S);

	while (rmdir(path) < 0) {
		if (errno == ENOENT)
			break;
		if (errno != EBUSY || deadline_in(0) > deadline)
			return -1;
		usleep(10000);
	}
	return 0;
}

int cgroup_remove(const char *name)
{
	char path[CGROUP_PATH_SIZE];

	cgroup_path(path, name);
	return remove_path(path);
}

/* --- memory ---------------------------------------------------------------------------------- */

/* Its controller may be one of v1. */
static bool memory_path(char ret[CGROUP_PATH_SIZE], const char *name)
{
	char root[MOUNT_SIZE];

	if (!find_mount(root, "cgroup", "memory")) {
		cgroup_path(ret, name);
		return false;
	}
	assert_true(snprintf(ret, CGROUP_PATH_SIZE, "%s/%s", root, name) < CGROUP_PATH_SIZE);
	return true;
}

static bool put(const char *directory, const char *file, size_t value)
{
	char path[CGROUP_PATH_SIZE + 32];
	bool done;
	FILE *to;

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	to = fopen(path, "we");
	if (!to)
		return false;
	done = fprintf(to, "%zu", value) > 0;
	return fclose(to) == 0 && done;
}

static void allow_memory_in_groups(void)
{
	char path[CGROUP_PATH_SIZE];
	FILE *control;

	cgroup_path(path, "cgroup.subtree_control");
	control = fopen(path, "we");
	assert_non_null(control);
	assert_true(fputs("+memory", control) >= 0);
	assert_int_equal(fclose(control), 0);
}

void cgroup_limit_memory(const char *name, pid_t pid, size_t bytes)
{
	char path[CGROUP_PATH_SIZE];
	bool first = memory_path(path, name);

	if (!first)
		allow_memory_in_groups();
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		fail_msg("cannot make %s: %s", path, strerror(errno));
	put(path, first ? "memory.swappiness" : "memory.swap.max", 0); /* where one can swap */
	assert_true(put(path, first ? "memory.limit_in_bytes" : "memory.max", bytes));
	assert_true(put(path, "cgroup.procs", (size_t)pid));
}

int cgroup_remove_memory(const char *name)
{
	char path[CGROUP_PATH_SIZE];

	memory_path(path, name);
	return remove_path(path);
}
