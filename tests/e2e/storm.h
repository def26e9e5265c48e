/* SPDX-License-Identifier: Apache-2.0 */
/* A process that connects and closes over loopback as fast as it can, from many threads. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define STORM_THREADS_MAX 16
#define STORM_PORT 5000

struct storm;

enum weather {
	STORM_SERVER_CLOSES, /* TCP; the client's port is free at once */
	STORM_CLIENT_CLOSES, /* TCP; the client's port goes through TIME_WAIT */
	STORM_DATAGRAMS,     /* UDP; autobound by connect() */
};

struct storm_plan {
	const char *netns;
	const char *name; /* of the process */
	enum weather weather;
	unsigned int threads; /* each has a listener of its own: 127.0.0.1, 127.0.0.2, ... */
	uint32_t lives;       /* of all threads: so many connect() and close() */
	uint32_t kept;        /* TCP connections that are open at the end */
};

/* What came of it. */
struct storm_count {
	uint32_t done; /* lives and kept */
	uint32_t failed;
	uint64_t active_opens; /* the namespace's own counter, Tcp: ActiveOpens */
};

/* Starts. Fails the test if it cannot. */
struct storm *storm_start(const struct storm_plan *plan);

/* Waits until all lives are over. What is kept stays open. */
struct storm_count storm_await(struct storm *storm);

/* Are there lives to come? */
bool storm_blows(const struct storm *storm);

/* Lets no further life begin, then as storm_await. */
struct storm_count storm_end(struct storm *storm);

/* Ends the process with all it keeps; NULL is fine. */
void storm_stop(struct storm *storm);
