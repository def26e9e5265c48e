// SPDX-License-Identifier: Apache-2.0
#include "exporters/alertmanager/known.h"

#include <errno.h>
#include <stdlib.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "exporters/message/message.h"

/* What a receiver knows. state counts from 1; 0: it never heard of it. */
struct hearing {
	uint64_t told_ns;
	uint32_t told;
	uint32_t telling; /* 0: nothing is under way */
	bool behind;      /* there is more to say than it was told */
};

struct entry {
	uint64_t fingerprint;
	struct message *message;
	uint32_t state; /* changes when it begins or ends */
	bool seen;
	uint64_t ended_ns;
	UT_hash_handle hh;
	struct hearing hearings[]; /* one a receiver */
};

struct known {
	struct known_config config;
	struct entry *entries;
	uint64_t dropped;
};

int known_new(struct known **ret, const struct known_config *config)
{
	struct known *known = calloc(1, sizeof(*known));

	if (!known)
		return -ENOMEM;
	known->config = *config;
	*ret = known;
	return 0;
}

static size_t count_unaware(const struct known *known, const struct entry *entry)
{
	size_t count = 0;

	for (size_t i = 0; i < known->config.receivers; i++)
		count += entry->hearings[i].told != entry->state;
	return count;
}

static void forget(struct known *known, struct entry *entry)
{
	known->dropped += count_unaware(known, entry);
	HASH_DEL(known->entries, entry);
	message_unref(entry->message);
	free(entry);
}

void known_free(struct known *known)
{
	struct entry *entry;
	struct entry *next;

	if (!known)
		return;
	HASH_ITER(hh, known->entries, entry, next)
		forget(known, entry);
	free(known);
}

/* False: everything fires, so nothing can go. */
static bool make_room(struct known *known)
{
	struct entry *oldest = NULL;
	struct entry *entry;
	struct entry *next;

	if (HASH_COUNT(known->entries) < known->config.alerts_max)
		return true;
	HASH_ITER(hh, known->entries, entry, next)
		if (!entry->message->firing && (!oldest || entry->ended_ns < oldest->ended_ns))
			oldest = entry;
	if (oldest)
		forget(known, oldest);
	return oldest;
}

static struct entry *add(struct known *known, uint64_t fingerprint)
{
	struct entry *entry;

	if (!make_room(known))
		return NULL;
	entry = calloc(1, sizeof(*entry) + known->config.receivers * sizeof(entry->hearings[0]));
	if (!entry)
		return NULL;
	entry->fingerprint = fingerprint;
	HASH_ADD(hh, known->entries, fingerprint, sizeof(entry->fingerprint), entry);
	if (entry->hh.tbl)
		return entry;
	free(entry);
	return NULL;
}

/* It began when it began. A remedy that was found meanwhile does not wait for the next repetition;
 * new numbers do. */
static void continue_with(const struct known *known, struct entry *entry, struct message *message)
{
	const struct view_alert *before = &entry->message->alert;

	message->alert.since = before->since;
	if (message->alert.annotations_count <= before->annotations_count)
		return;
	for (size_t i = 0; i < known->config.receivers; i++)
		entry->hearings[i].behind = true;
}

bool known_take(struct known *known, struct message *message, uint64_t now_ns)
{
	struct entry *entry;

	HASH_FIND(hh, known->entries, &message->fingerprint, sizeof(message->fingerprint), entry);
	if (!entry && !message->firing)
		return true;
	if (entry && !entry->message->firing && !message->firing)
		return true; /* it ended when it ended */
	if (!entry)
		entry = add(known, message->fingerprint);
	if (!entry)
		return false;
	if (!entry->message || entry->message->firing != message->firing)
		entry->state++;
	else
		continue_with(known, entry, message);
	message_unref(entry->message);
	entry->message = message_ref(message);
	entry->seen = true;
	if (!message->firing)
		entry->ended_ns = now_ns;
	return true;
}

/* It ended long ago, and everybody knows, or never will. */
static bool is_over(const struct known *known, const struct entry *entry, uint64_t now_ns)
{
	uint64_t age_ns = now_ns - entry->ended_ns;

	if (entry->message->firing || age_ns < known->config.retention_ns)
		return false;
	return age_ns >= known->config.max_age_ns || !count_unaware(known, entry);
}

void known_look_begin(struct known *known)
{
	for (struct entry *entry = known->entries; entry; entry = entry->hh.next)
		entry->seen = false;
}

void known_look_end(struct known *known, uint64_t now_ns, uint64_t epoch)
{
	struct entry *entry;
	struct entry *next;

	HASH_ITER(hh, known->entries, entry, next) {
		if (entry->message->firing && !entry->seen) {
			entry->message->firing = false;
			entry->message->ended = epoch;
			entry->ended_ns = now_ns;
			entry->state++;
		}
		if (is_over(known, entry, now_ns))
			forget(known, entry);
	}
}

static bool is_due(const struct known *known, const struct entry *entry,
		   const struct hearing *hearing, uint64_t now_ns)
{
	return hearing->told != entry->state || hearing->behind ||
	       now_ns - hearing->told_ns >= known->config.resend_ns;
}

size_t known_due(struct known *known, size_t receiver, uint64_t now_ns, const struct message **ret,
		 size_t max)
{
	size_t count = 0;

	for (struct entry *entry = known->entries; entry && count < max; entry = entry->hh.next) {
		struct hearing *hearing = &entry->hearings[receiver];

		if (!is_due(known, entry, hearing, now_ns))
			continue;
		hearing->telling = entry->state;
		hearing->behind = false;
		ret[count++] = entry->message;
	}
	return count;
}

size_t known_told(struct known *known, size_t receiver, uint64_t now_ns)
{
	size_t count = 0;

	for (struct entry *entry = known->entries; entry; entry = entry->hh.next) {
		struct hearing *hearing = &entry->hearings[receiver];

		if (!hearing->telling)
			continue;
		hearing->told = hearing->telling;
		hearing->told_ns = now_ns;
		hearing->telling = 0;
		count++;
	}
	return count;
}

void known_untold(struct known *known, size_t receiver)
{
	for (struct entry *entry = known->entries; entry; entry = entry->hh.next) {
		struct hearing *hearing = &entry->hearings[receiver];

		hearing->behind |= hearing->telling != 0;
		hearing->telling = 0;
	}
}

uint64_t known_waiting(const struct known *known)
{
	uint64_t count = 0;

	for (const struct entry *entry = known->entries; entry; entry = entry->hh.next)
		count += count_unaware(known, entry);
	return count;
}

uint64_t known_dropped(const struct known *known)
{
	return known->dropped;
}
