/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who a task is. Only for the task that acquires: release runs in softirq, timers and workers. */
#pragma once

#include "read.bpf.h"

/* Fills the owner from a task; the process, not the thread. Returns HOLD_OWNER_* flags. read: how
 * one field of a pointer is read. */
#define READ_OWNER(ret, task, read)                                                  \
	({                                                                           \
		struct task_struct *leader_ = read(task, group_leader);              \
		const struct cred *cred_ = read(task, cred);                         \
		struct css_set *groups_ = read(task, cgroups);                       \
		struct cgroup *group_ = read(groups_, dfl_cgrp);                     \
		struct kernfs_node *node_ = read(group_, kn);                        \
		bool kernel_ = read(task, flags) & PF_KTHREAD;                       \
                                                                                     \
		(ret)->tgid = read(task, tgid);                                      \
		(ret)->start_ns = read(leader_, start_boottime);                     \
		(ret)->uid = read(cred_, uid.val);                                   \
		(ret)->cgroup = read(node_, id);                                     \
		bpf_core_read_str((ret)->comm, sizeof((ret)->comm), &leader_->comm); \
		kernel_ ? HOLD_OWNER_KNOWN | HOLD_OWNER_KERNEL : HOLD_OWNER_KNOWN;   \
	})

/* The verifier knows the type of this pointer: its fields are loads, not calls. */
#define LOAD(object, field) ((object)->field)

static __always_inline __u8 read_owner(struct abi_owner *ret, struct task_struct *task)
{
	return READ_OWNER(ret, task, BPF_CORE_READ);
}

/* Programs of every type that we have can call bpf_get_current_task_btf(); seen with 6.1, the
 * kernel that brought the other helper, and all tested ones after it. */
static __always_inline bool knows_current(void)
{
	return bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_ktime_get_tai_ns);
}

static __always_inline __u32 current_tid(void)
{
	struct task_struct *task;

	if (!knows_current())
		return BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), pid);
	task = (void *)bpf_get_current_task_btf();
	return task->pid;
}

static __always_inline __u8 read_current_task(struct abi_owner *ret)
{
	struct task_struct *task;

	if (!knows_current())
		return read_owner(ret, (void *)bpf_get_current_task());
	task = (void *)bpf_get_current_task_btf();
	return READ_OWNER(ret, task, LOAD);
}

static __always_inline __u8 read_current(struct abi_owner *ret, struct sock *sk)
{
	__u8 flags = read_current_task(ret);

	return is_kernel_socket(sk) ? flags | HOLD_OWNER_KERNEL : flags;
}
