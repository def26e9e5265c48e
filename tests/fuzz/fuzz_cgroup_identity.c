// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"
#include "user/host/cgroup.h"

/* A name, or the empty string; never part of two names of the path. */
static void judge(const char *name, const char *path)
{
	claim(memchr(name, 0, CGROUP_NAME_MAX));
	claim(!strchr(name, '/'));
	claim(strlen(name) <= strlen(path));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *path = fuzz_text(data, size);
	struct cgroup_identity identity;

	memset(&identity, 0xff, sizeof(identity));
	cgroup_identify(&identity, path);
	judge(identity.unit, path);
	judge(identity.container, path);
	judge(identity.pod, path);
	claim(strlen(identity.container_id) == 0 || strlen(identity.container_id) == 64);
	free(path);
	return 0;
}
