// SPDX-License-Identifier: Apache-2.0
/* What this kernel can do. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "user/sources/sockdiag.h"
#include "user/base/util.h"

#define PROBE_PORTS 16

/* Binds to some loopback port outside the range, so that nobody who needs one goes without. */
static int bind_outside(int fd, uint16_t first, uint16_t last)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	for (int i = 0; i < 2 * PROBE_PORTS; i++) {
		int port = i < PROBE_PORTS ? first - 1 - i : last + 1 + i - PROBE_PORTS;

		if (port <= 0 || port > UINT16_MAX)
			continue;
		address.sin_port = htons((uint16_t)port);
		if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
			return port;
	}
	return -EADDRNOTAVAIL;
}

struct probe {
	uint64_t cookie;
	bool seen;
};

static int look_for_probe(void *context, const struct sockdiag_record *record)
{
	struct probe *probe = context;

	if (record->cookie == probe->cookie)
		probe->seen = true;
	return 0;
}

int sockdiag_shows_bound(uint16_t first, uint16_t last)
{
	CLEANUP(fd_closep) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockdiag_query query = { .protocol = IPPROTO_TCP };
	struct probe probe = { 0 };
	socklen_t size = sizeof(probe.cookie);
	int port;
	int r;

	if (fd < 0)
		return -errno;
	port = bind_outside(fd, first, last);
	if (port < 0)
		return port;
	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &probe.cookie, &size) < 0)
		return -errno;
	query.first = query.last = (uint16_t)port;
	r = sockdiag_read(&query, look_for_probe, &probe);
	return r < 0 ? r : probe.seen;
}

const char *sockdiag_explain(int error, uint8_t protocol)
{
	switch (error) {
	case -EPROTONOSUPPORT:
		return "this kernel has no sock_diag; load the module inet_diag (CONFIG_INET_DIAG)";
	case -ENOENT:
		return protocol == IPPROTO_UDP ? "this kernel does not list UDP sockets; load the "
						 "module udp_diag (CONFIG_INET_UDP_DIAG)"
					       : "this kernel does not list TCP sockets; load the "
						 "module tcp_diag (CONFIG_INET_TCP_DIAG)";
	case -EAGAIN:
		return "the kernel's socket tables changed too fast to be read";
	case -EBADMSG:
		return "the kernel's list of sockets makes no sense; report its version";
	default:
		return strerror(-error);
	}
}
