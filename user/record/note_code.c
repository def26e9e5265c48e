// SPDX-License-Identifier: Apache-2.0
#include "user/record/note_code.h"

#include <errno.h>
#include <string.h>

#define TEXT_MAX 4096 /* a cgroup's path */
#define PORTS 65536

void note_coder_init(struct note_coder *self, struct coder coder)
{
	self->coder = coder;
	self->time_ns = 0;
}

static uint64_t code_time(struct note_coder *self, uint64_t time_ns)
{
	self->time_ns = coder_near(&self->coder, time_ns, self->time_ns);
	return self->time_ns;
}

static void code_times(struct note_coder *self, struct note_times *times)
{
	times->monotonic = code_time(self, times->monotonic);
	coder_field(&self->coder, times->realtime);
	times->boottime = coder_near(&self->coder, times->boottime, times->monotonic);
}

/* --- events ---------------------------------------------------------------------------------- */

static void code_owner(struct coder *c, struct abi_owner *owner)
{
	coder_field(c, owner->start_ns);
	coder_field(c, owner->cgroup);
	coder_field(c, owner->tgid);
	coder_field(c, owner->uid);
	coder_name(c, owner->comm, sizeof(owner->comm));
}

static void code_tuple(struct coder *c, struct abi_tuple *tuple)
{
	coder_address(c, tuple->local);
	coder_address(c, tuple->remote);
	coder_field(c, tuple->netns);
	coder_field(c, tuple->vrf);
	coder_field(c, tuple->port);
	coder_field(c, tuple->remote_port);
}

/* The ledger counts from first to last. */
static void check_range(struct coder *c, uint16_t first, uint16_t last)
{
	if (first > last)
		c->bad = true;
}

static void code_range(struct coder *c, struct abi_range *range)
{
	coder_field(c, range->first);
	coder_field(c, range->last);
	coder_field(c, range->own_first);
	coder_field(c, range->own_last);
	check_range(c, range->first, range->last);
	check_range(c, range->own_first, range->own_last);
}

static void code_taken(struct coder *c, struct event_taken *taken)
{
	struct abi_hold *hold = &taken->hold;

	coder_field(c, taken->search_ns);
	coder_field(c, hold->id);
	hold->taken_ns = coder_near(c, hold->taken_ns, taken->header.time_ns);
	code_owner(c, &hold->owner);
	code_tuple(c, &hold->tuple);
	code_range(c, &hold->range);
	coder_field(c, hold->protocol);
	coder_field(c, hold->path);
	coder_field(c, hold->state);
	coder_field(c, hold->flags);
}

static void code_refused(struct coder *c, struct event_refused *refused)
{
	coder_field(c, refused->search_ns);
	code_owner(c, &refused->owner);
	code_tuple(c, &refused->tuple);
	code_range(c, &refused->range);
	coder_field(c, refused->error);
	coder_field(c, refused->protocol);
	coder_field(c, refused->path);
	coder_field(c, refused->flags);
}

static size_t event_size(uint8_t kind)
{
	switch (kind) {
	case EVENT_TAKEN:
		return sizeof(struct event_taken);
	case EVENT_TIME_WAIT:
		return sizeof(struct event_time_wait);
	case EVENT_RELEASED:
		return sizeof(struct event_released);
	default:
		return sizeof(struct event_refused);
	}
}

static void code_event(struct note_coder *self, struct event *event)
{
	struct coder *c = &self->coder;

	coder_field(c, event->header.kind);
	coder_field(c, event->header.flags);
	event->header.time_ns = code_time(self, event->header.time_ns);
	switch (event->header.kind) {
	case EVENT_TAKEN:
		code_taken(c, &event->taken);
		break;
	case EVENT_TIME_WAIT:
		coder_field(c, event->time_wait.id);
		coder_field(c, event->time_wait.flags);
		break;
	case EVENT_RELEASED:
		coder_field(c, event->released.id);
		break;
	case EVENT_REFUSED:
		code_refused(c, &event->refused);
		break;
	default:
		c->bad = true;
	}
}

/* What was read is checked as if it came from the kernel. */
static void read_event(struct note_coder *self)
{
	struct event event;

	memset(&event, 0, sizeof(event));
	code_event(self, &event);
	event.header.abi = ABI_VERSION;
	event.header.len = (uint32_t)event_size(event.header.kind);
	if (!self->coder.bad && event_decode(&self->event, &event, event.header.len) < 0)
		self->coder.bad = true;
}

/* --- namespaces ------------------------------------------------------------------------------ */

static bool is_reserved(const struct netns_facts *facts, uint32_t port)
{
	return facts->reserved[port / 8] & 1 << port % 8;
}

/* The next port from there on that is reserved, or that is not; PORTS: none. */
static uint32_t next_port(const struct netns_facts *facts, uint32_t port, bool reserved)
{
	while (port < PORTS && is_reserved(facts, port) != reserved)
		port++;
	return port;
}

static void reserve(struct netns_facts *facts, uint32_t first, uint32_t end)
{
	for (uint32_t port = first; port < end; port++)
		facts->reserved[port / 8] |= (uint8_t)(1 << port % 8);
}

/* How many ports are free, then how many are reserved, again and again up to the last port. */
static void code_reserved(struct coder *c, struct netns_facts *facts)
{
	bool reserved = false;
	uint32_t port = 0;

	while (port < PORTS && !c->bad) {
		uint64_t count = c->writes ? next_port(facts, port, !reserved) - port : 0;

		coder_number(c, &count, PORTS - port);
		if (!count && port)
			c->bad = true;
		if (reserved && !c->writes && !c->bad)
			reserve(facts, port, port + (uint32_t)count);
		port += (uint32_t)count;
		reserved = !reserved;
	}
}

