/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports inside the range that somebody had asked for by number and gave up a moment ago, and what
 * the kernel has given them to since: a service that restarts finds its port taken. Pure.
 */
#pragma once

#include <stdint.h>

#include "user/core/view.h"

#define VACANCIES_MAX 32

struct hold;
struct ledger;
struct pool;

struct vacancy {
	const struct pool *pool; /* NULL: unused */
	uint64_t left_ns;
	uint64_t taken_ns;
	uint64_t taker; /* id of a hold; 0: none has taken it */
	uint32_t pid;   /* of whoever left */
	char process[VIEW_COMM_LEN];
	uint16_t port;
};

/* A hold has begun, or is about to end. */
void vacancy_taken(struct ledger *ledger, const struct hold *hold);
void vacancy_left(struct ledger *ledger, const struct hold *hold, uint64_t now_ns);

/* The hold that took it, while it has it and for some minutes; NULL: none. */
const struct hold *vacancy_taker(const struct ledger *ledger, const struct vacancy *vacancy);

/* The pool goes. */
void vacancies_forget(struct ledger *ledger, const struct pool *pool);
