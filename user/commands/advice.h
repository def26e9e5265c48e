/* SPDX-License-Identifier: Apache-2.0 */
/* What a source that does not work here lacks, and how to give it that. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define ADVICE_MAX 256

struct kconfig;
struct privilege;
struct source_attempt;

/* What is known of the host. */
struct advice_facts {
	bool btf;
	bool cgroup2;
	const char *lockdown; /* "none", "integrity", "confidentiality"; NULL: unknown */
	const struct kconfig *kconfig;
	const struct privilege *privileges;
	size_t privileges_count;
};

struct advice {
	char missing[ADVICE_MAX];
	char fix[ADVICE_MAX];
};

/* The one piece to begin with: capabilities, then BTF, then options of the kernel, then lockdown.
 * Where none of these is to blame, missing is empty: the reason of the attempt is all there is. */
void advice_give(struct advice *ret, const struct source_attempt *attempt,
		 const struct advice_facts *facts);

/* The state out of the kernel's "none [integrity] confidentiality"; NULL: it is no such line. What
 * the kernel was built to enforce where it says nothing. */
const char *advice_lockdown(const char *line, const struct kconfig *kconfig);
