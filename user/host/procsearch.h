/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which process has one of a few sockets open: a walk over the file tables in /proc that costs no
 * more than it is told to, and goes on where it stopped. procfd.h has all sockets, and its price.
 *
 * Of several processes it is the one with the lowest pid, but process 1 comes last: what it opens
 * for services, they answer for. Only the first files of each process are looked at; who listens,
 * does so early in its life.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "user/core/event.h"

struct broker;

/* Zeroed memory begins at the first process. */
struct procsearch {
	uint32_t after; /* this pid */
};

/* Told of each socket; false: that was the last one looked for. */
typedef bool procsearch_handler(void *context, uint64_t inode, uint32_t pid);

/* broker: NULL: none. Looks at links of open files, links_max of them or a few more. True: it has
 * come around, all processes have been looked at; the next one begins anew. */
bool procsearch_go_on(struct procsearch *search, struct broker *broker, const char *proc_root,
		      uint32_t links_max, procsearch_handler *handler, void *context);
