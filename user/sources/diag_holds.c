// SPDX-License-Identifier: Apache-2.0
#include "user/sources/diag_holds.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/util.h"

#define NS_PER_MS 1000000ULL

/* --- events ---------------------------------------------------------------------------------- */

static struct event_header header_of(const struct diag_books *books, uint8_t kind, uint8_t flags,
				     size_t size)
{
	return (struct event_header){
		.abi = ABI_VERSION,
		.kind = kind,
		.flags = EVENT_FOUND | flags,
		.len = (uint32_t)size,
		.time_ns = books->now_ns,
	};
}

static int tell_taken(const struct diag_books *books, const struct abi_hold *hold, uint8_t flags)
{
	const struct event event = { .taken = {
					     .header = header_of(books, EVENT_TAKEN, flags,
								 sizeof(event.taken)),
					     .hold = *hold,
				     } };

	return books->handler(books->context, &event);
}

static int tell_time_wait(const struct diag_books *books, const struct abi_hold *hold)
{
	const struct event event = { .time_wait = {
					     .header = header_of(books, EVENT_TIME_WAIT, 0,
								 sizeof(event.time_wait)),
					     .id = hold->id,
					     .flags = hold->flags & HOLD_TW_FLAGS,
				     } };

	return books->handler(books->context, &event);
}

static int tell_released(const struct diag_books *books, uint64_t id)
{
	const struct event event = { .released = {
					     .header = header_of(books, EVENT_RELEASED, 0,
								 sizeof(event.released)),
					     .id = id,
				     } };

	return books->handler(books->context, &event);
}

/* --- the table ------------------------------------------------------------------------------- */

static struct diag_hold *find(const struct diag_holds *holds, uint64_t cookie)
{
	struct diag_hold *hold;

	HASH_FIND(hh, holds->by_cookie, &cookie, sizeof(cookie), hold);
	return hold;
}

/* NULL: no memory. */
static struct diag_hold *add(struct diag_holds *holds, struct diag_books *books,
			     const struct sockdiag_record *record)
{
	struct diag_hold *hold = calloc(1, sizeof(*hold));

	if (!hold)
		return NULL;
	hold->cookie = record->cookie;
	HASH_ADD(hh, holds->by_cookie, cookie, sizeof(hold->cookie), hold);
	if (!hold->hh.tbl) {
		free(hold);
		return NULL;
	}
	books->count++;
	return hold;
}

static void drop(struct diag_holds *holds, struct diag_books *books, struct diag_hold *hold)
{
	HASH_DEL(holds->by_cookie, hold);
	free(hold);
	books->count--;
}

static int end(struct diag_holds *holds, struct diag_books *books, struct diag_hold *hold)
{
	uint64_t id = hold->hold.id;

	drop(holds, books, hold);
	return tell_released(books, id);
}

void diag_holds_done(struct diag_holds *holds, struct diag_books *books)
{
	struct diag_hold *hold;
	struct diag_hold *next;

	HASH_ITER(hh, holds->by_cookie, hold, next)
		drop(holds, books, hold);
	diag_listeners_done(&holds->listeners);
}

/* --- what a record says ---------------------------------------------------------------------- */

static bool is_loopback(const uint8_t address[16])
{
	const struct in6_addr *v6 = (const struct in6_addr *)address;

	return IN6_IS_ADDR_LOOPBACK(v6) || (IN6_IS_ADDR_V4MAPPED(v6) && address[12] == 127);
}

static uint8_t remnant_flags(const struct diag_holds *holds, const struct sockdiag_record *record)
{
	if (record->state == SOCKDIAG_FIN_WAIT2)
		return HOLD_TW_FIN_WAIT2;
	return holds->timestamps && is_loopback(record->tuple.local) &&
			       is_loopback(record->tuple.remote)
		       ? HOLD_TW_TIMESTAMPS
		       : 0;
}

/* --- one record ------------------------------------------------------------------------------ */

static void set_owner(struct abi_hold *hold, const struct abi_owner *owner,
		      const struct sockdiag_record *record)
{
	hold->owner = *owner;
	if (!hold->owner.cgroup)
		hold->owner.cgroup = record->cgroup;
	hold->flags |= HOLD_OWNER_KNOWN;
}

/* A child's port is its listener's: that one's owner keeps it, whoever accepted. */
static void find_owner(const struct diag_holds *holds, const struct diag_books *books,
		       struct abi_hold *hold, const struct sockdiag_record *record)
{
	const struct diag_listener *parent =
		hold->path == PATH_CHILD ? diag_listeners_find(&holds->listeners, &hold->tuple)
					 : NULL;
	const struct diag_hold *listening = parent ? find(holds, parent->cookie) : NULL;
	const struct abi_owner *owner;

	if (listening && (listening->hold.flags & HOLD_OWNER_KNOWN)) {
		set_owner(hold, &listening->hold.owner, record);
		return;
	}
	owner = record->inode ? books->owner_of(books->owners, record->inode) : NULL;
	if (owner)
		set_owner(hold, owner, record);
}

static int begin_hold(struct diag_holds *holds, struct diag_books *books,
		      const struct sockdiag_record *record)
{
	struct diag_hold *known;

	if (books->count >= books->max) {
		books->unplaced++;
		return 0;
	}
	known = add(holds, books, record);
	if (!known)
		return -ENOMEM;
	known->inode = record->inode;
	known->interface = record->interface;
	known->reading = holds->reading;
	known->due_ns = books->now_ns + record->expires_ms * NS_PER_MS;
	known->hold = (struct abi_hold){
		.id = ++books->last_id,
		.taken_ns = books->now_ns,
		.tuple = record->tuple,
		.range = { .first = holds->first, .last = holds->last },
		.protocol = record->protocol,
		.path = diag_path(record, &holds->listeners),
		.state = record->remnant ? HOLD_TIME_WAIT : HOLD_ACTIVE,
		.flags = record->remnant ? remnant_flags(holds, record) : 0,
	};
	find_owner(holds, books, &known->hold, record);
	return tell_taken(books, &known->hold, 0);
}

