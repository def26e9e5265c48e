/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger's holds, written out for somebody else. */
#pragma once

#include "user/verify/holds_dump.h"

struct ledger;

/* To an empty memfd, as holds_dump_write says. */
int ledger_dump(const struct ledger *ledger, int fd, const struct holds_dump_header *header);
