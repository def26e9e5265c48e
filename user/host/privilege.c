// SPDX-License-Identifier: Apache-2.0
#include "user/host/privilege.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

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

/* --- giving up ------------------------------------------------------------------------------- */

/* What a broker is for, of what such a source makes use of. */
static bool is_brokers(const struct privilege *privilege, unsigned int source)
{
	return privilege->sources & source &&
	       (privilege->capability == CAP_SYS_ADMIN || privilege->capability == CAP_SYS_PTRACE ||
		privilege->capability == CAP_DAC_READ_SEARCH);
}

bool privilege_has_brokers(unsigned int source)
{
	struct privilege privileges[PRIVILEGES_MAX];
	size_t count = privilege_list(privileges);

	for (size_t i = 0; i < count; i++)
		if (privileges[i].have && is_brokers(&privileges[i], source))
			return true;
	return false;
}

/* What execve() may give back, if the program is root's, is given up first; the bounding set takes
 * CAP_SETPCAP, without which "no new privileges" does as much. */
static int give_up_to_come(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	for (unsigned long i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
		prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return 0;
}

static int apply(void)
{
	return capng_apply(CAPNG_SELECT_CAPS) ? -EPERM : 0;
}

static int add(capng_type_t sets, int capability)
{
	return capng_update(CAPNG_ADD, sets, (unsigned int)capability) ? -EINVAL : 0;
}

int privilege_keep_brokers(unsigned int source)
{
	struct privilege privileges[PRIVILEGES_MAX];
	size_t count = privilege_list(privileges);
	int r = give_up_to_come();

	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < count && r == 0; i++)
		if (privileges[i].have && is_brokers(&privileges[i], source))
			r = add(CAPNG_EFFECTIVE | CAPNG_PERMITTED, privileges[i].capability);
	return r < 0 ? r : apply();
}

int privilege_drop(int (*works)(void *context), void *context, bool *ret_kept_bpf)
{
	bool kept = false;
	bool have;
	int r = give_up_to_come();

	capng_get_caps_process();
	have = capng_have_capability(CAPNG_EFFECTIVE, CAP_BPF);
	capng_clear(CAPNG_SELECT_BOTH);
	if (r == 0 && have && works)
		r = add(CAPNG_PERMITTED, CAP_BPF);
	if (r == 0)
		r = apply();
	if (r < 0)
		return r;
	if (have && works) {
		kept = works(context) == -EPERM;
		if (kept)
			r = add(CAPNG_EFFECTIVE, CAP_BPF);
		else
			capng_clear(CAPNG_SELECT_BOTH);
		if (r == 0)
			r = apply();
	}
	if (ret_kept_bpf)
		*ret_kept_bpf = kept;
	return r;
}

int privilege_drop_thread(void)
{
	return privilege_drop(NULL, NULL, NULL);
}
