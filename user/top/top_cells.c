// SPDX-License-Identifier: Apache-2.0
#include "user/top/top_rows.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "user/base/text.h"
#include "user/core/view.h"
#include "user/top/grid.h"

#define UNKNOWN "-"
#define DEAD "*"
#define MONTH 5 /* of "2026-11-22T10:54:18.123Z" */
#define CLOCK 11
#define CLOCK_LENGTH 8

/* In the order in which the fill functions below put the cells. */
static const struct top_column pool_columns[] = {
	{ "POOL", true, 10, 0 },
	{ "PROTO", true, 5, 1 },
	{ "RANGE", true, 11, 8 },
	{ "USED", false, 5, 0 },
	{ "SIZE", false, 5, 3 },
	{ "FULL", false, 6, 0 },
	{ "WORST DESTINATION", true, 21, 2 },
	{ "ITS FULL", false, 8, 5 },
	{ "FULL IN", false, 7, 1 },
	{ "REFUSED", false, 7, 4 },
	{ "EXCLUSIVE", false, 9, 9 },
	{ NULL, false, 0, 0 },
};
static const struct top_column destination_columns[] = {
	{ "DESTINATION", true, 21, 0 }, { "SERVICE", true, 8, 8 },
	{ "ANSWERED BY", true, 16, 7 }, { "POOL", true, 6, 5 },
	{ "PROTO", true, 5, 9 },        { "FROM", true, 15, 11 },
	{ "USED", false, 5, 1 },        { "CAP", false, 5, 6 },
	{ "FULL", false, 6, 0 },        { "ACTIVE", false, 6, 4 },
	{ "TIME-WAIT", false, 9, 4 },   { "BOUND", false, 5, 10 },
	{ "FULL IN", false, 7, 2 },     { "MOST BY", true, 24, 3 },
	{ NULL, false, 0, 0 },
};
static const struct top_column owner_columns[] = {
	{ "OWNER", true, 24, 0 },   { "COMMAND", true, 16, 7 },   { "UNIT", true, 12, 4 },
	{ "POOL", true, 6, 5 },     { "PROTO", true, 5, 6 },      { "USED", false, 5, 0 },
	{ "ACTIVE", false, 6, 1 },  { "TIME-WAIT", false, 9, 2 }, { "BOUND", false, 5, 3 },
	{ "REFUSED", false, 7, 3 }, { "TAKEN", false, 9, 8 },     { "POD", true, 10, 9 },
	{ "UID", false, 5, 10 },    { "EXE", true, 10, 12 },      { "CGROUP", true, 10, 11 },
	{ NULL, false, 0, 0 },
};
static const struct top_column refusal_columns[] = {
	{ "TIME", true, 11, 0 },   { "BY", true, 24, 0 },   { "POOL", true, 6, 4 },
	{ "PROTO", true, 5, 6 },   { "PATH", true, 7, 5 },  { "ERRNO", true, 13, 2 },
	{ "TOWARD", true, 21, 1 }, { "FULL", false, 6, 3 }, { "TIMES", false, 5, 1 },
	{ NULL, false, 0, 0 },
};
static const struct top_column verdict_columns[] = {
	{ "SEVERITY", true, 8, 1 },
	{ "VERDICT", true, 19, 0 },
	{ "SUBJECT", true, 12, 0 },
	{ NULL, false, 0, 0 },
};
static const struct top_column alert_columns[] = {
	{ "SEVERITY", true, 8, 1 }, { "ALERT", true, 18, 0 }, { "SINCE", true, 11, 2 },
	{ "SUBJECT", true, 12, 0 }, { NULL, false, 0, 0 },
};
static const struct top_column share_columns[] = {
	{ "OWNER", true, 24, 0 },     { "COMMAND", true, 16, 6 }, { "UNIT", true, 12, 5 },
	{ "USED", false, 5, 0 },      { "SHARE", false, 6, 1 },   { "ACTIVE", false, 6, 2 },
	{ "TIME-WAIT", false, 9, 3 }, { "BOUND", false, 5, 4 },   { NULL, false, 0, 0 },
};
static const struct top_column target_columns[] = {
	{ "DESTINATION", true, 21, 0 }, { "SERVICE", true, 8, 7 },   { "ANSWERED BY", true, 16, 6 },
	{ "FROM", true, 15, 8 },        { "ITS USED", false, 8, 0 }, { "ACTIVE", false, 6, 2 },
	{ "TIME-WAIT", false, 9, 2 },   { "BOUND", false, 5, 4 },    { "ALL USED", false, 8, 3 },
	{ "CAP", false, 5, 5 },         { "FULL", false, 6, 1 },     { NULL, false, 0, 0 },
};

