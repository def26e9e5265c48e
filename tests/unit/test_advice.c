// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "user/base/util.h"
#include "user/commands/advice.h"
#include "user/host/kconfig.h"
#include "user/host/privilege.h"
#include "user/sources/source.h"

/* A host on which nothing is missing; a test takes something away. */
struct host {
	struct kconfig kconfig;
	struct privilege privileges[PRIVILEGES_MAX];
	struct advice_facts facts;
};

static void host_init(struct host *host)
{
	*host = (struct host){ .kconfig = { .known = true } };
	for (int i = 0; i < KCONFIG__COUNT; i++)
		host->kconfig.set[i] = i < KCONFIG_LOCKDOWN_INTEGRITY;
	host->facts = (struct advice_facts){
		.btf = true,
		.cgroup2 = true,
		.lockdown = "none",
		.kconfig = &host->kconfig,
		.privileges = host->privileges,
		.privileges_count = privilege_list(host->privileges),
	};
	for (size_t i = 0; i < host->facts.privileges_count; i++)
		host->privileges[i].have = true;
}

static void lose(struct host *host, const char *capability)
{
	for (size_t i = 0; i < host->facts.privileges_count; i++)
		if (!strcmp(host->privileges[i].name, capability))
			host->privileges[i].have = false;
}

static struct advice give(const struct host *host, const char *source, int error)
{
	const struct source_ops *const *table = source_table();
	struct source_attempt attempt = { .tried = true, .error = error };
	struct advice advice;

	while (*table && strcmp((*table)->name, source))
		table++;
	attempt.ops = *table;
	assert_non_null(attempt.ops);
	advice_give(&advice, &attempt, &host->facts);
	return advice;
}

static void advises(const struct host *host, const char *source, int error, const char *missing,
		    const char *fix)
{
	struct advice advice = give(host, source, error);

	if (strcmp(advice.missing, missing) != 0 || !strstr(advice.fix, fix))
		fail_msg("%s: '%s', '%s'", source, advice.missing, advice.fix);
}

static void advises_nothing(const struct host *host, const char *source, int error)
{
	advises(host, source, error, "", "");
}

static void what_works_lacks_nothing(void **state)
{
	struct host host;

	(void)state;
	host_init(&host);
	host.facts.btf = false;
	lose(&host, "CAP_BPF");
	advises_nothing(&host, "fentry", 0);
	advises_nothing(&host, "diag", -EPERM); /* it needs none of all this */
}

static void capabilities_come_first(void **state)
{
	struct host host;

	(void)state;
	host_init(&host);
	host.facts.btf = false;
	host.facts.lockdown = "integrity";
	lose(&host, "CAP_BPF");
	lose(&host, "CAP_NET_ADMIN");
	advises(&host, "fentry", -EPERM, "CAP_BPF", "AmbientCapabilities=");
	advises(&host, "tracepoint", -EPERM, "CAP_BPF, CAP_NET_ADMIN", "root");
	lose(&host, "CAP_PERFMON");
	advises(&host, "kprobe", -EACCES, "CAP_BPF, CAP_PERFMON", "root");
}

static void capabilities_are_not_to_blame_for_other_errors(void **state)
{
	struct host host;

	(void)state;
	host_init(&host);
	lose(&host, "CAP_BPF");
	host.kconfig.set[KCONFIG_KPROBE_EVENTS] = false;
	advises(&host, "kprobe", -ENOENT, "CONFIG_KPROBE_EVENTS", "CONFIG_KPROBE_EVENTS=y");
}

static void btf_that_the_kernel_has_is_not_mounted(void **state)
{
	struct host host;

	(void)state;
	host_init(&host);
	host.facts.btf = false;
	advises(&host, "fentry", -ENOTSUP, "BTF: /sys/kernel/btf/vmlinux", "mount sysfs");
	host.kconfig.set[KCONFIG_DEBUG_INFO_BTF] = false;
	advises(&host, "fentry", -ENOTSUP, "BTF: /sys/kernel/btf/vmlinux",
		"CONFIG_DEBUG_INFO_BTF=y");
	host.kconfig.known = false;
	advises(&host, "fentry", -ENOTSUP, "BTF: /sys/kernel/btf/vmlinux",
		"CONFIG_DEBUG_INFO_BTF=y");
}

static void options_are_those_that_the_source_needs(void **state)
{
	struct host host;

	(void)state;
	host_init(&host);
	host.kconfig.set[KCONFIG_DIRECT_CALLS] = false;
	advises(&host, "fentry", -EOPNOTSUPP, "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS", "=y");
	advises_nothing(&host, "kprobe", -EINVAL);
	advises_nothing(&host, "tracepoint", -EINVAL);
	host.kconfig.set[KCONFIG_CGROUP_BPF] = false;
	advises(&host, "tracepoint", -EINVAL, "CONFIG_CGROUP_BPF", "=y");
	host.kconfig.set[KCONFIG_BPF_SYSCALL] = false;
	advises(&host, "kprobe", -ENOSYS, "CONFIG_BPF_SYSCALL", "=y");
	host.kconfig.known = false;
	advises_nothing(&host, "kprobe", -ENOSYS);
}

