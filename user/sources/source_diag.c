// SPDX-License-Identifier: Apache-2.0
#include "user/sources/source_diag.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "user/base/clock.h"
#include "user/sources/diag_holds.h"
#include "user/core/ledger.h"
#include "user/base/log.h"
#include "user/host/netns_door.h"
#include "user/host/privilege.h"
#include "user/host/procfd.h"
#include "user/sources/sockdiag.h"
#include "user/host/sysctl.h"
#include "user/base/util.h"

#define PROC "/proc"

/* One network namespace. */
struct place {
	uint32_t netns; /* key */
	uint32_t round; /* the last one that read it whole */
	struct diag_holds holds;
	UT_hash_handle hh;
};

struct diag_source {
	struct source source;
	struct procfd *owners;
	char *cgroup_root;
	struct diag_books books;
	struct place *places;
	uint32_t round; /* begins with find_files, ends with sweep */
	uint64_t malformed;
	bool told_unreadable;
	int never; /* an eventfd that nobody writes to */
};

/* --- life ------------------------------------------------------------------------------------ */

static void forget_place(struct diag_source *self, struct place *place)
{
	diag_holds_done(&place->holds, &self->books);
	HASH_DEL(self->places, place);
	free(place);
}

static void source_diag_close(struct source *source)
{
	struct diag_source *self = (struct diag_source *)source;
	struct place *place;
	struct place *next;

	if (!self)
		return;
	HASH_ITER(hh, self->places, place, next)
		forget_place(self, place);
	procfd_free(self->owners);
	free(self->cgroup_root);
	if (self->never >= 0)
		close(self->never);
	free(self);
}

static void source_diag_closep(struct diag_source **self)
{
	if (*self)
		source_diag_close(&(*self)->source);
}

static int ignore(void *context, const struct sockdiag_record *record)
{
	(void)context;
	(void)record;
	return 0;
}

/* Asks for no port at all, to hear whether the kernel would answer. */
static int try_sockdiag(uint8_t protocol, char reason[SOURCE_REASON_MAX])
{
	struct sockdiag_query query = { .protocol = protocol };
	int r = sockdiag_read(&query, ignore, NULL);

	if (r < 0)
		snprintf(reason, SOURCE_REASON_MAX, "%s", sockdiag_explain(r, protocol));
	return r;
}

static const struct abi_owner *owner_of(void *owners, uint32_t inode)
{
	return procfd_find(owners, inode);
}

static int open_parts(struct diag_source *self, const struct source_config *config)
{
	int r;

	if (config->cgroup_root) {
		self->cgroup_root = strdup(config->cgroup_root);
		if (!self->cgroup_root)
			return -ENOMEM;
	}
	r = procfd_new(&self->owners, PROC, self->cgroup_root);
	if (r < 0)
		return r;
	self->books = (struct diag_books){
		.max = config->max_holds,
		.owner_of = owner_of,
		.owners = self->owners,
	};
	self->never = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return self->never < 0 ? -errno : 0;
}

static int source_diag_open(struct source **ret, const struct source_config *config,
			    char reason[SOURCE_REASON_MAX])
{
	CLEANUP(source_diag_closep) struct diag_source *self = calloc(1, sizeof(*self));
	int r;

	if (!self)
		return -ENOMEM;
	self->source.ops = &source_diag;
	self->never = -1;
	r = try_sockdiag(IPPROTO_TCP, reason);
	if (r == 0)
		r = try_sockdiag(IPPROTO_UDP, reason);
	if (r < 0)
		return r;
	r = open_parts(self, config);
	if (r < 0) {
		snprintf(reason, SOURCE_REASON_MAX, "cannot start: %s", strerror(-r));
		return r;
	}
	*ret = &TAKE_PTR(self)->source;
	return 0;
}

static int source_diag_fd(struct source *source)
{
	return ((struct diag_source *)source)->never;
}

static int source_diag_drain(struct source *source, source_handler *handler, void *context)
{
	(void)source;
	(void)handler;
	(void)context;
	return 0;
}

/* --- looking --------------------------------------------------------------------------------- */

/* Learns who has which socket; the events follow when the sockets themselves are read. */
static int source_diag_find_files(struct source *source, source_handler *handler, void *context)
{
	struct diag_source *self = (struct diag_source *)source;
	struct procfd_counts counts;
	int r;

	(void)handler;
	(void)context;
	self->round++;
	self->books.unplaced = 0;
	r = procfd_scan(self->owners);
	if (r < 0)
		return r;
	counts = procfd_counts(self->owners);
	if (counts.unreadable && !self->told_unreadable)
		log_warning("source diag: cannot see the sockets of %zu of %zu processes, so their "
			    "ports have no owner; CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH show more",
			    counts.unreadable, counts.unreadable + counts.processes);
	self->told_unreadable |= counts.unreadable != 0;
	return 0;
}

