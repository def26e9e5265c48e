/* SPDX-License-Identifier: Apache-2.0 */
/* What the running kernel can do, found by trying, never by its version. */
#pragma once

#include <stdbool.h>

/* NULL: it can; else what it lacks, in words. */
const char *kernel_lacks_port_range(void);
const char *kernel_lacks_mptcp(void);
const char *kernel_lacks_io_uring(void);
const char *kernel_lacks_vrf(void);
const char *kernel_lacks_vxlan(void);
/* Of sock_diag, for sockets that are bound and neither connected nor listening. */
const char *kernel_lacks_bound_dump(void);
/* Beyond that, for ports that their binder left and that stay blocked (before 6.17). */
const char *kernel_lacks_dump_of_blocked_ports(void);
const char *kernel_lacks_killing_time_wait(void);

/* Does it count the runs of BPF programs that it skipped? From 5.12 on, when it began to. */
bool kernel_tells_of_skipped_programs(void);

/* Does it refuse bpf() to who has no CAP_BPF, even for a map of one's own? Up to 5.18, where
 * kernel.unprivileged_bpf_disabled is set. */
bool kernel_wants_capability_for_bpf(void);

/* Is a once-bound port free for connect() as soon as its last binder left? From 6.17 on, told by
 * inet_bind2_bucket.fastreuse. */
bool kernel_frees_bound_ports(void);
