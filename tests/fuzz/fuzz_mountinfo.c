// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "user/host/cgroup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("mountinfo", MFD_CLOEXEC);
	char path[64];
	char *root = NULL;
	int r;

	claim(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = cgroup_find_root(&root, path);
	claim(r == 0 || r == -ENOENT);
	claim(r == 0 ? root && root[0] == '/' : !root);
	free(root);
	close(fd);
	return 0;
}
