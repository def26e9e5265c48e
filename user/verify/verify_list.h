/* SPDX-License-Identifier: Apache-2.0 */
/* Differences between kernel and ledger. Pure. */
#pragma once

#include <stdbool.h>

#include "user/verify/verify_reading.h"

enum verify_kind {
	VERIFY_MISSING, /* the kernel has it, the ledger does not */
	VERIFY_STALE,   /* the ledger has it, the kernel does not */
	VERIFY_STATE,   /* active on one side, TIME_WAIT on the other */
	VERIFY_UNSEEN,  /* the ledger has it, and this kernel would not show it: no difference */
};

struct verify_difference {
	enum verify_kind kind;
	struct verify_entry entry; /* VERIFY_STATE: the object */
	struct verify_entry hold;  /* VERIFY_STATE: the hold; else nothing */
};

/* Zeroed: empty. */
struct verify_list {
	struct verify_difference *differences;
	size_t count;
	size_t room;
};

/* hold: for VERIFY_STATE, else NULL. -ENOMEM: unchanged. */
int verify_list_add(struct verify_list *list, enum verify_kind kind,
		    const struct verify_entry *entry, const struct verify_entry *hold);

/* Appends the one to the other. -ENOMEM: in part. */
int verify_list_append(struct verify_list *ret, const struct verify_list *list);

/* Appends what is in both lists, of the same object or hold, as the second one has it. Sorts both.
 * -ENOMEM: in part. */
int verify_list_common(struct verify_list *ret, struct verify_list *first,
		       struct verify_list *second);

void verify_list_done(struct verify_list *list);
