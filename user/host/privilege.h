/* SPDX-License-Identifier: Apache-2.0 */
/* Which capabilities portgauge needs, which it has, and giving up the rest. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct privilege {
	int capability;
	const char *name; /* "CAP_BPF" */
	const char *needed_for;
	unsigned int sources;  /* PRIVILEGE_BPF, PRIVILEGE_DIAG: which make use of it */
	unsigned int required; /* which of these do not begin without; the others see less */
	bool have;             /* effective in this process */
};

#define PRIVILEGE_BPF 0x01 /* all sources but diag */
#define PRIVILEGE_DIAG 0x02

#define PRIVILEGES_MAX 8

/* The capabilities we know a use for; returns how many. */
size_t privilege_list(struct privilege ret[PRIVILEGES_MAX]);

/* Is there all that such a source must have? 0, after one line if others are missing that it would
 * see more with; or -EPERM after one line that says what is missing and what to do. */
int privilege_require(unsigned int source);

/* Has this process any that its broker is for, with such a source? */
bool privilege_has_brokers(unsigned int source);

/* Gives up all but these: the broker's process. A negative errno on failure. */
int privilege_keep_brokers(unsigned int source);

/* Gives up all capabilities of the calling thread, what it may get by execve() too. Up to 5.18 a
 * kernel where kernel.unprivileged_bpf_disabled is set refuses every use of bpf() to who has no
 * CAP_BPF, even of one's own maps; so if works says -EPERM then, CAP_BPF is kept. ret_kept_bpf: may
 * be NULL. A negative errno on failure. */
int privilege_drop(int (*works)(void *context), void *context, bool *ret_kept_bpf);

/* The same of a thread that was started before; it keeps nothing. */
int privilege_drop_thread(void);
