// SPDX-License-Identifier: Apache-2.0
#include "exporters/json/rows.h"

#include <stdbool.h>

#include "exporters/json/value.h"
#include "user/base/text.h"
#include "user/base/util.h"
#include "user/core/view.h"

/* The row that sums the rest is built like any other; what cannot be summed is erased. */
static void erase(json_t **row, const char *const *keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		value_put(row, keys[i], json_null());
}

static json_t *pool_row(const struct view_pool *p)
{
	json_t *row = json_object();

	value_put(&row, "netns", json_integer(p->netns));
	value_put(&row, "netns_name", value_text(p->netns_name));
	value_put(&row, "vrf", p->vrf ? json_integer(p->vrf) : json_null());
	value_put(&row, "protocol", json_string(text_protocol(p->protocol)));
	value_put(&row, "first", json_integer(p->first));
	value_put(&row, "last", json_integer(p->last));
	value_put(&row, "reserved", json_integer(p->reserved));
	value_put(&row, "size", json_integer(p->size));
	value_put(&row, "used", json_integer(p->used));
	value_put(&row, "shared", json_integer(p->shared));
	value_put(&row, "exclusive", json_integer(p->exclusive));
	value_put(&row, "refused_recently", json_integer(p->refused_recently));
	value_put(&row, "saturation", value_number(p->saturation));
	value_put(&row, "worst_destination_saturation",
		  value_number(p->worst_destination_saturation));
	value_put(&row, "exhaustion_seconds", value_number(p->exhaustion_seconds));
	return row;
}

static json_t *pool_rest(const struct view_pool *rows, size_t count)
{
	static const char *const unknown[] = { "netns",
					       "protocol",
					       "first",
					       "last",
					       "saturation",
					       "worst_destination_saturation",
					       "exhaustion_seconds" };
	struct view_pool sum = { .netns_name = "other" };
	json_t *row;

	for (size_t i = 0; i < count; i++) {
		sum.reserved += rows[i].reserved;
		sum.size += rows[i].size;
		sum.used += rows[i].used;
		sum.shared += rows[i].shared;
		sum.exclusive += rows[i].exclusive;
		sum.refused_recently += rows[i].refused_recently;
	}
	row = pool_row(&sum);
	erase(&row, unknown, ARRAY_SIZE(unknown));
	return row;
}

json_t *rows_pools(const struct view *view, size_t top)
{
	json_t *list = json_array();
	size_t shown = view->pools_count < top ? view->pools_count : top;

	for (size_t i = 0; i < shown; i++)
		value_append(&list, pool_row(&view->pools[i]));
	if (shown < view->pools_count)
		value_append(&list, pool_rest(view->pools + shown, view->pools_count - shown));
	return list;
}

static json_t *share_row(const struct view_share *s)
{
	bool known = s->pid || s->process[0];
	json_t *row = json_object();

	value_put(&row, "pid", known ? json_integer(s->pid) : json_null());
	value_put(&row, "process", value_text(s->process));
	value_put(&row, "used", json_integer(s->used));
	value_put(&row, "active", json_integer(s->active));
	value_put(&row, "time_wait", json_integer(s->time_wait));
	value_put(&row, "exclusive", json_integer(s->exclusive));
	return row;
}

static void share_add(struct view_share *sum, const struct view_share *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		sum->used += rows[i].used;
		sum->active += rows[i].active;
		sum->time_wait += rows[i].time_wait;
		sum->exclusive += rows[i].exclusive;
	}
}

static json_t *share_rest(const struct view_share *sum)
{
	json_t *row = share_row(sum);

	value_put(&row, "pid", json_null());
	return row;
}

static json_t *share_rows(const struct view_destination *d, size_t top)
{
	json_t *list = json_array();
	size_t shown = d->owners_count < top ? d->owners_count : top;
	struct view_share rest = { .process = "other" };

	for (size_t i = 0; i < shown; i++)
		value_append(&list, share_row(&d->owners[i]));
	share_add(&rest, d->owners + shown, d->owners_count - shown);
	if (shown < d->owners_count)
		value_append(&list, share_rest(&rest));
	return list;
}

