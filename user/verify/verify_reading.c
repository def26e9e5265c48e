// SPDX-License-Identifier: Apache-2.0
#include "user/verify/verify_reading.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/util.h"

#define ROOM_MIN 256

static int add_entry(struct verify_reading *reading, const struct verify_entry *entry)
{
	if (reading->count == reading->room) {
		size_t room = reading->room ? reading->room * 2 : ROOM_MIN;
		struct verify_entry *entries =
			reallocarray(reading->entries, room, sizeof(*entries));

		if (!entries)
			return -ENOMEM;
		reading->entries = entries;
		reading->room = room;
	}
	reading->entries[reading->count++] = *entry;
	return 0;
}

int verify_add_object(struct verify_reading *reading, const struct sockdiag_record *record)
{
	const struct verify_entry entry = {
		.tuple = record->tuple,
		.identity = record->cookie,
		.protocol = record->protocol,
		.state = record->remnant ? HOLD_TIME_WAIT : HOLD_ACTIVE,
		.kernel_state = record->state,
		.inode = record->inode,
		.uid = record->uid,
	};

	return add_entry(reading, &entry);
}

int verify_add_hold(struct verify_reading *reading, const struct holds_dump_record *record)
{
	struct verify_entry entry = {
		.tuple = record->tuple,
		.identity = record->id,
		.protocol = record->protocol,
		.state = record->state,
		.path = record->path,
		.pid = record->pid,
	};

	memcpy(entry.comm, record->comm, sizeof(entry.comm) - 1);
	return add_entry(reading, &entry);
}

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

int verify_compare_place(const struct verify_entry *a, const struct verify_entry *b)
{
	int r = order(a->tuple.netns, b->tuple.netns);

	if (!r)
		r = order(a->protocol, b->protocol);
	return r ? r : order(a->tuple.port, b->tuple.port);
}

int verify_compare_ends(const struct verify_entry *a, const struct verify_entry *b)
{
	int r = memcmp(a->tuple.remote, b->tuple.remote, sizeof(a->tuple.remote));

	if (!r)
		r = order(a->tuple.remote_port, b->tuple.remote_port);
	return r ? r : memcmp(a->tuple.local, b->tuple.local, sizeof(a->tuple.local));
}

static int compare_entries(const void *first, const void *second)
{
	const struct verify_entry *a = first;
	const struct verify_entry *b = second;
	int r = verify_compare_place(a, b);

	if (!r)
		r = order(a->identity, b->identity);
	return r ? r : order(a->state, b->state);
}

/* Of an object told twice the later state is kept. */
void verify_sort(struct verify_reading *reading)
{
	size_t kept = 0;

	if (reading->count)
		qsort(reading->entries, reading->count, sizeof(*reading->entries), compare_entries);
	for (size_t i = 0; i < reading->count; i++) {
		const struct verify_entry *entry = &reading->entries[i];

		if (kept && !verify_compare_place(entry, &reading->entries[kept - 1]) &&
		    entry->identity == reading->entries[kept - 1].identity)
			kept--;
		reading->entries[kept++] = *entry;
	}
	reading->count = kept;
}

void verify_reading_done(struct verify_reading *reading)
{
	free(reading->entries);
	memset(reading, 0, sizeof(*reading));
}

const char *verify_state_name(const struct verify_entry *object)
{
	static const char *const names[] = {
		[1] = "established", [2] = "syn-sent",   [3] = "syn-recv", [4] = "fin-wait-1",
		[5] = "fin-wait-2",  [6] = "time-wait",  [7] = "bound",    [8] = "close-wait",
		[9] = "last-ack",    [10] = "listening", [11] = "closing",
	};

	if (object->state == HOLD_TIME_WAIT)
		return "time-wait";
	if (object->protocol == IPPROTO_UDP)
		return object->tuple.remote_port ? "connected" : "bound";
	return object->kernel_state < ARRAY_SIZE(names) && names[object->kernel_state]
		       ? names[object->kernel_state]
		       : "unknown";
}
