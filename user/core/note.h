/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an agent learns, one thing at a time and in that order: events, what the host says, losses,
 * and how time goes by. Nothing else goes into its views, so whoever is told the same notes has
 * the same views, on any host; a recording (user/record/) is a list of them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "user/core/event.h"
#include "user/core/ledger.h"
#include "user/core/places.h"

enum note_kind {
	NOTE_START = 1, /* the first one, once */
	NOTE_EVENT,
	NOTE_NETNS,      /* a network namespace, new or with other settings or another name */
	NOTE_NETNS_GONE, /* and its holds with it */
	NOTE_OWNER,      /* what an owner's cgroup says of it */
	NOTE_OWNER_GONE, /* the process has ended */
	NOTE_TIME,       /* time has gone on */
	NOTE_RECONCILE_BEGIN,
	NOTE_RECONCILE_END,
	NOTE_RESYNC_BEGIN,
	NOTE_RESYNC_END,
	NOTE_HEALTH, /* losses, and whether all is seen */
	NOTE_GAP,    /* of a recording: events are missing here; a resync follows */
	NOTE_END,    /* of a recording: the last one */
	/* From version 2 of recordings on: */
	NOTE_OWNER_NAMES, /* what else the host says of an owner */
	NOTE_SERVICE,     /* the name of a port, out of the host's own list */
	NOTE_SERVER,      /* which process of this host listens at a destination */
	NOTE__COUNT
};

/* The three clocks at one moment, in ns. */
struct note_times {
	uint64_t monotonic;
	uint64_t realtime;
	uint64_t boottime;
};

/* Strings of notes are borrowed; NULL: unknown. */
struct note_start {
	struct note_times times; /* when the agent began to look */
	uint32_t polled;         /* LEDGER_POLLS_* */
	const char *source;
	const char *kernel;
	const char *host;
	const char *version; /* of portgauge */
};

struct note_owner {
	struct owner_id id;
	const char *cgroup;
	const char *unit;
	const char *container;
	const char *pod;
};

/* Without arguments that could be secrets; see command_line.h. */
struct note_names {
	struct owner_id id;
	const char *exe;
	const char *command;
	const char *container_name;
	const char *pod_name;
	const char *pod_namespace;
};

struct note_service {
	uint8_t protocol;
	uint16_t port;
	const char *name;
};

/* Losses by reason: the kernel's, then the agent's own. */
enum { NOTE_LOST_RECURSION = LOSS__COUNT, NOTE_LOST_MALFORMED, NOTE_LOST__COUNT };

struct note_health {
	uint64_t lost[NOTE_LOST__COUNT]; /* since the start */
	bool complete;
};

enum note_end {
	NOTE_END_STOPPED = 1, /* somebody stopped the recording */
	NOTE_END_FULL,        /* it has reached the size it may have */
	NOTE_END__COUNT
};

struct note {
	enum note_kind kind;
	union {
		const struct event *event;       /* NOTE_EVENT; borrowed */
		const struct netns_facts *facts; /* NOTE_NETNS; borrowed */
		uint32_t inode;                  /* NOTE_NETNS_GONE */
		struct note_start start;
		struct note_owner owner; /* NOTE_OWNER_GONE: only its id */
		struct note_names names;
		struct note_service service;
		struct place_server server; /* pid 0: nobody any more */
		struct note_times times;    /* NOTE_TIME, NOTE_RECONCILE_END */
		struct note_health health;
		uint64_t missing; /* NOTE_GAP: events; 0: not known */
		enum note_end end;
	};
};

typedef int note_handler(void *context, const struct note *note);

/* CLOCK_MONOTONIC of what it tells; 0: it bears no time. */
static inline uint64_t note_time(const struct note *note)
{
	switch (note->kind) {
	case NOTE_START:
		return note->start.times.monotonic;
	case NOTE_EVENT:
		return note->event->header.time_ns;
	case NOTE_TIME:
	case NOTE_RECONCILE_END:
		return note->times.monotonic;
	default:
		return 0;
	}
}
