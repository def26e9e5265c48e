// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * tracepoint source: TCP connect() and listen() in the caller's context, right after the port
 * was chosen. Never writes reply, so other programs on the cgroup keep their say.
 */
#include "search.bpf.h"
#include "take.bpf.h"

SEC("sockops")
int tcp_socket_op(struct bpf_sock_ops *ctx)
{
	struct bpf_sock *socket;
	struct sock *sk;

	if (ctx->op != BPF_SOCK_OPS_TCP_CONNECT_CB && ctx->op != BPF_SOCK_OPS_TCP_LISTEN_CB)
		return 1;
	socket = ctx->sk;
	if (!socket)
		return 1;
	sk = (struct sock *)bpf_skc_to_tcp_sock(socket);
	if (!sk)
		return 1;
	if (ctx->op == BPF_SOCK_OPS_TCP_CONNECT_CB)
		take(sk, IPPROTO_TCP, PATH_CONNECT, search_end_of(sk));
	else
		take(sk, IPPROTO_TCP, PATH_LISTEN, 0);
	return 1;
}