static json_t *destination_row(const struct view_destination *d, json_t *owners)
{
	json_t *row = json_object();

	value_put(&row, "netns", json_integer(d->netns));
	value_put(&row, "netns_name", value_text(d->netns_name));
	value_put(&row, "protocol", json_string(text_protocol(d->protocol)));
	value_put(&row, "local", value_address(d->local));
	value_put(&row, "remote", value_address(d->remote));
	value_put(&row, "remote_port", json_integer(d->remote_port));
	value_put(&row, "service", value_text(d->service));
	value_put(&row, "listener", value_text(d->listener));
	value_put(&row, "listener_pid",
		  d->listener_pid ? json_integer(d->listener_pid) : json_null());
	value_put(&row, "first", json_integer(d->first));
	value_put(&row, "last", json_integer(d->last));
	value_put(&row, "window", json_boolean(d->window));
	value_put(&row, "capacity", json_integer(d->capacity));
	value_put(&row, "used", json_integer(d->used));
	value_put(&row, "active", json_integer(d->active));
	value_put(&row, "time_wait", json_integer(d->time_wait));
	value_put(&row, "recyclable", json_integer(d->recyclable));
	value_put(&row, "exclusive", json_integer(d->exclusive));
	value_put(&row, "saturation", value_number(d->saturation));
	value_put(&row, "exhaustion_seconds", value_number(d->exhaustion_seconds));
	value_put(&row, "owners", owners);
	return row;
}

/* Not even capacities add up: one port may serve every destination. What is in a window is in its
 * destination's own row as well. */
static json_t *destination_rest(const struct view_destination *rows, size_t count)
{
	static const char *const unknown[] = {
		"netns", "netns_name", "protocol",   "local",  "remote_port",        "first",
		"last",  "capacity",   "saturation", "window", "exhaustion_seconds",
	};
	struct view_destination sum = { 0 };
	struct view_share shares = { .process = "other" };
	json_t *owners = json_array();
	json_t *row;

	for (size_t i = 0; i < count; i++) {
		if (rows[i].window)
			continue;
		sum.used += rows[i].used;
		sum.active += rows[i].active;
		sum.time_wait += rows[i].time_wait;
		sum.recyclable += rows[i].recyclable;
		sum.exclusive += rows[i].exclusive;
		share_add(&shares, rows[i].owners, rows[i].owners_count);
	}
	value_append(&owners, share_rest(&shares));
	row = destination_row(&sum, owners);
	value_put(&row, "remote", json_string("other"));
	erase(&row, unknown, ARRAY_SIZE(unknown));
	return row;
}

json_t *rows_destinations(const struct view *view, size_t top)
{
	json_t *list = json_array();
	size_t count = view->destinations_count;
	size_t shown = count < top ? count : top;

	for (size_t i = 0; i < shown; i++) {
		const struct view_destination *d = &view->destinations[i];

		value_append(&list, destination_row(d, share_rows(d, top)));
	}
	if (shown < count)
		value_append(&list, destination_rest(view->destinations + shown, count - shown));
	return list;
}

static json_t *owner_row(const struct view_owner *o)
{
	json_t *row = json_object();

	value_put(&row, "pid", o->known ? json_integer(o->pid) : json_null());
	value_put(&row, "start_time", value_time(o->known ? o->start_time : 0));
	value_put(&row, "process", value_text(o->known ? o->process : NULL));
	value_put(&row, "uid", o->known ? json_integer(o->uid) : json_null());
	value_put(&row, "cgroup", value_text(o->cgroup));
	value_put(&row, "unit", value_text(o->unit));
	value_put(&row, "container", value_text(o->container));
	value_put(&row, "pod", value_text(o->pod));
	value_put(&row, "exe", value_text(o->exe));
	value_put(&row, "command", value_text(o->command));
	value_put(&row, "container_name", value_text(o->container_name));
	value_put(&row, "pod_name", value_text(o->pod_name));
	value_put(&row, "pod_namespace", value_text(o->pod_namespace));
	value_put(&row, "alive", o->known ? json_boolean(o->alive) : json_null());
	value_put(&row, "netns", json_integer(o->netns));
	value_put(&row, "netns_name", value_text(o->netns_name));
	value_put(&row, "protocol", json_string(text_protocol(o->protocol)));
	value_put(&row, "used", json_integer(o->used));
	value_put(&row, "active", json_integer(o->active));
	value_put(&row, "time_wait", json_integer(o->time_wait));
	value_put(&row, "recyclable", json_integer(o->recyclable));
	value_put(&row, "exclusive", json_integer(o->exclusive));
	value_put(&row, "allocations", value_count(o->allocations));
	value_put(&row, "refusals", value_count(o->refusals));
	return row;
}

