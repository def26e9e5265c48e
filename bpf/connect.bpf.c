// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * fentry source: TCP connect(). The two-argument wrappers are stable from 5.10 to 7.3, while
 * __inet_hash_connect changed its arguments in 6.15. inet_sock_set_state, which runs right
 * before them, has noted when the search began.
 */
#include "refuse.bpf.h"
#include "search.bpf.h"
#include "take.bpf.h"

/* num != 0 after a failure: a pre-bound socket whose 4-tuple is busy, which is no refusal. */
static __always_inline int connect_done(struct sock *sk, int error)
{
	struct search search;
	__u64 elapsed = 0;

	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	if (search_end(&search) && search.socket == (__u64)sk)
		elapsed = search_elapsed(&search);
	if (!error)
		take(sk, IPPROTO_TCP, PATH_CONNECT, elapsed);
	else if (error == -EADDRNOTAVAIL && !sk->__sk_common.skc_num)
		refuse(sk, IPPROTO_TCP, PATH_CONNECT, elapsed);
	return 0;
}

SEC("fexit/inet_hash_connect")
int BPF_PROG(connect4_done, struct inet_timewait_death_row *row, struct sock *sk, int error)
{
	return connect_done(sk, error);
}

SEC("fexit/inet6_hash_connect")
int BPF_PROG(connect6_done, struct inet_timewait_death_row *row, struct sock *sk, int error)
{
	return connect_done(sk, error);
}
