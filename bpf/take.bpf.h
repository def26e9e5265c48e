/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A port was taken by the current task: describe the socket and its owner, record the hold. */
#pragma once

#include "hold.bpf.h"
#include "identity.bpf.h"

/* All of a hold that the socket itself tells. False: its port is not in the range, no hold. */
static __always_inline bool describe(struct abi_hold *ret, struct sock *sk, __u8 protocol,
				     __u8 path)
{
	struct range range = net_range(socket_net(sk));

	__builtin_memset(ret, 0, sizeof(*ret));
	if (!in_range(range, rd(sk, __sk_common.skc_num)))
		return false;
	read_tuple(&ret->tuple, sk);
	ret->first = range.first;
	ret->last = range.last;
	ret->protocol = protocol;
	ret->path = path;
	ret->state = HOLD_ACTIVE;
	return true;
}

static __always_inline void take(struct sock *sk, __u8 protocol, __u8 path, __u64 search_ns)
{
	struct abi_hold hold;

	if (!describe(&hold, sk, protocol, path))
		return;
	hold.flags = read_current(&hold.owner, sk);
	hold_take((__u64)sk, &hold, search_ns, 0);
}
