/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's own list of sockets, through NETLINK_SOCK_DIAG: TCP and UDP, IPv4 and IPv6, of a
 * network namespace. Needs no privilege. The kernel filters by port
 * and by "did bind() name the port", so that only what is asked for crosses the socket.
 *
 * What it shows (5.10 to 7.3): listeners, connections in every state, orphans, TIME_WAIT remnants
 * (FIN_WAIT2 ones too), UDP sockets; from 6.8 on also TCP sockets that are bound and neither
 * connected nor listening. It never shows who owns a socket but for its inode number and user.
 * SYN_RECV request sockets are left out: they hold no port. Of MPTCP it shows the subflows, which
 * are what owns the ports.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/core/event.h"

struct netns_door;

/* The kernel's socket states (include/net/tcp_states.h), as far as we tell them apart. */
enum {
	SOCKDIAG_ESTABLISHED = 1,
	SOCKDIAG_SYN_RECV = 3,
	SOCKDIAG_FIN_WAIT2 = 5,
	SOCKDIAG_TIME_WAIT = 6,
	SOCKDIAG_CLOSE = 7, /* TCP: bound only; UDP: not connected */
	SOCKDIAG_LISTEN = 10,
	SOCKDIAG_BOUND_INACTIVE = 13, /* to ask with; the answer says CLOSE */
};

/* One kernel object that keeps one local port. */
struct sockdiag_record {
	struct abi_tuple tuple; /* netns: as asked for; addresses as in abi.h */
	uint64_t cookie;        /* of the socket, and of the TIME_WAIT remnant that it becomes */
	uint64_t cgroup;        /* cgroup v2 in which the socket was made; 0: not told */
	uint32_t inode;         /* 0: no process can have it (orphan, remnant, not accepted yet) */
	uint32_t uid;           /* 0 for a remnant */
	uint32_t interface;     /* bound to this one; 0: to none */
	uint32_t expires_ms;    /* a remnant's time left */
	uint8_t protocol;       /* IPPROTO_TCP, IPPROTO_UDP */
	uint8_t state;          /* SOCKDIAG_*, or one of the kernel's others */
	bool remnant;           /* TIME_WAIT: a remnant, in state TIME_WAIT or FIN_WAIT2 */
	bool named;             /* bind() named the port (SOCK_BINDPORT_LOCK); never of a remnant */
};

/* What to ask for. */
struct sockdiag_query {
	uint32_t netns; /* copied into each record; not checked */
	uint8_t protocol;
	uint16_t first; /* local ports, both included */
	uint16_t last;
	uint32_t states;         /* bit by SOCKDIAG_*; 0: every one that holds a port */
	struct netns_door *door; /* where to ask; NULL: where the calling thread is */
};

/* Negative stops the reading, which then returns it. */
typedef int sockdiag_handler(void *context, const struct sockdiag_record *record);

/* Tells each object at least once. An object that changes meanwhile may be told twice or, rarely,
 * be passed over: the kernel walks its hash tables in steps, unlocked in between. Listeners and
 * named ports come before sockets whose port was not named.
 * 0: read to the end. -EPROTONOSUPPORT, -ENOENT: see sockdiag_explain. -EAGAIN: interrupted again
 * and again (NLM_F_DUMP_INTR). -EBADMSG: the answer makes no sense. Else a negative errno, or what
 * the handler returned. */
int sockdiag_read(const struct sockdiag_query *query, sockdiag_handler *handler, void *context);

/* The TCP object with exactly this tuple and interface, never a bound-only one. query gives netns
 * and protocol. named is not told. 0, -ENOENT: none, or a negative errno. */
int sockdiag_find(struct sockdiag_record *ret, const struct sockdiag_query *query,
		  const struct abi_tuple *tuple, uint32_t interface);

/* Does this kernel list TCP sockets that are only bound (6.8 and later)? Found out by binding a
 * socket of ours for a moment to a loopback port outside first to last. 1, 0, or a negative errno
 * when no port could be had: not known. */
int sockdiag_shows_bound(uint16_t first, uint16_t last);

/* What failed and what would help, for an error of sockdiag_read. */
const char *sockdiag_explain(int error, uint8_t protocol);
