/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that does as it is told: it holds sockets in a namespace under a name of its own, so
 * that a test can say exactly which ports must show up as whose.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct actor;

/* What came of an order. */
struct outcome {
	uint32_t done;
	uint32_t failed;
	int32_t error; /* errno of the last failure */
};

/* Starts a process called name inside the namespace. Fails the test if it cannot. */
struct actor *actor_start(const char *netns, const char *name);

/* Ends it with all its sockets; NULL is fine. */
void actor_stop(struct actor *actor);

pid_t actor_pid(const struct actor *actor);

/* Each address is numeric; IPv6 where it has a colon. Sockets stay open until closed. */
struct outcome actor_connect(struct actor *actor, uint32_t count, const char *address,
			     uint16_t port);
/* bind(address, port), not connected; type: SOCK_STREAM or SOCK_DGRAM. */
struct outcome actor_bind(struct actor *actor, uint32_t count, int type, const char *address,
			  uint16_t port);
/* bind(address, 0), then connect. */
struct outcome actor_bind_connect(struct actor *actor, uint32_t count, const char *address,
				  uint16_t port);
/* UDP: connect() without bind, or sendto() without either. */
struct outcome actor_udp_connect(struct actor *actor, uint32_t count, const char *address,
				 uint16_t port);
struct outcome actor_udp_send(struct actor *actor, uint32_t count, const char *address,
			      uint16_t port);

/* Listens; connections wait in the backlog until accepted. */
struct outcome actor_listen(struct actor *actor, const char *address, uint16_t port);
struct outcome actor_accept(struct actor *actor, uint32_t count);
/* From now on accepts and closes at once, by itself. */
struct outcome actor_serve(struct actor *actor);

/* Closes the oldest count sockets that were connected or bound; 0: all. */
struct outcome actor_close(struct actor *actor, uint32_t count);
struct outcome actor_close_accepted(struct actor *actor);
struct outcome actor_close_listener(struct actor *actor);

/* Connects and closes, count times, waiting for the peer to close first. */
struct outcome actor_cycle(struct actor *actor, uint32_t count, const char *address, uint16_t port);
