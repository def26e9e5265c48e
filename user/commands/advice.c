// SPDX-License-Identifier: Apache-2.0
#include "user/commands/advice.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "user/base/util.h"
#include "user/host/kconfig.h"
#include "user/host/privilege.h"
#include "user/sources/source.h"

/* Beyond what all of BPF needs. */
static const struct need {
	const char *source;
	enum kconfig_option option;
} needs[] = {
	{ "fentry", KCONFIG_BPF_JIT },
	{ "fentry", KCONFIG_DIRECT_CALLS },
	{ "kprobe", KCONFIG_KPROBE_EVENTS },
	{ "tracepoint", KCONFIG_CGROUP_BPF },
};
static const enum kconfig_option needed_by_all[] = { KCONFIG_BPF_SYSCALL, KCONFIG_BPF_EVENTS };

static bool is_refused(const struct source_attempt *attempt)
{
	return attempt->error == -EPERM || attempt->error == -EACCES;
}

static bool is(const struct source_attempt *attempt, const char *source)
{
	return !strcmp(attempt->ops->name, source);
}

/* The hooks of the tracepoint source need one more than loading does. */
static bool advise_privileges(struct advice *ret, const struct source_attempt *attempt,
			      const struct advice_facts *facts)
{
	size_t used = 0;

	for (size_t i = 0; i < facts->privileges_count; i++) {
		const struct privilege *p = &facts->privileges[i];
		bool is_needed = p->required & PRIVILEGE_BPF ||
				 (is(attempt, "tracepoint") && !strcmp(p->name, "CAP_NET_ADMIN"));

		if (p->have || !is_needed)
			continue;
		snprintf(ret->missing + used, sizeof(ret->missing) - used, "%s%s", used ? ", " : "",
			 p->name);
		used = strlen(ret->missing);
	}
	if (!used || !is_refused(attempt))
		return false;
	snprintf(
		ret->fix, sizeof(ret->fix),
		"run it as root, or grant it: AmbientCapabilities= in a unit, securityContext in a pod");
	return true;
}

static bool advise_btf(struct advice *ret, const struct advice_facts *facts)
{
	if (facts->btf)
		return false;
	snprintf(ret->missing, sizeof(ret->missing), "BTF: /sys/kernel/btf/vmlinux");
	if (facts->kconfig->known && facts->kconfig->set[KCONFIG_DEBUG_INFO_BTF])
		snprintf(ret->fix, sizeof(ret->fix),
			 "this kernel has it; mount sysfs at /sys, in a container as well");
	else
		snprintf(ret->fix, sizeof(ret->fix),
			 "boot a kernel built with %s=y, as those of the distributions are",
			 kconfig_name(KCONFIG_DEBUG_INFO_BTF));
	return true;
}

static bool lacks(struct advice *ret, const struct advice_facts *facts, enum kconfig_option option)
{
	if (!facts->kconfig->known || facts->kconfig->set[option])
		return false;
	snprintf(ret->missing, sizeof(ret->missing), "%s", kconfig_name(option));
	snprintf(ret->fix, sizeof(ret->fix), "boot a kernel built with %s=y", kconfig_name(option));
	return true;
}

static bool advise_options(struct advice *ret, const struct source_attempt *attempt,
			   const struct advice_facts *facts)
{
	for (size_t i = 0; i < ARRAY_SIZE(needed_by_all); i++)
		if (lacks(ret, facts, needed_by_all[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(needs); i++)
		if (is(attempt, needs[i].source) && lacks(ret, facts, needs[i].option))
			return true;
	return false;
}

static bool advise_cgroup(struct advice *ret, const struct source_attempt *attempt,
			  const struct advice_facts *facts)
{
	if (facts->cgroup2 || !is(attempt, "tracepoint"))
		return false;
	snprintf(ret->missing, sizeof(ret->missing), "cgroup v2");
	snprintf(ret->fix, sizeof(ret->fix),
		 "mount -t cgroup2 none /sys/fs/cgroup/unified, or boot with "
		 "systemd.unified_cgroup_hierarchy=1");
	return true;
}

/* How to lift it, for whoever must; what the kernel was built to enforce no option takes back. */
static void advise_to_lift(struct advice *ret, const struct kconfig *kconfig)
{
	static const enum kconfig_option forces[] = { KCONFIG_LOCKDOWN_CONFIDENTIALITY,
						      KCONFIG_LOCKDOWN_INTEGRITY };

	for (size_t i = 0; i < ARRAY_SIZE(forces); i++) {
		if (!kconfig->set[forces[i]])
			continue;
		snprintf(
			ret->fix, sizeof(ret->fix),
			"better leave it, and take the next source; only a kernel built without %s "
			"allows it",
			kconfig_name(forces[i]));
		return;
	}
	snprintf(ret->fix, sizeof(ret->fix),
		 "better leave it, and take the next source; lockdown=none at boot lifts it, where "
		 "Secure Boot lets it");
}

/* All capabilities are there, and yet it was refused. */
static bool advise_lockdown(struct advice *ret, const struct source_attempt *attempt,
			    const struct advice_facts *facts)
{
	if (!is_refused(attempt) || (facts->lockdown && !strcmp(facts->lockdown, "none")))
		return false;
	if (facts->lockdown) {
		snprintf(ret->missing, sizeof(ret->missing),
			 "permission: the kernel is locked down (%s)", facts->lockdown);
		advise_to_lift(ret, facts->kconfig);
		return true;
	}
	snprintf(ret->missing, sizeof(ret->missing),
		 "permission: lockdown, a security module or a seccomp filter refuses it");
	snprintf(ret->fix, sizeof(ret->fix),
		 "see dmesg; with securityfs mounted at /sys/kernel/security, doctor can read the "
		 "lockdown");
	return true;
}

void advice_give(struct advice *ret, const struct source_attempt *attempt,
		 const struct advice_facts *facts)
{
	*ret = (struct advice){ .fix = "" };
	if (!attempt->error || attempt->ops->privileges != PRIVILEGE_BPF)
		return;
	if (advise_privileges(ret, attempt, facts))
		return;
	*ret = (struct advice){ .fix = "" };
	if (!advise_btf(ret, facts) && !advise_options(ret, attempt, facts) &&
	    !advise_cgroup(ret, attempt, facts))
		advise_lockdown(ret, attempt, facts);
}

const char *advice_lockdown(const char *line, const struct kconfig *kconfig)
{
	static const char *const states[] = { "none", "integrity", "confidentiality" };

	for (size_t i = 0; line && i < ARRAY_SIZE(states); i++) {
		const char *at = strchr(line, '[');

		if (at && !strncmp(at + 1, states[i], strlen(states[i])) &&
		    at[1 + strlen(states[i])] == ']')
			return states[i];
	}
	if (kconfig->set[KCONFIG_LOCKDOWN_CONFIDENTIALITY])
		return states[2];
	return kconfig->set[KCONFIG_LOCKDOWN_INTEGRITY] ? states[1] : NULL;
}
