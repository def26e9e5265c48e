// SPDX-License-Identifier: Apache-2.0
#include "user/host/kconfig.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <zlib.h>

#define OF_ITSELF "/proc/config.gz"
#define OF_ITS_PACKAGE "/boot/config-%.128s"
#define SET "=y"

static const char *const names[KCONFIG__COUNT] = {
	[KCONFIG_BPF_SYSCALL] = "CONFIG_BPF_SYSCALL",
	[KCONFIG_BPF_JIT] = "CONFIG_BPF_JIT",
	[KCONFIG_BPF_EVENTS] = "CONFIG_BPF_EVENTS",
	[KCONFIG_DEBUG_INFO_BTF] = "CONFIG_DEBUG_INFO_BTF",
	[KCONFIG_DIRECT_CALLS] = "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS",
	[KCONFIG_KPROBE_EVENTS] = "CONFIG_KPROBE_EVENTS",
	[KCONFIG_CGROUP_BPF] = "CONFIG_CGROUP_BPF",
	[KCONFIG_LOCKDOWN_INTEGRITY] = "CONFIG_LOCK_DOWN_KERNEL_FORCE_INTEGRITY",
	[KCONFIG_LOCKDOWN_CONFIDENTIALITY] = "CONFIG_LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY",
};

const char *kconfig_name(enum kconfig_option option)
{
	return names[option];
}

void kconfig_take(struct kconfig *kconfig, const char *line)
{
	size_t length = strcspn(line, "\n");

	kconfig->known |= !strncmp(line, "CONFIG_", strlen("CONFIG_"));
	for (int i = 0; i < KCONFIG__COUNT; i++) {
		size_t name = strlen(names[i]);

		if (length == name + strlen(SET) && !strncmp(line, names[i], name) &&
		    !strncmp(line + name, SET, strlen(SET)))
			kconfig->set[i] = true;
	}
}

/* The rest of a line that is too long for us comes as further pieces: none of them is a line. */
void kconfig_read_list(struct kconfig *kconfig, const char *path)
{
	gzFile file = gzopen(path, "re");
	bool begins = true;
	char piece[512];

	if (!file)
		return;
	while (gzgets(file, piece, sizeof(piece))) {
		if (begins)
			kconfig_take(kconfig, piece);
		begins = strchr(piece, '\n');
	}
	gzclose(file);
}

void kconfig_read(struct kconfig *ret, const char *release)
{
	char path[PATH_MAX];

	*ret = (struct kconfig){ .known = false };
	kconfig_read_list(ret, OF_ITSELF);
	if (ret->known)
		return;
	snprintf(path, sizeof(path), OF_ITS_PACKAGE, release);
	kconfig_read_list(ret, path);
}
