// SPDX-License-Identifier: Apache-2.0
#include "exporters/report/report.h"

#include <stdint.h>

#include "exporters/report/layout.h"
#include "exporters/report/sections.h"
#include "user/base/text.h"
#include "user/base/util.h"
#include "user/core/view.h"

#define INDENT 4

static const char *known(const char *s)
{
	return s ? s : "unknown";
}

static void write_heading(FILE *out, const struct view *view)
{
	char time[LAYOUT_SHORT_MAX];
	struct layout_text text;
	size_t critical = 0;

	for (size_t i = 0; i < view->alerts_count; i++)
		critical += view->alerts[i].severity == SEVERITY_CRITICAL;
	layout_begin(&text, out, 0, 0);
	layout_words(&text, known(view->host));
	layout_format(&text, "at %s UTC%s", layout_time(time, view->time, 0),
		      view->alerts_count ? ":" : "");
	if (view->alerts_count)
		layout_format(&text, "%zu alert%s, %zu critical", view->alerts_count,
			      view->alerts_count == 1 ? "" : "s", critical);
	layout_end(&text);
}

static void write_line(FILE *out, const char *s)
{
	struct layout_text text;

	layout_begin(&text, out, INDENT, INDENT);
	layout_words(&text, known(s));
	layout_end(&text);
}

static void write_verdicts(FILE *out, const struct view *view)
{
	struct layout_text text;

	if (view->verdicts_count)
		fputs("\nVERDICTS\n", out);
	for (size_t i = 0; i < view->verdicts_count; i++) {
		const struct view_verdict *v = &view->verdicts[i];

		layout_begin(&text, out, 0, INDENT);
		layout_format(&text, "%s %s:", view_severity_name(v->severity), known(v->verdict));
		layout_words(&text, known(v->subject));
		layout_end(&text);
		write_line(out, v->text);
		layout_begin(&text, out, INDENT, INDENT);
		layout_words(&text, "Remedy:");
		layout_words(&text, known(v->remedy));
		layout_end(&text);
	}
}

static void write_alerts(FILE *out, const struct view *view)
{
	char since[LAYOUT_SHORT_MAX];
	struct layout_text text;

	if (view->alerts_count)
		fputs("\nALERTS\n", out);
	for (size_t i = 0; i < view->alerts_count; i++) {
		const struct view_alert *a = &view->alerts[i];

		layout_begin(&text, out, 0, INDENT);
		layout_format(&text, "%s", view_severity_name(a->severity));
		layout_words(&text, known(a->rule));
		if (a->since)
			layout_format(&text, "since %s", layout_time(since, a->since, view->time));
		layout_end(&text);
		write_line(out, a->subject);
		write_line(out, a->summary);
	}
}

static uint64_t sum(const struct view_tally *rows, size_t count)
{
	uint64_t total = 0;

	for (size_t i = 0; i < count; i++)
		total += rows[i].count;
	return total;
}

static void write_losses(struct layout_text *text, const struct view_health *h)
{
	for (size_t i = 0; i < h->lost_count; i++) {
		if (h->lost[i].count == 0)
			continue;
		layout_words(text, "lost");
		layout_words(text, h->lost[i].name);
		layout_format(text, "%ju;", (uintmax_t)h->lost[i].count);
	}
}

static void write_counts(FILE *out, const struct view *view)
{
	const struct view_health *h = &view->health;
	uint64_t lost = sum(h->lost, h->lost_count);
	char when[LAYOUT_SHORT_MAX];
	struct layout_text text;

	layout_begin(&text, out, 0, INDENT);
	layout_format(&text, "%ju events,%s", (uintmax_t)sum(h->events, h->events_count),
		      lost ? "" : " 0 lost;");
	write_losses(&text, h);
	if (h->reconciliations)
		layout_format(&text, "drift %ju after %ju reconciliation%s, last at %s",
			      (uintmax_t)h->drift_total, (uintmax_t)h->reconciliations,
			      h->reconciliations == 1 ? "" : "s",
			      layout_time(when, h->reconciled_at, view->time));
	else
		layout_words(&text, "not reconciled yet");
	layout_end(&text);
}

static void write_footer(FILE *out, const struct view *view)
{
	char when[LAYOUT_SHORT_MAX];
	struct layout_text text;

	layout_begin(&text, out, 0, INDENT);
	layout_words(&text, "source");
	layout_words(&text, known(view->source));
	layout_words(&text, "on kernel");
	layout_words(&text, known(view->kernel));
	if (view->health.since)
		layout_format(&text, "since %s", layout_time(when, view->health.since, view->time));
	layout_end(&text);
	write_counts(out, view);
	if (!view->health.complete)
		fputs("incomplete: a namespace could not be entered, or holds were lost\n", out);
}

void report_snapshot(FILE *out, const struct view *view, const struct view_limits *limits)
{
	static section_fn *const sections[] = { section_pools, section_destinations, section_owners,
						section_refusals };

	write_heading(out, view);
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		sections[i](out, view, limits->top);
	write_verdicts(out, view);
	write_alerts(out, view);
	fputc('\n', out);
	write_footer(out, view);
}
