/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where events come from. A source pushes through a ring the agent drains, and can be asked to
 * look at the kernel's own tables; what it finds arrives as events too, in order with the rest,
 * so the ledger has one way in. Sources stand in one table, best first; the first one that loads
 * and attaches wins.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/core/note.h"
#include "user/host/netns_door.h"

struct broker;

#define SOURCE_REASON_MAX 256

/* Negative stops the drain early; nothing is lost by that. */
typedef int source_handler(void *context, const struct event *event);

struct source_config {
	uint32_t ring_bytes;     /* a power of two, at least a page */
	uint32_t max_holds;      /* of the in-kernel table */
	const char *cgroup_root; /* cgroup v2 mount; NULL: none */
};

/* Transitions that did not arrive, since the source was opened. */
struct source_losses {
	uint64_t by_reason[LOSS__COUNT];
	uint64_t recursion; /* programs the kernel skipped; another hook may have seen the same */
	uint64_t unplaced;  /* holds the last search found and had no room for; a state, no sum */
	uint64_t malformed; /* records that could not be decoded */
	uint64_t detached;  /* programs that somebody else detached from their hooks; a state */
};

struct source {
	const struct source_ops *ops;
};

struct source_ops {
	const char *name;
	const char *sees;        /* one line for people: what is exact and what comes late */
	uint32_t polled;         /* LEDGER_POLLS_* */
	unsigned int privileges; /* PRIVILEGE_BPF or PRIVILEGE_DIAG */
	bool (*hooks)(const char *function); /* this function of the kernel? NULL: none */

	/* Loads and attaches everything or nothing. On failure a negative errno, and reason says
	 * what failed, on what, and what would help. */
	int (*open)(struct source **ret, const struct source_config *config,
		    char reason[SOURCE_REASON_MAX]);
	void (*close)(struct source *self); /* NULL is a no-op */

	/* Readable when much waits. The caller drains on a timer as well. */
	int (*fd)(struct source *self);
	/* Hands over what waits; the number of events, or what the handler returned. */
	int (*drain)(struct source *self, source_handler *handler, void *context);

	/* What find_netns wants opened in each namespace; NULL: nothing but what a door has. */
	struct netns_looks (*looks)(struct source *self);

	/* What exists and was not known: every process's sockets; all of the network namespace
	 * behind the door; and what of the known is gone. resync: repeat the living. */
	int (*find_files)(struct source *self, source_handler *handler, void *context);
	int (*find_netns)(struct source *self, struct netns_door *door, source_handler *handler,
			  void *context);
	int (*sweep)(struct source *self, bool resync, source_handler *handler, void *context);

	/* -EPERM: this kernel wants a privilege for it. */
	int (*losses)(struct source *self, struct source_losses *ret);

	/* From now on it asks the broker, which is borrowed. NULL: it has nothing to ask. */
	void (*use_broker)(struct source *self, struct broker *broker);
};

/* Ends with NULL; best first. */
const struct source_ops *const *source_table(void);

/* The privileges of the source with this name; of the better ones where there is none (NULL). */
unsigned int source_privileges(const struct source_ops *const *table, const char *name);

/* What was tried, for doctor: one entry a source, in the order of the table. */
struct source_attempt {
	const struct source_ops *ops;
	bool tried;
	int error; /* 0: it works */
	char reason[SOURCE_REASON_MAX];
};

#define SOURCES_MAX 8

/* Opens the first source of the table that works, or the one named (NULL: any). attempts:
 * SOURCES_MAX entries, filled up to *ret_count. -ENOENT: no such name. On failure the last
 * attempt's error. */
int source_open(struct source **ret, const struct source_ops *const *table, const char *name,
		const struct source_config *config, struct source_attempt *attempts,
		size_t *ret_count);
