// SPDX-License-Identifier: Apache-2.0
#include "user/commands/view_read.h"

#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "user/base/arena.h"
#include "user/base/text.h"
#include "user/base/util.h"
#include "user/commands/when.h"
#include "user/core/view.h"

#define OTHER "other"
#define ERRNO_MAX 4096 /* the kernel has none beyond */

struct reader {
	struct view *view;
	struct arena *arena;
	bool bounded;   /* a row stood for others */
	bool no_memory; /* a string did not find room */
};

static void view_unrefp(struct view **view)
{
	view_unref(*view);
}

/* --- values ---------------------------------------------------------------------------------- */

static bool is_unknown(const json_t *row, const char *key)
{
	const json_t *value = json_object_get(row, key);

	return !value || json_is_null(value);
}

static uint64_t count_up_to(const json_t *row, const char *key, uint64_t max)
{
	json_int_t value = json_integer_value(json_object_get(row, key));

	if (value < 0)
		return 0;
	return (uint64_t)value > max ? max : (uint64_t)value;
}

static uint64_t count(const json_t *row, const char *key)
{
	return count_up_to(row, key, INT64_MAX);
}

static uint32_t small(const json_t *row, const char *key)
{
	return (uint32_t)count_up_to(row, key, UINT32_MAX);
}

static uint16_t port(const json_t *row, const char *key)
{
	return (uint16_t)count_up_to(row, key, UINT16_MAX);
}

static double number(const json_t *row, const char *key)
{
	const json_t *value = json_object_get(row, key);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

/* Ratios of what is there: never negative, never unknown where a view's are not. */
static double ratio(const json_t *row, const char *key)
{
	double value = number(row, key);

	return value >= 0 ? value : 0;
}

/* NULL: unknown. */
static const char *text(struct reader *reader, const json_t *row, const char *key)
{
	const char *value = json_string_value(json_object_get(row, key));
	const char *copy;

	if (!value)
		return NULL;
	copy = arena_strdup(reader->arena, value);
	if (!copy)
		reader->no_memory = true;
	return copy;
}

static const char *name(struct reader *reader, const json_t *row, const char *key)
{
	const char *value = text(reader, row, key);

	return value ? value : "unknown";
}

static void process(char ret[VIEW_COMM_LEN], const json_t *row, const char *key)
{
	const char *value = json_string_value(json_object_get(row, key));

	snprintf(ret, VIEW_COMM_LEN, "%s", value ? value : "");
}

static uint64_t time_of(const json_t *row, const char *key)
{
	const char *value = json_string_value(json_object_get(row, key));
	uint64_t ns;

	return value && when_parse(value, 0, &ns) == 0 ? ns : 0;
}

static uint8_t protocol(const json_t *row)
{
	const char *value = json_string_value(json_object_get(row, "protocol"));

	if (value && !strcmp(value, "tcp"))
		return IPPROTO_TCP;
	return value && !strcmp(value, "udp") ? IPPROTO_UDP : 0;
}

/* False: it is none, and *ret the unspecified one. */
static bool address(uint8_t ret[16], const json_t *row, const char *key)
{
	const char *value = json_string_value(json_object_get(row, key));

	if (value && text_parse_address(ret, value))
		return true;
	memset(ret, 0, 16);
	return false;
}

/* A name as text_error() writes it. */
static uint16_t error_of(const json_t *row)
{
	const char *value = json_string_value(json_object_get(row, "errno"));
	char written[TEXT_TIME_MAX];

	for (uint16_t error = 0; value && error < ERRNO_MAX; error++)
		if (!strcmp(text_error(written, error), value))
			return error;
	return 0;
}

static enum view_severity severity(const json_t *row)
{
	const char *value = json_string_value(json_object_get(row, "severity"));

	for (int i = 0; value && i < SEVERITY__COUNT; i++)
		if (!strcmp(view_severity_name((enum view_severity)i), value))
			return (enum view_severity)i;
	return SEVERITY_INFO;
}

/* --- rows ------------------------------------------------------------------------------------ */

/* Reads a row; false: it stands for others, or for nothing. */
typedef bool read_fn(struct reader *reader, void *ret, const json_t *row);

static bool stands_for_others(struct reader *reader, const json_t *row, const char *key)
{
	const char *value = json_string_value(json_object_get(row, key));
	bool stands = value && !strcmp(value, OTHER);

	reader->bounded |= stands;
	return stands;
}

/* The rows below a key; *ret_count of them. */
static const void *rows(struct reader *reader, const json_t *parent, const char *key, size_t size,
			read_fn *read, size_t *ret_count)
{
	const json_t *list = json_object_get(parent, key);
	char *array = arena_alloc(reader->arena, json_array_size(list), size);
	size_t done = 0;

	*ret_count = 0;
	if (!array) {
		reader->no_memory = true;
		return NULL;
	}
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *row = json_array_get(list, i);

		memset(array + done * size, 0, size);
		if (json_is_object(row) && read(reader, array + done * size, row))
			done++;
	}
	*ret_count = done;
	return array;
}

