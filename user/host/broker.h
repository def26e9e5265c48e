/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker: a process of ours that keeps the privileges that looking into other processes and
 * namespaces takes, so that the agent can give up all of its own. It opens and hands over
 * descriptors that only read; it parses nothing but names of /proc, takes no input but the number
 * or the file of a namespace or process, has no file open but those, and ends with the agent.
 *
 * Each function below asks it; with NULL, or once it is gone, it does what the caller may do
 * itself.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "user/host/netns.h"
#include "user/host/netns_door.h"
#include "user/host/procsockets.h"

struct broker;

/* Forks it, so call it before there is much in memory. privileges: as of the source, see
 * privilege.h. looks: what the source opens in a namespace; copied. *ret is NULL where this process
 * has no privilege that the broker would be for. */
int broker_start(struct broker **ret, unsigned int privileges, const struct netns_looks *looks);

/* One that is there already, behind a SOCK_SEQPACKET socket, which is taken over. How long an
 * answer may take is the socket's SO_RCVTIMEO. */
int broker_adopt(struct broker **ret, int socket);

/* Ends it, if broker_start began it. NULL is a no-op. */
void broker_free(struct broker *broker);

/* False: it is gone (it never comes back). NULL: true, for nobody is missed. */
bool broker_works(struct broker *broker);

/* Who is in which namespace: see netns_list_processes. */
int broker_processes(struct broker *broker, struct netns_processes *ret, const char *proc_root);

/* The caller closes it. looks: NULL: nothing but the rest of a door. A negative errno as of
 * netns_visit. */
int broker_open_netns(struct broker *broker, struct netns_door *ret,
		      const struct netns_entry *entry, const struct netns_looks *looks);

/* See procsockets_read and procsockets_program. */
int broker_sockets(struct broker *broker, struct procsockets *ret, const char *proc_root,
		   uint32_t pid, uint32_t links_max);
int broker_program(struct broker *broker, char *ret, size_t size, const char *proc_root,
		   uint32_t pid);
