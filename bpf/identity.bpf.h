/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who a task is. Only for the task that acquires: release runs in softirq, timers and workers. */
#pragma once

#include "read.bpf.h"

/* Fills the owner from a task; the process, not the thread. Returns HOLD_OWNER_* flags. */
static __always_inline __u8 read_owner(struct abi_owner *ret, struct task_struct *task)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);

	ret->tgid = BPF_CORE_READ(task, tgid);
	ret->start_ns = BPF_CORE_READ(leader, start_boottime);
	ret->uid = BPF_CORE_READ(task, cred, uid.val);
	ret->cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	BPF_CORE_READ_STR_INTO(&ret->comm, leader, comm);
	if (BPF_CORE_READ(task, flags) & PF_KTHREAD)
		return HOLD_OWNER_KNOWN | HOLD_OWNER_KERNEL;
	return HOLD_OWNER_KNOWN;
}

static __always_inline __u8 read_current(struct abi_owner *ret, struct sock *sk)
{
	__u8 flags = read_owner(ret, (void *)bpf_get_current_task());

	return is_kernel_socket(sk) ? flags | HOLD_OWNER_KERNEL : flags;
}
