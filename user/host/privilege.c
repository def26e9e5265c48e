// SPDX-License-Identifier: Apache-2.0
#include "user/host/privilege.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <cap-ng.h>

#include "user/base/log.h"
#include "user/base/util.h"

#define BOTH (PRIVILEGE_BPF | PRIVILEGE_DIAG)

static const struct privilege needed[] = {
	{ CAP_BPF, "CAP_BPF", "loading BPF programs", PRIVILEGE_BPF, PRIVILEGE_BPF, false },
	{ CAP_PERFMON, "CAP_PERFMON", "reading kernel memory from them", PRIVILEGE_BPF,
	  PRIVILEGE_BPF, false },
	{ CAP_NET_ADMIN, "CAP_NET_ADMIN", "socket hooks of the tracepoint source", PRIVILEGE_BPF, 0,
	  false },
	{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "entering other network namespaces", BOTH, 0, false },
	{ CAP_SYS_PTRACE, "CAP_SYS_PTRACE", "seeing the namespaces of other users", BOTH, 0,
	  false },
	{ CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH",
	  "seeing the sockets of other users (diag source)", PRIVILEGE_DIAG, 0, false },
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

/* The names of those that such a source lacks, required ones or the others. */
static void list_missing(char *ret, size_t size, unsigned int source, bool required)
{
	struct privilege privileges[PRIVILEGES_MAX];
	size_t count = privilege_list(privileges);
	size_t used = 0;

	*ret = '\0';
	for (size_t i = 0; i < count; i++) {
		const struct privilege *privilege = &privileges[i];
		bool is_required = privilege->required & source;

		if (privilege->have || !(privilege->sources & source) || is_required != required)
			continue;
		snprintf(ret + used, size - used, "%s%s", used ? ", " : "", privilege->name);
		used = strlen(ret);
	}
}

int privilege_require(unsigned int source)
{
	char missing[256];

	list_missing(missing, sizeof(missing), source, true);
	if (missing[0]) {
		log_error("missing privileges: %s; run as root or grant these capabilities, or see "
			  "less with --source diag",
			  missing);
		return -EPERM;
	}
	list_missing(missing, sizeof(missing), source, false);
	if (missing[0])
		log_info("without %s: less can be seen; portgauge doctor tells what", missing);
	return 0;
}

int privilege_drop_others(unsigned int source)
{
	struct privilege privileges[PRIVILEGES_MAX];
	size_t count = privilege_list(privileges);

	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < count; i++) {
		if (!privileges[i].have || !(privileges[i].sources & source))
			continue;
		if (capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
				 (unsigned int)privileges[i].capability))
			return -EINVAL;
	}
	return capng_apply(CAPNG_SELECT_CAPS) ? -EPERM : 0;
}
