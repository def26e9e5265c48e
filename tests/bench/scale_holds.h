/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The holds that scale.c makes, by namespace and number. In each namespace something is wrong: one
 * destination is nearly full, one process binds before it connects, one has many UDP sockets. So
 * all have verdicts and alerts, which is the worst case.
 */
#pragma once

#include "tests/unit/events.h"

/* Of each namespace. */
#define HOLDS_EACH 2000
#define DESTINATIONS_EACH 40
#define OWNERS_EACH 10
#define HOT_HOLDS 800 /* toward the first destination */
#define BOUND_HOLDS 120
#define UDP_HOLDS 80
#define FIRST 33000
#define LAST 34023

static inline uint32_t inode_of(uint32_t number)
{
	return 4026540000U + number;
}

static inline uint16_t port_of(uint32_t number)
{
	return (uint16_t)(FIRST + number % (LAST - FIRST + 1));
}

static inline void say_far(struct saying *saying, uint32_t destination)
{
	saying->remote[0] = 10;
	saying->remote[1] = 9;
	saying->remote[2] = 1;
	saying->remote[3] = (uint8_t)(destination + 1);
}

static inline void say_connect(struct saying *saying, uint32_t number)
{
	uint32_t rest = number - HOT_HOLDS;

	if (number < HOT_HOLDS) {
		say_far(saying, 0);
		saying->port = port_of(number);
		saying->pid += number % 2;
		return;
	}
	say_far(saying, 1 + rest % (DESTINATIONS_EACH - 1));
	saying->port = port_of(rest / (DESTINATIONS_EACH - 1));
	saying->pid += rest % (OWNERS_EACH - 2);
}

/* The last owners of each namespace are the one that binds and the one with UDP sockets. */
static inline struct saying hold(uint32_t netns, uint32_t number)
{
	uint32_t connects = HOLDS_EACH - BOUND_HOLDS - UDP_HOLDS;
	struct saying saying = {
		.netns = inode_of(netns),
		.pid = 1000 + netns * OWNERS_EACH,
		.cgroup = 1 + netns,
		.first = FIRST,
		.last = LAST,
		.comm = "checkout-api",
		.search_ns = 1500,
	};

	if (number < connects) {
		say_connect(&saying, number);
		return saying;
	}
	saying.port = port_of(LAST - FIRST - (number - connects));
	if (number < connects + BOUND_HOLDS) {
		saying.path = PATH_BIND;
		saying.pid += OWNERS_EACH - 2;
		say_far(&saying, number % DESTINATIONS_EACH);
		return saying;
	}
	saying.protocol = IPPROTO_UDP;
	saying.path = PATH_AUTOBIND;
	saying.nowhere = true;
	saying.pid += OWNERS_EACH - 1;
	return saying;
}
