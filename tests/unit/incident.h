/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notes as an agent would take them in an incident: two hosts' worth of namespaces, a pool of ten
 * ports that runs dry, TIME_WAIT, a bound port, UDP, a dead owner, a hostile name, losses and a
 * resync. Include after cmocka.h.
 */
#pragma once

#include "tests/unit/events.h"
#include "user/core/note.h"

#define INCIDENT_BEGIN_NS (1000 * SECOND)
#define INCIDENT_SECONDS 20
#define INCIDENT_EPOCH_NS                                                       \
	UINT64_C(1795344858123000000) /* 2026-11-22T10:54:18.123Z, at the start \
				       */
#define INCIDENT_LAST (EVENT_FIRST + 9)
#define INCIDENT_HOSTILE "\x1b[31m\"x\",\n|"

struct incident {
	note_handler *handler;
	void *context;
	uint64_t now_ns;
	uint64_t seconds; /* NOTE_TIMEs told so far */
};

static inline void incident_tell(struct incident *self, struct note note)
{
	assert_int_equal(self->handler(self->context, &note), 0);
}

static inline struct note_times incident_times(const struct incident *self)
{
	return (struct note_times){
		.monotonic = self->now_ns,
		.realtime = INCIDENT_EPOCH_NS + self->now_ns - INCIDENT_BEGIN_NS,
		.boottime = self->now_ns + 5 * SECOND,
	};
}

static inline void incident_event(struct incident *self, struct event event)
{
	event.header.time_ns = self->now_ns;
	incident_tell(self, (struct note){ .kind = NOTE_EVENT, .event = &event });
}

/* One more second, told at its end. */
static inline void incident_second(struct incident *self)
{
	self->now_ns = INCIDENT_BEGIN_NS + ++self->seconds * SECOND;
	incident_tell(self, (struct note){ .kind = NOTE_TIME, .times = incident_times(self) });
}

static inline void incident_netns(struct incident *self, uint32_t inode, const char *name,
				  uint16_t last)
{
	struct netns_facts facts = {
		.inode = inode,
		.first = EVENT_FIRST,
		.last = last,
		.tw_reuse = 2,
		.tw_reuse_delay_ms = 1000,
	};

	snprintf(facts.name, sizeof(facts.name), "%s", name);
	facts.reserved[(EVENT_FIRST + 1) / 8] |= 1 << (EVENT_FIRST + 1) % 8;
	incident_tell(self, (struct note){ .kind = NOTE_NETNS, .facts = &facts });
}

static inline void incident_start(struct incident *self)
{
	self->now_ns = INCIDENT_BEGIN_NS;
	incident_tell(self, (struct note){ .kind = NOTE_START,
					   .start = {
						   .times = incident_times(self),
						   .source = "fentry",
						   .kernel = "6.1.0-test",
						   .host = "web-3",
						   .version = "0.0",
					   } });
	incident_tell(self, (struct note){ .kind = NOTE_RECONCILE_BEGIN });
	incident_netns(self, 1, "shop", INCIDENT_LAST);
	incident_netns(self, 2, "other", EVENT_FIRST + 999);
	incident_event(self, taken_event(.id = 1, .port = EVENT_FIRST, .event_flags = EVENT_FOUND,
					 .nobody = true, .state = HOLD_TIME_WAIT, .pid = 0,
					 .last = INCIDENT_LAST));
	self->now_ns += 250 * MS;
	incident_tell(self,
		      (struct note){ .kind = NOTE_RECONCILE_END, .times = incident_times(self) });
	incident_tell(self, (struct note){ .kind = NOTE_HEALTH, .health = { .complete = true } });
}

static inline void incident_identity(struct incident *self)
{
	incident_tell(self, (struct note){ .kind = NOTE_OWNER,
					   .owner = { .id = { SECOND, EVENT_PID, HOLD_OWNER_KNOWN },
						      .cgroup = "/system.slice/client.service",
						      .unit = "client.service" } });
	incident_tell(self, (struct note){ .kind = NOTE_OWNER,
					   .owner = { .id = { SECOND, 101, HOLD_OWNER_KNOWN },
						      .cgroup = "/" INCIDENT_HOSTILE,
						      .container = "0123456789ab",
						      .pod = "p" } });
}

