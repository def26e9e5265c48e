// SPDX-License-Identifier: Apache-2.0
#include "cgroup.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "watch.h"

#define PIDS_MAX 256
#define END_S 10

void cgroup_path(char ret[CGROUP_PATH_SIZE], const char *name)
{
	FILE *mounts = fopen("/proc/self/mounts", "re");
	char type[32];
	char root[128];

	assert_non_null(mounts);
	do {
		if (fscanf(mounts, "%*s %127s %31s %*[^\n]", root, type) != 2)
			fail_msg("no cgroup v2 is mounted");
	} while (strcmp(type, "cgroup2") != 0);
	fclose(mounts);
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

int cgroup_remove(const char *name)
{
	uint64_t deadline = deadline_in(END_S);
	char path[CGROUP_PATH_SIZE];

	cgroup_path(path, name);
	while (rmdir(path) < 0) {
		if (errno == ENOENT)
			break;
		if (errno != EBUSY || deadline_in(0) > deadline)
			return -1;
		usleep(10000);
	}
	return 0;
}
