/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The life of a hold in the holds map: take, hand over to TIME_WAIT, release. Kernels from 5.12 on
 * skip a program that has begun on this CPU and not ended yet: it would nest, or, where programs
 * can be preempted, its task waits for its next slice while other tasks run. A waiting task blocks
 * one program, so several programs see each transition; every operation is idempotent, and whoever
 * changes the map tells the agent, once.
 */
#pragma once

#include "emit.bpf.h"
#include "read.bpf.h"

/* Unique while the host is up: no CPU takes two ports within a nanosecond. */
static __always_inline __u64 new_id(__u64 now)
{
	return now << 10 | (bpf_get_smp_processor_id() & 1023);
}

/* An int, not the long that the helper is declared with: before 6.4 what returns is the map's own
 * function, an int, and the upper half of the register is anything. */
static __always_inline int put_hold(__u64 key, const struct abi_hold *hold, __u64 flags)
{
	return (int)bpf_map_update_elem(&holds, &key, hold, flags);
}

/* A search of the tables that finds no room is no new loss: its reader is told. */
static __always_inline void count_update_error(int error, __u8 event_flags)
{
	if (!(event_flags & EVENT_FOUND))
		count_loss(error == -7 /* E2BIG */ ? LOSS_MAP_FULL : LOSS_MAP_BUSY);
}

/* Drops the hold of an object, if it has one. False: it had none, or another hook was first. */
static __always_inline bool hold_release(__u64 key, __u8 event_flags)
{
	struct abi_hold *held = bpf_map_lookup_elem(&holds, &key);
	__u64 id;

	if (!held)
		return false;
	id = held->id;
	if (bpf_map_delete_elem(&holds, &key))
		return false;
	emit_released(id, event_flags);
	return true;
}

static __always_inline bool same_remote(const struct abi_tuple *a, const struct abi_tuple *b)
{
	const __u64 *x = (const __u64 *)a->remote;
	const __u64 *y = (const __u64 *)b->remote;

	return a->remote_port == b->remote_port && x[0] == y[0] && x[1] == y[1];
}

/* False: the object's memory was reused, and its release escaped us. A bound socket keeps its port
 * while it connects here and there; one that connect() gave a port to does not. */
static __always_inline bool same_life(const struct abi_hold *held, const struct abi_hold *seen)
{
	return held->tuple.port == seen->tuple.port && held->tuple.netns == seen->tuple.netns &&
	       held->tuple.netns_life == seen->tuple.netns_life &&
	       held->protocol == seen->protocol && held->state == seen->state &&
	       (held->path != PATH_CONNECT || same_remote(&held->tuple, &seen->tuple));
}

/* A known hold seen again: bound and now connected or listening, or its owner became known. */
static __always_inline void hold_update(struct abi_hold *held, struct abi_hold *seen, __u8 flags)
{
	bool connected = seen->tuple.remote_port && !same_remote(&held->tuple, &seen->tuple);
	bool listening = seen->path == PATH_LISTEN && held->path != PATH_LISTEN;
	bool owned = !(held->flags & HOLD_OWNER_KNOWN) && (seen->flags & HOLD_OWNER_KNOWN);

	if (!connected && !listening && !owned)
		return;
	if (connected)
		held->tuple = seen->tuple;
	if (listening)
		held->path = PATH_LISTEN;
	if (owned) {
		held->owner = seen->owner;
		held->flags |= seen->flags & (HOLD_OWNER_KNOWN | HOLD_OWNER_KERNEL);
	}
	emit_taken(held, 0, flags, bpf_ktime_get_ns());
}

/* Records what an object keeps. seen: all but id and taken_ns filled in; scratch of ours. False:
 * there was no room for it in the map. */
static __always_inline bool hold_take(__u64 key, struct abi_hold *seen, __u64 search_ns,
				      __u8 event_flags)
{
	struct abi_hold *held = bpf_map_lookup_elem(&holds, &key);
	int error;

	if (held && same_life(held, seen)) {
		hold_update(held, seen, event_flags);
		return true;
	}
	if (held)
		hold_release(key, EVENT_FOUND);
	seen->taken_ns = bpf_ktime_get_ns();
	seen->id = new_id(seen->taken_ns);
	error = put_hold(key, seen, BPF_NOEXIST);
	if (error == -17) /* EEXIST: another hook was first */
		return true;
	if (error) {
		count_update_error(error, event_flags);
		return false;
	}
	emit_taken(seen, search_ns, event_flags, seen->taken_ns);
	return true;
}

/* A remnant that got its FIN, or timestamps, has become recyclable. */
static __always_inline void hold_refresh(struct abi_hold *held, __u8 tw_flags, __u8 event_flags)
{
	if (held->state != HOLD_TIME_WAIT || (held->flags & HOLD_TW_FLAGS) == tw_flags)
		return;
	held->flags = (held->flags & ~HOLD_TW_FLAGS) | tw_flags;
	emit_time_wait(held->id, held->flags, event_flags);
}

/* The socket's port now belongs to its TIME_WAIT remnant: same hold, same owner, new object. */
static __always_inline void hold_hand_over(__u64 socket, __u64 remnant, __u8 tw_flags)
{
	struct abi_hold *held = bpf_map_lookup_elem(&holds, &socket);
	struct abi_hold hold;
	int error;

	if (!held)
		return;
	hold_release(remnant,
		     EVENT_FOUND); /* an earlier life of its memory, if we missed its end */
	hold = *held;
	hold.state = HOLD_TIME_WAIT;
	hold.flags |= tw_flags;
	error = put_hold(remnant, &hold, BPF_ANY);
	if (error)
		count_update_error(error, 0);
	if (bpf_map_delete_elem(&holds, &socket))
		return;
	if (error)
		emit_released(hold.id, 0);
	else
		emit_time_wait(hold.id, hold.flags, 0);
}
