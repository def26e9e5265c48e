// SPDX-License-Identifier: Apache-2.0
#include "exporters/prometheus/families.h"

#include "exporters/prometheus/sample.h"
#include "user/base/text.h"
#include "user/base/util.h"
#include "user/core/view.h"

static const char *known(const char *s)
{
	return s ? s : "unknown";
}

static void write_tallies(FILE *out, const char *name, const char *label,
			  const struct view_tally *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct label labels[] = { { label, rows[i].name } };

		sample_count(out, name, "", labels, ARRAY_SIZE(labels), rows[i].count);
	}
}

void family_health_events(FILE *out, const char *name, const struct view *view,
			  const struct view_limits *limits)
{
	(void)limits;
	write_tallies(out, name, "event", view->health.events, view->health.events_count);
}

void family_health_lost(FILE *out, const char *name, const struct view *view,
			const struct view_limits *limits)
{
	(void)limits;
	write_tallies(out, name, "reason", view->health.lost, view->health.lost_count);
}

void family_health_drift(FILE *out, const char *name, const struct view *view,
			 const struct view_limits *limits)
{
	(void)limits;
	for (size_t i = 0; i < view->health.drift_count; i++) {
		const struct view_drift *d = &view->health.drift[i];
		const struct label labels[] = {
			{ "netns", d->netns_name },
			{ "protocol", text_protocol(d->protocol) },
		};

		sample_count(out, name, "", labels, ARRAY_SIZE(labels), d->ports);
	}
}

void family_health_reconciliations(FILE *out, const char *name, const struct view *view,
				   const struct view_limits *limits)
{
	(void)limits;
	sample_count(out, name, "", NULL, 0, view->health.reconciliations);
}

void family_health_source(FILE *out, const char *name, const struct view *view,
			  const struct view_limits *limits)
{
	const struct label labels[] = { { "source", known(view->source) } };

	(void)limits;
	sample_count(out, name, "", labels, ARRAY_SIZE(labels), 1);
}

void family_health_build(FILE *out, const char *name, const struct view *view,
			 const struct view_limits *limits)
{
	const struct label labels[] = {
		{ "version", known(view->version) },
		{ "kernel", known(view->kernel) },
	};

	(void)limits;
	sample_count(out, name, "", labels, ARRAY_SIZE(labels), 1);
}

void family_health_alerts(FILE *out, const char *name, const struct view *view,
			  const struct view_limits *limits)
{
	(void)limits;
	for (size_t i = 0; i < view->rules_count; i++) {
		const struct view_rule *r = &view->rules[i];
		const struct label labels[] = {
			{ "rule", r->name },
			{ "severity", view_severity_name(r->severity) },
		};

		sample_count(out, name, "", labels, ARRAY_SIZE(labels), r->firing);
	}
}

void family_health_alerts_unlisted(FILE *out, const char *name, const struct view *view,
				   const struct view_limits *limits)
{
	(void)limits;
	sample_count(out, name, "", NULL, 0, view->health.alerts_unlisted);
}

void family_health_settings_taken(FILE *out, const char *name, const struct view *view,
				  const struct view_limits *limits)
{
	(void)limits;
	sample_count(out, name, "", NULL, 0, view->health.settings_taken);
}

void family_health_settings_time(FILE *out, const char *name, const struct view *view,
				 const struct view_limits *limits)
{
	(void)limits;
	if (view->health.settings_at)
		sample_number(out, name, "", NULL, 0, (double)view->health.settings_at / 1e9);
}

void family_health_http_requests(FILE *out, const char *name, const struct view *view,
				 const struct view_limits *limits)
{
	(void)limits;
	write_tallies(out, name, "code", view->http.requests, view->http.requests_count);
}

void family_health_http_failed(FILE *out, const char *name, const struct view *view,
			       const struct view_limits *limits)
{
	(void)limits;
	sample_count(out, name, "", NULL, 0, view->http.failed);
}
