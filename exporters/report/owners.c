// SPDX-License-Identifier: Apache-2.0
#include "exporters/report/sections.h"

#include <string.h>

#include "exporters/report/layout.h"
#include "user/base/text.h"
#include "user/core/view.h"

#define DEAD "*"

struct columns {
	size_t who;
	size_t place;
	size_t netns;
};

static const char *who(char ret[TEXT_WHO_MAX], const struct view_owner *o)
{
	if (!o->known)
		return "unknown";
	text_who(ret, o->process, o->pid);
	if (!o->alive)
		strcat(ret, DEAD);
	return ret;
}

static const char *place(char ret[VIEW_PLACE_MAX], const struct view_owner *o)
{
	const char *known = view_place(ret, o);

	return known ? known : "-";
}

static struct columns fit(const struct view_owner *rows, size_t count)
{
	struct columns c = { .who = 5, .place = 4, .netns = 5 };
	char name[TEXT_WHO_MAX];
	char id[VIEW_PLACE_MAX];

	for (size_t i = 0; i < count; i++) {
		c.who = layout_fit(c.who, who(name, &rows[i]));
		c.place = layout_fit(c.place, place(id, &rows[i]));
		c.netns = layout_fit(c.netns, rows[i].netns_name);
	}
	return c;
}

static void write_names(FILE *out, const struct columns *c, const char *owner, const char *unit,
			const char *netns)
{
	layout_cell(out, owner, c->who);
	fputc(' ', out);
	layout_cell(out, unit, c->place);
	fputc(' ', out);
	layout_cell(out, netns, c->netns);
}

static void write_owner(FILE *out, const struct columns *c, const struct view_owner *o)
{
	char name[TEXT_WHO_MAX];
	char id[VIEW_PLACE_MAX];

	write_names(out, c, who(name, o), place(id, o), o->netns_name);
	fprintf(out, " %-3.5s %6u %6u %9u %5u\n", text_protocol(o->protocol), o->used, o->active,
		o->time_wait - o->recyclable, o->exclusive);
}

static void write_legend(FILE *out, const struct view_owner *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (rows[i].known && !rows[i].alive) {
			fputs(DEAD " dead, its ports are still held\n", out);
			return;
		}
	}
}

static void write_rows(FILE *out, const struct view_owner *rows, size_t count)
{
	struct columns c = fit(rows, count);

	write_names(out, &c, "OWNER", "UNIT", "NETNS");
	fprintf(out, " %-3s %6s %6s %9s %5s\n", "", "USED", "ACTIVE", "TIME-WAIT", "BOUND");
	for (size_t i = 0; i < count; i++)
		write_owner(out, &c, &rows[i]);
}

void section_owners(FILE *out, const struct view *view, size_t top)
{
	size_t count = view->owners_count;
	size_t shown;
	uint64_t rest = 0;

	/* Those that hold nothing any more come last. */
	while (count && view->owners[count - 1].used == 0)
		count--;
	if (count == 0)
		return;
	shown = count < top ? count : top;
	fputc('\n', out);
	if (shown)
		write_rows(out, view->owners, shown);
	for (size_t i = shown; i < count; i++)
		rest += view->owners[i].used;
	if (shown < count) {
		layout_more(out, shown, count - shown, "owner");
		fprintf(out, ": %ju ports\n", (uintmax_t)rest);
	}
	write_legend(out, view->owners, shown);
}
