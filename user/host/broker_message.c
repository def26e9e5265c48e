// SPDX-License-Identifier: Apache-2.0
#include "user/host/broker_message.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "user/base/util.h"

#define DESCRIPTORS_MAX 16 /* taken out of a message, so that none stays open unseen */

_Static_assert(DESCRIPTORS_MAX >= DOOR__COUNT, "a door fits into a message");

union ancillary {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
};

int broker_send(int socket, const void *data, size_t size, const int *fds, size_t count)
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
		n = sendmsg(socket, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* All descriptors of a message; what is more the kernel has cut off and closed. */
static size_t take_descriptors(struct msghdr *message, int *ret)
{
	size_t count = 0;

	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part;
	     part = CMSG_NXTHDR(message, part)) {
		size_t size = part->cmsg_len - CMSG_LEN(0);

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; at + sizeof(int) <= size && count < DESCRIPTORS_MAX;
		     at += sizeof(int))
			memcpy(&ret[count++], CMSG_DATA(part) + at, sizeof(int));
	}
	return count;
}

static void close_all(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
}

/* There was room for more numbers, but the process may not have more open. */
static bool was_short_of_descriptors(const struct msghdr *message, size_t taken)
{
	return message->msg_flags & MSG_CTRUNC && taken < DESCRIPTORS_MAX;
}

int broker_receive(int socket, void *data, size_t size, int *fds, size_t *count)
{
	union ancillary ancillary = { 0 };
	struct iovec part = { data, size };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &ancillary,
		.msg_controllen = sizeof(ancillary),
	};
	int taken[DESCRIPTORS_MAX];
	size_t taken_count;
	ssize_t n;

	do
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	taken_count = take_descriptors(&message, taken);
	if (was_short_of_descriptors(&message, taken_count)) {
		close_all(taken, taken_count);
		return -EMFILE;
	}
	if ((size_t)n != size || message.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ||
	    taken_count > *count) {
		close_all(taken, taken_count);
		return n == 0 && !taken_count ? -ECONNRESET : -EBADMSG;
	}
	if (taken_count)
		memcpy(fds, taken, taken_count * sizeof(*fds));
	*count = taken_count;
	return 0;
}
