// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * fentry source: ports given back. inet_put_port and inet_twsk_bind_unhash are every TCP way
 * (the only callers of __sk_del_bind_node and the remnant's own), udp_lib_unhash every UDP way.
 */
#include "hold.bpf.h"
#include "timewait.bpf.h"

SEC("fentry/inet_put_port")
int BPF_PROG(tcp_put, struct sock *sk)
{
	hold_release((__u64)sk, 0);
	return 0;
}

/* Called for sockets that never had a port, too. */
SEC("fentry/udp_lib_unhash")
int BPF_PROG(udp_put, struct sock *sk)
{
	if (sk->__sk_common.skc_num)
		hold_release((__u64)sk, 0);
	return 0;
}

/* The remnant joins the port before the socket leaves it: no gap between the two. */
SEC("fentry/inet_twsk_hashdance")
int BPF_PROG(remnant_begins, struct inet_timewait_sock *tw, struct sock *sk)
{
	hold_hand_over((__u64)sk, (__u64)tw, time_wait_flags(tw));
	return 0;
}

/* The name of the same function from 6.11 on. */
SEC("fentry/inet_twsk_hashdance_schedule")
int BPF_PROG(remnant_begins2, struct inet_timewait_sock *tw, struct sock *sk)
{
	hold_hand_over((__u64)sk, (__u64)tw, time_wait_flags(tw));
	return 0;
}

/* Called twice when a connect() recycles the remnant; only the first finds it on its port. */
SEC("fentry/inet_twsk_bind_unhash")
int BPF_PROG(remnant_ends, struct inet_timewait_sock *tw)
{
	if (tw->tw_tb)
		hold_release((__u64)tw, 0);
	return 0;
}
