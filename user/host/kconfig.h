/* SPDX-License-Identifier: Apache-2.0 */
/* Options that the running kernel was built with, as far as it or its package tells. */
#pragma once

#include <stdbool.h>

enum kconfig_option {
	KCONFIG_BPF_SYSCALL,
	KCONFIG_BPF_JIT,
	KCONFIG_BPF_EVENTS,
	KCONFIG_DEBUG_INFO_BTF,
	KCONFIG_DIRECT_CALLS,
	KCONFIG_KPROBE_EVENTS,
	KCONFIG_CGROUP_BPF,
	KCONFIG_LOCKDOWN_INTEGRITY,
	KCONFIG_LOCKDOWN_CONFIDENTIALITY,
	KCONFIG__COUNT
};

struct kconfig {
	bool known; /* false: no list of options was found */
	bool set[KCONFIG__COUNT];
};

/* "CONFIG_BPF_SYSCALL". */
const char *kconfig_name(enum kconfig_option option);

/* One line of such a list. Pure. */
void kconfig_take(struct kconfig *kconfig, const char *line);

/* All lines of such a file, packed or not; nothing changes if it cannot be read. */
void kconfig_read_list(struct kconfig *kconfig, const char *path);

/* Out of /proc/config.gz, else /boot/config-RELEASE. */
void kconfig_read(struct kconfig *ret, const char *release);
