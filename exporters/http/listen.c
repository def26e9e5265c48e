// SPDX-License-Identifier: Apache-2.0
#include "exporters/http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "user/base/local_socket.h"
#include "user/base/util.h"

#define HOST_MAX (INET6_ADDRSTRLEN + 1 + IF_NAMESIZE)
#define BACKLOG 128
#define UNIX_PREFIX "unix:"
#define UNIX_MODE 0660

static int parse_port(in_port_t *ret_be, const char *s)
{
	unsigned int port = 0;
	size_t n = strspn(s, "0123456789");

	if (n == 0 || n > 5 || s[n])
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		port = port * 10 + (unsigned int)(s[i] - '0');
	if (port > UINT16_MAX)
		return -EINVAL;
	*ret_be = htons((uint16_t)port);
	return 0;
}

/* host is "fe80::1" or "fe80::1%eth0"; it is changed. */
static int parse_v6(struct sockaddr_in6 *ret, char *host)
{
	char *scope = strchr(host, '%');

	if (scope) {
		*scope++ = '\0';
		ret->sin6_scope_id = if_nametoindex(scope);
		if (ret->sin6_scope_id == 0)
			return -EINVAL;
	}
	ret->sin6_family = AF_INET6;
	return inet_pton(AF_INET6, host, &ret->sin6_addr) == 1 ? 0 : -EINVAL;
}

static int parse_v4(struct sockaddr_in *ret, const char *host)
{
	if (strcmp(host, "localhost") == 0)
		host = "127.0.0.1";
	ret->sin_family = AF_INET;
	return inet_pton(AF_INET, host, &ret->sin_addr) == 1 ? 0 : -EINVAL;
}

static int parse_host(struct listen_address *ret, char *host)
{
	size_t n = strlen(host);

	if (n == 0) {
		ret->every = true;
		ret->v6.sin6_family = AF_INET6; /* in6addr_any is all zero */
		return 0;
	}
	if (host[0] != '[')
		return parse_v4(&ret->v4, host);
	if (host[n - 1] != ']')
		return -EINVAL;
	host[n - 1] = '\0';
	return parse_v6(&ret->v6, host + 1);
}

static int parse_path(struct listen_address *ret, const char *path)
{
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	size_t n = strlen(path);

	if (path[0] != '/' || n >= sizeof(local.sun_path))
		return -EINVAL;
	memcpy(local.sun_path, path, n + 1);
	*ret = (struct listen_address){ .local = local };
	return 0;
}

int listen_parse(struct listen_address *ret, const char *text)
{
	struct listen_address address = { 0 };
	const char *colon = strrchr(text, ':');
	char host[HOST_MAX];
	in_port_t port_be;
	size_t n;
	int r;

	if (strncmp(text, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0)
		return parse_path(ret, text + strlen(UNIX_PREFIX));
	if (!colon)
		return -EINVAL;
	n = (size_t)(colon - text);
	if (n >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, n);
	host[n] = '\0';
	r = parse_host(&address, host);
	if (r == 0)
		r = parse_port(&port_be, colon + 1);
	if (r < 0)
		return r;
	if (address.any.sa_family == AF_INET6)
		address.v6.sin6_port = port_be;
	else
		address.v4.sin_port = port_be;
	*ret = address;
	return 0;
}

static int bind_and_listen(const struct sockaddr *address, socklen_t length, bool v6_only)
{
	CLEANUP(fd_closep) int fd = -1;
	int on = 1;
	int only = v6_only;

	fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -errno;
	if (address->sa_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)) < 0)
		return -errno;
	if (bind(fd, address, length) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	return TAKE_FD(fd);
}

int listen_open(const struct listen_address *address, struct local_socket *ret_file)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = address->v6.sin6_port };
	int r;

	if (address->any.sa_family == AF_UNIX)
		return local_socket_open(ret_file, &address->local, UNIX_MODE, BACKLOG);
	if (address->any.sa_family == AF_INET)
		return bind_and_listen(&address->any, sizeof(address->v4), false);
	r = bind_and_listen(&address->any, sizeof(address->v6), !address->every);
	/* a host without IPv6 */
	if (address->every && (r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL))
		r = bind_and_listen((const struct sockaddr *)&v4, sizeof(v4), false);
	return r;
}

uint16_t listen_port(int fd)
{
	struct listen_address address = { 0 };
	socklen_t length = sizeof(address.local);

	if (getsockname(fd, &address.any, &length) < 0)
		return 0;
	if (address.any.sa_family == AF_INET6)
		return ntohs(address.v6.sin6_port);
	return address.any.sa_family == AF_INET ? ntohs(address.v4.sin_port) : 0;
}
