// SPDX-License-Identifier: Apache-2.0
#include "exporters/prometheus/families.h"

#include "exporters/prometheus/sample.h"
#include "exporters/prometheus/scrape.h"
#include "user/base/text.h"
#include "user/base/util.h"
#include "user/core/view.h"

#define NS_PER_SECOND 1e9

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

void family_health_events(FILE *out, const char *name, const struct scrape *scrape)
{
	write_tallies(out, name, "event", scrape->view->health.events,
		      scrape->view->health.events_count);
}

void family_health_lost(FILE *out, const char *name, const struct scrape *scrape)
{
	write_tallies(out, name, "reason", scrape->view->health.lost,
		      scrape->view->health.lost_count);
}

void family_health_drift(FILE *out, const char *name, const struct scrape *scrape)
{
	struct series_set set = { 0 };

	for (size_t i = 0; i < scrape->view->health.drift_count; i++) {
		const struct view_drift *d = &scrape->view->health.drift[i];
		const struct series_key key = { .netns = scrape_netns(scrape, d->netns_name),
						.protocol = d->protocol };

		series_add(&set, &key, (const uint64_t[SERIES_VALUES]){ d->ports });
	}
	series_sort(&set);
	for (size_t i = 0; i < set.used; i++) {
		const struct label labels[] = {
			{ "netns", set.slots[i].key.netns },
			{ "protocol", text_protocol(set.slots[i].key.protocol) },
		};

		sample_count(out, name, "", labels, ARRAY_SIZE(labels), set.slots[i].values[0]);
	}
	series_done(&set);
}

void family_health_reconciliations(FILE *out, const char *name, const struct scrape *scrape)
{
	sample_count(out, name, "", NULL, 0, scrape->view->health.reconciliations);
}

void family_health_source(FILE *out, const char *name, const struct scrape *scrape)
{
	const struct label labels[] = { { "source", known(scrape->view->source) } };

	sample_count(out, name, "", labels, ARRAY_SIZE(labels), 1);
}

void family_health_build(FILE *out, const char *name, const struct scrape *scrape)
{
	const struct label labels[] = {
		{ "version", known(scrape->view->version) },
		{ "kernel", known(scrape->view->kernel) },
	};

	sample_count(out, name, "", labels, ARRAY_SIZE(labels), 1);
}

static void write_time(FILE *out, const char *name, uint64_t time_ns)
{
	if (time_ns)
		sample_number(out, name, "", NULL, 0, (double)time_ns / NS_PER_SECOND);
}

void family_health_reconciled(FILE *out, const char *name, const struct scrape *scrape)
{
	write_time(out, name, scrape->view->health.reconciled_at);
}

void family_health_time(FILE *out, const char *name, const struct scrape *scrape)
{
	write_time(out, name, scrape->view->time);
}

void family_health_complete(FILE *out, const char *name, const struct scrape *scrape)
{
	sample_count(out, name, "", NULL, 0, scrape->view->health.complete);
}

void family_health_dropped(FILE *out, const char *name, const struct scrape *scrape)
{
	static const char *const lists[VIEW_LIST__COUNT] = {
		[VIEW_NAMESPACES] = "namespaces",     [VIEW_DESTINATIONS] = "destinations",
		[VIEW_SHARES] = "destination_owners", [VIEW_OWNERS] = "owners",
		[VIEW_REFUSALS] = "refusals",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		const struct label labels[] = { { "list", lists[i] } };

		sample_count(out, name, "", labels, ARRAY_SIZE(labels),
			     scrape->view->series_dropped[i]);
	}
}

void family_health_settings_taken(FILE *out, const char *name, const struct scrape *scrape)
{
	sample_count(out, name, "", NULL, 0, scrape->view->health.settings_taken);
}

void family_health_settings_time(FILE *out, const char *name, const struct scrape *scrape)
{
	write_time(out, name, scrape->view->health.settings_at);
}

void family_health_http_requests(FILE *out, const char *name, const struct scrape *scrape)
{
	const struct view *view = scrape->view;

	write_tallies(out, name, "code", view->http.requests, view->http.requests_count);
}

void family_health_http_failed(FILE *out, const char *name, const struct scrape *scrape)
{
	sample_count(out, name, "", NULL, 0, scrape->view->http.failed);
}
