// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * tracepoint source: bind() and the close of UDP sockets, through cgroup hooks. Their context is
 * the kernel's own socket, of which the verifier shows us little: read it by probe.
 */
#define READ_BY_PROBE

#include "search.bpf.h"
#include "take.bpf.h"

/* The port the user asked for is known here only; SOCK_BINDPORT_LOCK is set after post_bind. */
static __always_inline int bind_begin(struct bpf_sock_addr *ctx)
{
	search_begin((struct sock *)ctx->sk, ctx->user_port ? PATH_EXPLICIT : PATH_BIND, 0);
	return 1;
}

SEC("cgroup/bind4")
int bind4_begin(struct bpf_sock_addr *ctx)
{
	return bind_begin(ctx);
}

SEC("cgroup/bind6")
int bind6_begin(struct bpf_sock_addr *ctx)
{
	return bind_begin(ctx);
}

static __always_inline int bind_done(struct bpf_sock *ctx)
{
	struct sock *sk = (struct sock *)ctx;
	__u8 path = PATH_BIND;
	struct search search;
	__u64 elapsed = 0;

	if (ctx->protocol != IPPROTO_TCP && ctx->protocol != IPPROTO_UDP)
		return 1;
	if (search_take(&search, sk)) {
		path = search.path;
		elapsed = path == PATH_BIND ? search_elapsed(&search) : 0;
	}
	take(sk, ctx->protocol, path, elapsed);
	return 1;
}

SEC("cgroup/post_bind4")
int bind4_done(struct bpf_sock *ctx)
{
	return bind_done(ctx);
}

SEC("cgroup/post_bind6")
int bind6_done(struct bpf_sock *ctx)
{
	return bind_done(ctx);
}

/* TCP's end is told by the tracepoints; UDP has nothing else. */
SEC("cgroup/sock_release")
int socket_closed(struct bpf_sock *ctx)
{
	if (ctx->protocol == IPPROTO_UDP)
		hold_release((__u64)ctx, 0);
	return 1;
}
