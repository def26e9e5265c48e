/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The contract between the BPF programs and the agent: every byte that crosses the ring buffer
 * or a map is declared here and nowhere else. Fixed-width fields, no implicit padding, host byte
 * order unless a name ends in _be. Change a layout, a number or a meaning: bump ABI_VERSION.
 */
#pragma once

#include <linux/types.h>

#define ABI_VERSION 3
#define ABI_COMM_LEN 16

/* Names of a hold's way into the pool; also the "path" label of metrics. */
enum hold_path {
	PATH_CONNECT = 1, /* picked by connect(): shared, blocked for one destination only */
	PATH_BIND,        /* picked by bind(port 0): exclusive */
	PATH_EXPLICIT,    /* bind() to a port inside the range: exclusive */
	PATH_LISTEN,      /* listen() on an unbound socket, or a listener: exclusive */
	PATH_AUTOBIND,    /* UDP connect()/send() on an unbound socket: exclusive */
	PATH_CHILD, /* accepted on a listener inside the range: exclusive, no choice of ours */
	PATH__COUNT,
};

enum hold_state {
	HOLD_ACTIVE = 1,
	HOLD_TIME_WAIT,
};

/* abi_hold.flags */
#define HOLD_OWNER_KNOWN 0x01   /* owner was read, at acquire or from a file table */
#define HOLD_OWNER_KERNEL 0x02  /* a kernel socket: no process owns it */
#define HOLD_TW_TIMESTAMPS 0x04 /* TIME_WAIT: the peer used TCP timestamps */
#define HOLD_TW_FIN_WAIT2 0x08  /* TIME_WAIT: sub-state FIN_WAIT2, never recyclable */
#define HOLD_STICKS 0x10 /* the kernel keeps a once-bound port blocked while anyone is on it */
#define HOLD_TW_FLAGS (HOLD_TW_TIMESTAMPS | HOLD_TW_FIN_WAIT2)

/* The process that took the port. (tgid, start_ns) is unique while the host is up. */
struct abi_owner {
	__u64 start_ns; /* group leader's start, CLOCK_BOOTTIME */
	__u64 cgroup;   /* id of its cgroup v2 directory; 0: unknown */
	__u32 tgid;
	__u32 uid;
	char comm[ABI_COMM_LEN]; /* the group leader's; not trusted to be terminated */
};

/* Addresses are 16 bytes; IPv4 is ::ffff:a.b.c.d, so one rule serves both families. */
struct abi_tuple {
	__u8 local[16];
	__u8 remote[16]; /* all zero: none */
	__u32 netns;     /* inode number of the network namespace */
	__u32 vrf; /* its l3mdev: interface index of the VRF, which has ports of its own; 0: none */
	__u16 port;
	__u16 remote_port; /* 0: none */
	__u32 netns_life; /* tells namespaces apart that have the same number in turn; 0: unknown */
};

/* Which ports the kernel may choose from, as it was at that moment. */
struct abi_range {
	__u16 first; /* ip_local_port_range */
	__u16 last;
	__u16 own_first; /* what IP_LOCAL_PORT_RANGE leaves of it for this socket; 0: not set */
	__u16 own_last;
};

/* One kernel object that keeps one port: the value of the holds map and the body of EVENT_TAKEN. */
struct abi_hold {
	__u64 id;       /* unique; kept when a socket hands its port to its TIME_WAIT remnant */
	__u64 taken_ns; /* CLOCK_MONOTONIC */
	struct abi_owner owner;
	struct abi_tuple tuple;
	struct abi_range range;
	__u8 protocol; /* IPPROTO_TCP, IPPROTO_UDP */
	__u8 path;     /* enum hold_path */
	__u8 state;    /* enum hold_state */
	__u8 flags;    /* HOLD_* */
	__u32 pad;
};

enum event_kind {
	EVENT_TAKEN =
		1, /* a hold began; the same id again: its owner, path or destination changed */
	EVENT_TIME_WAIT, /* the hold lives on as TIME_WAIT; again: its flags changed */
	EVENT_RELEASED,
	EVENT_REFUSED,
	EVENT__COUNT,
};

/* event_header.flags */
#define EVENT_FOUND 0x01  /* learned from the kernel's tables, not from a hook */
#define EVENT_RESYNC 0x02 /* repeats what the holds map has, after the ring lost events */

struct event_header {
	__u16 abi; /* ABI_VERSION of the writer */
	__u8 kind; /* enum event_kind */
	__u8 flags;
	__u32 len;     /* of the whole record, header included */
	__u64 time_ns; /* CLOCK_MONOTONIC */
};

struct event_taken {
	struct event_header header;
	__u64 search_ns; /* time the kernel searched; 0: not measured */
	struct abi_hold hold;
};

struct event_time_wait {
	struct event_header header;
	__u64 id;
	__u32 flags; /* HOLD_TW_* */
	__u32 pad;
};

struct event_released {
	struct event_header header;
	__u64 id;
};

struct event_refused {
	struct event_header header;
	__u64 search_ns;
	struct abi_owner owner;
	struct abi_tuple tuple; /* port is 0 */
	struct abi_range range;
	__u16 error; /* positive errno as the process sees it */
	__u8 protocol;
	__u8 path;  /* enum hold_path */
	__u8 flags; /* HOLD_OWNER_* */
	__u8 pad[3];
};

/* What an iterator writes for each hold that was not known: one byte, which also lets its reader
 * decide how many are looked for at a time. */
#define FOUND_NEW '.'
#define FOUND_NO_ROOM '!' /* the holds map is full: the ledger will not hear of it */

/* Why a transition did not reach the agent; index of the losses map. */
enum loss {
	LOSS_RING_FULL, /* the agent did not read fast enough; the holds map still knows */
	LOSS_MAP_FULL,  /* the holds map has no room for another hold */
	LOSS_MAP_BUSY,  /* the holds map refused an update for another reason */
	LOSS__COUNT,
};

_Static_assert(sizeof(struct abi_owner) == 40, "ABI changed: bump ABI_VERSION");
_Static_assert(sizeof(struct abi_tuple) == 48, "ABI changed: bump ABI_VERSION");
_Static_assert(sizeof(struct abi_hold) == 120, "ABI changed: bump ABI_VERSION");
_Static_assert(sizeof(struct event_taken) == 144, "ABI changed: bump ABI_VERSION");
_Static_assert(sizeof(struct event_time_wait) == 32, "ABI changed: bump ABI_VERSION");
_Static_assert(sizeof(struct event_released) == 24, "ABI changed: bump ABI_VERSION");
_Static_assert(sizeof(struct event_refused) == 128, "ABI changed: bump ABI_VERSION");
