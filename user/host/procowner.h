/* SPDX-License-Identifier: Apache-2.0 */
/* Who a process is, by /proc: what BPF would have read of it, as far as /proc tells. */
#pragma once

#include <stdint.h>

#include "user/core/event.h"

/* proc_root: where procfs is mounted. cgroup_root: where cgroup v2 is; NULL: the cgroup stays 0.
 *
 * start_ns is the start (CLOCK_BOOTTIME) rounded down to a clock tick, 10 ms on most kernels:
 * /proc/PID/stat tells no more. It is always the same for one process, so (tgid, start_ns) is as
 * unique as pids are within a tick, and procfs_alive agrees with it; it is not the number that BPF
 * reads. uid is the real one,
 * UINT32_MAX where /proc does not tell. Negative errno: no such process, and *ret is untouched. */
int procowner_read(struct abi_owner *ret, const char *proc_root, const char *cgroup_root,
		   uint32_t pid);
