/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Ports given back, and handed over to TIME_WAIT. inet_put_port and inet_twsk_bind_unhash are every
 * TCP way (nothing else calls __sk_del_bind_node), udp_lib_unhash every UDP way. Shared by the
 * sources that hook these functions.
 */
#pragma once

#include "hold.bpf.h"
#include "remnant.bpf.h"

/* A socket on its way into TIME_WAIT has handed its port over already, unless that hook was
 * skipped: then its remnant stands in the established hash. */
static __always_inline void tcp_port_put(struct sock *sk)
{
	__u64 key = (__u64)sk;
	struct inet_timewait_sock *tw = NULL;
	__u8 state;

	if (!bpf_map_lookup_elem(&holds, &key))
		return;
	state = rd(sk, __sk_common.skc_state);
	if (state == TCP_FIN_WAIT2 || state == TCP_CLOSING)
		tw = find_remnant(sk);
	if (tw)
		hold_hand_over(key, (__u64)tw, time_wait_flags(tw));
	else
		hold_release(key, 0);
}

/* Called for sockets that never had a port, too. */
static __always_inline void udp_port_put(struct sock *sk)
{
	if (rd(sk, __sk_common.skc_num))
		hold_release((__u64)sk, 0);
}

/* A disconnect or an abort gives an autobound port back; where the compiler has split
 * udp_lib_unhash (7.2), that does not pass by there. */
static __always_inline void udp_disconnected(struct sock *sk)
{
	if (!user_named_port(sk))
		hold_release((__u64)sk, 0);
}

/* The remnant joins the port before the socket leaves it: no gap between the two. */
static __always_inline void remnant_begins(struct inet_timewait_sock *tw, struct sock *sk)
{
	hold_hand_over((__u64)sk, (__u64)tw, time_wait_flags(tw));
}

/* A segment came that starts the remnant's time anew: perhaps the FIN that it was waiting for. */
static __always_inline void remnant_goes_on(struct inet_timewait_sock *tw)
{
	__u64 key = (__u64)tw;
	struct abi_hold *held = bpf_map_lookup_elem(&holds, &key);

	if (held)
		hold_refresh(held, time_wait_flags(tw), 0);
}

/* Called twice when a connect() recycles the remnant; only the first finds it on its port. */
static __always_inline void remnant_ends(struct inet_timewait_sock *tw)
{
	if (rd(tw, tw_tb))
		hold_release((__u64)tw, 0);
}
