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
#define rd_bits(object, field) BPF_CORE_READ_BITFIELD_PROBED(object, field)
#else
#define rd(object, field) ((object)->field)
#define rd_bits(object, field) BPF_CORE_READ_BITFIELD(object, field)
#endif

static __always_inline struct net *socket_net(struct sock *sk)
{
	return rd(sk, __sk_common.skc_net.net);
}

/* Which of those that have this inode number in turn; 0: unknown. User space reads the same of
 * SO_NETNS_COOKIE (netns_door_life). */
static __always_inline __u32 netns_life(struct net *net)
{
	struct net___cookie *numbered = (void *)net;
	struct net___mix *mixed = (void *)net;

	if (bpf_core_field_exists(numbered->net_cookie))
		return (__u32)rd(numbered, net_cookie);
	if (bpf_core_field_exists(mixed->hash_mix))
		return rd(mixed, hash_mix);
	return 0;
}

/* The ephemeral range now; no notification of a change exists, so it is read at each use. */
static __always_inline void read_net_range(struct abi_range *ret, struct net *net)
{
	struct net___pair *pair = (void *)net;
	struct net___word *word = (void *)net;
	__u32 value;

	if (bpf_core_field_exists(pair->ipv4.ip_local_ports.range)) {
		ret->first = rd(pair, ipv4.ip_local_ports.range[0]);
		ret->last = rd(pair, ipv4.ip_local_ports.range[1]);
	} else {
		value = rd(word, ipv4.ip_local_ports.range);
		ret->first = value & 0xffff;
		ret->last = value >> 16;
	}
}

/* last << 16 | first of IP_LOCAL_PORT_RANGE; 0: not set. */
static __always_inline __u32 own_range(struct sock *sk)
{
	struct inet_sock___range_pair *pair = (void *)sk;
	struct inet_sock___range_word *word = (void *)sk;

	if (bpf_core_field_exists(word->local_port_range))
		return BPF_CORE_READ(word, local_port_range);
	if (bpf_core_field_exists(pair->local_port_range.lo))
		return BPF_CORE_READ(pair, local_port_range.lo) |
		       (__u32)BPF_CORE_READ(pair, local_port_range.hi) << 16;
	return 0;
}

/* Completes a range that has the namespace's ends and else zeros.
 * Each end of a socket's own range counts only inside the namespace's; the low end narrows first
 * (inet_sk_get_local_port_range, 6.3 to 7.3). */
static __always_inline void read_own_range(struct abi_range *ret, struct sock *sk)
{
	__u32 own = own_range(sk);
	__u16 low = own & 0xffff;
	__u16 high = own >> 16;

	if (!own)
		return;
	ret->own_first = low >= ret->first && low <= ret->last ? low : ret->first;
	ret->own_last = high >= ret->own_first && high <= ret->last ? high : ret->last;
}

static __always_inline bool in_range(const struct abi_range *range, __u16 port)
{
	return port >= range->first && port <= range->last;
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
	struct net *net = socket_net(sk);

	ret->netns = rd(net, ns.inum);
	ret->netns_life = netns_life(net);
	ret->port = rd(sk, __sk_common.skc_num);
	ret->remote_port = bpf_ntohs(rd(sk, __sk_common.skc_dport));
	ret->vrf = 0;
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

/* The VRF whose ports these are, once TCP is on one: told by its bind bucket. */
static __always_inline __u32 socket_vrf(struct sock *sk)
{
	return BPF_CORE_READ((struct inet_connection_sock *)sk, icsk_bind_hash, l3mdev);
}

static __always_inline bool user_named_port(struct sock *sk)
{
	return rd_bits(sk, sk_userlocks) & SOCK_BINDPORT_LOCK;
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
	return rd_bits(sk, sk_kern_sock) && !is_mptcp_subflow(sk);
}
