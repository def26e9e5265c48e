/* SPDX-License-Identifier: Apache-2.0 */
/* What a process runs, by /proc, as far as it may be shown. */
#pragma once

#include <stdint.h>

#include "user/host/command_line.h"

struct broker;

struct procnames {
	char exe[COMMAND_PATH_MAX]; /* its program's file; "": kernel thread, or not ours to see */
	char command[COMMAND_LINE_MAX]; /* see command_line.h */
};

/* broker: NULL: none. proc_root: where procfs is mounted. Who started at start_ns (CLOCK_BOOTTIME)
 * and no other; -ESRCH: it is gone, and *ret is untouched. */
int procnames_read(struct procnames *ret, struct broker *broker, const char *proc_root,
		   uint32_t pid, uint64_t start_ns);