/* Names of the process and of where it connects to. */
static inline void incident_names(struct incident *self)
{
	struct note server = { .kind = NOTE_SERVER,
			       .server = { .key = { .netns = 1, .protocol = IPPROTO_TCP },
					   .pid = 4711,
					   .process = INCIDENT_HOSTILE } };
	struct event event = taken_event(.id = 1, .port = EVENT_FIRST);

	memcpy(server.server.key.address, event.taken.hold.tuple.remote, 16);
	server.server.key.port = event.taken.hold.tuple.remote_port;
	incident_tell(self, (struct note){ .kind = NOTE_SERVICE,
					   .service = { IPPROTO_TCP, server.server.key.port,
							"postgresql" } });
	incident_tell(self, server);
	incident_tell(self, (struct note){ .kind = NOTE_OWNER_NAMES,
					   .names = { .id = { SECOND, 101, HOLD_OWNER_KNOWN },
						      .exe = "/usr/bin/python3",
						      .command = "python3 worker.py ...",
						      .container_name = "worker",
						      .pod_name = "web-7d9",
						      .pod_namespace = "shop" } });
}

/* A port a second, until there is none. */
static inline void incident_fill(struct incident *self)
{
	for (uint16_t i = 0; i < 8; i++) {
		self->now_ns += 100 * MS;
		incident_event(self, taken_event(.id = 10 + i, .port = EVENT_FIRST + 2 + i,
						 .search_ns = 1000 + i, .cgroup = 77,
						 .pid = i % 3 ? EVENT_PID : 101,
						 .comm = i % 3 ? "client" : INCIDENT_HOSTILE,
						 .last = INCIDENT_LAST));
		if (i == 1) {
			incident_identity(self);
			incident_names(self);
		}
		incident_second(self);
	}
	self->now_ns += 100 * MS;
	for (int i = 0; i < 3; i++)
		incident_event(self, refused_event(.search_ns = 250000, .last = INCIDENT_LAST));
}

static inline void incident_others(struct incident *self)
{
	incident_event(self,
		       taken_event(.id = 30, .port = EVENT_FIRST + 5, .netns = 2, .path = PATH_BIND,
				   .nowhere = true, .pid = 7, .comm = "binder",
				   .own_first = EVENT_FIRST, .own_last = EVENT_FIRST + 50));
	incident_event(self, taken_event(.id = 31, .port = EVENT_FIRST + 6, .netns = 2,
					 .path = PATH_AUTOBIND, .nowhere = true,
					 .protocol = IPPROTO_UDP, .kernel = true, .pid = 0));
	incident_second(self);
	self->now_ns += 20 * MS;
	incident_event(self, time_wait_event(.id = 11, .tw_flags = HOLD_TW_TIMESTAMPS));
	incident_event(self, released_event(.id = 10));
	incident_event(self, released_event(.id = 999)); /* known to nobody */
	incident_tell(self, (struct note){ .kind = NOTE_OWNER_GONE,
					   .owner.id = { SECOND, 101, HOLD_OWNER_KNOWN } });
	incident_second(self);
}

static inline void incident_resync(struct incident *self)
{
	incident_tell(
		self,
		(struct note){
			.kind = NOTE_HEALTH,
			.health = {
				.lost = { [LOSS_RING_FULL] = 42, [NOTE_LOST_RECURSION] = 3 } } });
	incident_tell(self, (struct note){ .kind = NOTE_GAP, .missing = 17 });
	incident_tell(self, (struct note){ .kind = NOTE_RECONCILE_BEGIN });
	incident_tell(self, (struct note){ .kind = NOTE_RESYNC_BEGIN });
	for (uint16_t i = 1; i < 6; i++)
		incident_event(self, taken_event(.id = 10 + i, .port = EVENT_FIRST + 2 + i,
						 .event_flags = EVENT_FOUND | EVENT_RESYNC,
						 .pid = i % 3 ? EVENT_PID : 101,
						 .comm = i % 3 ? "client" : INCIDENT_HOSTILE,
						 .last = INCIDENT_LAST));
	incident_tell(self, (struct note){ .kind = NOTE_RESYNC_END });
	incident_tell(self, (struct note){ .kind = NOTE_NETNS_GONE, .inode = 2 });
	self->now_ns += 30 * MS;
	incident_tell(self,
		      (struct note){ .kind = NOTE_RECONCILE_END, .times = incident_times(self) });
}

/* All of it; INCIDENT_SECONDS NOTE_TIMEs, a second apart. */
static inline void incident_happens(struct incident *self)
{
	incident_start(self);
	incident_fill(self);
	incident_others(self);
	incident_resync(self);
	while (self->seconds < INCIDENT_SECONDS)
		incident_second(self);
}
