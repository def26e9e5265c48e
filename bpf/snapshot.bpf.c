// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Both sources: what exists already, or was missed. Iterators add what the holds map lacks and
 * never remove: an iterator may skip a socket that moves, so absence proves nothing (see the
 * sweep). Each hold writes one byte to its reader, which so decides how many come at a time.
 */
#define READ_BY_PROBE

#include "remnant.bpf.h"
#include "take.bpf.h"

enum found { NOTHING_NEW, FOUND, NO_ROOM };

static __always_inline void tell_found(struct bpf_iter_meta *meta, enum found found)
{
	char mark = found == NO_ROOM ? FOUND_NO_ROOM : FOUND_NEW;

	if (found != NOTHING_NEW)
		bpf_seq_write(meta->seq, &mark, sizeof(mark));
}

/* Both fields at -1: only connect() gave this port out (inet_hashtables.c, 5.10 to 7.3). */
static __always_inline bool connects_only(struct inet_bind_bucket *bucket)
{
	return BPF_CORE_READ(bucket, fastreuse) == -1 && BPF_CORE_READ(bucket, fastreuseport) == -1;
}

static __always_inline bool connect_chose(struct sock *sk)
{
	struct inet_timewait_sock___connect_bind *tw = NULL;

	if (bpf_core_field_exists(tw->tw_connect_bind))
		return BPF_CORE_READ_BITFIELD_PROBED(sk, sk_userlocks) & SOCK_CONNECT_BIND;
	return connects_only(BPF_CORE_READ((struct inet_connection_sock *)sk, icsk_bind_hash));
}

/* A child keeps its listener's backlog limit; a socket that never listened has none. */
static __always_inline __u8 tcp_path(struct sock *sk)
{
	if (BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_LISTEN)
		return PATH_LISTEN;
	if (BPF_CORE_READ(sk, sk_max_ack_backlog))
		return PATH_CHILD;
	if (connect_chose(sk))
		return PATH_CONNECT;
	return user_named_port(sk) ? PATH_EXPLICIT : PATH_BIND;
}

static __always_inline bool keeps_port(struct sock *sk, __u16 protocol)
{
	if (protocol == IPPROTO_TCP)
		return BPF_CORE_READ((struct inet_connection_sock *)sk, icsk_bind_hash);
	return protocol == IPPROTO_UDP;
}

/* owner: the task whose file it is; NULL: nobody's file, a kernel socket or an orphan. */
static __always_inline enum found found_socket(struct sock *sk, struct task_struct *owner)
{
	__u16 protocol = BPF_CORE_READ(sk, sk_protocol);
	__u64 key = (__u64)sk;
	struct abi_hold *held;
	struct abi_hold hold;
	__u8 path;

	held = bpf_map_lookup_elem(&holds, &key);
	if (held && (!owner || (held->flags & HOLD_OWNER_KNOWN)) &&
	    held->tuple.port == BPF_CORE_READ(sk, __sk_common.skc_num))
		return NOTHING_NEW;
	if (!keeps_port(sk, protocol))
		return NOTHING_NEW;
	path = protocol == IPPROTO_TCP ? tcp_path(sk)
	       : user_named_port(sk)   ? PATH_EXPLICIT
				       : PATH_AUTOBIND;
	if (!describe(&hold, sk, protocol, path))
		return NOTHING_NEW;
	describe_socket(&hold, sk);
	if (owner)
		hold.flags |= read_owner(&hold.owner, owner);
	else if (is_kernel_socket(sk))
		hold.flags |= HOLD_OWNER_KNOWN | HOLD_OWNER_KERNEL;
	return hold_take(key, &hold, 0, EVENT_FOUND) ? FOUND : NO_ROOM;
}

/* The descriptor of an MPTCP connection is not the socket that owns its port. */
static __always_inline struct sock *first_subflow(struct sock *sk)
{
	struct mptcp_sock *mptcp = (struct mptcp_sock *)sk;

	return bpf_core_field_exists(mptcp->first) ? BPF_CORE_READ(mptcp, first) : NULL;
}

SEC("iter/task_file")
int find_files(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct socket *socket;
	unsigned short family;
	struct sock *sk;

	if (!task || !file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	sk = BPF_CORE_READ(socket, sk); /* both are NULL for an O_PATH descriptor */
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (!sk || (family != AF_INET && family != AF_INET6))
		return 0;
	if (BPF_CORE_READ(sk, sk_protocol) == IPPROTO_MPTCP)
		sk = first_subflow(sk);
	if (sk)
		tell_found(ctx->meta, found_socket(sk, task));
	return 0;
}

static __always_inline __u8 remnant_path(struct inet_timewait_sock *tw)
{
	struct inet_timewait_sock___connect_bind *bound = (void *)tw;
	bool connect;

	if (bpf_core_field_exists(bound->tw_connect_bind))
		connect = BPF_CORE_READ_BITFIELD_PROBED(bound, tw_connect_bind);
	else
		connect = connects_only(BPF_CORE_READ(tw, tw_tb));
	return connect ? PATH_CONNECT : PATH_CHILD;
}

/* Else its memory had an earlier life, whose end escaped us. */
static __always_inline bool remnant_is(struct inet_timewait_sock *tw, const struct abi_hold *held)
{
	struct sock_common *common = (struct sock_common *)tw;

	return held->tuple.port == BPF_CORE_READ(common, skc_num) &&
	       held->tuple.remote_port == bpf_ntohs(BPF_CORE_READ(common, skc_dport));
}

/* A remnant from before we looked: nobody can say whose it was. */
static __always_inline enum found found_remnant(struct inet_timewait_sock *tw)
{
	__u64 key = (__u64)tw;
	struct abi_hold *held = bpf_map_lookup_elem(&holds, &key);
	struct abi_hold hold;

	if ((held && remnant_is(tw, held)) || !BPF_CORE_READ(tw, tw_tb))
		return NOTHING_NEW;
	if (!describe(&hold, (struct sock *)tw, IPPROTO_TCP, remnant_path(tw)))
		return NOTHING_NEW;
	hold.state = HOLD_TIME_WAIT;
	hold.flags = time_wait_flags(tw);
	hold.tuple.vrf = BPF_CORE_READ(tw, tw_tb, l3mdev);
	return hold_take(key, &hold, 0, EVENT_FOUND) ? FOUND : NO_ROOM;
}

/* Of one network namespace: that of the task which opened the iterator. */
SEC("iter/tcp")
int find_tcp(struct bpf_iter__tcp *ctx)
{
	struct sock_common *common = ctx->sk_common;
	unsigned char state;
	enum found found;

	if (!common)
		return 0;
	state = BPF_CORE_READ(common, skc_state);
	if (state == TCP_NEW_SYN_RECV)
		return 0;
	if (state == TCP_TIME_WAIT)
		found = found_remnant((struct inet_timewait_sock *)common);
	else
		found = found_socket((struct sock *)common, NULL);
	tell_found(ctx->meta, found);
	return 0;
}

SEC("iter/udp")
int find_udp(struct bpf_iter__udp *ctx)
{
	struct sock *sk = (struct sock *)ctx->udp_sk;

	if (sk)
		tell_found(ctx->meta, found_socket(sk, NULL));
	return 0;
}
