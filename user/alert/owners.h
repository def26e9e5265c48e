/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The owners of a view, found by namespace, protocol and process: a rule may ask for one for each
 * of many destinations. Pure. Borrows the view. Zeroed memory finds nothing.
 */
#pragma once

#include <stdint.h>

#include "user/core/view.h"

struct owners {
	const struct view *view;
	uint32_t *slots; /* open addressing: 1 + index of a row; 0: free */
	uint32_t mask;
};

/* Who is asked for. */
struct owners_key {
	const char *netns_name;
	uint32_t netns;
	uint8_t protocol;
	const struct view_share *share; /* this process; NULL: whoever has most there */
};

/* -ENOMEM: *ret is untouched. */
int owners_open(struct owners *ret, const struct view *view);
void owners_done(struct owners *owners);

/* The first row of the view that fits; NULL: none. */
const struct view_owner *owners_find(const struct owners *owners, const struct owners_key *key);
