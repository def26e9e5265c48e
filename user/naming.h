/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that people know for what the agent sees: of services, of processes and their containers,
 * of network namespaces, of who listens at a destination. All out of files and the kernel's
 * tables; nobody is asked, no address is looked up anywhere. What it finds it tells as notes.
 */
#pragma once

#include <stdbool.h>

#include "user/core/note.h"
#include "user/host/netns.h"

struct naming;

/* root: where the host's files are, "" for this one; proc_root: where procfs is mounted. Both
 * borrowed for its life, as are tell and its context. -ENOMEM: *ret is untouched. */
int naming_new(struct naming **ret, const char *root, const char *proc_root, note_handler *tell,
	       void *context);
void naming_free(struct naming *naming);

/* Once: a NOTE_SERVICE for each. A host without a list of services has none. */
void naming_services(struct naming *naming);

/* Now and then: what was looked up in files is looked up again. */
void naming_refresh(struct naming *naming);

/* Names for those of the namespaces that no person named. */
void naming_list(struct naming *naming, struct netns_list *list);

/* A NOTE_OWNER by its cgroup's path (NULL: unknown); and a NOTE_OWNER_NAMES, if it is to look for
 * these and there are any. */
void naming_owner(struct naming *naming, const struct owner_id *id, const char *cgroup, bool look);

/* In each namespace, then naming_listeners, which tells of those of the ledger's destinations that
 * are on this host: see servers.h. */
void naming_visit(struct naming *naming, uint32_t netns);
void naming_listeners(struct naming *naming, const struct ledger *ledger,
		      const struct places *places, const struct netns_list *list);
