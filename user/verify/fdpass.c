// SPDX-License-Identifier: Apache-2.0
#include "user/verify/fdpass.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "user/base/util.h"

#define DESCRIPTORS_MAX 8 /* taken out of a message, so that none stays open unseen */

union ancillary {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
};

int fdpass_send(int socket, int fd)
{
	union ancillary ancillary = { 0 };
	char byte = 0;
	struct iovec data = { &byte, sizeof(byte) };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &ancillary,
		.msg_controllen = CMSG_SPACE(sizeof(fd)),
	};
	struct cmsghdr *part = CMSG_FIRSTHDR(&message);

	part->cmsg_level = SOL_SOCKET;
	part->cmsg_type = SCM_RIGHTS;
	part->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(part), &fd, sizeof(fd));
	return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* All descriptors of a message, at most max; the rest the kernel has cut off and closed. */
static size_t take_descriptors(struct msghdr *message, int *ret, size_t max)
{
	size_t count = 0;

	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part;
	     part = CMSG_NXTHDR(message, part)) {
		size_t size = part->cmsg_len - CMSG_LEN(0);

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; at + sizeof(int) <= size && count < max; at += sizeof(int))
			memcpy(&ret[count++], CMSG_DATA(part) + at, sizeof(int));
	}
	return count;
}

static ssize_t receive(int socket, struct msghdr *message)
{
	ssize_t n;

	do
		n = recvmsg(socket, message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	return n ? n : -ECONNRESET;
}

int fdpass_receive(int socket)
{
	union ancillary ancillary = { 0 };
	char byte;
	struct iovec data = { &byte, sizeof(byte) };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &ancillary,
		.msg_controllen = sizeof(ancillary),
	};
	int fds[DESCRIPTORS_MAX];
	ssize_t n = receive(socket, &message);
	size_t count;

	if (n < 0)
		return (int)n;
	count = take_descriptors(&message, fds, ARRAY_SIZE(fds));
	if (count == 1 && !(message.msg_flags & MSG_CTRUNC))
		return fds[0];
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
	return -EBADMSG;
}
