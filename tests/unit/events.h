/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events built by hand. Name only what the test is about; the rest is a TCP connect() of process
 * 100, "client", from 10.0.0.1 to 10.0.1.1:5432 in namespace 1, whose range is 40000 to 40099.
 *
 *	apply_taken(ledger, .id = 1, .port = 40000);
 */
#pragma once

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "user/core/event.h"

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)

#define EVENT_NETNS 1
#define EVENT_PID 100
#define EVENT_FIRST 40000
#define EVENT_LAST 40099
#define EVENT_REMOTE_PORT 5432

/* What an event says; 0 stands for the usual. Not every kind uses all. */
struct saying {
	uint64_t id;
	uint64_t at_ns; /* also when the hold was taken, unless taken_ns is given */
	uint64_t taken_ns;
	uint64_t search_ns;
	uint8_t event_flags;
	uint32_t netns;
	uint32_t netns_life;
	uint8_t protocol;
	uint8_t path;
	uint8_t state;
	uint8_t tw_flags;
	uint16_t port;
	uint16_t first;
	uint16_t last;
	uint16_t own_first; /* IP_LOCAL_PORT_RANGE */
	uint16_t own_last;
	uint32_t vrf;
	bool sticks; /* the kernel keeps a once-bound port blocked */
	uint16_t error;
	uint8_t local[4];
	uint8_t remote[4];
	uint16_t remote_port;
	bool nowhere; /* no remote end */
	uint32_t pid;
	uint64_t start_ns;
	uint32_t uid;
	uint64_t cgroup;
	const char *comm;
	bool nobody; /* the owner is not known */
	bool kernel; /* the owner is the kernel */
};

static inline void put_v4(uint8_t ret[16], const uint8_t v4[4])
{
	memset(ret, 0, 10);
	memset(ret + 10, 0xff, 2);
	memcpy(ret + 12, v4, 4);
}

static inline struct event_header make_header(const struct saying *say, uint8_t kind, size_t size)
{
	return (struct event_header){
		.abi = ABI_VERSION,
		.kind = kind,
		.flags = say->event_flags,
		.len = (uint32_t)size,
		.time_ns = say->at_ns,
	};
}

static inline struct abi_owner make_owner(const struct saying *say)
{
	struct abi_owner owner = {
		.tgid = say->pid ? say->pid : EVENT_PID,
		.start_ns = say->start_ns ? say->start_ns : SECOND,
		.uid = say->uid,
		.cgroup = say->cgroup,
	};

	snprintf(owner.comm, sizeof(owner.comm), "%s", say->comm ? say->comm : "client");
	return owner;
}

static inline uint8_t owner_flags(const struct saying *say)
{
	if (say->nobody)
		return 0;
	return say->kernel ? HOLD_OWNER_KNOWN | HOLD_OWNER_KERNEL : HOLD_OWNER_KNOWN;
}

static inline struct abi_tuple make_tuple(const struct saying *say)
{
	static const uint8_t local[4] = { 10, 0, 0, 1 };
	static const uint8_t remote[4] = { 10, 0, 1, 1 };
	struct abi_tuple tuple = {
		.netns = say->netns ? say->netns : EVENT_NETNS,
		.netns_life = say->netns_life,
		.vrf = say->vrf,
		.port = say->port,
	};

	put_v4(tuple.local, say->local[0] ? say->local : local);
	if (say->nowhere)
		return tuple;
	put_v4(tuple.remote, say->remote[0] ? say->remote : remote);
	tuple.remote_port = say->remote_port ? say->remote_port : EVENT_REMOTE_PORT;
	return tuple;
}

static inline struct abi_range make_range(const struct saying *say)
{
	return (struct abi_range){
		.first = say->first ? say->first : EVENT_FIRST,
		.last = say->last ? say->last : EVENT_LAST,
		.own_first = say->own_first,
		.own_last = say->own_last,
	};
}

static inline struct abi_hold make_hold(const struct saying *say)
{
	return (struct abi_hold){
		.id = say->id,
		.taken_ns = say->taken_ns ? say->taken_ns : say->at_ns,
		.owner = make_owner(say),
		.tuple = make_tuple(say),
		.range = make_range(say),
		.protocol = say->protocol ? say->protocol : IPPROTO_TCP,
		.path = say->path ? say->path : PATH_CONNECT,
		.state = say->state ? say->state : HOLD_ACTIVE,
		.flags = owner_flags(say) | say->tw_flags | (say->sticks ? HOLD_STICKS : 0),
	};
}

static inline struct event make_taken(const struct saying *say)
{
	return (struct event){ .taken = {
				       .header = make_header(say, EVENT_TAKEN,
							     sizeof(struct event_taken)),
				       .search_ns = say->search_ns,
				       .hold = make_hold(say),
			       } };
}

static inline struct event make_time_wait(const struct saying *say)
{
	return (struct event){ .time_wait = {
				       .header = make_header(say, EVENT_TIME_WAIT,
							     sizeof(struct event_time_wait)),
				       .id = say->id,
				       .flags = say->tw_flags,
			       } };
}

static inline struct event make_released(const struct saying *say)
{
	return (struct event){ .released = {
				       .header = make_header(say, EVENT_RELEASED,
							     sizeof(struct event_released)),
				       .id = say->id,
			       } };
}

static inline uint16_t usual_error(uint8_t path)
{
	switch (path) {
	case PATH_CONNECT:
		return EADDRNOTAVAIL;
	case PATH_AUTOBIND:
		return EAGAIN;
	default:
		return EADDRINUSE;
	}
}

static inline struct event make_refused(const struct saying *say)
{
	uint8_t path = say->path ? say->path : PATH_CONNECT;

	return (struct event){ .refused = {
				       .header = make_header(say, EVENT_REFUSED,
							     sizeof(struct event_refused)),
				       .search_ns = say->search_ns,
				       .owner = make_owner(say),
				       .tuple = make_tuple(say),
				       .range = make_range(say),
				       .error = say->error ? say->error : usual_error(path),
				       .protocol = say->protocol ? say->protocol : IPPROTO_TCP,
				       .path = path,
				       .flags = owner_flags(say),
			       } };
}

#define taken_event(...) make_taken(&(struct saying){ __VA_ARGS__ })
#define time_wait_event(...) make_time_wait(&(struct saying){ __VA_ARGS__ })
#define released_event(...) make_released(&(struct saying){ __VA_ARGS__ })
#define refused_event(...) make_refused(&(struct saying){ __VA_ARGS__ })
