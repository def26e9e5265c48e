/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every hold that a running agent knows, as one file: how `portgauge verify` gets to see the
 * ledger. The agent fills an anonymous file (memfd_create with MFD_CLOEXEC | MFD_ALLOW_SEALING)
 * and passes its descriptor over its control socket; see control.h.
 *
 * Layout: one struct holds_dump_header, then count times struct holds_dump_record. Host byte
 * order: both ends are one program on one host. Change a layout or a meaning: bump the version.
 *
 * Before it writes, the agent drains its source, so that whatever the kernel did before the client
 * asked is in the books; verify.h rests on that.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "user/core/event.h"

#define HOLDS_DUMP_MAGIC 0x0073646c6f686770ULL /* "pgholds" on little-endian machines */
#define HOLDS_DUMP_VERSION 1

struct holds_dump_header {
	uint64_t magic;
	uint32_t version;
	uint32_t record_size; /* sizeof(struct holds_dump_record) */
	uint64_t count;
	uint64_t time_ns;      /* CLOCK_MONOTONIC, when the source had been drained */
	uint64_t reconcile_ns; /* how often the agent reconciles */
	uint64_t
		reconcile_began_ns; /* CLOCK_MONOTONIC, of the last that is finished; 0: none yet */
	uint32_t polled;            /* LEDGER_POLLS_* of its source */
	uint32_t flags;             /* HOLDS_DUMP_* */
	char source[16];            /* its name */
};

/* holds_dump_header.flags */
#define HOLDS_DUMP_INCOMPLETE 0x01 /* the agent itself knows that it does not see all */

struct holds_dump_record {
	uint64_t id;
	struct abi_tuple tuple; /* without a destination: port and netns only, the rest zero */
	uint32_t pid;           /* 0: owner not known, or the kernel */
	uint8_t protocol;       /* IPPROTO_TCP, IPPROTO_UDP */
	uint8_t path;           /* enum hold_path */
	uint8_t state;          /* enum hold_state */
	uint8_t pad;
	char comm[ABI_COMM_LEN]; /* terminated */
};

_Static_assert(sizeof(struct holds_dump_header) == 72, "bump HOLDS_DUMP_VERSION");
_Static_assert(sizeof(struct holds_dump_record) == 80, "bump HOLDS_DUMP_VERSION");

/* --- the agent's side --- */

/* The next record into *ret: 1; 0: that was all; negative errno: stop. *ret is zeroed before. */
typedef int holds_dump_next(void *context, struct holds_dump_record *ret);

/* Writes header and records to an empty file and seals it against any change. Of the header,
 * magic, version, record_size and count are filled in here. Negative errno; the file is of no use
 * then. */
int holds_dump_write(int fd, const struct holds_dump_header *header, holds_dump_next *next,
		     void *context);

/* --- the client's side: the peer is not trusted --- */

/* A dump in memory. Records are checked: protocol, path and state are valid, names terminated. */
struct holds_dump {
	struct holds_dump_header header;
	const struct holds_dump_record *records;
	size_t count;
	void *map;
	size_t size;
};

/* Maps a dump out of a descriptor from anywhere, which must be sealed: the peer could otherwise
 * cut it while we read. The descriptor may be closed afterwards. -EPROTO: of another version;
 * -EBADMSG: no dump. On failure *ret is untouched. */
int holds_dump_open(struct holds_dump *ret, int fd);

/* Leaves it empty; an empty one is fine. */
void holds_dump_done(struct holds_dump *dump);
