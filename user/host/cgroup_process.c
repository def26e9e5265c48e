// SPDX-License-Identifier: Apache-2.0
#include "user/host/cgroup_process.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/util.h"
#include "user/host/procfs.h"
#include "user/host/procowner.h"

#define PROCESSES_MAX 64
#define TEXT_MAX (PROCESSES_MAX * 12)

static int choose(struct abi_owner *chosen, const char *proc_root, uint32_t pid)
{
	struct abi_owner owner;

	if (pid <= 1) /* what process 1 opens, others answer for */
		return -ENOENT;
	if (procowner_read(&owner, proc_root, NULL, pid) < 0)
		return 0;
	if (chosen->tgid && strncmp(chosen->comm, owner.comm, sizeof(owner.comm)) != 0)
		return -ENOENT;
	if (!chosen->tgid || owner.tgid < chosen->tgid)
		*chosen = owner;
	return 0;
}

int cgroup_process(struct abi_owner *ret, const char *proc_root, const char *directory)
{
	struct abi_owner chosen = { 0 };
	char text[TEXT_MAX];
	char path[PATH_MAX];
	char *rest = text;
	char *line;

	snprintf(path, sizeof(path), "%s/cgroup.procs", directory);
	if (procfs_read(path, text, sizeof(text)) < 0)
		return -ENOENT;
	while ((line = strsep(&rest, "\n")))
		if (*line && choose(&chosen, proc_root, (uint32_t)strtoul(line, NULL, 10)) < 0)
			return -ENOENT;
	if (!chosen.tgid)
		return -ENOENT;
	*ret = chosen;
	return 0;
}