static void code_facts(struct coder *c, struct netns_facts *facts)
{
	coder_field(c, facts->inode);
	coder_name(c, facts->name, sizeof(facts->name));
	coder_field(c, facts->first);
	coder_field(c, facts->last);
	coder_field(c, facts->tw_reuse);
	coder_field(c, facts->tw_reuse_delay_ms);
	code_reserved(c, facts);
	check_range(c, facts->first, facts->last);
}

/* --- notes ----------------------------------------------------------------------------------- */

static void code_start(struct note_coder *self, struct note_start *start)
{
	struct coder *c = &self->coder;

	code_times(self, &start->times);
	coder_field(c, start->polled);
	coder_text(c, &start->source, TEXT_MAX);
	coder_text(c, &start->kernel, TEXT_MAX);
	coder_text(c, &start->host, TEXT_MAX);
	coder_text(c, &start->version, TEXT_MAX);
}

static void code_owner_id(struct coder *c, struct owner_id *id)
{
	coder_field(c, id->start_ns);
	coder_field(c, id->pid);
	coder_field(c, id->flags);
}

static void code_identity(struct coder *c, struct note_owner *owner)
{
	code_owner_id(c, &owner->id);
	coder_text(c, &owner->cgroup, TEXT_MAX);
	coder_text(c, &owner->unit, TEXT_MAX);
	coder_text(c, &owner->container, TEXT_MAX);
	coder_text(c, &owner->pod, TEXT_MAX);
}

static void code_names(struct coder *c, struct note_names *names)
{
	code_owner_id(c, &names->id);
	coder_text(c, &names->exe, TEXT_MAX);
	coder_text(c, &names->command, TEXT_MAX);
	coder_text(c, &names->container_name, TEXT_MAX);
	coder_text(c, &names->pod_name, TEXT_MAX);
	coder_text(c, &names->pod_namespace, TEXT_MAX);
}

static void code_service(struct coder *c, struct note_service *service)
{
	coder_field(c, service->protocol);
	coder_field(c, service->port);
	coder_text(c, &service->name, TEXT_MAX);
}

static void code_server(struct coder *c, struct place_server *server)
{
	coder_field(c, server->key.netns);
	coder_field(c, server->key.protocol);
	coder_address(c, server->key.address);
	coder_field(c, server->key.port);
	coder_field(c, server->pid);
	coder_name(c, server->process, sizeof(server->process));
}

static void code_health(struct coder *c, struct note_health *health)
{
	for (int reason = 0; reason < NOTE_LOST__COUNT; reason++)
		coder_field(c, health->lost[reason]);
	coder_field(c, health->complete);
}

static void code_end(struct coder *c, enum note_end *end)
{
	coder_field(c, *end);
	if (*end < NOTE_END_STOPPED || *end >= NOTE_END__COUNT)
		c->bad = true;
}

/* All but what a note points to. */
static void code_body(struct note_coder *self, struct note *note)
{
	struct coder *c = &self->coder;

	switch (note->kind) {
	case NOTE_START:
		code_start(self, &note->start);
		break;
	case NOTE_NETNS_GONE:
		coder_field(c, note->inode);
		break;
	case NOTE_OWNER:
		code_identity(c, &note->owner);
		break;
	case NOTE_OWNER_NAMES:
		code_names(c, &note->names);
		break;
	case NOTE_SERVICE:
		code_service(c, &note->service);
		break;
	case NOTE_SERVER:
		code_server(c, &note->server);
		break;
	case NOTE_OWNER_GONE:
		code_owner_id(c, &note->owner.id);
		break;
	case NOTE_TIME:
	case NOTE_RECONCILE_END:
		code_times(self, &note->times);
		break;
	case NOTE_HEALTH:
		code_health(c, &note->health);
		break;
	case NOTE_GAP:
		coder_field(c, note->missing);
		break;
	case NOTE_END:
		code_end(c, &note->end);
		break;
	case NOTE_RECONCILE_BEGIN:
	case NOTE_RESYNC_BEGIN:
	case NOTE_RESYNC_END:
		break;
	default:
		c->bad = true;
	}
}

int note_write(struct note_coder *self, const struct note *note)
{
	struct note copy = *note;
	size_t at = self->coder.at;
	uint64_t time_ns = self->time_ns;

	coder_field(&self->coder, copy.kind);
	if (note->kind == NOTE_EVENT) {
		self->event = *note->event;
		code_event(self, &self->event);
	} else if (note->kind == NOTE_NETNS) {
		self->facts = *note->facts;
		code_facts(&self->coder, &self->facts);
	} else {
		code_body(self, &copy);
	}
	if (!self->coder.bad)
		return 0;
	self->coder.at = at;
	self->time_ns = time_ns;
	self->coder.bad = false;
	return -ENOMEM;
}

int note_read(struct note_coder *self, struct note *ret)
{
	struct note note = { 0 };

	if (self->coder.at == self->coder.size && !self->coder.bad)
		return 0;
	coder_field(&self->coder, note.kind);
	if (note.kind == NOTE_EVENT) {
		read_event(self);
		note.event = &self->event;
	} else if (note.kind == NOTE_NETNS) {
		memset(&self->facts, 0, sizeof(self->facts));
		code_facts(&self->coder, &self->facts);
		note.facts = &self->facts;
	} else {
		code_body(self, &note);
	}
	if (self->coder.bad)
		return -EBADMSG;
	*ret = note;
	return 1;
}