static json_t *owner_rest(const struct view_owner *rows, size_t count)
{
	static const char *const unknown[] = { "netns", "protocol" };
	struct view_owner sum = { 0 };
	json_t *row;

	for (size_t i = 0; i < count; i++) {
		sum.used += rows[i].used;
		sum.active += rows[i].active;
		sum.time_wait += rows[i].time_wait;
		sum.recyclable += rows[i].recyclable;
		sum.exclusive += rows[i].exclusive;
		sum.allocations += rows[i].allocations;
		sum.refusals += rows[i].refusals;
	}
	row = owner_row(&sum);
	value_put(&row, "process", json_string("other"));
	erase(&row, unknown, ARRAY_SIZE(unknown));
	return row;
}

json_t *rows_owners(const struct view *view, size_t top)
{
	json_t *list = json_array();
	size_t shown = view->owners_count < top ? view->owners_count : top;

	for (size_t i = 0; i < shown; i++)
		value_append(&list, owner_row(&view->owners[i]));
	if (shown < view->owners_count)
		value_append(&list, owner_rest(view->owners + shown, view->owners_count - shown));
	return list;
}

static json_t *refusal_row(const struct view_refusal *r)
{
	bool known = r->pid || r->process[0];
	bool has_remote = r->remote_port != 0;
	char error[TEXT_TIME_MAX];
	json_t *row = json_object();

	value_put(&row, "time", value_time(r->time));
	value_put(&row, "pid", known ? json_integer(r->pid) : json_null());
	value_put(&row, "process", value_text(r->process));
	value_put(&row, "netns", json_integer(r->netns));
	value_put(&row, "netns_name", value_text(r->netns_name));
	value_put(&row, "protocol", json_string(text_protocol(r->protocol)));
	value_put(&row, "path", value_text(r->path));
	value_put(&row, "errno", json_string(text_error(error, r->error)));
	value_put(&row, "local", value_address(r->local));
	value_put(&row, "remote", has_remote ? value_address(r->remote) : json_null());
	value_put(&row, "remote_port", has_remote ? json_integer(r->remote_port) : json_null());
	value_put(&row, "saturation", value_number(r->saturation));
	return row;
}

json_t *rows_refusals(const struct view *view, size_t top)
{
	json_t *list = json_array();
	size_t shown = view->refusals_count < top ? view->refusals_count : top;

	for (size_t i = 0; i < shown; i++)
		value_append(&list, refusal_row(&view->refusals[i]));
	return list;
}

static json_t *verdict_row(const struct view_verdict *v)
{
	json_t *row = json_object();

	value_put(&row, "verdict", value_text(v->verdict));
	value_put(&row, "severity", json_string(view_severity_name(v->severity)));
	value_put(&row, "subject", value_text(v->subject));
	value_put(&row, "text", value_text(v->text));
	value_put(&row, "remedy", value_text(v->remedy));
	return row;
}

json_t *rows_verdicts(const struct view *view)
{
	json_t *list = json_array();

	for (size_t i = 0; i < view->verdicts_count; i++)
		value_append(&list, verdict_row(&view->verdicts[i]));
	return list;
}

static json_t *label_object(const struct view_label *rows, size_t count)
{
	json_t *object = json_object();

	for (size_t i = 0; i < count; i++)
		value_put(&object, rows[i].name, value_text(rows[i].value));
	return object;
}

static json_t *alert_row(const struct view_alert *a)
{
	json_t *row = json_object();

	value_put(&row, "rule", value_text(a->rule));
	value_put(&row, "severity", json_string(view_severity_name(a->severity)));
	value_put(&row, "subject", value_text(a->subject));
	value_put(&row, "summary", value_text(a->summary));
	value_put(&row, "value", value_number(a->value));
	value_put(&row, "since", value_time(a->since));
	value_put(&row, "labels", label_object(a->labels, a->labels_count));
	value_put(&row, "annotations", label_object(a->annotations, a->annotations_count));
	return row;
}

json_t *rows_alerts(const struct view *view)
{
	json_t *list = json_array();

	for (size_t i = 0; i < view->alerts_count; i++)
		value_append(&list, alert_row(&view->alerts[i]));
	return list;
}
