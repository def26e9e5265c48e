/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of the kernel's rtnetlink to a dump of interfaces, then of addresses. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "user/core/addresses.h"

/* Begins as { .addresses, .netns }. */
struct netaddr_reading {
	struct addresses *addresses; /* the caller's */
	uint32_t netns;
	uint32_t *up; /* interfaces */
	size_t up_count;
	size_t up_room;
	int error;
};

/* One datagram, and what it must answer. */
struct netaddr_answer {
	const void *data;
	size_t size;
	uint32_t sequence;
	uint32_t port_id;
};

/* 1: more follows; 0: that was the last; negative errno: the kernel's, -EBADMSG for what is no
 * answer, -ENOMEM. */
int netaddr_take_links(struct netaddr_reading *reading, const struct netaddr_answer *answer);
/* Between the two. */
void netaddr_links_done(struct netaddr_reading *reading);
/* Adds the addresses of interfaces that are up. */
int netaddr_take_addresses(struct netaddr_reading *reading, const struct netaddr_answer *answer);

/* Frees its own, not the addresses. */
void netaddr_reading_done(struct netaddr_reading *reading);
