// SPDX-License-Identifier: Apache-2.0
#include "user/host/netaddr.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "user/base/util.h"
#include "user/host/netaddr_parse.h"

#define ANSWER_BYTES 32768 /* the most the kernel packs into one datagram of a dump */
#define REQUEST_BYTES 64
#define TIMEOUT_S 10

typedef int take_answer(struct netaddr_reading *reading, const struct netaddr_answer *answer);

static void socket_closep(struct mnl_socket **socket)
{
	if (*socket)
		mnl_socket_close(*socket);
}

static struct mnl_socket *open_at(const struct netns_door *door)
{
	static const struct timeval timeout = { .tv_sec = TIMEOUT_S };
	struct mnl_socket *socket;
	int fd = fcntl(door->fds[DOOR_ADDRESSES], F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return NULL;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	socket = mnl_socket_fdopen(fd);
	if (!socket)
		fd_closep(&fd);
	return socket;
}

/* Where lists change while they are read, the next reading has them. */
static int dump(struct netns_door *door, uint16_t type, take_answer *take,
		struct netaddr_reading *reading)
{
	CLEANUP(socket_closep) struct mnl_socket *socket = open_at(door);
	CLEANUP(freep) char *buffer = malloc(ANSWER_BYTES);
	char request[REQUEST_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *header = mnl_nlmsg_put_header(request);
	struct rtgenmsg *body = mnl_nlmsg_put_extra_header(header, sizeof(*body));
	int r = 1;

	if (!socket || !buffer)
		return -errno;
	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	header->nlmsg_seq = ++door->questions;
	body->rtgen_family = AF_UNSPEC;
	if (mnl_socket_sendto(socket, header, header->nlmsg_len) < 0)
		return -errno;
	while (r > 0) {
		struct netaddr_answer answer = { .data = buffer, .sequence = header->nlmsg_seq };
		ssize_t size = mnl_socket_recvfrom(socket, buffer, ANSWER_BYTES);

		if (size <= 0)
			return size < 0 ? -errno : -EBADMSG;
		answer.size = (size_t)size;
		answer.port_id = mnl_socket_get_portid(socket);
		r = take(reading, &answer);
	}
	return r;
}

int netaddr_read(struct addresses *addresses, struct netns_door *door)
{
	struct netaddr_reading reading = { .addresses = addresses, .netns = door->inode };
	int r = dump(door, RTM_GETLINK, netaddr_take_links, &reading);

	netaddr_links_done(&reading);
	if (r == 0 && reading.up_count)
		r = dump(door, RTM_GETADDR, netaddr_take_addresses, &reading);
	netaddr_reading_done(&reading);
	return r;
}
