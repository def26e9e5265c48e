// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* fentry source: ports given back. Second observer of TCP: the tracepoints in state.bpf.c. */
#include "release.bpf.h"

SEC("fentry/inet_put_port")
int BPF_PROG(tcp_put, struct sock *sk)
{
	tcp_port_put(sk);
	return 0;
}

SEC("fentry/udp_lib_unhash")
int BPF_PROG(udp_put, struct sock *sk)
{
	udp_port_put(sk);
	return 0;
}

SEC("fentry/udp_lib_unhash")
int BPF_PROG(udp_put2, struct sock *sk)
{
	udp_port_put(sk);
	return 0;
}

SEC("fentry/udp_disconnect")
int BPF_PROG(udp_disc, struct sock *sk)
{
	udp_disconnected(sk);
	return 0;
}

SEC("fentry/udp_abort")
int BPF_PROG(udp_aborted, struct sock *sk)
{
	udp_disconnected(sk);
	return 0;
}

SEC("fentry/inet_twsk_hashdance")
int BPF_PROG(remnant_new, struct inet_timewait_sock *tw, struct sock *sk)
{
	remnant_begins(tw, sk);
	return 0;
}

/* The name of the same function from 6.11 on. */
SEC("fentry/inet_twsk_hashdance_schedule")
int BPF_PROG(remnant_new_611, struct inet_timewait_sock *tw, struct sock *sk)
{
	remnant_begins(tw, sk);
	return 0;
}

SEC("fentry/__inet_twsk_schedule")
int BPF_PROG(remnant_on, struct inet_timewait_sock *tw, int timeout, bool again)
{
	if (again)
		remnant_goes_on(tw);
	return 0;
}

/* Its callers run in softirq or with it off, so nothing can nest here and one observer is enough.
 */
SEC("fentry/inet_twsk_bind_unhash")
int BPF_PROG(remnant_gone, struct inet_timewait_sock *tw)
{
	remnant_ends(tw);
	return 0;
}
