// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * fentry source: ports given back. On the way in, a life whose begin escaped all observers is
 * noted; on the way out it ends like any other. Several programs do either, see hold.bpf.h; the
 * tracepoint in state.bpf.c is one more observer of TCP.
 */
#include "release.bpf.h"

SEC("fentry/inet_put_port")
int BPF_PROG(tcp_put_begin, struct sock *sk)
{
	tcp_put_begins(sk);
	return 0;
}

SEC("fexit/inet_put_port")
int BPF_PROG(tcp_put, struct sock *sk)
{
	tcp_port_put(sk);
	return 0;
}

SEC("fexit/inet_put_port")
int BPF_PROG(tcp_put2, struct sock *sk)
{
	tcp_port_put(sk);
	return 0;
}

SEC("fexit/tcp_v4_destroy_sock")
int BPF_PROG(tcp_gone, struct sock *sk)
{
	hold_release((__u64)sk, 0);
	return 0;
}

SEC("fentry/udp_lib_unhash")
int BPF_PROG(udp_put_begin, struct sock *sk)
{
	udp_put_begins(sk);
	return 0;
}

SEC("fentry/udp_lib_unhash")
int BPF_PROG(udp_put_begin2, struct sock *sk)
{
	udp_put_begins(sk);
	return 0;
}

SEC("fexit/udp_lib_unhash")
int BPF_PROG(udp_put, struct sock *sk)
{
	udp_port_put(sk);
	return 0;
}

SEC("fexit/udp_lib_unhash")
int BPF_PROG(udp_put2, struct sock *sk)
{
	udp_port_put(sk);
	return 0;
}

SEC("fexit/udp_disconnect")
int BPF_PROG(udp_disc, struct sock *sk)
{
	udp_disconnected(sk);
	return 0;
}

SEC("fexit/udp_abort")
int BPF_PROG(udp_aborted, struct sock *sk)
{
	udp_disconnected(sk);
	return 0;
}

/* A UDP socket's memory waits for a grace period, so this runs where nothing is preempted. */
SEC("fentry/inet_sock_destruct")
int BPF_PROG(udp_gone, struct sock *sk)
{
	if (sk->sk_protocol == IPPROTO_UDP)
		udp_port_put(sk);
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

/* Its callers, and those of the hashdance, run in softirq or with it off, so nothing can nest here
 * and one observer is enough. */
SEC("fentry/inet_twsk_bind_unhash")
int BPF_PROG(remnant_gone, struct inet_timewait_sock *tw)
{
	remnant_ends(tw);
	return 0;
}
