// SPDX-License-Identifier: Apache-2.0
#include "user/host/procowner.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/host/procfs.h"

#define NS_PER_SECOND 1000000000ULL
#define UID_UNKNOWN UINT32_MAX /* no user ever has it */
#define STATUS_MAX 16384
#define CGROUP_TEXT_MAX 8192

/* "4242 (name) S ..."; the name may contain anything, parentheses too. False: it is not there. */
static bool copy_name(struct abi_owner *owner, const char *stat)
{
	const char *first = strchr(stat, '(');
	const char *last = strrchr(stat, ')');
	size_t length;

	if (!first || !last || last < first)
		return false;
	length = (size_t)(last - first) - 1;
	if (length >= sizeof(owner->comm))
		length = sizeof(owner->comm) - 1;
	memcpy(owner->comm, first + 1, length);
	return true;
}

/* The name in its first line is escaped, so that nothing before can pretend to be this line. */
static uint32_t parse_uid(const char *status)
{
	const char *line = strstr(status, "\nUid:");

	return line ? (uint32_t)strtoul(line + strlen("\nUid:"), NULL, 10) : UID_UNKNOWN;
}

/* "0::/path" is the line of cgroup v2; the id of a cgroup is the inode number of its directory
 * (kernfs, 5.5 and later). */
static uint64_t find_cgroup(const char *cgroup_root, const char *text)
{
	const char *line = strncmp(text, "0::", 3) ? strstr(text, "\n0::") : text;
	char path[PATH_MAX];
	struct stat st;
	int length;

	if (!line)
		return 0;
	line = strchr(line, '/');
	if (!line)
		return 0;
	length =
		snprintf(path, sizeof(path), "%s%.*s", cgroup_root, (int)strcspn(line, "\n"), line);
	if (length < 0 || (size_t)length >= sizeof(path) || stat(path, &st) < 0)
		return 0;
	return S_ISDIR(st.st_mode) ? st.st_ino : 0;
}

static int read_file(const char *proc_root, uint32_t pid, const char *name, char *ret, size_t size)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%u/%s", proc_root, pid, name);
	return procfs_read(path, ret, size);
}

int procowner_read(struct abi_owner *ret, const char *proc_root, const char *cgroup_root,
		   uint32_t pid)
{
	struct abi_owner owner = { .tgid = pid, .uid = UID_UNKNOWN };
	uint64_t tick_ns = NS_PER_SECOND / (uint64_t)sysconf(_SC_CLK_TCK);
	char text[STATUS_MAX];
	int r;

	r = read_file(proc_root, pid, "stat", text, sizeof(text));
	if (r < 0)
		return r;
	if (!copy_name(&owner, text))
		return -EBADMSG;
	owner.start_ns = procfs_parse_start(text) * tick_ns; /* may be 0: process 1 */
	if (read_file(proc_root, pid, "status", text, sizeof(text)) == 0)
		owner.uid = parse_uid(text);
	if (cgroup_root && read_file(proc_root, pid, "cgroup", text, CGROUP_TEXT_MAX) == 0)
		owner.cgroup = find_cgroup(cgroup_root, text);
	*ret = owner;
	return 0;
}
