// SPDX-License-Identifier: Apache-2.0
#include "user/notifiers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <systemd/sd-event.h>

#include "exporters/notifier.h"
#include "user/base/arena.h"
#include "user/base/log.h"
#include "user/base/util.h"
#include "user/core/view.h"

/* One that is open. */
struct member {
	const struct notifier_ops *ops;
	struct notifier *notifier;
	struct notifier_config config; /* in the arena */
	struct arena *arena;
};

/* Pointers, so that a member can move from one list to the next. */
struct list {
	struct member **members;
	size_t count;
};

struct notifiers {
	const struct notifier_ops *const *table;
	sd_event *event;
	struct list list;
};

/* --- configurations -------------------------------------------------------------------------- */

/* false: no memory. NULL stays NULL. */
static bool copy_text(struct arena *arena, const char **text)
{
	const char *copy = arena_strdup(arena, *text);
	bool copied = copy || !*text;

	*text = copy;
	return copied;
}

/* The copy ends with NULL; NULL stays NULL. */
static bool copy_texts(struct arena *arena, const char *const **texts, size_t count)
{
	const char **copy = *texts ? arena_alloc(arena, count + 1, sizeof(*copy)) : NULL;

	if (!*texts)
		return true;
	if (!copy)
		return false;
	for (size_t i = 0; i < count; i++) {
		copy[i] = arena_strdup(arena, (*texts)[i]);
		if (!copy[i])
			return false;
	}
	*texts = copy;
	return true;
}

static size_t argv_count(const struct notifier_config *config)
{
	size_t count = 0;

	while (config->argv && config->argv[count])
		count++;
	return count;
}

static int copy_config(struct notifier_config *config, struct arena *arena)
{
	const char **const texts[] = {
		&config->name,
		&config->type,
		&config->username,
		&config->password_file,
		&config->bearer_token_file,
		&config->ca_file,
		&config->cert_file,
		&config->key_file,
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (!copy_text(arena, texts[i]))
			return -ENOMEM;
	if (!copy_texts(arena, &config->urls, config->urls_count) ||
	    !copy_texts(arena, &config->argv, argv_count(config)))
		return -ENOMEM;
	return 0;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_texts(const char *const *a, size_t a_count, const char *const *b, size_t b_count)
{
	if (a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++)
		if (!same_text(a[i], b[i]))
			return false;
	return true;
}

static bool same_config(const struct notifier_config *a, const struct notifier_config *b)
{
	return same_text(a->name, b->name) && same_text(a->type, b->type) &&
	       same_texts(a->urls, a->urls_count, b->urls, b->urls_count) &&
	       same_text(a->username, b->username) &&
	       same_text(a->password_file, b->password_file) &&
	       same_text(a->bearer_token_file, b->bearer_token_file) &&
	       same_text(a->ca_file, b->ca_file) && same_text(a->cert_file, b->cert_file) &&
	       same_text(a->key_file, b->key_file) &&
	       a->source_port_first == b->source_port_first &&
	       a->source_port_last == b->source_port_last && a->resend_ns == b->resend_ns &&
	       same_texts(a->argv, argv_count(a), b->argv, argv_count(b)) &&
	       a->timeout_ns == b->timeout_ns && a->max_age_ns == b->max_age_ns &&
	       a->queue_max == b->queue_max;
}

/* --- members --------------------------------------------------------------------------------- */

static void member_close(struct member *member)
{
	if (!member)
		return;
	if (member->notifier)
		member->ops->close(member->notifier);
	arena_free(member->arena);
	free(member);
}

static const struct notifier_ops *find_type(const struct notifiers *notifiers, const char *type)
{
	for (size_t i = 0; notifiers->table[i]; i++)
		if (same_text(notifiers->table[i]->type, type))
			return notifiers->table[i];
	return NULL;
}

static int member_fill(struct member *member, const struct notifiers *notifiers,
		       const struct notifier_config *config)
{
	int r;

	member->config = *config;
	member->arena = arena_new();
	r = member->arena ? copy_config(&member->config, member->arena) : -ENOMEM;
	if (r < 0) {
		log_error("notifier %s: cannot start: out of memory", config->name);
		return r;
	}
	member->ops = find_type(notifiers, config->type);
	if (!member->ops) {
		log_error("notifier %s: there is no type '%s'", config->name, config->type);
		return -EINVAL;
	}
	return member->ops->open(&member->notifier, &member->config, notifiers->event);
}

static int member_open(struct member **ret, const struct notifiers *notifiers,
		       const struct notifier_config *config)
{
	struct member *member = calloc(1, sizeof(*member));
	int r;

	if (!member)
		return -ENOMEM;
	r = member_fill(member, notifiers, config);
	if (r < 0) {
		member_close(member);
		return r;
	}
	*ret = member;
	return 0;
}

/* The member that is as the configuration wants it; NULL: none. */
static struct member *find(const struct list *list, const struct notifier_config *config)
{
	for (size_t i = 0; i < list->count; i++)
		if (same_config(&list->members[i]->config, config))
			return list->members[i];
	return NULL;
}

static bool is_among(const struct list *list, const struct member *member)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->members[i] == member)
			return true;
	return false;
}

