/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where function tracing is forbidden nothing tells that a closing socket left a TIME_WAIT
 * remnant behind, nor which. But when inet_sock_set_state reports CLOSE, the remnant already
 * stands in the established hash under the socket's own hash: look there.
 */
#pragma once

#include "timewait.bpf.h"

#define CHAIN_MAX 128 /* hash chains are a few entries long; a bound for the verifier */

static __always_inline struct inet_hashinfo *tcp_hashinfo(struct net *net)
{
	struct net___pointer *pointer = (void *)net;

	if (bpf_core_field_exists(pointer->ipv4.tcp_death_row) &&
	    bpf_core_field_size(net->ipv4.tcp_death_row) == sizeof(void *))
		return BPF_CORE_READ(pointer, ipv4.tcp_death_row, hashinfo);
	return BPF_CORE_READ(net, ipv4.tcp_death_row.hashinfo);
}

static __always_inline bool is_remnant(struct sock_common *entry, struct sock *sk)
{
	struct sock_common *common = &sk->__sk_common;
	__u16 port = bpf_ntohs(source_port(sk));

	return BPF_CORE_READ(entry, skc_hash) == BPF_CORE_READ(common, skc_hash) &&
	       BPF_CORE_READ(entry, skc_state) == TCP_TIME_WAIT &&
	       BPF_CORE_READ(entry, skc_num) == port &&
	       BPF_CORE_READ(entry, skc_dport) == BPF_CORE_READ(common, skc_dport) &&
	       BPF_CORE_READ(entry, skc_daddr) == BPF_CORE_READ(common, skc_daddr) &&
	       BPF_CORE_READ(entry, skc_net.net) == BPF_CORE_READ(common, skc_net.net);
}

/* The remnant of a socket that just closed; NULL if it left none. */
static __always_inline struct inet_timewait_sock *find_remnant(struct sock *sk)
{
	struct inet_hashinfo *info = tcp_hashinfo(BPF_CORE_READ(sk, __sk_common.skc_net.net));
	__u32 mask = BPF_CORE_READ(info, ehash_mask);
	__u32 hash = BPF_CORE_READ(sk, __sk_common.skc_hash);
	struct inet_ehash_bucket *bucket = BPF_CORE_READ(info, ehash);
	struct hlist_nulls_node *node;

	bucket = (void *)bucket +
		 (__u64)(hash & mask) * bpf_core_type_size(struct inet_ehash_bucket);
	node = BPF_CORE_READ(bucket, chain.first);
	for (int i = 0; i < CHAIN_MAX && !((__u64)node & 1); i++) { /* odd: the end mark */
		struct sock_common *entry =
			(void *)node - bpf_core_field_offset(struct sock_common, skc_nulls_node);

		if (is_remnant(entry, sk))
			return (void *)entry;
		node = BPF_CORE_READ(node, next);
	}
	return NULL;
}
