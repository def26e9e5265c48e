// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* fentry source: bind(), listen() and UDP autobind. Programs are there twice, see hold.bpf.h. */
#include "bind.bpf.h"

/* Whoever comes first takes the search; the other finds the hold, or no search to tell of. */
static __always_inline int got_port(struct sock *sk, __u8 protocol, __u16 wanted, int failed)
{
	struct search search = {};

	if (!search_take(&search, sk) && failed)
		return 0;
	port_done(sk, protocol, wanted, &search, failed);
	return 0;
}

SEC("fentry/inet_csk_get_port")
int BPF_PROG(tcp_port_begin, struct sock *sk, unsigned short wanted)
{
	bind_begin(sk, wanted);
	return 0;
}

SEC("fentry/inet_autobind")
int BPF_PROG(autobind, struct sock *sk)
{
	autobind_begin(sk);
	return 0;
}

SEC("fentry/inet_autobind")
int BPF_PROG(autobind2, struct sock *sk)
{
	if (!search_is_of(sk))
		autobind_begin(sk);
	return 0;
}

SEC("fentry/udp_lib_get_port")
int BPF_PROG(udp_port_begin, struct sock *sk, unsigned short wanted)
{
	udp_bind_begin(sk, wanted);
	return 0;
}

SEC("fexit/inet_csk_get_port")
int BPF_PROG(tcp_port_done, struct sock *sk, unsigned short wanted, int failed)
{
	return got_port(sk, IPPROTO_TCP, wanted, failed);
}

SEC("fexit/inet_csk_get_port")
int BPF_PROG(tcp_port_done2, struct sock *sk, unsigned short wanted, int failed)
{
	return got_port(sk, IPPROTO_TCP, wanted, failed);
}

SEC("fexit/udp_lib_get_port")
int BPF_PROG(udp_port_done, struct sock *sk, unsigned short wanted, unsigned int hash, int failed)
{
	return got_port(sk, IPPROTO_UDP, wanted, failed);
}

SEC("fexit/udp_lib_get_port")
int BPF_PROG(udp_port_done2, struct sock *sk, unsigned short wanted, unsigned int hash, int failed)
{
	return got_port(sk, IPPROTO_UDP, wanted, failed);
}

SEC("fexit/__inet_inherit_port")
int BPF_PROG(child_done, const struct sock *listener, struct sock *child, int failed)
{
	if (!failed)
		child_inherits(listener, child);
	return 0;
}
