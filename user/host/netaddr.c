// SPDX-License-Identifier: Apache-2.0
#include "user/host/netaddr.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "user/base/util.h"

#define ANSWER_BYTES 32768 /* the most the kernel packs into one datagram of a dump */
#define REQUEST_BYTES 64
#define LINKS_MIN 16
#define TIMEOUT_S 10

struct reading {
	struct addresses *addresses;
	uint32_t netns;
	uint32_t *up; /* interfaces, sorted once all are known */
	size_t up_count;
	size_t up_room;
	int error;
};

static void socket_closep(struct mnl_socket **socket)
{
	if (*socket)
		mnl_socket_close(*socket);
}

/* --- interfaces ------------------------------------------------------------------------------ */

static int see_link(const struct nlmsghdr *message, void *context)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);
	struct reading *reading = context;
	uint32_t *up;

	if (message->nlmsg_type != RTM_NEWLINK ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*link) || !(link->ifi_flags & IFF_UP))
		return MNL_CB_OK;
	if (reading->up_count == reading->up_room) {
		size_t room = reading->up_room ? reading->up_room * 2 : LINKS_MIN;

		up = reallocarray(reading->up, room, sizeof(*up));
		if (!up) {
			reading->error = -ENOMEM;
			return MNL_CB_OK;
		}
		reading->up = up;
		reading->up_room = room;
	}
	reading->up[reading->up_count++] = (uint32_t)link->ifi_index;
	return MNL_CB_OK;
}

static int compare_links(const void *first, const void *second)
{
	uint32_t a = *(const uint32_t *)first;
	uint32_t b = *(const uint32_t *)second;

	return (a > b) - (a < b);
}

/* --- addresses ------------------------------------------------------------------------------- */

/* False: it is of another family. */
static bool convert(uint8_t ret[16], uint8_t family, const struct nlattr *attribute)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	size_t size = mnl_attr_get_payload_len(attribute);

	if (family == AF_INET && size == 4) {
		memcpy(ret, mapped, sizeof(mapped));
		memcpy(ret + 12, mnl_attr_get_payload(attribute), 4);
		return true;
	}
	if (family != AF_INET6 || size != 16)
		return false;
	memcpy(ret, mnl_attr_get_payload(attribute), 16);
	return true;
}

/* IFA_ADDRESS is the other end's where there is an IFA_LOCAL. */
static int see_address(const struct nlmsghdr *message, void *context)
{
	const struct ifaddrmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *chosen = NULL;
	struct reading *reading = context;
	const struct nlattr *attribute;
	uint8_t address[16];

	if (message->nlmsg_type != RTM_NEWADDR ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*header) ||
	    !bsearch(&header->ifa_index, reading->up, reading->up_count, sizeof(*reading->up),
		     compare_links))
		return MNL_CB_OK;
	mnl_attr_for_each(attribute, message, sizeof(*header))
	{
		uint16_t type = mnl_attr_get_type(attribute);

		if (type == IFA_LOCAL || (type == IFA_ADDRESS && !chosen))
			chosen = attribute;
	}
	if (chosen && convert(address, header->ifa_family, chosen) &&
	    addresses_add(reading->addresses, reading->netns, address) < 0)
		reading->error = -ENOMEM;
	return MNL_CB_OK;
}

/* --- asking ---------------------------------------------------------------------------------- */

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
static int dump(struct netns_door *door, uint16_t type, mnl_cb_t see, struct reading *reading)
{
	CLEANUP(socket_closep) struct mnl_socket *socket = open_at(door);
	CLEANUP(freep) char *buffer = malloc(ANSWER_BYTES);
	char request[REQUEST_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *header = mnl_nlmsg_put_header(request);
	struct rtgenmsg *body = mnl_nlmsg_put_extra_header(header, sizeof(*body));
	int r = MNL_CB_OK;

	if (!socket || !buffer)
		return -errno;
	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	header->nlmsg_seq = ++door->questions;
	body->rtgen_family = AF_UNSPEC;
	if (mnl_socket_sendto(socket, header, header->nlmsg_len) < 0)
		return -errno;
	while (r == MNL_CB_OK) {
		ssize_t size = mnl_socket_recvfrom(socket, buffer, ANSWER_BYTES);

		if (size <= 0)
			return size < 0 ? -errno : -EBADMSG;
		r = mnl_cb_run(buffer, (size_t)size, header->nlmsg_seq,
			       mnl_socket_get_portid(socket), see, reading);
	}
	return r < 0 ? -errno : 0;
}

int netaddr_read(struct addresses *addresses, struct netns_door *door)
{
	struct reading reading = { .addresses = addresses, .netns = door->inode };
	int r = dump(door, RTM_GETLINK, see_link, &reading);

	if (r == 0 && reading.up_count) {
		qsort(reading.up, reading.up_count, sizeof(*reading.up), compare_links);
		r = dump(door, RTM_GETADDR, see_address, &reading);
	}
	free(reading.up);
	return r < 0 ? r : reading.error;
}