static struct place *place_get(struct diag_source *self, uint32_t netns)
{
	struct place *place;

	HASH_FIND(hh, self->places, &netns, sizeof(netns), place);
	if (place)
		return place;
	place = calloc(1, sizeof(*place));
	if (!place)
		return NULL;
	place->netns = netns;
	place->holds.netns = netns;
	HASH_ADD(hh, self->places, netns, sizeof(place->netns), place);
	if (!place->hh.tbl) {
		free(place);
		return NULL;
	}
	return place;
}

static int read_settings(struct diag_holds *holds, const struct netns_door *door)
{
	uint32_t timestamps = 0;
	char text[64];
	int r;

	r = netns_door_read(door, DOOR_RANGE, text, sizeof(text));
	if (r == 0)
		r = sysctl_parse_range(text, &holds->first, &holds->last);
	if (r < 0)
		return r;
	if (netns_door_read(door, DOOR_TIMESTAMPS, text, sizeof(text)) == 0)
		sysctl_parse_number(text, &timestamps);
	holds->timestamps = timestamps != 0;
	return 0;
}

/* What the callbacks of one reading need. */
struct look {
	struct diag_source *self;
	struct diag_holds *holds;
	struct netns_door *door;
	struct sockdiag_query query;
};

static int see(void *context, const struct sockdiag_record *record)
{
	struct look *look = context;

	return diag_holds_see(look->holds, &look->self->books, record);
}

static int look_again(void *context, struct sockdiag_record *ret, const struct diag_hold *hold)
{
	const struct look *look = context;

	return sockdiag_find(ret, &look->query, &hold->hold.tuple, hold->interface);
}

static int read_place(struct look *look)
{
	static const uint8_t protocols[] = { IPPROTO_UDP, IPPROTO_TCP };
	int r = 0;

	diag_holds_begin(look->holds);
	for (size_t i = 0; i < ARRAY_SIZE(protocols) && r == 0; i++) {
		look->query = (struct sockdiag_query){
			.netns = look->holds->netns,
			.protocol = protocols[i],
			.first = look->holds->first,
			.last = look->holds->last,
			.door = look->door,
		};
		r = sockdiag_read(&look->query, see, look);
	}
	if (r == -EBADMSG)
		look->self->malformed++;
	if (r < 0)
		return r;
	return diag_holds_end(look->holds, &look->self->books, look_again, look);
}

static int source_diag_find_netns(struct source *source, struct netns_door *door,
				  source_handler *handler, void *context)
{
	struct diag_source *self = (struct diag_source *)source;
	struct place *place = place_get(self, door->inode);
	struct look look = { .self = self, .door = door };
	int r;

	if (!place)
		return -ENOMEM;
	look.holds = &place->holds;
	self->books.handler = handler;
	self->books.context = context;
	self->books.now_ns = clock_ns(CLOCK_MONOTONIC);
	place->round = self->round; /* even if it fails: it is there, so nothing of it is gone */
	r = read_settings(&place->holds, door);
	return r < 0 ? r : read_place(&look);
}

/* What is gone was told by find_netns already, but for namespaces that are gone themselves. */
static int source_diag_sweep(struct source *source, bool resync, source_handler *handler,
			     void *context)
{
	struct diag_source *self = (struct diag_source *)source;
	struct place *place;
	struct place *next;
	int r = 0;

	self->books.handler = handler;
	self->books.context = context;
	self->books.now_ns = clock_ns(CLOCK_MONOTONIC);
	HASH_ITER(hh, self->places, place, next) {
		if (place->round != self->round)
			r = diag_holds_abandon(&place->holds, &self->books);
		if (r == 0 && resync)
			r = diag_holds_repeat(&place->holds, &self->books);
		if (r < 0)
			return r;
		if (place->round != self->round && !place->holds.by_cookie)
			forget_place(self, place);
	}
	return 0;
}

static void source_diag_use_broker(struct source *source, struct broker *broker)
{
	procfd_use_broker(((struct diag_source *)source)->owners, broker);
}

static int source_diag_losses(struct source *source, struct source_losses *ret)
{
	struct diag_source *self = (struct diag_source *)source;

	*ret = (struct source_losses){
		.unplaced = self->books.unplaced,
		.malformed = self->malformed,
	};
	return 0;
}

const struct source_ops source_diag = {
	.name = "diag",
	.sees = "without BPF: ports in use at each reconcile; no refusals, no search time, no "
		"short lives, no owner of a TIME_WAIT that began before it looked",
	.polled = LEDGER_POLLS_ALL,
	.privileges = PRIVILEGE_DIAG,
	.open = source_diag_open,
	.close = source_diag_close,
	.fd = source_diag_fd,
	.drain = source_diag_drain,
	.find_files = source_diag_find_files,
	.find_netns = source_diag_find_netns,
	.sweep = source_diag_sweep,
	.losses = source_diag_losses,
	.use_broker = source_diag_use_broker,
};
