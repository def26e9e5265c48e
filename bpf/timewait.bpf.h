/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a TIME_WAIT remnant says. It shares only sock_common with a socket. */
#pragma once

#include "read.bpf.h"

/* Whether it may be recycled depends on timestamps and on a FIN having come (tcp_twsk_unique). */
static __always_inline __u8 time_wait_flags(struct inet_timewait_sock *tw)
{
	struct tcp_timewait_sock *tcp = (void *)tw;
	__u8 flags = 0;

	if (BPF_CORE_READ(tcp, tw_ts_recent_stamp))
		flags |= HOLD_TW_TIMESTAMPS;
	if (BPF_CORE_READ(tw, tw_substate) == TCP_FIN_WAIT2)
		flags |= HOLD_TW_FIN_WAIT2;
	return flags;
}
