/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent owns every object: source, ledger, namespaces, cgroups. It moves events from the
 * source into the ledger, keeps the ledger true to the kernel's tables, and makes views. It does
 * not wait for anything: see loop.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "user/core/note.h"
#include "user/sources/source.h"

struct view;
struct agent;
struct hold_description;
struct view_limits;

struct agent_config {
	const char *source; /* a name, or NULL: the best that works */
	uint32_t ring_bytes;
	uint32_t max_holds;
	const struct view_limits *limits; /* NULL: VIEW_LIMITS_DEFAULT; not kept */
	bool confined;                    /* agent_confine follows: a broker keeps what it takes */
	bool looks_when_told; /* no reconcile of its own accord, not even after a loss */
	const struct source_ops *const *sources; /* NULL: source_table() */
	uint64_t (*clock)(clockid_t clock);      /* NULL: clock_ns */
	/* Where the files of the host are that name things: services, containers. Kept; NULL: "".
	 */
	const char *host_root;
	/* Hears each thing the agent learns, from the start on and before it acts on it; what it
	 * returns is ignored. NULL: nobody. */
	note_handler *listener;
	void *listener_context;
};

/* Sees each event before the ledger does. hold: what a time_wait or released event is about;
 * NULL: the ledger does not know it, or the event says it all itself. */
typedef void agent_observer(void *context, const struct event *event,
			    const struct hold_description *hold);

/* Opens the source, attached, and takes the start-up snapshot: from here on the ledger is right.
 * Logs one line on failure. */
int agent_open(struct agent **ret, const struct agent_config *config);
void agent_close(struct agent *agent);

/* Gives up all privileges, for good; what it still takes some for, the broker does. Before any
 * thread is started. Logs one line on failure. */
int agent_confine(struct agent *agent);

/* Logs why its source is not a better one, a line for each that failed. */
void agent_explain(const struct agent *agent);

/* How many counters there may be from now on; those that are there stay. */
void agent_limit(struct agent *agent, const struct view_limits *limits);

/* Borrowed; NULL ends it. */
void agent_observe(struct agent *agent, agent_observer *observer, void *context);

const struct source_ops *agent_source(const struct agent *agent);

/* Readable when much waits in the source. */
int agent_fd(const struct agent *agent);

/* Applies what waits. The number of events, or a negative errno. */
int agent_drain(struct agent *agent);

/* Somebody missed what it told: the next turn reconciles, and tells all holds again. */
void agent_repeat(struct agent *agent);

/* As in its configuration, from now on. */
void agent_look_when_told(struct agent *agent, bool looks_when_told);

/* Reads the kernel's tables and mends the ledger by them. */
int agent_reconcile(struct agent *agent);

/* Once a second: time moves on, losses are counted, new namespaces get their names. Reconciles
 * when something was lost; if that fails, or the names cannot be read, it says so in the log, once,
 * and in its views until a later one succeeds. */
int agent_tick(struct agent *agent);

/* As they were at the last tick. */
struct source_losses agent_losses(const struct agent *agent);

/* Writes every hold to an empty memfd; see holds_dump.h. reconcile_ns: how often we are asked to
 * reconcile. */
int agent_dump(struct agent *agent, int fd, uint64_t reconcile_ns);

/* A view of now, not yet shared. */
int agent_view(struct agent *agent, struct view **ret);

/* The readable name of a namespace, or NULL. */
const char *agent_netns_name(const struct agent *agent, uint32_t inode);
