// SPDX-License-Identifier: Apache-2.0
/*
 * Files of /proc/PID: what a process is called, whose it is, in which cgroup. The input is stat,
 * status, cgroup and a cgroup's list of processes, with a record separator between them.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "user/host/cgroup_process.h"
#include "user/host/procowner.h"

#define PID 7

static char root[] = "/dev/shm/fuzz-proc-XXXXXX";

static const char *const files[] = { "stat", "status", "cgroup", "cgroup.procs" };
#define FILES (sizeof(files) / sizeof(files[0]))

static void path_of(char ret[128], const char *name)
{
	snprintf(ret, 128, "%s/%d/%s", root, PID, name);
}

static void clean_up(void)
{
	char path[128];

	for (size_t i = 0; i < FILES; i++) {
		path_of(path, files[i]);
		unlink(path);
	}
	path_of(path, "");
	rmdir(path);
	rmdir(root);
}

static void make_room(void)
{
	char path[128];

	claim(mkdtemp(root));
	path_of(path, "");
	claim(mkdir(path, 0700) == 0);
	atexit(clean_up);
}

static void write_file(const char *name, const uint8_t *data, size_t size)
{
	char path[128];
	FILE *file;

	path_of(path, name);
	file = fopen(path, "we");
	claim(file && (!size || fwrite(data, 1, size, file) == size));
	claim(fclose(file) == 0);
}

static void write_files(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < FILES; i++) {
		const uint8_t *end = size ? memchr(data, '\x1e', size) : NULL;
		size_t length = end ? (size_t)(end - data) : size;

		write_file(files[i], data, length);
		data += length + (end != NULL);
		size -= length + (end != NULL);
	}
}

static void claim_owner(const struct abi_owner *owner)
{
	claim(owner->tgid == PID && memchr(owner->comm, 0, sizeof(owner->comm)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	struct abi_owner owner;
	char path[128];
	int r;

	if (!ready)
		make_room();
	ready = true;
	write_files(data, size);
	r = procowner_read(&owner, root, root, PID);
	claim(r == 0 || r == -EBADMSG);
	if (r == 0)
		claim_owner(&owner);
	path_of(path, "");
	r = cgroup_process(&owner, root, path);
	claim(r == 0 || r == -ENOENT);
	if (r == 0)
		claim_owner(&owner);
	return 0;
}
