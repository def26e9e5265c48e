/* SPDX-License-Identifier: Apache-2.0 */
/* Listen addresses as Prometheus's exporters take them, and Unix sockets: "host:port", ":port",
 * "[v6]:port", "unix:/path". */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/un.h>

struct listen_address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_un local;
	};
	bool every; /* ":port": all addresses of both families */
};

/* The host is numeric or "localhost" (127.0.0.1): nothing is resolved. Port 0 lets the kernel
 * choose. 0, or -EINVAL. */
int listen_parse(struct listen_address *ret, const char *text);

struct local_socket;

/* A listening, non-blocking stream socket; a negative errno if there is none. A Unix socket is
 * local_socket_open's, which owner and group may use (0660); only then ret_file is set. */
int listen_open(const struct listen_address *address, struct local_socket *ret_file);

/* The port a listening socket has, host order; 0 if it has none. */
uint16_t listen_port(int fd);
