/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's side of verify: which network namespaces there are, and readings of all of them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "user/host/netns.h"
#include "user/verify/verify_reading.h"

/* A network namespace and what of it is compared. */
struct verify_place {
	uint32_t netns;
	const char *name; /* of the host's list */
	uint16_t first;   /* the ephemeral range */
	uint16_t last;
	bool unreadable; /* at least once, and left out of all comparisons since */
	const struct netns_entry *entry;
};

/* Zeroed: nothing is known. */
struct verify_host {
	struct netns_list netns;
	struct verify_place *places; /* as many, sorted by netns */
	bool shows_bound;            /* the kernel lists TCP sockets that are only bound */
	int error;                   /* of the first namespace that could not be read */
};

/* Finds the namespaces; those that are made later are not compared. Negative errno on failure. */
int verify_host_open(struct verify_host *ret);
void verify_host_done(struct verify_host *host);

/* Finds out what this kernel can do, in the namespace we are in. -EPROTONOSUPPORT, -ENOENT: see
 * sockdiag_explain; -ENXIO: /proc shows no namespace of ours. */
int verify_host_try(struct verify_host *host);

/* NULL: not in the list. */
struct verify_place *verify_host_place(const struct verify_host *host, uint32_t netns);

/* Reads all namespaces that can be read. -ENOMEM: the reading is of no use. */
int verify_host_read(struct verify_host *host, struct verify_reading *ret);
