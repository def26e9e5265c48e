/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* bind(), listen() and autobind have looked for a port. Shared by the sources that hook get_port.
 */
#pragma once

#include "refuse.bpf.h"
#include "search.bpf.h"
#include "take.bpf.h"

static __always_inline void bind_begin(struct sock *sk, __u16 wanted)
{
	search_begin(sk, wanted ? PATH_EXPLICIT : PATH_BIND, 0);
}

/* UDP: inet_autobind, seen before get_port, notes that this is no bind(). */
static __always_inline void autobind_begin(struct sock *sk)
{
	if (!rd(sk, __sk_common.skc_num))
		search_begin(sk, PATH_AUTOBIND, 0);
}

/* An autobind is on its way already; a bind() begins here. */
static __always_inline void udp_bind_begin(struct sock *sk, __u16 wanted)
{
	if (!search_is_of(sk))
		bind_begin(sk, wanted);
}

static __always_inline __u8 port_path(struct sock *sk, __u8 protocol, __u16 wanted,
				      const struct search *search)
{
	if (protocol == IPPROTO_TCP && rd(sk, __sk_common.skc_state) == TCP_LISTEN)
		return PATH_LISTEN;
	if (wanted)
		return PATH_EXPLICIT;
	return search->path == PATH_AUTOBIND ? PATH_AUTOBIND : PATH_BIND;
}

/* search: what was noted at its begin; zero if nothing was. get_port is called again by listen()
 * on a bound socket and does nothing then; hold_take knows the socket already. Nonzero is
 * failure: 1 up to 6.0, -EADDRINUSE later. */
static __always_inline void port_done(struct sock *sk, __u8 protocol, __u16 wanted,
				      const struct search *search, int failed)
{
	__u8 path = port_path(sk, protocol, wanted, search);
	__u64 elapsed = !wanted && search->start_ns ? search_elapsed(search) : 0;

	if (rd(sk, sk_protocol) != protocol)
		return;
	if (!failed)
		take(sk, protocol, path, elapsed);
	else if (!wanted)
		refuse(sk, protocol, path, elapsed);
}

/* An accepted child joins its listener's port. It is the listener's owner that keeps it. */
static __always_inline void child_inherits(const struct sock *listener, struct sock *child)
{
	__u64 key = (__u64)listener;
	struct abi_hold *parent;
	struct abi_hold hold;

	if (!describe(&hold, child, IPPROTO_TCP, PATH_CHILD))
		return;
	describe_socket(&hold, child);
	parent = bpf_map_lookup_elem(&holds, &key);
	if (parent) {
		hold.owner = parent->owner;
		hold.tuple.vrf = parent->tuple.vrf;
		hold.flags |= parent->flags & (HOLD_OWNER_KNOWN | HOLD_OWNER_KERNEL);
	}
	hold_take((__u64)child, &hold, 0, 0);
}
