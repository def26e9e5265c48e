/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a kernel object says. Hooks that receive typed pointers read them directly; those that do
 * not (iterators over files, cgroup hooks) define READ_BY_PROBE before including this file.
 */
#pragma once

#include <linux/bpf.h>
#include <linux/in.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "abi.h"
#include "core_types.h"

#ifdef READ_BY_PROBE
#define rd(object, field) BPF_CORE_READ(object, field)
#else
#define rd(object, field) ((object)->field)
#endif

struct range {
	__u16 first;
	__u16 last;
};

static __always_inline struct net *socket_net(struct sock *sk)
{
	return rd(sk, __sk_common.skc_net.net);
}

/* The ephemeral range now; no notification of a change exists, so it is read at each use. */
static __always_inline struct range net_range(struct net *net)
{
	struct net___pair *pair = (void *)net;
	struct net___word *word = (void *)net;
	struct range range;
	__u32 value;

	if (bpf_core_field_exists(pair->ipv4.ip_local_ports.range)) {
		range.first = BPF_CORE_READ(pair, ipv4.ip_local_ports.range[0]);
		range.last = BPF_CORE_READ(pair, ipv4.ip_local_ports.range[1]);
	} else {
		value = BPF_CORE_READ(word, ipv4.ip_local_ports.range);
		range.first = value & 0xffff;
		range.last = value >> 16;
	}
	return range;
}

static __always_inline bool in_range(struct range range, __u16 port)
{
	return port >= range.first && port <= range.last;
}

static __always_inline void map_ipv4(__u8 *ret, __be32 address)
{
	__u32 *words = (__u32 *)ret;

	words[0] = 0;
	words[1] = 0;
	words[2] = bpf_htonl(0xffff);
	words[3] = address;
}

/* Local and remote address and remote port. The local port is skc_num: inet_sport keeps the
 * number of a port that was given back (kernels 5.10 to 7.3). */
static __always_inline void read_tuple(struct abi_tuple *ret, struct sock *sk)
{
	ret->netns = rd(socket_net(sk), ns.inum);
	ret->port = rd(sk, __sk_common.skc_num);
	ret->remote_port = bpf_ntohs(rd(sk, __sk_common.skc_dport));
	if (rd(sk, __sk_common.skc_family) == AF_INET) {
		map_ipv4(ret->local, rd(sk, __sk_common.skc_rcv_saddr));
		map_ipv4(ret->remote, rd(sk, __sk_common.skc_daddr));
	} else if (bpf_core_field_exists(sk->__sk_common.skc_v6_daddr)) { /* built with IPv6 */
		bpf_core_read(ret->local, 16, &sk->__sk_common.skc_v6_rcv_saddr);
		bpf_core_read(ret->remote, 16, &sk->__sk_common.skc_v6_daddr);
	}
}

/* The last port the socket had; kept after the port was given back. */
static __always_inline __be16 source_port(struct sock *sk)
{
	return BPF_CORE_READ((struct inet_sock *)sk, inet_sport);
}

static __always_inline bool user_named_port(struct sock *sk)
{
	return BPF_CORE_READ_BITFIELD_PROBED(sk, sk_userlocks) & SOCK_BINDPORT_LOCK;
}

static __always_inline bool is_mptcp_subflow(struct sock *sk)
{
	struct tcp_sock *tcp = (struct tcp_sock *)sk;

	if (!bpf_core_field_exists(tcp->is_mptcp) || BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return false;
	return BPF_CORE_READ(tcp, is_mptcp);
}

/* No process owns it. The kernel makes MPTCP subflows too, but in the name of a process. */
static __always_inline bool is_kernel_socket(struct sock *sk)
{
	return BPF_CORE_READ_BITFIELD_PROBED(sk, sk_kern_sock) && !is_mptcp_subflow(sk);
}
