// SPDX-License-Identifier: Apache-2.0
#include "exporters/report/sections.h"

#include <math.h>
#include <stdbool.h>

#include "exporters/report/layout.h"
#include "user/base/text.h"
#include "user/core/view.h"

static bool is_idle(const struct view_pool *p)
{
	return p->used == 0 && p->refused_recently == 0;
}

static void write_warning(FILE *out, const struct view_pool *p)
{
	struct layout_text text;
	char duration[LAYOUT_SHORT_MAX];

	if (isnan(p->exhaustion_seconds) && p->refused_recently == 0)
		return;
	layout_begin(&text, out, 4, 4);
	if (!isnan(p->exhaustion_seconds))
		layout_format(&text, "full in %s at this rate%s",
			      text_duration(duration, p->exhaustion_seconds),
			      p->refused_recently ? ";" : "");
	if (p->refused_recently)
		layout_format(&text, "%u refused in the last 60 s", p->refused_recently);
	layout_end(&text);
}

static void write_pool(FILE *out, const struct view_pool *p, size_t width)
{
	char range[LAYOUT_SHORT_MAX];
	char used[LAYOUT_SHORT_MAX];
	char gauge[LAYOUT_SHORT_MAX];

	snprintf(range, sizeof(range), "%u-%u", p->first, p->last);
	snprintf(used, sizeof(used), "%u/%u", p->used, p->size);
	layout_cell(out, p->netns_name, width);
	fprintf(out, " %-3.5s %-11s %11s %s %6u %9u\n", text_protocol(p->protocol), range, used,
		layout_gauge(gauge, p->saturation), p->shared, p->exclusive);
	write_warning(out, p);
}

/* Is there a pool before this one in the same namespace, or any with a port in use? */
static bool is_counted(const struct view *view, size_t index)
{
	for (size_t i = 0; i < view->pools_count; i++) {
		const struct view_pool *p = &view->pools[i];

		if (p->netns == view->pools[index].netns && (i < index || !is_idle(p)))
			return true;
	}
	return false;
}

static size_t idle_namespaces(const struct view *view)
{
	size_t count = 0;

	for (size_t i = 0; i < view->pools_count; i++)
		if (is_idle(&view->pools[i]) && !is_counted(view, i))
			count++;
	return count;
}

static void write_head(FILE *out, size_t width)
{
	layout_cell(out, "POOL", width);
	fprintf(out, " %-3s %-11s %11s %-19s %6s %9s\n", "", "RANGE", "USED/SIZE", "", "SHARED",
		"EXCLUSIVE");
}

static size_t count_busy(const struct view *view)
{
	size_t count = 0;

	for (size_t i = 0; i < view->pools_count; i++)
		count += !is_idle(&view->pools[i]);
	return count;
}

/* Writes top pools that are not idle; returns the ports of the others. */
static uint64_t write_busy(FILE *out, const struct view *view, size_t top, size_t width)
{
	uint64_t rest = 0;

	for (size_t i = 0; i < view->pools_count; i++) {
		const struct view_pool *p = &view->pools[i];

		if (is_idle(p))
			continue;
		if (top) {
			write_pool(out, p, width);
			top--;
		} else {
			rest += p->used;
		}
	}
	return rest;
}

static size_t fit(const struct view *view, size_t top)
{
	size_t width = layout_fit(0, "POOL");

	for (size_t i = 0; i < view->pools_count && top; i++) {
		if (is_idle(&view->pools[i]))
			continue;
		width = layout_fit(width, view->pools[i].netns_name);
		top--;
	}
	return width;
}

void section_pools(FILE *out, const struct view *view, size_t top)
{
	size_t busy = count_busy(view);
	size_t idle = idle_namespaces(view);
	size_t width = fit(view, top);
	size_t shown = busy < top ? busy : top;
	uint64_t rest;

	fputs(view->pools_count ? "\n" : "\nNo pool is known yet.\n", out);
	if (shown)
		write_head(out, width);
	rest = write_busy(out, view, shown, width);
	if (shown < busy) {
		layout_more(out, shown, busy - shown, "pool");
		fprintf(out, ": %ju ports\n", (uintmax_t)rest);
	}
	if (idle) {
		layout_more(out, busy, idle, "namespace");
		fputs(" with no port in use\n", out);
	}
}
