// SPDX-License-Identifier: Apache-2.0
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "user/host/cgroup.h"
#include "user/base/util.h"

#define CONTAINER_ID_LENGTH 64
#define CONTAINER_ID_SHOWN 12
#define POD_UUID_LENGTH 36
#define POD_DIGEST_LENGTH 32

/* What runtimes put before the id of a container in the name of its cgroup. */
static const char *const runtimes[] = {
	"docker-", "cri-containerd-", "crio-", "libpod-", "",
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
		ret->container_id[0] = '\0'; /* that was of a container around it */
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(runtimes); i++) {
		size_t n = strlen(runtimes[i]);

		if (strncmp(name, runtimes[i], n) || hex_length(name + n) != CONTAINER_ID_LENGTH)
			continue;
		copy(ret->container, name + n, CONTAINER_ID_SHOWN);
		snprintf(ret->container_id, CGROUP_ID_MAX, "%.*s", CONTAINER_ID_LENGTH, name + n);
		return true;
	}
	return false;
}

/* "pod<uid>"; "kubepods-burstable-pod<uid>.slice", in kind after "kubelet-". */
static const char *find_pod_uid(const char *name, size_t length)
{
	const char *at;

	if (length > 3 && !memcmp(name, "pod", 3))
		return name + 3;
	at = memmem(name, length, "kubepods", 8);
	at = at ? memmem(at, length - (size_t)(at - name), "-pod", 4) : NULL;
	return at ? at + 4 : NULL;
}

/* A UUID, in a slice with underscores for dashes; of a static pod the digest of its manifest. */
static bool identify_pod(struct cgroup_identity *ret, const char *name, size_t length)
{
	const char *uid = find_pod_uid(name, length);
	size_t n = uid ? strspn(uid, "0123456789abcdef-_") : 0;
	size_t rest = uid ? length - (size_t)(uid - name) : 0;

	if (ends_with(name, length, ".slice"))
		rest -= rest >= 6 ? 6 : 0;
	if (n != rest || (n != POD_UUID_LENGTH && n != POD_DIGEST_LENGTH))
		return false;
	copy(ret->pod, uid, n);
	for (char *c = ret->pod; *c; c++)
		if (*c == '_')
			*c = '-';
	return true;
}

/* "SLICE:RUNTIME:ID" is a path meant for systemd that a runtime without it took literally. */
static void identify_part(struct cgroup_identity *ret, const char *name, size_t length)
{
	const char *slice = memmem(name, length, ".slice:", 7);

	if (slice) {
		const char *id = (const char *)memrchr(name, ':', length) + 1;

		identify_pod(ret, name, (size_t)(slice - name) + 6);
		identify_container(ret, id, length - (size_t)(id - name));
		return;
	}
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
