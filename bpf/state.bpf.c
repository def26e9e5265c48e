// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * All sources: the stable tracepoints. They are the tracepoint source's eyes for release and
 * refusal, and another observer of both for the others.
 */
#include "refuse.bpf.h"
#include "remnant.bpf.h"
#include "search.bpf.h"
#include "take.bpf.h"

/* An unbound socket that fails before it has a port was refused one: inet_sport did not move. */
static __always_inline void closed_without_hold(struct sock *sk, int old)
{
	struct search search;

	if (old != TCP_SYN_SENT || sk->__sk_common.skc_num)
		return;
	if (!search_take(&search, sk))
		return;
	if (source_port(sk) == search.stale_port_be)
		refuse(sk, IPPROTO_TCP, PATH_CONNECT, search_elapsed(&search));
}

/* num != 0: the user named the port, so it stays until the socket is destroyed. */
static __always_inline void closed(struct sock *sk, int old)
{
	__u64 key = (__u64)sk;
	struct inet_timewait_sock *tw = NULL;

	if (!bpf_map_lookup_elem(&holds, &key))
		return closed_without_hold(sk, old);
	if (old == TCP_FIN_WAIT2 || old == TCP_CLOSING)
		tw = find_remnant(sk);
	if (tw)
		hold_hand_over(key, (__u64)tw, time_wait_flags(tw));
	else if (!sk->__sk_common.skc_num)
		hold_release(key, 0);
}

/* A hold nobody saw begin. The task here may be anyone: the owner stays unknown for now. */
static __always_inline void opened(struct sock *sk, __u8 path)
{
	__u64 key = (__u64)sk;
	struct abi_hold hold;

	if (!may_hold(sk) || bpf_map_lookup_elem(&holds, &key))
		return;
	if (!describe(&hold, sk, IPPROTO_TCP, path))
		return;
	describe_socket(&hold, sk);
	hold_take(key, &hold, 0, 0);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcp_state, struct sock *sk, int old, int new)
{
	if (sk->sk_protocol != IPPROTO_TCP) /* MPTCP's 262 repeats its subflow's ports */
		return 0;
	if (new == TCP_SYN_SENT && !sk->__sk_common.skc_num)
		search_begin(sk, PATH_CONNECT, source_port(sk));
	else if (new == TCP_CLOSE)
		closed(sk, old);
	else if (new == TCP_ESTABLISHED && old == TCP_SYN_SENT)
		opened(sk, PATH_CONNECT);
	else if (new == TCP_ESTABLISHED && old == TCP_SYN_RECV)
		opened(sk, PATH_CHILD);
	return 0;
}

/* Runs before the last put_port of a socket that still has its port (bound, never connected); or
 * the way to CLOSE escaped us, and its remnant has the port. Not of the fentry source, which would
 * take it for a life it missed. */
SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(tcp_destroy, struct sock *sk)
{
	__u64 key = (__u64)sk;
	struct inet_timewait_sock *tw;

	if (!bpf_map_lookup_elem(&holds, &key))
		return 0;
	tw = find_remnant(sk);
	if (tw)
		hold_hand_over(key, (__u64)tw, time_wait_flags(tw));
	else
		hold_release(key, 0);
	return 0;
}
