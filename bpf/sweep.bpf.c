// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Both sources: is each hold still held? Ask the object itself. A socket that gave its port back
 * has num 0 and no bind bucket, a remnant no bucket, and freed memory keeps saying so until it
 * is another object with another port. So nothing is dropped merely because a walk missed it.
 */
#define READ_BY_PROBE

#include "hold.bpf.h"
#include "timewait.bpf.h"

/* Deleted one step late: by then the walk has left the element it would trip over. */
__u64 dead_key;
__u64 dead_id;

static __always_inline bool remnant_lives(struct inet_timewait_sock *tw,
					  const struct abi_hold *hold)
{
	return BPF_CORE_READ(tw, tw_tb) &&
	       BPF_CORE_READ(tw, __tw_common.skc_state) == TCP_TIME_WAIT &&
	       bpf_ntohs(BPF_CORE_READ(tw, __tw_common.skc_dport)) == hold->tuple.remote_port;
}

static __always_inline bool socket_lives(struct sock *sk, const struct abi_hold *hold)
{
	if (hold->path == PATH_CONNECT &&
	    bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport)) != hold->tuple.remote_port)
		return false;
	if (hold->protocol == IPPROTO_UDP)
		return true;
	return BPF_CORE_READ(sk, __sk_common.skc_state) != TCP_TIME_WAIT &&
	       BPF_CORE_READ((struct inet_connection_sock *)sk, icsk_bind_hash);
}

static __always_inline bool lives(__u64 key, const struct abi_hold *hold)
{
	struct sock_common *common = (void *)key;
	struct net *net = BPF_CORE_READ(common, skc_net.net);

	if (BPF_CORE_READ(common, skc_num) != hold->tuple.port ||
	    BPF_CORE_READ(net, ns.inum) != hold->tuple.netns ||
	    netns_life(net) != hold->tuple.netns_life)
		return false;
	return hold->state == HOLD_TIME_WAIT ? remnant_lives((void *)key, hold)
					     : socket_lives((void *)key, hold);
}

static __always_inline void bury_dead(void)
{
	struct abi_hold *hold = dead_key ? bpf_map_lookup_elem(&holds, &dead_key) : NULL;

	if (hold && hold->id == dead_id)
		hold_release(dead_key, EVENT_FOUND);
	dead_key = 0;
}

/* One byte per hold looked at: the reader decides how many come at a time. */
SEC("iter/bpf_map_elem")
int sweep_holds(struct bpf_iter__bpf_map_elem *ctx)
{
	struct abi_hold *hold = ctx->value;
	__u64 *key_at = ctx->key;
	char mark = FOUND_NEW;
	__u64 key;

	bury_dead();
	if (!hold || !key_at)
		return 0;
	key = *key_at;
	if (!lives(key, hold)) {
		dead_key = key;
		dead_id = hold->id;
	} else {
		if (hold->state == HOLD_TIME_WAIT)
			hold_refresh(hold, time_wait_flags((void *)key), EVENT_FOUND);
		if (resync)
			emit_taken(hold, 0, EVENT_FOUND | EVENT_RESYNC, bpf_ktime_get_ns());
	}
	bpf_seq_write(ctx->meta->seq, &mark, sizeof(mark));
	return 0;
}
