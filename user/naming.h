/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that people know for what the agent sees: of services, of processes and their containers,
 * of network namespaces, of who listens at a destination. All out of files and the kernel's
 * tables; nobody is asked, no address is looked up anywhere. What it finds it tells as notes.
 */
#pragma once

#include <stdbool.h>

#include "user/core/note.h"
#include "user/host/cgroup.h"
#include "user/host/netns.h"

struct broker;
struct netns_door;
struct naming;

/* The host; borrowed for its life. */
struct naming_host {
	const char *root;             /* where its files are, "" for this one */
	const char *proc_root;        /* where procfs is mounted */
	const char *cgroup_root;      /* where cgroup v2 is; NULL: there is none */
	struct cgroup_table *cgroups; /* the same */
	struct broker *broker;        /* NULL: none */
};

/* Tells a NOTE_SERVICE for each of the host's services at once. -ENOMEM: *ret is untouched. tell
 * and its context are borrowed for its life. */
int naming_new(struct naming **ret, const struct naming_host *host, note_handler *tell,
	       void *context);
void naming_free(struct naming *naming);

/* Now and then: what was looked up in files is looked up again. */
void naming_refresh(struct naming *naming);

/* Names for those of the namespaces that no person named. */
void naming_list(struct naming *naming, struct netns_list *list,
		 const struct netns_processes *processes);

/* A NOTE_OWNER by its cgroup (0: unknown); and a NOTE_OWNER_NAMES, if it is to look for these and
 * there are any. now_ns: CLOCK_MONOTONIC. */
void naming_owner(struct naming *naming, const struct owner_id *id, uint64_t cgroup_id,
		  uint64_t now_ns, bool look);

/* In each namespace, then naming_listeners, which tells of those of the ledger's destinations that
 * are on this host: see servers.h. */
void naming_visit(struct naming *naming, struct netns_door *door);
void naming_listeners(struct naming *naming, const struct ledger *ledger,
		      const struct places *places, const struct netns_list *list, uint64_t now_ns);
