// SPDX-License-Identifier: Apache-2.0
#include "user/host/procsockets.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/base/util.h"

#define ROOM_MIN 64

static void dir_closep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* The number out of "socket:[12345]"; 0: something else is open there; or a negative errno. */
static int read_socket(uint64_t *ret, int directory, const char *name)
{
	char target[64];
	ssize_t length = readlinkat(directory, name, target, sizeof(target) - 1);
	unsigned long long inode;
	char *end;

	*ret = 0;
	if (length < 0)
		return -errno;
	target[length] = '\0';
	if (strncmp(target, "socket:[", 8) || !isdigit((unsigned char)target[8]))
		return 0;
	errno = 0;
	inode = strtoull(target + 8, &end, 10);
	*ret = errno || strcmp(end, "]") ? 0 : inode;
	return 0;
}

static int add(struct procsockets *sockets, uint64_t inode)
{
	uint64_t *inodes;

	if (sockets->count == sockets->room) {
		size_t room = sockets->room ? sockets->room * 2 : ROOM_MIN;

		inodes = reallocarray(sockets->inodes, room, sizeof(*inodes));
		if (!inodes)
			return -ENOMEM;
		sockets->inodes = inodes;
		sockets->room = room;
	}
	sockets->inodes[sockets->count++] = inode;
	return 0;
}

/* Without CAP_SYS_PTRACE the directory may be listed and its links not be read (a process that
 * is not dumpable); the first link tells. One that is closed meanwhile is passed over. */
static int read_links(struct procsockets *sockets, DIR *directory, uint32_t links_max)
{
	const struct dirent *file;
	uint64_t inode;
	int r = 0;

	while (r == 0 && sockets->looked_at < links_max && (file = readdir(directory))) {
		if (!isdigit((unsigned char)file->d_name[0]))
			continue;
		r = read_socket(&inode, dirfd(directory), file->d_name);
		if (r == -EACCES && !sockets->looked_at)
			return r;
		sockets->looked_at++;
		r = inode ? add(sockets, inode) : 0;
	}
	return r;
}

int procsockets_read(struct procsockets *ret, const char *proc_root, uint32_t pid,
		     uint32_t links_max)
{
	CLEANUP(procsockets_done) struct procsockets sockets = { 0 };
	CLEANUP(dir_closep) DIR *directory = NULL;
	char path[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), "%s/%u/fd", proc_root, pid);
	directory = opendir(path);
	if (!directory)
		return errno == EPERM ? -EACCES : -errno;
	r = read_links(&sockets, directory, links_max);
	if (r < 0)
		return r;
	*ret = sockets;
	sockets = (struct procsockets){ 0 };
	return 0;
}

void procsockets_done(struct procsockets *sockets)
{
	free(sockets->inodes);
	*sockets = (struct procsockets){ 0 };
}

int procsockets_program(char *ret, size_t size, const char *proc_root, uint32_t pid)
{
	char path[PATH_MAX];
	ssize_t length;

	snprintf(path, sizeof(path), "%s/%u/exe", proc_root, pid);
	length = readlink(path, ret, size - 1);
	ret[length > 0 ? length : 0] = '\0';
	return length < 0 ? -errno : 0;
}
