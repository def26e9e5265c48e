/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the diag source knows of one network namespace, and how it turns readings into events.
 * Pure: records come in, events go out through a source_handler, time is an argument.
 *
 * The key of an object is its cookie: a reading gives a socket one, the TIME_WAIT remnant that it
 * becomes inherits it (tw_cookie, 5.10 to 7.3), and no other object ever has it. So the hold keeps
 * its id and its owner.
 *
 * A path that was once found stays; see diag_path.h for how.
 *
 * Whether a remnant may be recycled depends on TCP timestamps, which sock_diag does not tell; for
 * loopback addresses the namespace's own sysctl does. Others count as used until they end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "user/sources/diag_path.h"
#include "user/sources/sockdiag.h"
#include "user/sources/source.h"

/* Shared by all namespaces of a source. */
struct diag_books {
	uint64_t last_id;
	uint32_t count; /* holds */
	uint32_t max;
	uint64_t unplaced; /* objects left out because there was no room; reset it when all is read
			      anew */
	/* The process that has a socket open; NULL: not known. */
	const struct abi_owner *(*owner_of)(void *owners, uint32_t inode);
	void *owners;
	source_handler *handler; /* where events go */
	void *context;
	uint64_t now_ns; /* CLOCK_MONOTONIC, of the reading under way */
};

struct diag_hold {
	uint64_t cookie;      /* key */
	struct abi_hold hold; /* as it was told last */
	uint64_t due_ns;      /* TIME_WAIT: when the kernel ends it */
	uint32_t inode;       /* 0: no process has it */
	uint32_t interface;
	uint32_t reading; /* the last one that showed it */
	UT_hash_handle hh;
};

/* Zeroed but for netns: nothing is known. */
struct diag_holds {
	uint32_t netns;
	uint16_t first; /* the ephemeral range, set before each reading */
	uint16_t last;
	bool timestamps; /* net.ipv4.tcp_timestamps, likewise */
	uint32_t reading;
	struct diag_hold *by_cookie;
	struct diag_listeners listeners;
};

void diag_holds_done(struct diag_holds *holds, struct diag_books *books);

/* A reading begins; then each record goes to diag_holds_see, and diag_holds_end ends it. If the
 * reading fails, leave out the end: then nothing is taken for gone. */
void diag_holds_begin(struct diag_holds *holds);

/* Idempotent within a reading. What the handler returned, or -ENOMEM. */
int diag_holds_see(struct diag_holds *holds, struct diag_books *books,
		   const struct sockdiag_record *record);

/* Looks for one object again: 0 and *ret; -ENOENT: gone; other errors: not known. */
typedef int diag_look(void *context, struct sockdiag_record *ret, const struct diag_hold *hold);

/* What the reading did not show is gone. A reading may pass over what moves meanwhile, so look is
 * asked about each TCP connection that is missing before its time. */
int diag_holds_end(struct diag_holds *holds, struct diag_books *books, diag_look *look,
		   void *context);

/* The namespace cannot be read: drops all but sockets that a process still has open. */
int diag_holds_abandon(struct diag_holds *holds, struct diag_books *books);

/* Repeats every hold as EVENT_TAKEN with EVENT_RESYNC. */
int diag_holds_repeat(const struct diag_holds *holds, struct diag_books *books);
