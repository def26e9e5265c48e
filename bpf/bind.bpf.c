// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * fentry source: bind(), listen() and UDP autobind. get_port is called again by listen() on a
 * bound socket and does nothing then; hold_take knows the socket already.
 */
#include "refuse.bpf.h"
#include "search.bpf.h"
#include "take.bpf.h"

#define TCP_LISTEN 10 /* net/tcp_states.h */

SEC("fentry/inet_csk_get_port")
int BPF_PROG(tcp_port_begin, struct sock *sk, unsigned short wanted)
{
	if (!wanted && sk->sk_protocol == IPPROTO_TCP)
		search_begin(sk, PATH_BIND, 0);
	return 0;
}

/* UDP: inet_autobind, seen first, has noted that this is no bind(). */
SEC("fentry/inet_autobind")
int BPF_PROG(autobind_begin, struct sock *sk)
{
	if (!sk->__sk_common.skc_num)
		search_begin(sk, PATH_AUTOBIND, 0);
	return 0;
}

/* Nonzero is failure: 1 up to 6.0, -EADDRINUSE later. */
static __always_inline int port_done(struct sock *sk, __u8 protocol, __u16 wanted, __u8 path,
				     bool failed)
{
	struct search search;
	__u64 elapsed = 0;

	if (!wanted && search_end(&search) && search.socket == (__u64)sk) {
		elapsed = search_elapsed(&search);
		if (search.path == PATH_AUTOBIND)
			path = PATH_AUTOBIND;
	}
	if (!failed)
		take(sk, protocol, path, elapsed);
	else if (!wanted)
		refuse(sk, protocol, path, elapsed);
	return 0;
}

SEC("fexit/inet_csk_get_port")
int BPF_PROG(tcp_port_done, struct sock *sk, unsigned short wanted, int failed)
{
	__u8 path = wanted ? PATH_EXPLICIT : PATH_BIND;

	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	if (sk->__sk_common.skc_state == TCP_LISTEN)
		path = PATH_LISTEN;
	return port_done(sk, IPPROTO_TCP, wanted, path, failed);
}

SEC("fexit/udp_lib_get_port")
int BPF_PROG(udp_port_done, struct sock *sk, unsigned short wanted, unsigned int hash, int failed)
{
	if (sk->sk_protocol != IPPROTO_UDP)
		return 0;
	return port_done(sk, IPPROTO_UDP, wanted, wanted ? PATH_EXPLICIT : PATH_BIND, failed);
}

/* An accepted child joins its listener's port. It is the listener's owner that keeps it. */
SEC("fexit/__inet_inherit_port")
int BPF_PROG(child_inherits, const struct sock *listener, struct sock *child, int failed)
{
	__u64 key = (__u64)listener;
	struct abi_hold *parent;
	struct abi_hold hold;

	if (failed || !describe(&hold, child, IPPROTO_TCP, PATH_CHILD))
		return 0;
	parent = bpf_map_lookup_elem(&holds, &key);
	if (parent) {
		hold.owner = parent->owner;
		hold.flags = parent->flags & (HOLD_OWNER_KNOWN | HOLD_OWNER_KERNEL);
	}
	hold_take((__u64)child, &hold, 0, 0);
	return 0;
}
