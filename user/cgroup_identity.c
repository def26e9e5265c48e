// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "user/cgroup.h"
#include "user/util.h"

#define CONTAINER_ID_LENGTH 64
#define CONTAINER_ID_SHOWN 12

/* What runtimes put before the id of a container in the name of its cgroup. */
static const char *const runtimes[] = {
	"docker-", "cri-containerd-", "cri-containerd:", "crio-", "libpod-", "",
};

static const char lxc[] = "lxc.payload."; /* followed by a name, not by an id */

static size_t hex_length(const char *s)
{
	return strspn(s, "0123456789abcdef");
}

static bool ends_with(const char *s, size_t length, const char *end)
{
	size_t n = strlen(end);

	return length >= n && !memcmp(s + length - n, end, n);
}

static void copy(char *ret, const char *s, size_t length)
{
	snprintf(ret, CGROUP_NAME_MAX, "%.*s", (int)length, s);
}

/* A 64-digit id after a runtime's prefix, or the name LXC gave. */
static bool identify_container(struct cgroup_identity *ret, const char *name, size_t length)
{
	if (length > strlen(lxc) && !strncmp(name, lxc, strlen(lxc))) {
		copy(ret->container, name + strlen(lxc), length - strlen(lxc));
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(runtimes); i++) {
		size_t n = strlen(runtimes[i]);

		if (strncmp(name, runtimes[i], n) || hex_length(name + n) != CONTAINER_ID_LENGTH)
			continue;
		copy(ret->container, name + n, CONTAINER_ID_SHOWN);
		return true;
	}
	return false;
}

/* "pod<uid>", "kubepods-burstable-pod<uid>.slice" with underscores for dashes. */
static bool identify_pod(struct cgroup_identity *ret, const char *name, size_t length)
{
	const char *at = !strncmp(name, "kubepods", 8) ? strstr(name, "-pod") : NULL;

	if (at)
		at += 4;
	else if (!strncmp(name, "pod", 3))
		at = name + 3;
	if (!at || at >= name + length || !isxdigit((unsigned char)*at))
		return false;
	length -= (size_t)(at - name);
	if (ends_with(at, length, ".slice"))
		length -= 6;
	copy(ret->pod, at, length);
	for (char *c = ret->pod; *c; c++)
		if (*c == '_')
			*c = '-';
	return true;
}

static void identify_part(struct cgroup_identity *ret, const char *name, size_t length)
{
	if (identify_container(ret, name, length) || identify_pod(ret, name, length))
		return;
	if (ends_with(name, length, ".service") || ends_with(name, length, ".scope"))
		copy(ret->unit, name, length);
}

void cgroup_identify(struct cgroup_identity *ret, const char *path)
{
	memset(ret, 0, sizeof(*ret));
	while (*path) {
		size_t length = strcspn(path, "/");

		if (length)
			identify_part(ret, path, length);
		path += length;
		path += strspn(path, "/");
	}
}
