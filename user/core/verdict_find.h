/* SPDX-License-Identifier: Apache-2.0 */
/* Judges all that the ledger watches. Pure. */
#pragma once

#include <stddef.h>

#include "user/core/ledger_types.h"

#define VERDICTS_MAX 20

/* What was found about one subject; all of it is the ledger's. */
struct finding {
	enum verdict verdict;
	enum view_severity severity;
	const struct pool *pool;
	const struct destination *destination; /* NULL: the pool, or an owner in it */
	const struct window *window;           /* NULL: the whole range */
	const struct owner *owner;             /* whom it names; NULL: nobody */
	const struct vacancy *vacancy;         /* of a collision */
	struct numbers numbers;
	uint32_t destinations; /* to which the owner bound */
	bool together;         /* a leak by more than the owner */
};

/* The worst of them, gravest first. */
struct findings {
	struct finding rows[VERDICTS_MAX];
	size_t count;
};

/* Needs overlap_count before. */
void verdict_find(struct findings *ret, struct ledger *ledger);

/* The narrowest of the usual ranges that is wide enough for twice what is used, and at least half
 * as wide again as the present one. False: there is none. */
bool verdict_wider_range(const struct pool *pool, uint32_t used, uint16_t *ret_first,
			 uint16_t *ret_last, uint32_t *ret_size);
