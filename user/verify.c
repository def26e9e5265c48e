// SPDX-License-Identifier: Apache-2.0
#include "user/verify.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "user/ledger.h"
#include "user/util.h"

#define ROOM_MIN 256

/* --- readings -------------------------------------------------------------------------------- */

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

/* What can be compared at all: namespace, protocol and port. */
static int compare_place(const struct verify_entry *a, const struct verify_entry *b)
{
	int r = order(a->tuple.netns, b->tuple.netns);

	if (!r)
		r = order(a->protocol, b->protocol);
	return r ? r : order(a->tuple.port, b->tuple.port);
}

static int compare_entries(const void *first, const void *second)
{
	const struct verify_entry *a = first;
	const struct verify_entry *b = second;
	int r = compare_place(a, b);

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

		if (kept && !compare_place(entry, &reading->entries[kept - 1]) &&
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

/* --- differences ----------------------------------------------------------------------------- */

static int add_difference(struct verify_list *list, enum verify_kind kind,
			  const struct verify_entry *entry, const struct verify_entry *hold)
{
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : ROOM_MIN;
		struct verify_difference *differences =
			reallocarray(list->differences, room, sizeof(*differences));

		if (!differences)
			return -ENOMEM;
		list->differences = differences;
		list->room = room;
	}
	list->differences[list->count] =
		(struct verify_difference){ .kind = kind, .entry = *entry };
	if (hold)
		list->differences[list->count].hold = *hold;
	list->count++;
	return 0;
}

int verify_append(struct verify_list *ret, const struct verify_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct verify_difference *one = &list->differences[i];
		int r = add_difference(ret, one->kind, &one->entry, &one->hold);

		if (r < 0)
			return r;
	}
	return 0;
}

void verify_list_done(struct verify_list *list)
{
	free(list->differences);
	memset(list, 0, sizeof(*list));
}

/* --- partners on one port -------------------------------------------------------------------- */

/* One that needs a partner, or can be one. */
struct item {
	const struct verify_entry *entry;
	uint8_t early; /* its state in the first reading of its side, and in the last */
	uint8_t late;
	bool taken;
};

struct items {
	struct item *items;
	size_t count;
};

/* The ledger knows its port only, or the port is what it keeps wherever it is connected to. */
static bool is_loose(const struct verify_entry *hold)
{
	return hold->path != PATH_CONNECT || !hold->tuple.remote_port;
}

/* Holds only ever go from active to TIME_WAIT. */
static bool conflict(const struct item *outer, const struct item *inner)
{
	return (outer->early == HOLD_TIME_WAIT && inner->early == HOLD_ACTIVE) ||
	       (outer->late == HOLD_ACTIVE && inner->early == HOLD_TIME_WAIT);
}

static int compare_tuples(const struct verify_entry *a, const struct verify_entry *b)
{
	int r = memcmp(a->tuple.remote, b->tuple.remote, sizeof(a->tuple.remote));

	if (!r)
		r = order(a->tuple.remote_port, b->tuple.remote_port);
	return r ? r : memcmp(a->tuple.local, b->tuple.local, sizeof(a->tuple.local));
}

static int compare_items(const void *first, const void *second)
{
	const struct item *a = first;
	const struct item *b = second;
	int r = compare_tuples(a->entry, b->entry);

	return r ? r : order(a->late, b->late);
}

struct pairing {
	struct verify_list *list;
	enum verify_side outer; /* the side of which all must find a partner */
};

static int pair(const struct pairing *pairing, struct item *outer, struct item *inner)
{
	outer->taken = true;
	inner->taken = true;
	/* told once: by the sandwich with the kernel outside */
	if (pairing->outer == VERIFY_LEDGER || !conflict(outer, inner))
		return 0;
	return add_difference(pairing->list, VERIFY_STATE, outer->entry, inner->entry);
}

