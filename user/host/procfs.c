// SPDX-License-Identifier: Apache-2.0
#include "user/host/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/base/util.h"

#define START_FIELD 22
#define NS_PER_SECOND 1000000000ULL

int procfs_read_fd(int fd, char *ret, size_t size)
{
	size_t used = 0;
	ssize_t n;

	while (used < size && (n = read(fd, ret + used, size - used)) != 0) {
		if (n < 0)
			return -errno;
		used += (size_t)n;
	}
	if (used == size)
		return -EFBIG;
	ret[used] = '\0';
	return 0;
}

int procfs_read(const char *path, char *ret, size_t size)
{
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : procfs_read_fd(fd, ret, size);
}

uint64_t procfs_parse_start(const char *stat)
{
	const char *at = strrchr(stat, ')');

	for (int field = 2; at && field < START_FIELD; field++) {
		at = strchr(at, ' ');
		if (at)
			at++;
	}
	return at ? strtoull(at, NULL, 10) : 0;
}

/* /proc may be mounted so that it does not show others' processes (hidepid=). */
static bool is_hidden(uint32_t pid)
{
	return pid && pid <= INT_MAX && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

bool procfs_alive(const char *root, uint32_t pid, uint64_t start_ns)
{
	uint64_t ticks_per_second = (uint64_t)sysconf(_SC_CLK_TCK);
	char path[PATH_MAX];
	char stat[1024];
	uint64_t start;

	snprintf(path, sizeof(path), "%s/%u/stat", root, pid);
	if (procfs_read(path, stat, sizeof(stat)) < 0)
		return !strcmp(root, "/proc") && is_hidden(pid);
	start = procfs_parse_start(stat);
	return start == start_ns / (NS_PER_SECOND / ticks_per_second);
}
