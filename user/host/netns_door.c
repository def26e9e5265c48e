// SPDX-License-Identifier: Apache-2.0
#include "user/host/netns_door.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "user/base/util.h"
#include "user/host/netns.h"
#include "user/host/procfs.h"
#include "user/host/sysctl.h"

#define SYSCTL "/proc/sys/net/ipv4/"
#define TW_REUSE_DELAY_MS 1000      /* fixed up to 6.13; a sysctl later */
#define RESERVED_TEXT_MAX (1 << 19) /* every port by itself fits */

void netns_door_init(struct netns_door *door)
{
	*door = (struct netns_door){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(door->fds); i++)
		door->fds[i] = -1;
}

void netns_door_close(struct netns_door *door)
{
	for (size_t i = 0; i < ARRAY_SIZE(door->fds); i++)
		if (door->fds[i] >= 0)
			close(door->fds[i]);
	netns_door_init(door);
}

/* Connected to the kernel: then nobody else can answer. */
static int open_netlink(int protocol)
{
	static const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	CLEANUP(fd_closep) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return -1;
	return TAKE_FD(fd);
}

static int open_looks(struct netns_door *door, const struct netns_looks *looks)
{
	for (size_t i = 0; looks && i < looks->count; i++) {
		int fd = looks->open(looks->fds[i]);

		if (fd < 0)
			return fd;
		door->fds[DOOR_LOOKS + i] = fd;
	}
	return 0;
}

int netns_door_open(struct netns_door *ret, const struct netns_looks *looks)
{
	static const char *const files[] = {
		[DOOR_RANGE] = SYSCTL "ip_local_port_range",
		[DOOR_RESERVED] = SYSCTL "ip_local_reserved_ports",
		[DOOR_TW_REUSE] = SYSCTL "tcp_tw_reuse",
		[DOOR_TW_REUSE_DELAY] = SYSCTL "tcp_tw_reuse_delay",
		[DOOR_TIMESTAMPS] = SYSCTL "tcp_timestamps",
	};
	CLEANUP(netns_door_close) struct netns_door door;
	int r;

	netns_door_init(&door);
	door.inode = netns_current();
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		door.fds[i] = open(files[i], O_RDONLY | O_CLOEXEC);
		if (i == DOOR_RANGE && door.fds[i] < 0)
			return -errno;
	}
	door.fds[DOOR_ADDRESSES] = open_netlink(NETLINK_ROUTE);
	door.fds[DOOR_SOCKETS] = open_netlink(NETLINK_SOCK_DIAG);
	r = open_looks(&door, looks);
	if (r < 0)
		return r;
	*ret = door;
	netns_door_init(&door);
	return 0;
}

int netns_door_read(const struct netns_door *door, enum netns_door_part part, char *ret,
		    size_t size)
{
	if (door->fds[part] < 0)
		return -ENOENT;
	if (lseek(door->fds[part], 0, SEEK_SET) < 0)
		return -errno;
	return procfs_read_fd(door->fds[part], ret, size);
}

uint32_t netns_door_life(const struct netns_door *door)
{
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);

	if (door->fds[DOOR_SOCKETS] < 0 ||
	    getsockopt(door->fds[DOOR_SOCKETS], SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) < 0)
		return 0;
	return (uint32_t)cookie;
}

static int read_reserved(const struct netns_door *door, struct netns_facts *facts)
{
	CLEANUP(freep) char *text = malloc(RESERVED_TEXT_MAX);
	int r;

	if (!text)
		return -ENOMEM;
	r = netns_door_read(door, DOOR_RESERVED, text, RESERVED_TEXT_MAX);
	return r < 0 ? r : sysctl_parse_reserved(text, facts->reserved);
}

/* A sysctl that this kernel does not have keeps its value. */
static int read_number(const struct netns_door *door, enum netns_door_part part, uint32_t *value)
{
	char text[64];
	int r = netns_door_read(door, part, text, sizeof(text));

	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : sysctl_parse_number(text, value);
}

int netns_door_facts(const struct netns_door *door, struct netns_facts *ret)
{
	uint32_t delay_ms = TW_REUSE_DELAY_MS;
	uint32_t reuse = 0;
	char text[64];
	int r;

	r = netns_door_read(door, DOOR_RANGE, text, sizeof(text));
	if (r == 0)
		r = sysctl_parse_range(text, &ret->first, &ret->last);
	if (r == 0)
		r = read_reserved(door, ret);
	if (r == 0)
		r = read_number(door, DOOR_TW_REUSE, &reuse);
	if (r == 0)
		r = read_number(door, DOOR_TW_REUSE_DELAY, &delay_ms);
	ret->tw_reuse = (uint8_t)reuse;
	ret->tw_reuse_delay_ms = delay_ms;
	return r;
}

int netns_door_own_facts(struct netns_facts *ret)
{
	CLEANUP(netns_door_close) struct netns_door door;
	int r;

	netns_door_init(&door);
	r = netns_door_open(&door, NULL);
	return r < 0 ? r : netns_door_facts(&door, ret);
}
