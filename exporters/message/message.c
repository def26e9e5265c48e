// SPDX-License-Identifier: Apache-2.0
#include "exporters/message/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/text.h"

#define FNV_OFFSET 14695981039346656037ULL
#define FNV_PRIME 1099511628211ULL
#define SEPARATOR 0xff

/* Labels or annotations on their way into a message; they point to where they come from. */
struct draft {
	struct view_label labels[MESSAGE_LABELS_MAX];
	size_t count;
};

static const char *known(const char *s)
{
	return s ? s : "";
}

bool message_is_name(const char *name)
{
	if (!name || !*name || (*name >= '0' && *name <= '9'))
		return false;
	for (; *name; name++)
		if (!(*name >= 'a' && *name <= 'z') && !(*name >= 'A' && *name <= 'Z') &&
		    !(*name >= '0' && *name <= '9') && *name != '_')
			return false;
	return true;
}

static bool has(const struct draft *draft, const char *name)
{
	for (size_t i = 0; i < draft->count; i++)
		if (strcmp(draft->labels[i].name, name) == 0)
			return true;
	return false;
}

/* The first of a name stays. Alertmanager takes an empty value for none. */
static void add(struct draft *draft, const char *name, const char *value)
{
	if (draft->count == MESSAGE_LABELS_MAX || !value || !*value || !message_is_name(name) ||
	    has(draft, name))
		return;
	draft->labels[draft->count++] = (struct view_label){ name, value };
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct view_label *)a)->name, ((const struct view_label *)b)->name);
}

static void sort(struct draft *draft)
{
	qsort(draft->labels, draft->count, sizeof(draft->labels[0]), compare);
}

static void add_all(struct draft *draft, const struct view_label *labels, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add(draft, labels[i].name, labels[i].value);
}

/* What every alert must have comes first, so that there is room for it. */
static void draft_labels(struct draft *ret, const struct view_alert *alert, const char *host)
{
	struct draft given = { .count = 0 };

	add_all(&given, alert->labels, alert->labels_count);
	ret->count = 0;
	if (!has(&given, "alertname"))
		add(ret, "alertname", alert->rule && *alert->rule ? alert->rule : "unknown");
	if (!has(&given, "severity"))
		add(ret, "severity", view_severity_name(alert->severity));
	if (!has(&given, "host") && !has(&given, "instance"))
		add(ret, "host", host);
	if (!alert->labels_count)
		add(ret, "subject", alert->subject);
	add_all(ret, given.labels, given.count);
	sort(ret);
}

static void draft_annotations(struct draft *ret, const struct view_alert *alert)
{
	ret->count = 0;
	add_all(ret, alert->annotations, alert->annotations_count);
	if (!has(ret, "summary"))
		add(ret, "summary", alert->summary);
	sort(ret);
}

static size_t value_size(const char *s)
{
	size_t size = strnlen(known(s), MESSAGE_VALUE_MAX) + 1;

	return size > MESSAGE_VALUE_MAX ? MESSAGE_VALUE_MAX : size;
}

static size_t draft_size(const struct draft *draft)
{
	size_t size = draft->count * sizeof(draft->labels[0]);

	for (size_t i = 0; i < draft->count; i++)
		size += strlen(draft->labels[i].name) + 1 + value_size(draft->labels[i].value);
	return size;
}

static const char *put_value(char **cursor, const char *s)
{
	char *value = *cursor;
	size_t size = value_size(s);

	text_printable(value, size, s);
	*cursor += size;
	return value;
}

static const char *put_name(char **cursor, const char *s)
{
	char *name = *cursor;

	*cursor = stpcpy(name, s) + 1;
	return name;
}

/* rows: where the list itself goes. */
static void put_draft(char **cursor, struct view_label *rows, const struct draft *draft)
{
	for (size_t i = 0; i < draft->count; i++) {
		rows[i].name = put_name(cursor, draft->labels[i].name);
		rows[i].value = put_value(cursor, draft->labels[i].value);
	}
}

static uint64_t hash_bytes(uint64_t hash, const char *s)
{
	for (; *s; s++)
		hash = (hash ^ (unsigned char)*s) * FNV_PRIME;
	return (hash ^ SEPARATOR) * FNV_PRIME;
}

static uint64_t fingerprint(const struct view_label *labels, size_t count)
{
	uint64_t hash = FNV_OFFSET;

	for (size_t i = 0; i < count; i++)
		hash = hash_bytes(hash_bytes(hash, labels[i].name), labels[i].value);
	return hash;
}

/* The lists first: they must be aligned. */
static void fill(struct message *message, const struct view_alert *alert,
		 const struct draft *labels, const struct draft *annotations)
{
	struct view_label *rows = (struct view_label *)(message + 1);
	char *cursor = (char *)(rows + labels->count + annotations->count);

	message->alert = *alert;
	put_draft(&cursor, rows, labels);
	put_draft(&cursor, rows + labels->count, annotations);
	message->alert.labels = rows;
	message->alert.labels_count = labels->count;
	message->alert.annotations = rows + labels->count;
	message->alert.annotations_count = annotations->count;
	message->alert.rule = put_value(&cursor, alert->rule);
	message->alert.subject = put_value(&cursor, alert->subject);
	message->alert.summary = put_value(&cursor, alert->summary);
	message->fingerprint = fingerprint(rows, labels->count);
}

int message_new(struct message **ret, const struct view_alert *alert, bool entered,
		const struct message_moment *moment)
{
	struct draft labels;
	struct draft annotations;
	struct message *message;

	draft_labels(&labels, alert, moment->host);
	draft_annotations(&annotations, alert);
	message = calloc(1, sizeof(*message) + draft_size(&labels) + draft_size(&annotations) +
				    value_size(alert->rule) + value_size(alert->subject) +
				    value_size(alert->summary));
	if (!message)
		return -ENOMEM;
	fill(message, alert, &labels, &annotations);
	message->firing = entered;
	message->ended = entered ? 0 : moment->epoch;
	message->born_ns = moment->now_ns;
	message->references = 1;
	*ret = message;
	return 0;
}

struct message *message_ref(struct message *message)
{
	message->references++;
	return message;
}

void message_unref(struct message *message)
{
	if (message && --message->references == 0)
		free(message);
}

void message_unrefp(struct message **message)
{
	message_unref(*message);
}

const char *message_label(const struct message *message, const char *name)
{
	for (size_t i = 0; i < message->alert.labels_count; i++)
		if (strcmp(message->alert.labels[i].name, name) == 0)
			return message->alert.labels[i].value;
	return NULL;
}
