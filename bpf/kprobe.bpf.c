// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * kprobe source: the same points as the fentry source, for kernels that cannot attach trampolines.
 * A kretprobe does not know its function's arguments; the search slot of the task does. All
 * kprobes of a CPU share one guard, so tracepoints, which do not, are the second observers.
 */
#define READ_BY_PROBE

#include <linux/ptrace.h>

#include "bind.bpf.h"
#include "connect.bpf.h"
#include "release.bpf.h"

static __always_inline int connect_returns(int error)
{
	struct search search;
	struct sock *sk;

	if (!search_end(&search) || search.path != PATH_CONNECT)
		return 0;
	sk = (struct sock *)search.socket;
	connect_done(sk, error, search_elapsed(&search));
	return 0;
}

SEC("kretprobe/inet_hash_connect")
int BPF_KRETPROBE(k_connect4_done, int error)
{
	return connect_returns(error);
}

SEC("kretprobe/inet6_hash_connect")
int BPF_KRETPROBE(k_connect6_done, int error)
{
	return connect_returns(error);
}

/* An entry probe never runs out of instances, as return probes may when many tasks search; and a
 * bound socket that connects has not searched. */
SEC("kprobe/tcp_connect")
int BPF_KPROBE(k_connect_on, struct sock *sk)
{
	connect_done(sk, 0, search_end_of(sk));
	return 0;
}

SEC("kprobe/inet_csk_get_port")
int BPF_KPROBE(k_tcp_port, struct sock *sk, unsigned short wanted)
{
	bind_begin(sk, wanted);
	return 0;
}

SEC("kprobe/inet_autobind")
int BPF_KPROBE(k_autobind, struct sock *sk)
{
	autobind_begin(sk);
	return 0;
}

SEC("kprobe/udp_lib_get_port")
int BPF_KPROBE(k_udp_port, struct sock *sk, unsigned short wanted)
{
	udp_bind_begin(sk, wanted);
	return 0;
}

static __always_inline int port_returns(__u8 protocol, int failed)
{
	struct search search;

	if (!search_end(&search) || search.path == PATH_CONNECT)
		return 0;
	port_done((struct sock *)search.socket, protocol, search.path == PATH_EXPLICIT, &search,
		  failed);
	return 0;
}

SEC("kretprobe/inet_csk_get_port")
int BPF_KRETPROBE(k_tcp_port_done, int failed)
{
	return port_returns(IPPROTO_TCP, failed);
}

SEC("kretprobe/udp_lib_get_port")
int BPF_KRETPROBE(k_udp_port_done, int failed)
{
	return port_returns(IPPROTO_UDP, failed);
}

/* At entry, because a child is born in softirq, where no task has a slot: should the child not
 * come to be after all, the sweep will find it without a bind bucket. */
SEC("kprobe/__inet_inherit_port")
int BPF_KPROBE(k_child, const struct sock *listener, struct sock *child)
{
	child_inherits(listener, child);
	return 0;
}

SEC("kprobe/inet_put_port")
int BPF_KPROBE(k_tcp_put, struct sock *sk)
{
	tcp_port_put(sk);
	return 0;
}

SEC("kprobe/udp_lib_unhash")
int BPF_KPROBE(k_udp_put, struct sock *sk)
{
	udp_port_put(sk);
	return 0;
}

SEC("kprobe/udp_disconnect")
int BPF_KPROBE(k_udp_disc, struct sock *sk)
{
	udp_disconnected(sk);
	return 0;
}

SEC("kprobe/udp_abort")
int BPF_KPROBE(k_udp_aborted, struct sock *sk)
{
	udp_disconnected(sk);
	return 0;
}

SEC("kprobe/inet_twsk_hashdance")
int BPF_KPROBE(k_remnant_new, struct inet_timewait_sock *tw, struct sock *sk)
{
	remnant_begins(tw, sk);
	return 0;
}

SEC("kprobe/inet_twsk_hashdance_schedule")
int BPF_KPROBE(k_remnant_611, struct inet_timewait_sock *tw, struct sock *sk)
{
	remnant_begins(tw, sk);
	return 0;
}

SEC("kprobe/__inet_twsk_schedule")
int BPF_KPROBE(k_remnant_on, struct inet_timewait_sock *tw, int timeout, bool again)
{
	if (again)
		remnant_goes_on(tw);
	return 0;
}

SEC("kprobe/inet_twsk_bind_unhash")
int BPF_KPROBE(k_remnant_gone, struct inet_timewait_sock *tw)
{
	remnant_ends(tw);
	return 0;
}