/* Those with the same whole tuple; rather with the same state than not. Both are sorted. */
static int pair_exactly(const struct pairing *pairing, struct items *outer, struct items *inner,
			bool agreeing)
{
	size_t first = 0;

	for (size_t i = 0; i < outer->count; i++) {
		struct item *item = &outer->items[i];
		int r = 0;

		if (!item->entry->tuple.remote_port)
			continue;
		while (first < inner->count &&
		       compare_tuples(inner->items[first].entry, item->entry) < 0)
			first++;
		for (size_t j = first; j < inner->count && !item->taken; j++) {
			struct item *other = &inner->items[j];

			if (compare_tuples(other->entry, item->entry))
				break;
			if (!other->taken && !(agreeing && conflict(item, other)))
				r = pair(pairing, item, other);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

/* The next that nobody has, in this state. */
static struct item *next_free(const struct pairing *pairing, struct items *inner, uint8_t state,
			      size_t *at)
{
	for (; *at < inner->count; (*at)++) {
		struct item *item = &inner->items[*at];

		if (!item->taken && item->early == state &&
		    (pairing->outer == VERIFY_LEDGER || is_loose(item->entry)))
			return item;
	}
	return NULL;
}

/* Those that changed to TIME_WAIT meanwhile agree with either state, so they choose last. */
enum round { ROUND_SAME_STATE, ROUND_CHANGED, ROUND_OTHER_STATE, ROUND__COUNT };

static bool takes_part(const struct pairing *pairing, const struct item *item, enum round round)
{
	if (item->taken || (pairing->outer == VERIFY_LEDGER && !is_loose(item->entry)))
		return false;
	return round != ROUND_SAME_STATE || item->early == item->late;
}

static int pair_loosely(const struct pairing *pairing, struct items *outer, struct items *inner,
			enum round round)
{
	size_t cursors[HOLD_TIME_WAIT + 1] = { 0 };

	for (size_t i = 0; i < outer->count; i++) {
		struct item *item = &outer->items[i];
		struct item *other;
		int r;

		if (!takes_part(pairing, item, round))
			continue;
		other = next_free(pairing, inner, item->late, &cursors[item->late]);
		if (!other && item->early != item->late)
			other = next_free(pairing, inner, item->early, &cursors[item->early]);
		if (!other && round == ROUND_OTHER_STATE) {
			uint8_t wrong = item->late == HOLD_ACTIVE ? HOLD_TIME_WAIT : HOLD_ACTIVE;

			other = next_free(pairing, inner, wrong, &cursors[wrong]);
		}
		if (!other)
			continue;
		r = pair(pairing, item, other);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Before 6.8 the kernel does not list TCP sockets that are only bound. A named port stays bound
 * after its connection has ended; others are given back then. */
static bool may_be_unseen(const struct verify_entry *hold)
{
	if (hold->protocol != IPPROTO_TCP || hold->state != HOLD_ACTIVE)
		return false;
	return hold->path == PATH_EXPLICIT || (hold->path == PATH_BIND && !hold->tuple.remote_port);
}

static int report_lonely(const struct pairing *pairing, const struct items *outer, bool shows_bound)
{
	for (size_t i = 0; i < outer->count; i++) {
		const struct verify_entry *entry = outer->items[i].entry;
		enum verify_kind kind = VERIFY_MISSING;
		int r;

		if (outer->items[i].taken)
			continue;
		if (pairing->outer == VERIFY_LEDGER)
			kind = !shows_bound && may_be_unseen(entry) ? VERIFY_UNSEEN : VERIFY_STALE;
		r = add_difference(pairing->list, kind, entry, NULL);
		if (r < 0)
			return r;
	}
	return 0;
}

static int pair_port(const struct pairing *pairing, struct items *outer, struct items *inner,
		     bool shows_bound)
{
	int r;

	qsort(outer->items, outer->count, sizeof(*outer->items), compare_items);
	if (inner->count)
		qsort(inner->items, inner->count, sizeof(*inner->items), compare_items);
	r = pair_exactly(pairing, outer, inner, true);
	if (r == 0)
		r = pair_exactly(pairing, outer, inner, false);
	for (enum round round = ROUND_SAME_STATE; round < ROUND__COUNT && r == 0; round++)
		r = pair_loosely(pairing, outer, inner, round);
	return r < 0 ? r : report_lonely(pairing, outer, shows_bound);
}

/* --- sandwiches ------------------------------------------------------------------------------ */

/* The entries of a reading that are in one place. */
struct slice {
	const struct verify_entry *entries;
	size_t count;
};

static size_t run_length(const struct verify_reading *reading, size_t first)
{
	size_t end = first + 1;

	while (end < reading->count &&
	       !compare_place(&reading->entries[end], &reading->entries[first]))
		end++;
	return end - first;
}

/* Places come in order, so the search goes on where the last one ended. */
static struct slice slice_at(const struct verify_reading *reading, size_t *at,
			     const struct verify_entry *place)
{
	struct slice slice = { 0 };

	while (*at < reading->count && compare_place(&reading->entries[*at], place) < 0)
		(*at)++;
	if (*at == reading->count || compare_place(&reading->entries[*at], place))
		return slice;
	slice.entries = &reading->entries[*at];
	slice.count = run_length(reading, *at);
	return slice;
}

/* What is in both readings of the outer side, and is connected to the same place in both. NULL: no
 * memory. */
static struct item *keep_stable(struct slice before, struct slice after, size_t *ret_count)
{
	struct item *items = calloc(before.count ? before.count : 1, sizeof(*items));
	size_t count = 0;
	size_t j = 0;

	for (size_t i = 0; items && i < before.count; i++) {
		uint64_t identity = before.entries[i].identity;

		while (j < after.count && after.entries[j].identity < identity)
			j++;
		if (j == after.count || after.entries[j].identity != identity ||
		    compare_tuples(&before.entries[i], &after.entries[j]))
			continue;
		items[count++] = (struct item){
			.entry = &after.entries[j],
			.early = before.entries[i].state,
			.late = after.entries[j].state,
		};
	}
	*ret_count = count;
	return items;
}

static struct item *take_all(struct slice slice)
{
	struct item *items = calloc(slice.count ? slice.count : 1, sizeof(*items));

	for (size_t i = 0; items && i < slice.count; i++)
		items[i] = (struct item){
			.entry = &slice.entries[i],
			.early = slice.entries[i].state,
			.late = slice.entries[i].state,
		};
	return items;
}

static int compare_slices(const struct pairing *pairing, struct slice before, struct slice middle,
			  struct slice after, bool shows_bound)
{
	struct items outer = { 0 };
	struct items inner = { .count = middle.count };
	int r = -ENOMEM;

	outer.items = keep_stable(before, after, &outer.count);
	inner.items = take_all(middle);
	if (outer.items && inner.items)
		r = outer.count ? pair_port(pairing, &outer, &inner, shows_bound) : 0;
	free(outer.items);
	free(inner.items);
	return r;
}

int verify_sandwich(struct verify_list *ret, const struct verify_reading *before,
		    const struct verify_reading *middle, const struct verify_reading *after,
		    bool shows_bound)
{
	const struct pairing pairing = { ret, before->side };
	size_t at_middle = 0;
	size_t at_after = 0;

	for (size_t at = 0; at < before->count;) {
		struct slice slice = { &before->entries[at], run_length(before, at) };
		int r = compare_slices(&pairing, slice, slice_at(middle, &at_middle, slice.entries),
				       slice_at(after, &at_after, slice.entries), shows_bound);

		if (r < 0)
			return r;
		at += slice.count;
	}
	return 0;
}

/* --- what persists --------------------------------------------------------------------------- */

static int compare_kinds(const struct verify_difference *a, const struct verify_difference *b)
{
	int r = compare_place(&a->entry, &b->entry);

	return r ? r : order(a->kind, b->kind);
}

static int compare_differences(const void *first, const void *second)
{
	const struct verify_difference *a = first;
	const struct verify_difference *b = second;
	int r = compare_kinds(a, b);

	return r ? r : order(a->entry.identity, b->entry.identity);
}

static void sort_list(struct verify_list *list)
{
	if (list->count)
		qsort(list->differences, list->count, sizeof(*list->differences),
		      compare_differences);
}

static size_t count_alike(const struct verify_list *list, size_t first)
{
	size_t end = first + 1;

	while (end < list->count &&
	       !compare_kinds(&list->differences[end], &list->differences[first]))
		end++;
	return end - first;
}

static bool has_same(const struct verify_difference *differences, size_t count,
		     const struct verify_difference *one)
{
	return bsearch(one, differences, count, sizeof(*differences), compare_differences);
}

/* As many as both lists have: first those that are in both, then any, for where only the number
 * of holds on a port is known the choice was arbitrary. */
static int keep_common(struct verify_list *ret, const struct verify_difference *first,
		       size_t first_count, const struct verify_difference *second,
		       size_t second_count)
{
	size_t left = first_count < second_count ? first_count : second_count;

	for (int same = 1; same >= 0; same--)
		for (size_t i = 0; i < second_count && left; i++) {
			const struct verify_difference *one = &second[i];
			int r;

			if (has_same(first, first_count, one) != same)
				continue;
			r = add_difference(ret, one->kind, &one->entry, &one->hold);
			if (r < 0)
				return r;
			left--;
		}
	return 0;
}

int verify_persist(struct verify_list *ret, struct verify_list *first, struct verify_list *second)
{
	size_t i = 0;
	size_t j = 0;

	sort_list(first);
	sort_list(second);
	while (i < first->count && j < second->count) {
		int ahead = compare_kinds(&first->differences[i], &second->differences[j]);
		size_t first_count = count_alike(first, i);
		size_t second_count = count_alike(second, j);
		int r = 0;

		if (!ahead)
			r = keep_common(ret, &first->differences[i], first_count,
					&second->differences[j], second_count);
		if (r < 0)
			return r;
		i += ahead <= 0 ? first_count : 0;
		j += ahead >= 0 ? second_count : 0;
	}
	return 0;
}

bool verify_lags(const struct verify_difference *difference, uint32_t polled)
{
	const struct verify_entry *entry = &difference->entry;

	if (polled & LEDGER_POLLS_ALL)
		return true;
	if (entry->protocol == IPPROTO_UDP)
		return polled & LEDGER_POLLS_UDP;
	return difference->kind == VERIFY_STALE && entry->state == HOLD_TIME_WAIT &&
	       (polled & LEDGER_POLLS_TIME_WAIT_END);
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