static void socket_hooks_need_cgroup_v2(void **state)
{
	struct host host;

	(void)state;
	host_init(&host);
	host.facts.cgroup2 = false;
	advises(&host, "tracepoint", -ENOENT, "cgroup v2", "mount -t cgroup2");
	advises_nothing(&host, "fentry", -ENOENT);
}

static void lockdown_is_to_blame_for_what_is_refused_all_the_same(void **state)
{
	struct host host;

	(void)state;
	host_init(&host);
	host.facts.lockdown = "confidentiality";
	advises(&host, "fentry", -EPERM, "permission: the kernel is locked down (confidentiality)",
		"lockdown=none");
	advises_nothing(&host, "fentry", -EINVAL);
	host.kconfig.set[KCONFIG_LOCKDOWN_INTEGRITY] = true;
	host.facts.lockdown = "integrity";
	advises(&host, "fentry", -EPERM, "permission: the kernel is locked down (integrity)",
		"without CONFIG_LOCK_DOWN_KERNEL_FORCE_INTEGRITY");
	host.facts.lockdown = NULL;
	advises(&host, "fentry", -EPERM,
		"permission: lockdown, a security module or a seccomp filter refuses it",
		"securityfs");
	host.facts.lockdown = "none";
	advises_nothing(&host, "fentry", -EPERM);
}

static void the_state_of_lockdown_is_what_stands_in_brackets(void **state)
{
	struct kconfig kconfig = { .known = true };

	(void)state;
	assert_string_equal(advice_lockdown("[none] integrity confidentiality\n", &kconfig),
			    "none");
	assert_string_equal(advice_lockdown("none [integrity] confidentiality\n", &kconfig),
			    "integrity");
	assert_string_equal(advice_lockdown("none integrity [confidentiality]", &kconfig),
			    "confidentiality");
	assert_null(advice_lockdown("[nonesuch]", &kconfig));
	assert_null(advice_lockdown("[", &kconfig));
	assert_null(advice_lockdown(NULL, &kconfig));
	kconfig.set[KCONFIG_LOCKDOWN_INTEGRITY] = true;
	assert_string_equal(advice_lockdown(NULL, &kconfig), "integrity");
	kconfig.set[KCONFIG_LOCKDOWN_CONFIDENTIALITY] = true;
	assert_string_equal(advice_lockdown(NULL, &kconfig), "confidentiality");
	assert_string_equal(advice_lockdown("[none] integrity confidentiality", &kconfig), "none");
}

static void options_are_read_as_kernels_list_them(void **state)
{
	static const char *const lines[] = { "# CONFIG_BPF_JIT is not set\n",
					     "CONFIG_BPF_EVENTS=m\n",
					     "CONFIG_BPF_SYSCALL_EXTRA=y\n",
					     "XCONFIG_CGROUP_BPF=y\n",
					     "CONFIG_KPROBE_EVENTS=y # no\n",
					     "",
					     "\n" };
	struct kconfig kconfig = { .known = false };

	(void)state;
	kconfig_take(&kconfig, "# Linux/x86 6.1.0\n");
	assert_false(kconfig.known);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		kconfig_take(&kconfig, lines[i]);
	assert_true(kconfig.known);
	for (int i = 0; i < KCONFIG__COUNT; i++)
		assert_false(kconfig.set[i]);
	kconfig_take(&kconfig, "CONFIG_BPF_SYSCALL=y\n");
	kconfig_take(&kconfig, "CONFIG_CGROUP_BPF=y");
	assert_true(kconfig.set[KCONFIG_BPF_SYSCALL]);
	assert_true(kconfig.set[KCONFIG_CGROUP_BPF]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_works_lacks_nothing),
		cmocka_unit_test(capabilities_come_first),
		cmocka_unit_test(capabilities_are_not_to_blame_for_other_errors),
		cmocka_unit_test(btf_that_the_kernel_has_is_not_mounted),
		cmocka_unit_test(options_are_those_that_the_source_needs),
		cmocka_unit_test(socket_hooks_need_cgroup_v2),
		cmocka_unit_test(lockdown_is_to_blame_for_what_is_refused_all_the_same),
		cmocka_unit_test(the_state_of_lockdown_is_what_stands_in_brackets),
		cmocka_unit_test(options_are_read_as_kernels_list_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
