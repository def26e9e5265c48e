// SPDX-License-Identifier: Apache-2.0
/* The actor's own side: what it does with one socket. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "actor_order.h"
#include "user/base/util.h"

#define BACKLOG 4096
#define END_MS 20000
#define IP_BIND_ADDRESS_NO_PORT_ 24 /* linux/in.h, which netinet/in.h excludes */
#define IP_LOCAL_PORT_RANGE_ 51

static socklen_t make_address(struct sockaddr_storage *ret, const char *address, uint16_t port)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		return sizeof(*v4);
	}
	inet_pton(AF_INET6, address, &v6->sin6_addr);
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	return sizeof(*v6);
}

static int new_socket(const struct opening *opening)
{
	bool v6 = strchr(opening->local, ':') || strchr(opening->remote, ':');
	int type = (opening->type ? opening->type : SOCK_STREAM) | SOCK_CLOEXEC;

	if (opening->how & OPEN_NO_WAIT)
		type |= SOCK_NONBLOCK;
	return socket(v6 ? AF_INET6 : AF_INET, type, opening->protocol);
}

static int set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

void socket_set_resets(int fd)
{
	struct linger linger = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

static int set_options(int fd, const struct opening *opening)
{
	const char *device = opening->device;
	int range = opening->last << 16 | opening->first;
	int r = 0;

	if (opening->how & OPEN_LATE)
		r |= set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT_, 1);
	if (opening->how & OPEN_REUSEADDR)
		r |= set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (opening->how & OPEN_REUSEPORT)
		r |= set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (opening->how & OPEN_FAST_CONNECT)
		r |= set(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
	if (opening->last)
		r |= set(fd, IPPROTO_IP, IP_LOCAL_PORT_RANGE_, range);
	if (*device)
		r |= setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device));
	if (opening->how & OPEN_RESETS)
		socket_set_resets(fd);
	return r;
}

static int call_bind(int fd, const struct opening *opening)
{
	struct sockaddr_storage address;
	socklen_t length = make_address(&address, opening->local, opening->local_port);

	return bind(fd, (struct sockaddr *)&address, length);
}

static int call_send(int fd, const struct opening *opening)
{
	int flags = opening->how & OPEN_FAST_SEND ? MSG_FASTOPEN : 0;
	struct sockaddr_storage address;
	socklen_t length = make_address(&address, opening->remote, opening->remote_port);

	return sendto(fd, "x", 1, flags, (struct sockaddr *)&address, length) < 0 ? -1 : 0;
}

static int call_connect(int fd, const struct opening *opening)
{
	struct sockaddr_storage address;
	socklen_t length = make_address(&address, opening->remote, opening->remote_port);
	int r;

	if (opening->how & OPEN_RING)
		return ring_connect(fd, (struct sockaddr *)&address, length);
	r = connect(fd, (struct sockaddr *)&address, length);
	return r < 0 && errno == EINPROGRESS && (opening->how & OPEN_NO_WAIT) ? 0 : r;
}

static int take_steps(int fd, const struct opening *opening)
{
	int r = set_options(fd, opening);

	if (r == 0 && *opening->local)
		r = call_bind(fd, opening);
	if (r == 0 && (opening->how & OPEN_LISTEN))
		r = listen(fd, BACKLOG);
	if (r < 0 || !*opening->remote)
		return r;
	if (opening->how & (OPEN_SEND | OPEN_FAST_SEND))
		return call_send(fd, opening);
	return call_connect(fd, opening);
}

/* The socket stays in the namespace that it was made in. */
static int take_steps_elsewhere(int fd, const struct opening *opening)
{
	CLEANUP(fd_closep) int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	CLEANUP(fd_closep) int away = -1;
	char path[64];
	int error;
	int r;

	snprintf(path, sizeof(path), "/run/netns/%s", opening->space);
	away = open(path, O_RDONLY | O_CLOEXEC);
	if (setns(away, CLONE_NEWNET) < 0)
		return -1;
	r = take_steps(fd, opening);
	error = errno;
	if (setns(home, CLONE_NEWNET) < 0)
		_exit(126);
	errno = error;
	return r;
}

int socket_open(int *ret_fd, const struct opening *opening)
{
	int fd = new_socket(opening);
	int error;

	*ret_fd = fd;
	if (fd < 0)
		return -1;
	if ((*opening->space ? take_steps_elsewhere : take_steps)(fd, opening) == 0)
		return 0;
	if (opening->how & OPEN_KEEP)
		return -1;
	error = errno;
	close(fd);
	errno = error;
	*ret_fd = -1;
	return -1;
}

int socket_connect(int fd, const char *address, uint16_t port)
{
	struct sockaddr_storage to;
	socklen_t length = make_address(&to, address, port);

	return connect(fd, (struct sockaddr *)&to, length);
}

int socket_disconnect(int fd)
{
	struct sockaddr nowhere = { .sa_family = AF_UNSPEC };

	return connect(fd, &nowhere, sizeof(nowhere));
}

int socket_await_end(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN | POLLRDHUP };

	errno = ETIMEDOUT;
	return poll(&poll_fd, 1, END_MS) == 1 ? 0 : -1;
}