/* Disconnected and connected again: the same socket, but a port of its own each time. */
static bool same_life(const struct abi_hold *hold, const struct sockdiag_record *record)
{
	bool same_remote =
		hold->tuple.remote_port == record->tuple.remote_port &&
		!memcmp(hold->tuple.remote, record->tuple.remote, sizeof(hold->tuple.remote));

	if (hold->tuple.port != record->tuple.port || hold->protocol != record->protocol)
		return false;
	return same_remote || hold->path != PATH_CONNECT;
}

static int update_remnant(const struct diag_holds *holds, struct diag_books *books,
			  struct diag_hold *known, const struct sockdiag_record *record)
{
	struct abi_hold *hold = &known->hold;
	uint8_t flags = (uint8_t)(hold->flags & ~HOLD_TW_FLAGS) | remnant_flags(holds, record);
	bool changed = hold->state != HOLD_TIME_WAIT || hold->flags != flags;

	known->due_ns = books->now_ns + record->expires_ms * NS_PER_MS;
	hold->state = HOLD_TIME_WAIT;
	hold->flags = flags;
	return changed ? tell_time_wait(books, hold) : 0;
}

static int update_socket(const struct diag_holds *holds, struct diag_books *books,
			 struct diag_hold *known, const struct sockdiag_record *record)
{
	struct abi_hold before = known->hold;
	struct abi_hold *hold = &known->hold;
	bool moved = memcmp(&hold->tuple, &record->tuple, sizeof(hold->tuple)) != 0;

	if (hold->state == HOLD_TIME_WAIT) /* read before its remnant, told after */
		return 0;
	hold->tuple = record->tuple;
	if (diag_is_listening(record))
		hold->path = PATH_LISTEN;
	if (!(hold->flags & HOLD_OWNER_KNOWN))
		find_owner(holds, books, hold, record);
	/* who changes the peer of a UDP socket changes nothing that counts */
	if (hold->path == before.path && hold->flags == before.flags &&
	    (!moved || hold->protocol == IPPROTO_UDP))
		return 0;
	return tell_taken(books, hold, 0);
}

static int update(const struct diag_holds *holds, struct diag_books *books, struct diag_hold *known,
		  const struct sockdiag_record *record)
{
	known->inode = record->inode;
	known->reading = holds->reading;
	return record->remnant ? update_remnant(holds, books, known, record)
			       : update_socket(holds, books, known, record);
}

void diag_holds_begin(struct diag_holds *holds)
{
	holds->reading++;
	diag_listeners_clear(&holds->listeners);
}

int diag_holds_see(struct diag_holds *holds, struct diag_books *books,
		   const struct sockdiag_record *record)
{
	struct diag_hold *known = find(holds, record->cookie);
	int r = 0;

	if (diag_is_listening(record))
		r = diag_listeners_add(&holds->listeners, record);
	if (r == 0 && known && !same_life(&known->hold, record)) {
		r = end(holds, books, known);
		known = NULL;
	}
	if (r < 0)
		return r;
	return known ? update(holds, books, known, record) : begin_hold(holds, books, record);
}

/* --- what was not seen ----------------------------------------------------------------------- */

/* A remnant whose time has come is gone. Only what has a tuple of its own can be looked for. */
static bool may_have_been_missed(const struct diag_hold *hold, uint64_t now_ns)
{
	if (hold->hold.protocol != IPPROTO_TCP || !hold->hold.tuple.remote_port)
		return false;
	return hold->hold.state != HOLD_TIME_WAIT || hold->due_ns > now_ns;
}

static int review(struct diag_holds *holds, struct diag_books *books, struct diag_hold *hold,
		  diag_look *look, void *context)
{
	struct sockdiag_record record;
	int r = -ENOENT;

	if (may_have_been_missed(hold, books->now_ns))
		r = look(context, &record, hold);
	if (r == 0 && record.cookie == hold->cookie)
		return update(holds, books, hold, &record);
	if (r < 0 && r != -ENOENT)
		return 0;
	return end(holds, books, hold);
}

int diag_holds_end(struct diag_holds *holds, struct diag_books *books, diag_look *look,
		   void *context)
{
	struct diag_hold *hold;
	struct diag_hold *next;
	int r = 0;

	HASH_ITER(hh, holds->by_cookie, hold, next) {
		if (hold->reading != holds->reading)
			r = review(holds, books, hold, look, context);
		if (r < 0)
			return r;
	}
	return 0;
}

int diag_holds_abandon(struct diag_holds *holds, struct diag_books *books)
{
	struct diag_hold *hold;
	struct diag_hold *next;
	int r = 0;

	HASH_ITER(hh, holds->by_cookie, hold, next) {
		bool open = hold->hold.state == HOLD_ACTIVE && hold->inode &&
			    books->owner_of(books->owners, hold->inode);

		if (!open)
			r = end(holds, books, hold);
		if (r < 0)
			return r;
	}
	return 0;
}

int diag_holds_repeat(const struct diag_holds *holds, struct diag_books *books)
{
	struct diag_hold *hold;
	struct diag_hold *next;

	HASH_ITER(hh, holds->by_cookie, hold, next) {
		int r = tell_taken(books, &hold->hold, EVENT_RESYNC);

		if (r < 0)
			return r;
	}
	return 0;
}
