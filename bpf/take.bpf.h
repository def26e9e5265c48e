/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A port was taken by the current task: describe the socket and its owner, record the hold. */
#pragma once

#include "hold.bpf.h"
#include "identity.bpf.h"

/* Cheaper than to look for its hold, which most sockets of servers do not have. */
static __always_inline bool may_hold(struct sock *sk)
{
	struct abi_range range = { 0 };

	read_net_range(&range, socket_net(sk));
	return in_range(&range, rd(sk, __sk_common.skc_num));
}

/* All of a hold that the socket itself tells. False: its port is not in the range, no hold. */
static __always_inline bool describe(struct abi_hold *ret, struct sock *sk, __u8 protocol,
				     __u8 path)
{
	__builtin_memset(ret, 0, sizeof(*ret));
	read_net_range(&ret->range, socket_net(sk));
	if (!in_range(&ret->range, rd(sk, __sk_common.skc_num)))
		return false;
	read_tuple(&ret->tuple, sk);
	ret->protocol = protocol;
	ret->path = path;
	ret->state = HOLD_ACTIVE;
	return true;
}

/* What a socket says beyond that; a TIME_WAIT remnant has no such fields. */
static __always_inline void describe_socket(struct abi_hold *ret, struct sock *sk)
{
	struct inet_bind2_bucket *bucket = NULL;

	read_own_range(&ret->range, sk);
	if (ret->protocol == IPPROTO_TCP) {
		ret->tuple.vrf = socket_vrf(sk);
		if (!bpf_core_field_exists(bucket->fastreuse))
			ret->flags |= HOLD_STICKS;
	}
}

static __always_inline void take(struct sock *sk, __u8 protocol, __u8 path, __u64 search_ns)
{
	struct abi_hold hold;

	if (!describe(&hold, sk, protocol, path))
		return;
	describe_socket(&hold, sk);
	hold.flags |= read_current(&hold.owner, sk);
	hold_take((__u64)sk, &hold, search_ns, 0);
}
