/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The one way into the ring buffer. What does not fit is counted, never silent. */
#pragma once

#include "maps.bpf.h"

static __always_inline void count_loss(__u32 reason)
{
	__u64 *count = bpf_map_lookup_elem(&losses, &reason);

	if (count)
		__sync_fetch_and_add(count, 1);
}

static __always_inline void fill_header(struct event_header *header, __u8 kind, __u8 flags,
					__u32 len, __u64 now)
{
	header->abi = ABI_VERSION;
	header->kind = kind;
	header->flags = flags;
	header->len = len;
	header->time_ns = now;
}

/* No wake-up per event: the agent is woken when much waits and else reads on its timer. */
static __always_inline void submit(void *record)
{
	__u64 waiting = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);

	bpf_ringbuf_submit(record, waiting >= wake_bytes ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
}

static __always_inline void emit_taken(const struct abi_hold *hold, __u64 search_ns, __u8 flags,
				       __u64 now)
{
	struct event_taken *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return count_loss(LOSS_RING_FULL);
	fill_header(&event->header, EVENT_TAKEN, flags, sizeof(*event), now);
	event->search_ns = search_ns;
	event->hold = *hold;
	submit(event);
}

static __always_inline void emit_time_wait(__u64 id, __u8 hold_flags, __u8 flags)
{
	struct event_time_wait *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return count_loss(LOSS_RING_FULL);
	fill_header(&event->header, EVENT_TIME_WAIT, flags, sizeof(*event), bpf_ktime_get_ns());
	event->id = id;
	event->flags = hold_flags & HOLD_TW_FLAGS;
	event->pad = 0;
	submit(event);
}

static __always_inline void emit_released(__u64 id, __u8 flags)
{
	struct event_released *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return count_loss(LOSS_RING_FULL);
	fill_header(&event->header, EVENT_RELEASED, flags, sizeof(*event), bpf_ktime_get_ns());
	event->id = id;
	submit(event);
}
