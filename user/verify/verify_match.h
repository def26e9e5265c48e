/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which hold belongs to which object of one port? Those of connect() by their whole tuple. Others
 * the ledger knows by their port only: of n objects, n holds must be there, no matter which. So on
 * a port where such objects come and go a difference can hide; none is ever made up. For the same
 * reason a bound port's destination is not compared. Pure.
 */
#pragma once

#include "user/verify/verify_list.h"

/* One that needs a partner, or can be one. */
struct verify_item {
	const struct verify_entry *entry;
	uint8_t early; /* its state in the first reading of its side, and in the last */
	uint8_t late;
	bool taken;
};

/* All of one side on one port. */
struct verify_items {
	enum verify_side side;
	struct verify_item *items;
	size_t count;
};

/* Finds a partner for each of outer in inner, of the other side, and appends what has none or is
 * in another state. Sorts both. shows_bound: does the kernel list sockets that are only bound?
 * -ENOMEM: the list is of no use. */
int verify_match(struct verify_list *ret, struct verify_items *outer, struct verify_items *inner,
		 bool shows_bound);
