/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one table of holds, owners, destinations and pools. Pure: no I/O, no clock, no logging; it
 * learns everything from events and facts, and time is an argument (CLOCK_MONOTONIC, ns).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "user/core/event.h"

struct ledger;
struct owner;
struct view_limits;

/* What the source learns only by looking, by design: not drift. */
#define LEDGER_POLLS_UDP 0x01
#define LEDGER_POLLS_TIME_WAIT_END 0x02
#define LEDGER_POLLS_ALL 0x04

/* What the host says of a network namespace. */
struct netns_facts {
	uint32_t inode;
	char name[64];  /* readable, else the inode number */
	uint16_t first; /* ip_local_port_range */
	uint16_t last;
	uint8_t reserved[65536 / 8]; /* ip_local_reserved_ports, bit by port */
	uint8_t tw_reuse;            /* tcp_tw_reuse: 0, 1, 2 */
	uint32_t tw_reuse_delay_ms;  /* tcp_tw_reuse_delay; 1000 where the kernel has none */
};

/* Who an owner is, as long as the host is up. */
struct owner_id {
	uint64_t start_ns; /* CLOCK_BOOTTIME */
	uint32_t pid;
	uint32_t flags; /* HOLD_OWNER_* */
};

/* A hold as a person would name it. Strings live until the next change of the ledger. */
struct hold_description {
	struct abi_tuple tuple;
	uint8_t protocol;
	uint8_t path;
	uint8_t state;
	uint32_t pid;
	const char *process; /* "": unknown */
	const char *netns_name;
	uint64_t taken_ns;
};

/* -ENOMEM: *ret is untouched. */
int ledger_new(struct ledger **ret, uint32_t polled, uint64_t now_ns);
void ledger_free(struct ledger *ledger);

/* How many counters there may be at once: limits->namespaces, limits->processes. Those that are
 * there stay. VIEW_LIMITS_DEFAULT until told. */
void ledger_limit(struct ledger *ledger, const struct view_limits *limits);

/* -ENOMEM: the event is not in the books; resync before trusting them. An event about a hold the
 * ledger does not know is no error. */
int ledger_apply(struct ledger *ledger, const struct event *event);

/* Adds a network namespace or changes what is known of it; recounts if its ports changed. */
int ledger_set_netns(struct ledger *ledger, const struct netns_facts *facts);

/* Forgets a namespace that is gone, its holds included. */
void ledger_drop_netns(struct ledger *ledger, uint32_t inode);

/* Inode numbers of the namespaces known, at most max of them; returns how many there are. */
size_t ledger_list_netns(const struct ledger *ledger, uint32_t *ret, size_t max);

/* Does any live socket (not TIME_WAIT) keep a port there? */
bool ledger_netns_in_use(const struct ledger *ledger, uint32_t inode);

/* Moves the ledger's time on: TIME_WAIT holds become recyclable, old refusals are forgotten. */
void ledger_advance(struct ledger *ledger, uint64_t now_ns);

/* Found events between these are what the hooks missed: drift, unless polled by design. The first
 * reconcile is the start-up snapshot and counts nothing. */
void ledger_reconcile_begin(struct ledger *ledger);
void ledger_reconcile_end(struct ledger *ledger, uint64_t now_ns);

/* Between these the source repeats every hold; what it does not repeat is gone. */
void ledger_resync_begin(struct ledger *ledger);
void ledger_resync_end(struct ledger *ledger);

/* The holds one by one: *cursor is 0 to begin with. False: that was all. */
bool ledger_next_hold(const struct ledger *ledger, uint32_t *cursor, uint64_t *ret_id,
		      struct hold_description *ret);

/* False: no such hold. */
bool ledger_describe(const struct ledger *ledger, uint64_t id, struct hold_description *ret);

/* The readable name of a namespace; NULL: unknown. */
const char *ledger_netns_name(const struct ledger *ledger, uint32_t inode);

/* Owners nobody has looked up yet, one at a time; NULL: none. The pointer is good until the next
 * event is applied. owner_identify copies the strings; any may be NULL. */
struct owner *ledger_unidentified(struct ledger *ledger);
struct owner_id owner_id(const struct owner *owner);
/* NULL: the ledger does not know it. */
struct owner *ledger_find_owner(struct ledger *ledger, const struct owner_id *id);
uint64_t owner_cgroup_id(const struct owner *owner);
int owner_identify(struct owner *owner, const char *cgroup, const char *unit, const char *container,
		   const char *pod);

/* What else the host says of an owner. Strings are copied; NULL: unknown. -ENOMEM: some may be old.
 */
struct owner_names {
	const char *exe;
	const char *command;
	const char *container;
	const char *pod;
	const char *pod_namespace;
};
int owner_name(struct owner *owner, const struct owner_names *names);

/* Every destination there is, VRFs apart; the order is that of their first use. */
typedef void ledger_destination_visitor(void *context, uint32_t netns, uint8_t protocol,
					const uint8_t remote[16], uint16_t remote_port);
void ledger_visit_destinations(const struct ledger *ledger, ledger_destination_visitor *visit,
			       void *context);

/* Asks alive() for each process that owns something, and lets those be looked up
 * again whose cgroup or names were not found. */
void ledger_check_owners(struct ledger *ledger,
			 bool (*alive)(void *context, const struct owner_id *id), void *context);

/* That process has ended. */
void ledger_owner_gone(struct ledger *ledger, const struct owner_id *id);
