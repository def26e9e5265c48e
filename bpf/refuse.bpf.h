/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An allocation that failed for want of a port: who asked, toward where. */
#pragma once

#include "emit.bpf.h"
#include "identity.bpf.h"

#define EADDRINUSE 98    /* asm-generic/errno.h */
#define EADDRNOTAVAIL 99 /* asm-generic/errno.h */
#define EAGAIN 11        /* asm-generic/errno.h */

/* The error the process gets; get_port itself returns 1 up to 6.0 and -EADDRINUSE later. */
static __always_inline __u16 refusal_error(__u8 path)
{
	switch (path) {
	case PATH_CONNECT:
		return EADDRNOTAVAIL;
	case PATH_AUTOBIND:
		return EAGAIN;
	default:
		return EADDRINUSE;
	}
}

static __always_inline void refuse(struct sock *sk, __u8 protocol, __u8 path, __u64 search_ns)
{
	struct event_refused *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return count_loss(LOSS_RING_FULL);
	__builtin_memset(event, 0, sizeof(*event));
	fill_header(&event->header, EVENT_REFUSED, 0, sizeof(*event), bpf_ktime_get_ns());
	event->search_ns = search_ns;
	event->flags = read_current(&event->owner, sk);
	read_tuple(&event->tuple, sk);
	event->tuple.port = 0;
	event->tuple.vrf = rd(sk, __sk_common.skc_bound_dev_if);
	read_net_range(&event->range, socket_net(sk));
	read_own_range(&event->range, sk);
	event->error = refusal_error(path);
	event->protocol = protocol;
	event->path = path;
	submit(event);
}
