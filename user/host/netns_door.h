/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network namespace held open: descriptors that were made inside of it and read it from
 * anywhere, by anyone, without a privilege. A sysctl's file, a netlink socket and a BPF iterator
 * all belong to the namespace in which they were opened (proc_sysctl.c, af_netlink.c,
 * bpf_iter_init_seq_net; 5.10 to 7.3).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "user/core/ledger.h"

enum netns_door_part {
	DOOR_RANGE, /* below /proc/sys/net/ipv4 */
	DOOR_RESERVED,
	DOOR_TW_REUSE,
	DOOR_TW_REUSE_DELAY,
	DOOR_TIMESTAMPS,
	DOOR_ADDRESSES, /* NETLINK_ROUTE */
	DOOR_SOCKETS,   /* NETLINK_SOCK_DIAG */
	DOOR_LOOKS,     /* what the source opens: struct netns_looks; the last ones */
	DOOR__COUNT = DOOR_LOOKS + 2,
};

#define NETNS_LOOKS_MAX (DOOR__COUNT - DOOR_LOOKS)

struct netns_door {
	uint32_t inode;
	uint32_t questions;   /* asked over its sockets so far */
	int fds[DOOR__COUNT]; /* -1: not open: this kernel has none, or nobody asked for it */
};

/* What a source opens in each namespace: each of its descriptors is turned into one of there. */
struct netns_looks {
	int (*open)(int fd); /* a new descriptor, or a negative errno */
	int fds[NETNS_LOOKS_MAX];
	size_t count;
};

void netns_door_init(struct netns_door *door);
void netns_door_close(struct netns_door *door);

/* Opens what there is of the namespace that the calling thread is in. looks: NULL: none. A negative
 * errno where the namespace has no port range or a look fails; *ret is untouched then. */
int netns_door_open(struct netns_door *ret, const struct netns_looks *looks);

/* One of the files, whole, as text; a negative errno: -ENOENT: this kernel has none, -EFBIG. */
int netns_door_read(const struct netns_door *door, enum netns_door_part part, char *ret,
		    size_t size);

/* What tells it apart from others that have its inode number in turn, as in struct abi_tuple;
 * 0: this kernel does not say (before 5.14). */
uint32_t netns_door_life(const struct netns_door *door);

/* Range, reserved ports and reuse settings. Fills all but inode and name. */
int netns_door_facts(const struct netns_door *door, struct netns_facts *ret);

/* The same of the namespace the calling thread is in. */
int netns_door_own_facts(struct netns_facts *ret);
