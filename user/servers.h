/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which processes of this host listen at the destinations that its connections have: what the
 * sockets of all namespaces tell, and the processes that have them open. What cannot be told
 * for sure, or has not been found yet, is not told.
 */
#pragma once

#include <stdint.h>

#include "user/core/addresses.h"
#include "user/core/note.h"
#include "user/host/cgroup.h"
#include "user/host/netns.h"

struct broker;
struct servers;

/* Borrowed for its life. broker: NULL: none. cgroup_root and cgroups: NULL where there is no cgroup
 * v2. */
int servers_new(struct servers **ret, struct broker *broker, const char *proc_root,
		const char *cgroup_root, struct cgroup_table *cgroups);
void servers_free(struct servers *servers);

/* Where netaddr_read puts the addresses of each namespace, before each servers_look. */
struct addresses *servers_addresses(struct servers *servers);

/* Tells a NOTE_SERVER for each destination whose listener has changed. Looks into the
 * namespaces that destinations lead to; forgets the addresses. now_ns: CLOCK_MONOTONIC. */
void servers_look(struct servers *servers, const struct ledger *ledger, const struct places *places,
		  const struct netns_list *list, uint64_t now_ns, note_handler *tell,
		  void *context);
