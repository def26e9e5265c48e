/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How long the kernel looked for a port, and what it was asked for. One slot a task: a port
 * search never leaves its task, but may be preempted and may move to another CPU.
 */
#pragma once

#include "identity.bpf.h"
#include "maps.bpf.h"

static __always_inline struct search *search_slot(__u32 *ret_tid)
{
	__u32 tid = current_tid();
	__u32 index = tid & (SEARCH_SLOTS - 1);

	*ret_tid = tid;
	return bpf_map_lookup_elem(&searches, &index);
}

static __always_inline void search_begin(struct sock *sk, __u8 path, __be16 stale_port_be)
{
	struct search *slot;
	__u32 tid;

	slot = search_slot(&tid);
	if (!slot)
		return;
	slot->tid = tid;
	slot->socket = (__u64)sk;
	slot->path = path;
	slot->stale_port_be = stale_port_be;
	slot->start_ns = bpf_ktime_get_ns();
}

/* The current task's search, once; false if there is none or another task took the slot. */
static __always_inline bool search_end(struct search *ret)
{
	struct search *slot;
	__u32 tid;

	slot = search_slot(&tid);
	if (!slot || slot->tid != tid || !slot->start_ns)
		return false;
	*ret = *slot;
	slot->start_ns = 0;
	return true;
}

/* The current task's search, once, if it is for this socket. */
static __always_inline bool search_take(struct search *ret, struct sock *sk)
{
	struct search search;

	if (!search_end(&search) || search.socket != (__u64)sk)
		return false;
	*ret = search;
	return true;
}

/* Is the current task searching for this socket? */
static __always_inline bool search_is_of(struct sock *sk)
{
	struct search *slot;
	__u32 tid;

	slot = search_slot(&tid);
	return slot && slot->tid == tid && slot->start_ns && slot->socket == (__u64)sk;
}

static __always_inline __u64 search_elapsed(const struct search *search)
{
	return bpf_ktime_get_ns() - search->start_ns;
}

/* How long the current task searched for this socket; 0: it was not noted. */
static __always_inline __u64 search_end_of(struct sock *sk)
{
	struct search search;

	return search_take(&search, sk) ? search_elapsed(&search) : 0;
}
