// SPDX-License-Identifier: Apache-2.0
#include "user/verify/fdpass.h"

#include <errno.h>
#include <sys/socket.h>

#include "user/base/descriptors.h"

int fdpass_send(int socket, int fd)
{
	char byte = 0;

	return descriptors_send(socket, &byte, sizeof(byte), &fd, 1, MSG_DONTWAIT);
}

int fdpass_receive(int socket)
{
	struct descriptors descriptors;
	char byte;
	ssize_t n = descriptors_receive(&descriptors, socket, &byte, sizeof(byte));

	if (n < 0)
		return (int)n;
	if (n > 0 && descriptors.count == 1 && !descriptors.descriptors_cut)
		return descriptors.fds[0];
	descriptors_close(&descriptors);
	return n ? -EBADMSG : -ECONNRESET;
}
