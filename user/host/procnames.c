// SPDX-License-Identifier: Apache-2.0
#include "user/host/procnames.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "user/base/util.h"
#include "user/host/broker.h"
#include "user/host/procfs.h"

#define ARGUMENTS_MAX 4096 /* what follows would not be shown */

static void read_exe(struct procnames *names, struct broker *broker, const char *proc_root,
		     uint32_t pid)
{
	char target[PATH_MAX];

	broker_program(broker, target, sizeof(target), proc_root, pid);
	command_path_show(names->exe, target);
}

static void read_command(struct procnames *names, const char *proc_root, uint32_t pid)
{
	CLEANUP(fd_closep) int fd = -1;
	char arguments[ARGUMENTS_MAX];
	char path[PATH_MAX];
	ssize_t size;

	snprintf(path, sizeof(path), "%s/%u/cmdline", proc_root, pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	size = fd < 0 ? 0 : read(fd, arguments, sizeof(arguments));
	command_line_show(names->command, arguments, size > 0 ? (size_t)size : 0);
}

int procnames_read(struct procnames *ret, struct broker *broker, const char *proc_root,
		   uint32_t pid, uint64_t start_ns)
{
	struct procnames names;

	read_exe(&names, broker, proc_root, pid);
	read_command(&names, proc_root, pid);
	if (!procfs_alive(proc_root, pid, start_ns)) /* last: it was this one all the while */
		return -ESRCH;
	*ret = names;
	return 0;
}