static bool read_pool(struct reader *reader, void *ret, const json_t *row)
{
	if (is_unknown(row, "netns") && stands_for_others(reader, row, "netns_name"))
		return false;
	*(struct view_pool *)ret = (struct view_pool){
		.vrf = small(row, "vrf"),
		.netns = small(row, "netns"),
		.netns_name = name(reader, row, "netns_name"),
		.protocol = protocol(row),
		.first = port(row, "first"),
		.last = port(row, "last"),
		.reserved = small(row, "reserved"),
		.size = small(row, "size"),
		.used = small(row, "used"),
		.shared = small(row, "shared"),
		.exclusive = small(row, "exclusive"),
		.refused_recently = small(row, "refused_recently"),
		.saturation = ratio(row, "saturation"),
		.worst_destination_saturation = ratio(row, "worst_destination_saturation"),
		.exhaustion_seconds = number(row, "exhaustion_seconds"),
	};
	return true;
}

static bool read_share(struct reader *reader, void *ret, const json_t *row)
{
	struct view_share *share = ret;

	if (is_unknown(row, "pid") && stands_for_others(reader, row, "process"))
		return false;
	share->pid = small(row, "pid");
	process(share->process, row, "process");
	share->used = small(row, "used");
	share->active = small(row, "active");
	share->time_wait = small(row, "time_wait");
	share->exclusive = small(row, "exclusive");
	return true;
}

static bool read_destination(struct reader *reader, void *ret, const json_t *row)
{
	struct view_destination *d = ret;

	if (!address(d->remote, row, "remote")) {
		stands_for_others(reader, row, "remote");
		return false;
	}
	address(d->local, row, "local");
	d->netns = small(row, "netns");
	d->netns_name = name(reader, row, "netns_name");
	d->protocol = protocol(row);
	d->remote_port = port(row, "remote_port");
	d->service = text(reader, row, "service");
	d->listener_pid = small(row, "listener_pid");
	process(d->listener, row, "listener");
	d->first = port(row, "first");
	d->last = port(row, "last");
	d->window = json_is_true(json_object_get(row, "window"));
	d->capacity = small(row, "capacity");
	d->used = small(row, "used");
	d->active = small(row, "active");
	d->time_wait = small(row, "time_wait");
	d->recyclable = small(row, "recyclable");
	d->exclusive = small(row, "exclusive");
	d->saturation = ratio(row, "saturation");
	d->exhaustion_seconds = number(row, "exhaustion_seconds");
	d->owners = rows(reader, row, "owners", sizeof(*d->owners), read_share, &d->owners_count);
	return true;
}

static void read_owner_counts(struct view_owner *o, const json_t *row)
{
	o->used = small(row, "used");
	o->active = small(row, "active");
	o->time_wait = small(row, "time_wait");
	o->recyclable = small(row, "recyclable");
	o->exclusive = small(row, "exclusive");
	o->allocations = count(row, "allocations");
	o->refusals = count(row, "refusals");
}

static bool read_owner(struct reader *reader, void *ret, const json_t *row)
{
	struct view_owner *o = ret;

	if (is_unknown(row, "netns") && stands_for_others(reader, row, "process"))
		return false;
	o->known = !is_unknown(row, "pid");
	o->pid = small(row, "pid");
	o->start_time = time_of(row, "start_time");
	process(o->process, row, "process");
	o->uid = small(row, "uid");
	o->cgroup = text(reader, row, "cgroup");
	o->unit = text(reader, row, "unit");
	o->container = text(reader, row, "container");
	o->pod = text(reader, row, "pod");
	o->exe = text(reader, row, "exe");
	o->command = text(reader, row, "command");
	o->container_name = text(reader, row, "container_name");
	o->pod_name = text(reader, row, "pod_name");
	o->pod_namespace = text(reader, row, "pod_namespace");
	o->alive = json_is_true(json_object_get(row, "alive"));
	o->netns = small(row, "netns");
	o->netns_name = name(reader, row, "netns_name");
	o->protocol = protocol(row);
	read_owner_counts(o, row);
	return true;
}

