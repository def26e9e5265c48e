/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Ports given back, and handed over to TIME_WAIT. inet_put_port and inet_twsk_bind_unhash are every
 * TCP way (nothing else calls __sk_del_bind_node), udp_lib_unhash every UDP way. Shared by the
 * sources that hook these functions.
 */
#pragma once

#include "remnant.bpf.h"
#include "take.bpf.h"

/* What a port was taken by, as far as the socket can tell at its end. */
static __always_inline __u8 path_of(struct sock *sk)
{
	bool named = user_named_port(sk);
	__u8 state = rd(sk, __sk_common.skc_state);

	if (state == TCP_LISTEN)
		return PATH_LISTEN;
	if (state == TCP_CLOSE)
		return named ? PATH_EXPLICIT : PATH_BIND;
	return named ? PATH_CHILD : PATH_CONNECT;
}

/* A port is about to be given back that nobody saw being taken: all the same, it was. The task
 * here may be anyone. */
static __always_inline void tcp_port_missed(struct sock *sk)
{
	__u64 key = (__u64)sk;
	struct abi_hold hold;

	if (rd(sk, sk_protocol) != IPPROTO_TCP || !may_hold(sk) ||
	    bpf_map_lookup_elem(&holds, &key))
		return;
	if (!describe(&hold, sk, IPPROTO_TCP, path_of(sk)))
		return;
	describe_socket(&hold, sk);
	hold_take(key, &hold, 0, 0);
}

/* The same on the way out of TIME_WAIT's socket, which has handed its port over already. */
static __always_inline void tcp_put_begins(struct sock *sk)
{
	__u8 state = rd(sk, __sk_common.skc_state);

	if (state != TCP_FIN_WAIT2 && state != TCP_CLOSING)
		tcp_port_missed(sk);
}

/* close() of UDP runs in its owner, as a rule. */
static __always_inline void udp_put_begins(struct sock *sk)
{
	__u64 key = (__u64)sk;

	if (rd(sk, __sk_common.skc_num) && !bpf_map_lookup_elem(&holds, &key))
		take(sk, IPPROTO_UDP, user_named_port(sk) ? PATH_EXPLICIT : PATH_AUTOBIND, 0);
}

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
	tcp_port_missed(sk);
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
