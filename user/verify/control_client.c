// SPDX-License-Identifier: Apache-2.0
#include "user/verify/control_client.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "user/verify/control_path.h"
#include "user/verify/fdpass.h"
#include "user/base/util.h"

#define TIMEOUT_S 10

/* Waits for a busy agent, but not for ever for a stopped one. */
static int open_socket(const char *path)
{
	static const struct timeval timeout = { .tv_sec = TIMEOUT_S };
	CLEANUP(fd_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;
	int r;

	if (fd < 0)
		return -errno;
	r = control_address(&address, path);
	if (r < 0)
		return r;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	return TAKE_FD(fd);
}

int control_fetch(struct holds_dump *ret, const char *path)
{
	CLEANUP(fd_closep) int socket = open_socket(path);
	CLEANUP(fd_closep) int fd = -1;

	if (socket < 0)
		return socket;
	fd = fdpass_receive(socket);
	return fd < 0 ? fd : holds_dump_open(ret, fd);
}