/* Closes those that are not in the other list as well. */
static void list_done(struct list *list, const struct list *other)
{
	for (size_t i = 0; i < list->count; i++)
		if (!is_among(other, list->members[i]))
			member_close(list->members[i]);
	free(list->members);
	*list = (struct list){ 0 };
}

/* --- all of them ----------------------------------------------------------------------------- */

int notifiers_new(struct notifiers **ret, const struct notifier_ops *const *table,
		  struct sd_event *event)
{
	struct notifiers *notifiers = calloc(1, sizeof(*notifiers));

	if (!notifiers)
		return -ENOMEM;
	notifiers->table = table;
	notifiers->event = sd_event_ref(event);
	*ret = notifiers;
	return 0;
}

void notifiers_free(struct notifiers *notifiers)
{
	static const struct list none = { 0 };

	if (!notifiers)
		return;
	list_done(&notifiers->list, &none);
	sd_event_unref(notifiers->event);
	free(notifiers);
}

int notifiers_replace(struct notifiers *notifiers, const struct notifier_config *configs,
		      size_t count)
{
	struct list list = { .members = calloc(count + 1, sizeof(struct member *)) };
	int r = list.members ? 0 : -ENOMEM;

	for (size_t i = 0; i < count && r == 0; i++) {
		struct member **member = &list.members[list.count];

		*member = find(&notifiers->list, &configs[i]);
		if (!*member || is_among(&list, *member))
			r = member_open(member, notifiers, &configs[i]);
		if (r == 0)
			list.count++;
	}
	if (r < 0) {
		list_done(&list, &notifiers->list);
		return r;
	}
	list_done(&notifiers->list, &list);
	notifiers->list = list;
	return 0;
}

void notifiers_notify(struct notifiers *notifiers, const struct view_alert *alert, bool entered)
{
	for (size_t i = 0; i < notifiers->list.count; i++) {
		struct member *member = notifiers->list.members[i];

		member->ops->notify(member->notifier, alert, entered);
	}
}

static int count(const struct list *list, struct view *view)
{
	struct view_notifier *rows = arena_alloc(view->arena, list->count, sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < list->count; i++) {
		struct member *member = list->members[i];

		member->ops->count(member->notifier, &rows[i]);
		rows[i].name = arena_strdup(view->arena, member->config.name);
		if (!rows[i].name)
			return -ENOMEM;
	}
	view->notifiers = rows;
	view->notifiers_count = list->count;
	return 0;
}

int notifiers_publish(struct notifiers *notifiers, struct view *view)
{
	for (size_t i = 0; i < notifiers->list.count; i++) {
		struct member *member = notifiers->list.members[i];

		if (member->ops->publish)
			member->ops->publish(member->notifier, view);
	}
	return count(&notifiers->list, view);
}