static bool read_refusal(struct reader *reader, void *ret, const json_t *row)
{
	struct view_refusal *r = ret;

	r->time = time_of(row, "time");
	r->pid = small(row, "pid");
	process(r->process, row, "process");
	r->netns = small(row, "netns");
	r->netns_name = name(reader, row, "netns_name");
	r->protocol = protocol(row);
	r->path = text(reader, row, "path");
	r->error = error_of(row);
	address(r->local, row, "local");
	address(r->remote, row, "remote");
	r->remote_port = port(row, "remote_port");
	r->saturation = number(row, "saturation");
	return true;
}

static bool read_verdict(struct reader *reader, void *ret, const json_t *row)
{
	*(struct view_verdict *)ret = (struct view_verdict){
		.verdict = name(reader, row, "verdict"),
		.severity = severity(row),
		.subject = name(reader, row, "subject"),
		.text = text(reader, row, "text"),
		.remedy = text(reader, row, "remedy"),
	};
	return true;
}

static bool read_alert(struct reader *reader, void *ret, const json_t *row)
{
	*(struct view_alert *)ret = (struct view_alert){
		.rule = name(reader, row, "rule"),
		.severity = severity(row),
		.subject = name(reader, row, "subject"),
		.summary = text(reader, row, "summary"),
		.value = number(row, "value"),
		.since = time_of(row, "since"),
	};
	return true;
}

/* --- the document ---------------------------------------------------------------------------- */

static const struct view_tally *tallies(struct reader *reader, const json_t *object,
					size_t *ret_count)
{
	struct view_tally *array =
		arena_alloc(reader->arena, json_object_size(object), sizeof(*array));
	const char *key;
	json_t *value;
	size_t done = 0;

	*ret_count = 0;
	if (!array) {
		reader->no_memory = true;
		return NULL;
	}
	json_object_foreach((json_t *)object, key, value) {
		array[done].name = arena_strdup(reader->arena, key);
		reader->no_memory |= !array[done].name;
		array[done++].count = count(object, key);
	}
	*ret_count = done;
	return array;
}

static void read_health(struct reader *reader, const json_t *object)
{
	struct view_health *h = &reader->view->health;

	h->events = tallies(reader, json_object_get(object, "events"), &h->events_count);
	h->lost = tallies(reader, json_object_get(object, "lost"), &h->lost_count);
	h->drift_total = count(object, "drift");
	h->reconciliations = count(object, "reconciliations");
	h->reconciled_at = time_of(object, "reconciled_at");
	h->since = time_of(object, "since");
	h->complete = json_is_true(json_object_get(object, "complete"));
}

#define READ_ROWS(list, read) \
	view->list = rows(reader, document, #list, sizeof(*view->list), read, &view->list##_count)

static void read_all(struct reader *reader, const json_t *document)
{
	struct view *view = reader->view;

	view->time = time_of(document, "time");
	view->source = text(reader, document, "source");
	view->kernel = text(reader, document, "kernel");
	view->host = text(reader, document, "host");
	READ_ROWS(pools, read_pool);
	READ_ROWS(destinations, read_destination);
	READ_ROWS(owners, read_owner);
	READ_ROWS(refusals, read_refusal);
	READ_ROWS(verdicts, read_verdict);
	READ_ROWS(alerts, read_alert);
	read_health(reader, json_object_get(document, "health"));
}

static bool is_snapshot(const json_t *document)
{
	return json_integer_value(json_object_get(document, "version")) == VIEW_VERSION &&
	       json_is_array(json_object_get(document, "pools"));
}

int view_read(struct view **ret, const json_t *document, bool *ret_bounded)
{
	CLEANUP(view_unrefp) struct view *view = NULL;
	struct reader reader = { .arena = NULL };

	if (!is_snapshot(document))
		return -EBADMSG;
	reader.arena = arena_new();
	if (!reader.arena)
		return -ENOMEM;
	view = arena_alloc(reader.arena, 1, sizeof(*view));
	if (!view) {
		arena_free(reader.arena);
		return -ENOMEM;
	}
	view->arena = reader.arena;
	view->references = 1;
	reader.view = view;
	read_all(&reader, document);
	if (reader.no_memory)
		return -ENOMEM;
	*ret = TAKE_PTR(view);
	if (ret_bounded)
		*ret_bounded = reader.bounded;
	return 0;
}
