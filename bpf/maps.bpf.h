/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every map and every load-time constant. Weak: all objects share one copy after linking. */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "abi.h"

#define SEARCH_SLOTS 8192 /* a power of two */

/* The truth: what keeps a port now, keyed by the address of the socket or TIME_WAIT remnant.
 * Resized by the loader before load. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 262144);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct abi_hold);
} holds SEC(".maps") __weak;

/* Only tells the agent what changed in holds. Resized by the loader before load. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps") __weak;

/* What the agent was not told, by reason: index is enum loss. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LOSS__COUNT);
	__type(key, __u32);
	__type(value, __u64);
} losses SEC(".maps") __weak;

/* A task that is inside a port search; one that collides with another slot is not measured. */
struct search {
	__u64 start_ns;
	__u64 socket; /* address; 0: not known where the search was noted */
	__u32 tid;
	__be16 stale_port_be; /* inet_sport before the search: left behind by an earlier life */
	__u8 path;            /* enum hold_path */
	__u8 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SEARCH_SLOTS);
	__type(key, __u32);
	__type(value, struct search);
} searches SEC(".maps") __weak;

/* Wake the agent when this many bytes wait; below it reads on its own timer. */
const volatile __u32 wake_bytes __weak = 1 << 18;

/* 1: the sweep repeats every hold it finds alive (after the ring lost events). */
volatile __u32 resync __weak;

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";
