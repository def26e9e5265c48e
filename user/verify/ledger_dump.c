// SPDX-License-Identifier: Apache-2.0
#include "user/verify/ledger_dump.h"

#include <stdio.h>

#include "user/core/ledger.h"

struct walk {
	const struct ledger *ledger;
	uint32_t cursor;
};

static int next_hold(void *context, struct holds_dump_record *ret)
{
	struct walk *walk = context;
	struct hold_description hold;

	if (!ledger_next_hold(walk->ledger, &walk->cursor, &ret->id, &hold))
		return 0;
	ret->tuple = hold.tuple;
	ret->pid = hold.pid;
	ret->protocol = hold.protocol;
	ret->path = hold.path;
	ret->state = hold.state;
	snprintf(ret->comm, sizeof(ret->comm), "%s", hold.process);
	return 1;
}

int ledger_dump(const struct ledger *ledger, int fd, const struct holds_dump_header *header)
{
	struct walk walk = { .ledger = ledger };

	return holds_dump_write(fd, header, next_hold, &walk);
}
