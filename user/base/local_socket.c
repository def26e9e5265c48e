// SPDX-License-Identifier: Apache-2.0
#include "user/base/local_socket.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/base/util.h"

/* Connecting is harmless: whoever answers sees us leave. */
static bool is_answered(const struct sockaddr_un *address)
{
	CLEANUP(fd_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
		return true;
	return errno != ECONNREFUSED;
}

static int remove_stale(const struct sockaddr_un *address)
{
	struct stat status;

	if (lstat(address->sun_path, &status) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(status.st_mode))
		return -ENOTSOCK;
	if (is_answered(address))
		return -EADDRINUSE;
	return unlink(address->sun_path) < 0 ? -errno : 0;
}

/* Nobody can connect before we listen, so the mode is in place in time. */
int local_socket_open(struct local_socket *ret, const struct sockaddr_un *address, mode_t mode,
		      int backlog)
{
	CLEANUP(fd_closep) int fd = -1;
	struct local_socket local;
	struct stat status;
	int r = remove_stale(address);

	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ||
	    lstat(address->sun_path, &status) < 0)
		return -errno;
	memcpy(local.path, address->sun_path, sizeof(local.path));
	local.device = status.st_dev;
	local.inode = status.st_ino;
	if (chmod(address->sun_path, mode) < 0 || listen(fd, backlog) < 0) {
		r = -errno;
		local_socket_remove(&local);
		return r;
	}
	*ret = local;
	return TAKE_FD(fd);
}

void local_socket_remove(const struct local_socket *local)
{
	struct stat status;

	if (local->path[0] && lstat(local->path, &status) == 0 && status.st_dev == local->device &&
	    status.st_ino == local->inode)
		unlink(local->path);
}
