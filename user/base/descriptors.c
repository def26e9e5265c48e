// SPDX-License-Identifier: Apache-2.0
#include "user/base/descriptors.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union ancillary {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
};

int descriptors_send(int socket, const void *data, size_t size, const int *fds, size_t count,
		     int flags)
{
	union ancillary ancillary = { 0 };
	struct iovec part = { (void *)data, size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	struct cmsghdr *header;
	ssize_t n;

	if (count > DESCRIPTORS_MAX)
		return -EINVAL;
	if (count) {
		message.msg_control = &ancillary;
		message.msg_controllen = CMSG_SPACE(count * sizeof(*fds));
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(count * sizeof(*fds));
		memcpy(CMSG_DATA(header), fds, count * sizeof(*fds));
	}
	do
		n = sendmsg(socket, &message, flags | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static void take(struct descriptors *ret, struct msghdr *message)
{
	ret->count = 0;
	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part;
	     part = CMSG_NXTHDR(message, part)) {
		size_t size = part->cmsg_len - CMSG_LEN(0);

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; at + sizeof(int) <= size && ret->count < DESCRIPTORS_MAX;
		     at += sizeof(int))
			memcpy(&ret->fds[ret->count++], CMSG_DATA(part) + at, sizeof(int));
	}
	ret->data_cut = message->msg_flags & MSG_TRUNC;
	ret->descriptors_cut = message->msg_flags & MSG_CTRUNC;
}

ssize_t descriptors_receive(struct descriptors *ret, int socket, void *data, size_t size)
{
	union ancillary ancillary = { 0 };
	struct iovec part = { data, size };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &ancillary,
		.msg_controllen = sizeof(ancillary),
	};
	ssize_t n;

	do
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	take(ret, &message);
	return n;
}

void descriptors_close(const struct descriptors *descriptors)
{
	for (size_t i = 0; i < descriptors->count; i++)
		close(descriptors->fds[i]);
}
