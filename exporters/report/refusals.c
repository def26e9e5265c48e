// SPDX-License-Identifier: Apache-2.0
#include "exporters/report/sections.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "exporters/report/layout.h"
#include "user/base/text.h"
#include "user/core/view.h"

struct columns {
	size_t time;
	size_t who;
	size_t netns;
	size_t path;
	size_t error;
	size_t toward;
};

/* The cells of one line, but for the name of the namespace, which may have any length. */
struct cells {
	char time[LAYOUT_SHORT_MAX];
	char who[TEXT_WHO_MAX];
	char error[TEXT_TIME_MAX];
	char toward[TEXT_ENDPOINT_MAX];
	const char *path;
};

/* bind() has no destination; that it wanted a certain address may be the reason. */
static void write_toward(char ret[TEXT_ENDPOINT_MAX], const struct view_refusal *r)
{
	char local[TEXT_ADDRESS_MAX];

	text_address(local, r->local);
	if (r->remote_port)
		text_endpoint(ret, r->remote, r->remote_port);
	else if (strcmp(local, "::") == 0 || strcmp(local, "0.0.0.0") == 0)
		strcpy(ret, "-");
	else
		snprintf(ret, TEXT_ENDPOINT_MAX, "from %s", local);
}

static void fill(struct cells *ret, const struct view_refusal *r, uint64_t now)
{
	layout_time(ret->time, r->time, now);
	text_who(ret->who, r->process, r->pid);
	text_error(ret->error, r->error);
	write_toward(ret->toward, r);
	ret->path = r->path ? r->path : "-";
}

/* A storm repeats itself: one line says it, with the number. */
static bool is_same(const struct view_refusal *a, const struct view_refusal *b)
{
	return a->pid == b->pid && strcmp(a->process, b->process) == 0 && a->netns == b->netns &&
	       a->protocol == b->protocol && a->error == b->error &&
	       strcmp(a->path ? a->path : "", b->path ? b->path : "") == 0 &&
	       memcmp(a->remote, b->remote, sizeof(a->remote)) == 0 &&
	       a->remote_port == b->remote_port;
}

static size_t run_length(const struct view *view, size_t first)
{
	size_t next = first + 1;

	while (next < view->refusals_count &&
	       is_same(&view->refusals[first], &view->refusals[next]))
		next++;
	return next - first;
}

static struct columns fit(const struct view *view, size_t top)
{
	struct columns c = { .time = 4, .who = 2, .netns = 5, .path = 4, .error = 5, .toward = 6 };
	struct cells cells;

	for (size_t i = 0; i < view->refusals_count && top; i += run_length(view, i), top--) {
		fill(&cells, &view->refusals[i], view->time);
		c.time = layout_fit(c.time, cells.time);
		c.who = layout_fit(c.who, cells.who);
		c.netns = layout_fit(c.netns, view->refusals[i].netns_name);
		c.path = layout_fit(c.path, cells.path);
		c.error = layout_fit(c.error, cells.error);
		c.toward = layout_fit(c.toward, cells.toward);
	}
	return c;
}

static void write_line(FILE *out, const struct columns *c, const struct cells *cells,
		       const char *netns, const char *percent)
{
	layout_cell(out, cells->time, c->time + 1);
	layout_cell(out, cells->who, c->who + 1);
	layout_cell(out, netns, c->netns + 1);
	layout_cell(out, cells->path, c->path + 1);
	layout_cell(out, cells->error, c->error + 1);
	layout_cell(out, cells->toward, c->toward + 1);
	fprintf(out, "%6s", percent);
}

static void write_refusal(FILE *out, const struct columns *c, const struct view_refusal *r,
			  uint64_t now, size_t times)
{
	char percent[LAYOUT_SHORT_MAX] = "-";
	struct cells cells;

	fill(&cells, r, now);
	if (!isnan(r->saturation))
		text_percent(percent, r->saturation);
	write_line(out, c, &cells, r->netns_name, percent);
	if (times > 1)
		fprintf(out, " x%zu", times);
	fputc('\n', out);
}

static void write_none(FILE *out, const struct view *view)
{
	char since[LAYOUT_SHORT_MAX];

	if (view->health.since)
		fprintf(out, "No refusal since %s.\n",
			layout_time(since, view->health.since, view->time));
	else
		fputs("No refusal.\n", out);
}

static void write_head(FILE *out, const struct columns *c)
{
	static const struct cells head = {
		.time = "TIME", .who = "BY", .error = "ERRNO", .toward = "TOWARD", .path = "PATH"
	};

	write_line(out, c, &head, "NETNS", "FULL");
	fputc('\n', out);
}

void section_refusals(FILE *out, const struct view *view, size_t top)
{
	struct columns c = fit(view, top);
	size_t i = 0;

	fputc('\n', out);
	if (view->refusals_count == 0)
		write_none(out, view);
	else if (top)
		write_head(out, &c);
	while (i < view->refusals_count && top--) {
		size_t times = run_length(view, i);

		write_refusal(out, &c, &view->refusals[i], view->time, times);
		i += times;
	}
	if (i < view->refusals_count) {
		layout_more(out, i, view->refusals_count - i, "refusal");
		fputc('\n', out);
	}
}
