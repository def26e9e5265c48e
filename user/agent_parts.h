/* SPDX-License-Identifier: Apache-2.0 */
/* What only the parts of the agent know of it. */
#pragma once

#include "user/agent.h"
#include "user/core/knowledge.h"
#include "user/core/lives.h"
#include "user/host/netns.h"
#include "user/host/netns_door.h"

struct broker;
struct cgroup_table;
struct naming;

struct agent {
	uint64_t (*clock)(clockid_t clock);
	struct source *source;
	struct source_attempt attempts[SOURCES_MAX]; /* on the way to it */
	size_t attempts_count;
	struct knowledge known; /* learns by notes only: see tell() */
	note_handler *listener;
	void *listener_context;
	struct netns_list netns;
	struct lives lives; /* of namespaces the ledger knows */
	char *cgroup_root;
	struct cgroup_table *cgroups; /* NULL: no cgroup v2 here */
	struct naming *naming;
	struct broker *broker; /* NULL: none */
	struct netns_looks looks;
	bool broker_missed; /* it has been told that it is gone */
	agent_observer *observer;
	void *observer_context;
	struct source_losses losses;
	size_t netns_counted; /* in the ledger, when the namespaces were last read */
	bool netns_replaced;  /* one of them is another now, and not read yet */
	bool entered_all;     /* the last reconcile saw every namespace */
	bool looks_when_told;
	int apply_error;        /* of an event since the last look; 0: none failed */
	int look_error;         /* of the last look of its own accord; 0: it worked */
	bool reconcile_wanted;  /* a hook was skipped: look before the next turn */
	bool resync_wanted;     /* the ledger missed events: the source must repeat all holds */
	uint64_t reconciled_ns; /* when the last one ended */
	uint64_t reconcile_took_ns;
};

/* --- agent.c --------------------------------------------------------------------------------- */

/* What it learns, the listener hears first. What knowledge_take returned. */
int agent_tell(struct agent *agent, const struct note *note);

/* A source_handler; context is the agent. */
int agent_apply(void *context, const struct event *event);

/* --- agent_privilege.c ----------------------------------------------------------------------- */

/* Starts the broker, if there is anything to give up. */
int agent_open_broker(struct agent *agent);

/* --- agent_netns.c --------------------------------------------------------------------------- */

/* Finds the namespaces and tells their facts; find_holds: and what the source finds in them. One
 * that cannot be entered hides no other. */
int agent_visit_netns(struct agent *agent, bool find_holds);

/* The namespace with this number has this life (abi_tuple.netns_life): if another one had the
 * number before, tells that it is gone. Before anything else is told of the one that has it now. */
void agent_meet_netns(struct agent *agent, uint32_t inode, uint32_t life);

/* Tells which are gone. */
int agent_forget_netns(struct agent *agent);

/* Does it see all namespaces, as far as it knows? */
bool agent_sees_all_netns(struct agent *agent);
