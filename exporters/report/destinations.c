// SPDX-License-Identifier: Apache-2.0
#include "exporters/report/sections.h"

#include <math.h>

#include "exporters/report/layout.h"
#include "user/base/text.h"
#include "user/core/view.h"

#define NAME_WIDTH 47 /* the longest IPv6 endpoint */
#define INDENT 4
#define OWNERS_MAX 3 /* the section of owners has them all */

/* A word or two of the state, nothing when the number is 0. */
static const char *more(char ret[LAYOUT_SHORT_MAX], uint32_t count, const char *what)
{
	ret[0] = '\0';
	if (count)
		snprintf(ret, LAYOUT_SHORT_MAX, ", %u more %s", count, what);
	return ret;
}

static const char *full(char ret[LAYOUT_SHORT_MAX], double seconds)
{
	char duration[LAYOUT_SHORT_MAX];

	ret[0] = '\0';
	if (!isnan(seconds))
		snprintf(ret, LAYOUT_SHORT_MAX, "; full in %.20s",
			 text_duration(duration, seconds));
	return ret;
}

/* "10.0.0.1:443 (https)", if there is room for it. */
static const char *name_endpoint(char ret[NAME_WIDTH + 1], const char *endpoint,
				 const char *service)
{
	if (!service || snprintf(ret, NAME_WIDTH + 1, "%s (%s)", endpoint, service) > NAME_WIDTH)
		return endpoint;
	return ret;
}

static void write_listener(FILE *out, const struct view_destination *d)
{
	char who[TEXT_WHO_MAX];
	struct layout_text text;

	if (!d->listener_pid)
		return;
	layout_begin(&text, out, INDENT, INDENT);
	layout_words(&text, "answered on this host by");
	layout_words(&text, text_who(who, d->listener, d->listener_pid));
	layout_end(&text);
}

static void write_state(FILE *out, const struct view_destination *d)
{
	char local[TEXT_ADDRESS_MAX];
	char recyclable[LAYOUT_SHORT_MAX];
	char bound[LAYOUT_SHORT_MAX];
	char forecast[LAYOUT_SHORT_MAX];
	struct layout_text text;

	layout_begin(&text, out, INDENT, INDENT);
	layout_words(&text, d->netns_name);
	layout_format(&text, "%s from %s: %u active, %u time-wait%s%s%s",
		      text_protocol(d->protocol), text_address(local, d->local), d->active,
		      d->time_wait - d->recyclable, more(recyclable, d->recyclable, "recyclable"),
		      more(bound, d->exclusive, "bound"), full(forecast, d->exhaustion_seconds));
	layout_end(&text);
}

static void write_window(FILE *out, const struct view_destination *d)
{
	struct layout_text text;

	layout_begin(&text, out, INDENT, INDENT);
	layout_words(&text, d->netns_name);
	layout_format(&text, "%s: only for sockets that limit themselves to ports %u-%u",
		      text_protocol(d->protocol), d->first, d->last);
	layout_end(&text);
}

static void write_share(FILE *out, const char *who, uint64_t used, uint64_t all)
{
	char percent[LAYOUT_SHORT_MAX];

	layout_cell(out, "", INDENT);
	layout_cell(out, who, NAME_WIDTH - INDENT);
	fprintf(out, " %5ju %5s %18s\n", (uintmax_t)used, "",
		text_percent(percent, all ? (double)used / (double)all : 0));
}

static void write_owners(FILE *out, const struct view_destination *d, size_t top)
{
	char who[TEXT_WHO_MAX];
	size_t shown = d->owners_count < top ? d->owners_count : top;
	uint64_t rest = 0;

	for (size_t i = 0; i < shown; i++) {
		const struct view_share *s = &d->owners[i];

		write_share(out, text_who(who, s->process, s->pid), s->used, d->used);
	}
	for (size_t i = shown; i < d->owners_count; i++)
		rest += d->owners[i].used;
	if (shown == d->owners_count)
		return;
	snprintf(who, sizeof(who), "%zu more", d->owners_count - shown);
	write_share(out, who, rest, d->used);
}

static void write_destination(FILE *out, const struct view_destination *d, size_t top)
{
	char endpoint[TEXT_ENDPOINT_MAX];
	char named[NAME_WIDTH + 1];
	char used[LAYOUT_SHORT_MAX];
	char gauge[LAYOUT_SHORT_MAX];

	snprintf(used, sizeof(used), "%u/%u", d->used, d->capacity);
	text_endpoint(endpoint, d->remote, d->remote_port);
	layout_cell(out, name_endpoint(named, endpoint, d->service), NAME_WIDTH);
	fprintf(out, " %11s %s\n", used, layout_gauge(gauge, d->saturation));
	if (d->window)
		write_window(out, d);
	else
		write_state(out, d);
	write_listener(out, d);
	write_owners(out, d, top < OWNERS_MAX ? top : OWNERS_MAX);
}

void section_destinations(FILE *out, const struct view *view, size_t top)
{
	size_t count = view->destinations_count;
	size_t shown = count < top ? count : top;
	uint64_t rest = 0;

	fputc('\n', out);
	if (count == 0) {
		fputs("No connection holds a port of a pool.\n", out);
		return;
	}
	if (shown) {
		layout_cell(out, "DESTINATION", NAME_WIDTH);
		fprintf(out, " %11s\n", "USED/CAP");
	}
	for (size_t i = 0; i < shown; i++)
		write_destination(out, &view->destinations[i], top);
	for (size_t i = shown; i < count; i++)
		rest += view->destinations[i].window ? 0 : view->destinations[i].used;
	if (shown < count) {
		layout_more(out, shown, count - shown, "destination");
		fprintf(out, ": %ju ports\n", (uintmax_t)rest);
	}
}
