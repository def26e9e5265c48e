/* SPDX-License-Identifier: Apache-2.0 */
/* What verify compares: one reading of the kernel's tables, or of the ledger. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "user/verify/holds_dump.h"
#include "user/sources/sockdiag.h"

enum verify_side { VERIFY_KERNEL, VERIFY_LEDGER };

/* One object of the kernel or one hold of the ledger. */
struct verify_entry {
	struct abi_tuple tuple; /* of a hold without destination: netns and port */
	uint64_t identity;      /* cookie, or id of the hold */
	uint8_t protocol;
	uint8_t state;        /* enum hold_state */
	uint8_t kernel_state; /* SOCKDIAG_* and the kernel's others; 0 of a hold */
	uint8_t path;         /* enum hold_path; 0 of an object */
	uint32_t pid;         /* of a hold; 0: not known */
	uint32_t inode;       /* of an object */
	uint32_t uid;         /* of an object */
	char comm[ABI_COMM_LEN];
};

/* Zeroed but for side: empty. */
struct verify_reading {
	enum verify_side side;
	struct verify_entry *entries; /* sorted by verify_sort */
	size_t count;
	size_t room;
};

/* -ENOMEM: unchanged. */
int verify_add_object(struct verify_reading *reading, const struct sockdiag_record *record);
int verify_add_hold(struct verify_reading *reading, const struct holds_dump_record *record);

/* Needed once after the last entry was added; drops what was told twice. */
void verify_sort(struct verify_reading *reading);

void verify_reading_done(struct verify_reading *reading);

/* The orders of entries: by what can be compared at all, namespace, protocol and port (VRFs are
 * not told apart); and by what a connection is to. Negative, 0 or positive. */
int verify_compare_place(const struct verify_entry *a, const struct verify_entry *b);
int verify_compare_ends(const struct verify_entry *a, const struct verify_entry *b);

/* "established", "time-wait", "bound"... */
const char *verify_state_name(const struct verify_entry *object);
