// SPDX-License-Identifier: Apache-2.0
#include "user/privilege.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <cap-ng.h>

#include "user/log.h"
#include "user/util.h"

static const struct privilege needed[] = {
	{ CAP_BPF, "CAP_BPF", "loading BPF programs", false },
	{ CAP_PERFMON, "CAP_PERFMON", "reading kernel memory from them", false },
	{ CAP_NET_ADMIN, "CAP_NET_ADMIN", "socket hooks of the tracepoint source", false },
	{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "entering other network namespaces", false },
	{ CAP_SYS_PTRACE, "CAP_SYS_PTRACE", "seeing the namespaces of other users", false },
};

_Static_assert(ARRAY_SIZE(needed) <= PRIVILEGES_MAX, "grow PRIVILEGES_MAX");

size_t privilege_list(struct privilege ret[PRIVILEGES_MAX])
{
	capng_get_caps_process();
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		ret[i] = needed[i];
		ret[i].have =
			capng_have_capability(CAPNG_EFFECTIVE, (unsigned int)needed[i].capability);
	}
	return ARRAY_SIZE(needed);
}

int privilege_require(void)
{
	struct privilege privileges[PRIVILEGES_MAX];
	size_t count = privilege_list(privileges);
	char missing[256] = "";

	for (size_t i = 0; i < count; i++) {
		size_t used = strlen(missing);

		if (!privileges[i].have)
			snprintf(missing + used, sizeof(missing) - used, "%s%s", used ? ", " : "",
				 privileges[i].name);
	}
	if (!missing[0])
		return 0;
	log_error("missing privileges: %s; run as root, or grant these capabilities", missing);
	return -EPERM;
}

int privilege_drop_others(void)
{
	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
				 (unsigned int)needed[i].capability))
			return -EINVAL;
	return capng_apply(CAPNG_SELECT_CAPS) ? -EPERM : 0;
}
