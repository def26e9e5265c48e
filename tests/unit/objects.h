/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of sock_diag and of dumps built by hand. Name only what the test is about; the rest is an
 * established TCP connection from 10.0.0.1 to 10.0.1.1:5432 in namespace 1. Include after
 * cmocka.h.
 */
#pragma once

#include "tests/unit/events.h"
#include "user/verify/holds_dump.h"
#include "user/sources/sockdiag.h"

struct seeing {
	uint64_t cookie;
	uint16_t port;
	uint32_t netns;
	uint8_t protocol;
	uint8_t state; /* SOCKDIAG_* */
	bool remnant;
	bool named;
	bool nowhere; /* no remote end */
	uint8_t local[4];
	uint8_t remote[4];
	uint16_t remote_port;
	bool v6; /* local and remote are ::1 */
	uint32_t inode;
	uint32_t expires_ms;
	uint64_t cgroup;
};

static inline struct sockdiag_record make_object(const struct seeing *see)
{
	struct saying say = {
		.port = see->port,
		.netns = see->netns,
		.nowhere = see->nowhere,
		.remote_port = see->remote_port,
	};
	struct sockdiag_record record = {
		.cookie = see->cookie,
		.cgroup = see->cgroup,
		.inode = see->inode,
		.expires_ms = see->expires_ms,
		.protocol = see->protocol ? see->protocol : IPPROTO_TCP,
		.state = see->state ? see->state : SOCKDIAG_ESTABLISHED,
		.remnant = see->remnant,
		.named = see->named,
	};

	memcpy(say.local, see->local, sizeof(say.local));
	memcpy(say.remote, see->remote, sizeof(say.remote));
	record.tuple = make_tuple(&say);
	if (see->v6) {
		memcpy(record.tuple.local, &in6addr_loopback, 16);
		memcpy(record.tuple.remote, &in6addr_loopback, 16);
	}
	return record;
}

#define object(...) make_object(&(struct seeing){ __VA_ARGS__ })

/* What a dump says of a hold: as the ledger does, without ends where it has no destination. */
static inline struct holds_dump_record make_record(const struct saying *say)
{
	struct holds_dump_record record = {
		.id = say->id,
		.tuple = make_tuple(say),
		.pid = say->nobody ? 0 : EVENT_PID,
		.protocol = say->protocol ? say->protocol : IPPROTO_TCP,
		.path = say->path ? say->path : PATH_CONNECT,
		.state = say->state ? say->state : HOLD_ACTIVE,
	};

	if (say->nowhere)
		memset(record.tuple.local, 0, sizeof(record.tuple.local));
	if (!say->nobody)
		snprintf(record.comm, sizeof(record.comm), "%s", say->comm ? say->comm : "client");
	return record;
}

#define record(...) make_record(&(struct saying){ __VA_ARGS__ })
