/* SPDX-License-Identifier: Apache-2.0 */
/* Listen addresses as Prometheus's exporters take them: "host:port", ":port", "[v6]:port". */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct listen_address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
	bool every; /* ":port": all addresses of both families */
};

/* The host is numeric or "localhost" (127.0.0.1): nothing is resolved. Port 0 lets the kernel
 * choose. 0, or -EINVAL. */
int listen_parse(struct listen_address *ret, const char *text);

/* A listening, non-blocking TCP socket; a negative errno if there is none. */
int listen_open(const struct listen_address *address);

/* The port a listening socket has, host order; 0 if it cannot be told. */
uint16_t listen_port(int fd);
