/* SPDX-License-Identifier: Apache-2.0 */
/* Which capabilities portgauge needs, which it has, and giving up the rest. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct privilege {
	int capability;
	const char *name; /* "CAP_BPF" */
	const char *needed_for;
	bool have; /* effective in this process */
};

#define PRIVILEGES_MAX 8

/* The capabilities we know a use for; returns how many. */
size_t privilege_list(struct privilege ret[PRIVILEGES_MAX]);

/* 0, or -EPERM after one line that says what is missing and what to do. */
int privilege_require(void);

/* Gives up every capability but those listed. A negative errno on failure. */
int privilege_drop_others(void);
