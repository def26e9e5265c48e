/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A TCP connect() has looked for a port. Shared by the sources that hook the search itself. */
#pragma once

#include "refuse.bpf.h"
#include "search.bpf.h"
#include "take.bpf.h"

/* num != 0 after a failure: a pre-bound socket whose 4-tuple is busy, which is no refusal. */
static __always_inline void connect_done(struct sock *sk, int error, __u64 elapsed)
{
	if (rd(sk, sk_protocol) != IPPROTO_TCP)
		return;
	if (!error)
		take(sk, IPPROTO_TCP, PATH_CONNECT, elapsed);
	else if (error == -EADDRNOTAVAIL && !rd(sk, __sk_common.skc_num))
		refuse(sk, IPPROTO_TCP, PATH_CONNECT, elapsed);
}
