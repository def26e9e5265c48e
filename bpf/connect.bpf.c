// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * fentry source: TCP connect(). The two-argument wrappers are stable from 5.10 to 7.3, while
 * __inet_hash_connect changed its arguments in 6.15. inet_sock_set_state, which runs right
 * before them, has noted when the search began. More observers, for whose port it is must be seen
 * now: tcp_connect, the next step of a connect() that has its port.
 */
#include "connect.bpf.h"

SEC("fexit/inet_hash_connect")
int BPF_PROG(connect4_done, struct inet_timewait_death_row *row, struct sock *sk, int error)
{
	connect_done(sk, error, search_end_of(sk));
	return 0;
}

SEC("fexit/inet6_hash_connect")
int BPF_PROG(connect6_done, struct inet_timewait_death_row *row, struct sock *sk, int error)
{
	connect_done(sk, error, search_end_of(sk));
	return 0;
}

static __always_inline int goes_on(struct sock *sk)
{
	__u64 key = (__u64)sk;

	if (!bpf_map_lookup_elem(&holds, &key))
		connect_done(sk, 0, search_end_of(sk));
	return 0;
}

SEC("fentry/tcp_connect")
int BPF_PROG(connect_goes_on, struct sock *sk)
{
	return goes_on(sk);
}

SEC("fentry/tcp_connect")
int BPF_PROG(connect_goes_on2, struct sock *sk)
{
	return goes_on(sk);
}