const struct top_column *top_columns(enum top_list list)
{
	static const struct top_column *const all[TOP_LIST__COUNT] = {
		[TOP_POOLS] = pool_columns,       [TOP_DESTINATIONS] = destination_columns,
		[TOP_OWNERS] = owner_columns,     [TOP_REFUSALS] = refusal_columns,
		[TOP_VERDICTS] = verdict_columns, [TOP_ALERTS] = alert_columns,
		[TOP_SHARES] = share_columns,     [TOP_TARGETS] = target_columns,
	};

	return all[list];
}

unsigned int top_columns_count(enum top_list list)
{
	const struct top_column *columns = top_columns(list);
	unsigned int count = 0;

	while (columns[count].title)
		count++;
	return count;
}

/* --- cells ----------------------------------------------------------------------------------- */

static struct top_cell *put_text(struct top_cell *cell, const char *s)
{
	*cell = (struct top_cell){ .value = 0 };
	text_printable(cell->text, sizeof(cell->text), s && *s ? s : UNKNOWN);
	return cell + 1;
}

static struct top_cell *put_format(struct top_cell *cell, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static struct top_cell *put_format(struct top_cell *cell, const char *format, ...)
{
	char text[TOP_CELL_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return put_text(cell, text);
}

static struct top_cell *put_count(struct top_cell *cell, uint64_t count)
{
	put_format(cell, "%ju", (uintmax_t)count);
	cell->value = (double)count;
	return cell + 1;
}

/* Of something that should not be at all. */
static struct top_cell *put_bad_count(struct top_cell *cell, uint64_t count)
{
	put_count(cell, count);
	cell->marks = count ? GRID_CRITICAL | GRID_BOLD : 0;
	return cell + 1;
}

static uint8_t marks_of(double saturation)
{
	if (saturation >= VIEW_SHARE_CRITICAL)
		return GRID_CRITICAL | GRID_BOLD;
	return saturation >= VIEW_SHARE_WARNING ? GRID_WARNING : 0;
}

static struct top_cell *put_ratio(struct top_cell *cell, double ratio)
{
	char percent[TEXT_NUMBER_MAX];

	put_text(cell, isnan(ratio) ? UNKNOWN : text_percent(percent, ratio));
	cell->value = isnan(ratio) ? -1 : ratio;
	return cell + 1;
}

static struct top_cell *put_saturation(struct top_cell *cell, double saturation)
{
	put_ratio(cell, saturation);
	cell->marks = marks_of(saturation);
	return cell + 1;
}

/* The sooner, the more. */
static struct top_cell *put_seconds(struct top_cell *cell, double seconds)
{
	char duration[TEXT_NUMBER_MAX];

	put_text(cell, isnan(seconds) ? UNKNOWN : text_duration(duration, seconds));
	cell->value = isnan(seconds) ? -INFINITY : -seconds;
	return cell + 1;
}

static struct top_cell *put_address(struct top_cell *cell, const uint8_t address[16])
{
	char text[TEXT_ADDRESS_MAX];

	return put_text(cell, text_address(text, address));
}

static struct top_cell *put_who(struct top_cell *cell, const char *process, uint32_t pid)
{
	char who[TEXT_WHO_MAX];

	return put_text(cell, text_who(who, process, pid));
}

/* "10:54:18"; "11-21 10:54" of another day. */
static struct top_cell *put_time(struct top_cell *cell, uint64_t time, uint64_t now)
{
	char today[TEXT_TIME_MAX];
	char text[TEXT_TIME_MAX];

	text_time(today, now);
	text_time(text, time);
	if (!time)
		put_text(cell, UNKNOWN);
	else if (!strncmp(text, today, CLOCK - 1))
		put_format(cell, "%.*s", CLOCK_LENGTH, text + CLOCK);
	else
		put_format(cell, "%.5s %.5s", text + MONTH, text + CLOCK);
	cell->value = (double)time;
	return cell + 1;
}

static struct top_cell *put_severity(struct top_cell *cell, enum view_severity severity)
{
	put_text(cell, view_severity_name(severity));
	cell->value = severity;
	if (severity == SEVERITY_CRITICAL)
		cell->marks = GRID_CRITICAL | GRID_BOLD;
	else if (severity == SEVERITY_WARNING)
		cell->marks = GRID_WARNING;
	return cell + 1;
}

/* --- rows ------------------------------------------------------------------------------------ */

static const struct view_destination *worst_of(const struct view *view, const struct view_pool *p)
{
	for (size_t i = 0; i < view->destinations_count && p->worst_destination_saturation > 0;
	     i++) {
		const struct view_destination *d = &view->destinations[i];

		if (d->netns == p->netns && d->protocol == p->protocol &&
		    !strcmp(d->netns_name, p->netns_name))
			return d;
	}
	return NULL;
}

static struct top_cell *put_destination(struct top_cell *cell, const struct view_destination *d)
{
	char endpoint[TEXT_ENDPOINT_MAX];

	if (!d)
		return put_text(cell, UNKNOWN);
	text_endpoint(endpoint, d->remote, d->remote_port);
	if (d->window)
		return put_format(cell, "%s by %u-%u", endpoint, d->first, d->last);
	return put_text(cell, endpoint);
}

/* "https", and who it is that listens there, on this host. */
static struct top_cell *put_server(struct top_cell *cell, const struct view_destination *d)
{
	cell = put_text(cell, d->service);
	return d->listener_pid ? put_who(cell, d->listener, d->listener_pid)
			       : put_text(cell, UNKNOWN);
}

static void fill_pool(struct top_cell *cell, const struct view *view, const struct view_pool *p)
{
	const struct view_destination *worst = worst_of(view, p);

	cell = put_text(cell, p->netns_name);
	cell = put_text(cell, text_protocol(p->protocol));
	cell = put_format(cell, "%u-%u", p->first, p->last);
	cell = put_count(cell, p->used);
	cell = put_count(cell, p->size);
	cell = put_saturation(cell, p->saturation);
	cell = put_destination(cell, worst);
	cell = put_saturation(cell, worst ? p->worst_destination_saturation : NAN);
	cell = put_seconds(cell, p->exhaustion_seconds);
	cell = put_bad_count(cell, p->refused_recently);
	put_count(cell, p->exclusive);
}

static void fill_destination(struct top_cell *cell, const struct view_destination *d)
{
	cell = put_destination(cell, d);
	cell = put_server(cell, d);
	cell = put_text(cell, d->netns_name);
	cell = put_text(cell, text_protocol(d->protocol));
	cell = put_address(cell, d->local);
	cell = put_count(cell, d->used);
	cell = put_count(cell, d->capacity);
	cell = put_saturation(cell, d->saturation);
	cell = put_count(cell, d->active);
	cell = put_count(cell, d->time_wait - d->recyclable);
	cell = put_count(cell, d->exclusive);
	cell = put_seconds(cell, d->exhaustion_seconds);
	if (d->owners_count)
		put_who(cell, d->owners[0].process, d->owners[0].pid);
	else
		put_text(cell, UNKNOWN);
}

static struct top_cell *put_owner(struct top_cell *cell, const struct view_owner *o)
{
	char who[TEXT_WHO_MAX];

	text_who(who, o->process, o->pid);
	return put_format(cell, "%s%s", o->known ? who : "unknown",
			  o->known && !o->alive ? DEAD : "");
}

/* What it runs, and in what; NULL: it is not in the list of owners. */
static struct top_cell *put_program(struct top_cell *cell, const struct view_owner *o)
{
	char place[VIEW_PLACE_MAX];

	cell = put_text(cell, o ? o->command : NULL);
	return put_text(cell, o ? view_place(place, o) : NULL);
}

/* By its name, else by its number in the cluster. */
static struct top_cell *put_pod(struct top_cell *cell, const struct view_owner *o)
{
	if (o->pod_name && o->pod_namespace)
		return put_format(cell, "%s/%s", o->pod_namespace, o->pod_name);
	return put_text(cell, o->pod_name ? o->pod_name : o->pod);
}

static void fill_owner(struct top_cell *cell, const struct view_owner *o)
{
	cell = put_owner(cell, o);
	cell = put_program(cell, o);
	cell = put_text(cell, o->netns_name);
	cell = put_text(cell, text_protocol(o->protocol));
	cell = put_count(cell, o->used);
	cell = put_count(cell, o->active);
	cell = put_count(cell, o->time_wait - o->recyclable);
	cell = put_count(cell, o->exclusive);
	cell = put_bad_count(cell, o->refusals);
	cell = put_count(cell, o->allocations);
	cell = put_pod(cell, o);
	if (o->known)
		cell = put_count(cell, o->uid);
	else
		cell = put_text(cell, UNKNOWN);
	cell = put_text(cell, o->exe);
	put_text(cell, o->cgroup);
}

/* bind() has no destination; that it wanted a certain address may be the reason. */
static struct top_cell *put_toward(struct top_cell *cell, const struct view_refusal *r)
{
	char endpoint[TEXT_ENDPOINT_MAX];
	char local[TEXT_ADDRESS_MAX];

	if (r->remote_port)
		return put_text(cell, text_endpoint(endpoint, r->remote, r->remote_port));
	text_address(local, r->local);
	if (!strcmp(local, "::") || !strcmp(local, "0.0.0.0"))
		return put_text(cell, UNKNOWN);
	return put_format(cell, "from %s", local);
}

static void fill_refusal(struct top_cell *cell, const struct view *view,
			 const struct view_refusal *r, size_t times)
{
	char error[TEXT_TIME_MAX];

	cell = put_time(cell, r->time, view->time);
	cell = put_who(cell, r->process, r->pid);
	cell = put_text(cell, r->netns_name);
	cell = put_text(cell, text_protocol(r->protocol));
	cell = put_text(cell, r->path);
	cell = put_text(cell, r->error ? text_error(error, r->error) : UNKNOWN);
	cell = put_toward(cell, r);
	cell = put_saturation(cell, r->saturation);
	put_count(cell, times);
}

static void fill_verdict(struct top_cell *cell, const struct view_verdict *v)
{
	cell = put_severity(cell, v->severity);
	cell = put_text(cell, v->verdict);
	put_text(cell, v->subject);
}

static void fill_alert(struct top_cell *cell, const struct view *view, const struct view_alert *a)
{
	cell = put_severity(cell, a->severity);
	cell = put_text(cell, a->rule);
	cell = put_time(cell, a->since, view->time);
	put_text(cell, a->subject);
}

static const struct view_owner *owner_of(const struct view *view, const struct view_destination *d,
					 const struct view_share *s)
{
	for (size_t i = 0; i < view->owners_count && s->pid; i++) {
		const struct view_owner *o = &view->owners[i];

		if (o->pid == s->pid && o->netns == d->netns && o->protocol == d->protocol &&
		    !strcmp(o->process, s->process))
			return o;
	}
	return NULL;
}

static void fill_share(struct top_cell *cell, const struct view *view,
		       const struct view_destination *d, const struct view_share *s)
{
	cell = put_who(cell, s->process, s->pid);
	cell = put_program(cell, owner_of(view, d, s));
	cell = put_count(cell, s->used);
	cell = put_ratio(cell, d->used ? (double)s->used / d->used : 0);
	cell = put_count(cell, s->active);
	cell = put_count(cell, s->time_wait);
	put_count(cell, s->exclusive);
}

static void fill_target(struct top_cell *cell, const struct view_destination *d,
			const struct view_share *s)
{
	cell = put_destination(cell, d);
	cell = put_server(cell, d);
	cell = put_address(cell, d->local);
	cell = put_count(cell, s->used);
	cell = put_count(cell, s->active);
	cell = put_count(cell, s->time_wait);
	cell = put_count(cell, s->exclusive);
	cell = put_count(cell, d->used);
	cell = put_count(cell, d->capacity);
	put_saturation(cell, d->saturation);
}

void top_fill(struct top_cell ret[TOP_COLUMNS_MAX], const struct top *top,
	      const struct top_row *row)
{
	const struct view *view = top->view;

	switch (top->here.list) {
	case TOP_POOLS:
		return fill_pool(ret, view, &view->pools[row->index]);
	case TOP_DESTINATIONS:
		return fill_destination(ret, &view->destinations[row->index]);
	case TOP_OWNERS:
		return fill_owner(ret, &view->owners[row->index]);
	case TOP_REFUSALS:
		return fill_refusal(ret, view, &view->refusals[row->index], row->more);
	case TOP_VERDICTS:
		return fill_verdict(ret, &view->verdicts[row->index]);
	case TOP_ALERTS:
		return fill_alert(ret, view, &view->alerts[row->index]);
	case TOP_SHARES:
		return fill_share(ret, view, &view->destinations[row->index],
				  &view->destinations[row->index].owners[row->more]);
	default:
		return fill_target(ret, &view->destinations[row->index],
				   &view->destinations[row->index].owners[row->more]);
	}
}
