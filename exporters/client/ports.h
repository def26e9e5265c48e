/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Local ports of our own, outside of the ephemeral range: a connection bound to one of them can be
 * made when no ephemeral port is left. Each connection takes the next one in turn, so that what
 * the last one left behind is not in the way.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* Below the kernel's default range and below Kubernetes' node ports. */
#define PORTS_FIRST 29817
#define PORTS_LAST 29848

struct ports {
	uint16_t first;
	uint16_t last;
	uint16_t next;
};

/* Both 0: the default ones. -EINVAL: not a range. */
int ports_init(struct ports *ret, uint16_t first, uint16_t last);

/* Binds the socket to the next port that is free, of any local address. -EADDRINUSE: there is
 * none, and the socket is as it was. */
int ports_bind(struct ports *ports, int fd, int family);

/* Do they touch the range that the file (".../ip_local_port_range") has? False if nobody knows.
 * If so, ret_range is the range. */
bool ports_overlap(const struct ports *ports, const char *file, uint16_t ret_range[2]);
