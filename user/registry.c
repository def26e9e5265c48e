// SPDX-License-Identifier: Apache-2.0
#include "user/registry.h"

#include <errno.h>
#include <stdlib.h>

#include "exporters/http/http.h"
#include "exporters/journal/journal.h"
#include "exporters/json/json.h"
#include "exporters/prometheus/process.h"
#include "exporters/prometheus/prometheus.h"
#include "exporters/report/report.h"
#include "user/base/util.h"

static void metrics(FILE *out, const struct view *view, const struct view_limits *limits)
{
	prometheus_process(out, SAMPLE_TEXT, "/proc/self");
	prometheus_metrics(out, view, limits);
}

static void openmetrics(FILE *out, const struct view *view, const struct view_limits *limits)
{
	prometheus_process(out, SAMPLE_OPENMETRICS, "/proc/self");
	prometheus_openmetrics(out, view, limits);
}

/* What HTTP offers beside its own pages. */
static const struct endpoint endpoints[] = {
	{ "/metrics", PROMETHEUS_TEXT_TYPE, "Metrics", metrics },
	{ "/metrics", PROMETHEUS_OPENMETRICS_TYPE, NULL, openmetrics },
	{ "/api/v1/snapshot", "application/json", "Snapshot", json_snapshot },
	{ "/api/v1/alerts", "application/json", "Alerts", json_alerts },
	{ "/report", "text/plain; charset=utf-8", "Report for people", report_snapshot },
};

/* A new exporter is one line here. */
static const struct exporter_ops *const all[] = {
	&http_exporter,
	&journal_exporter,
};

struct exporters {
	struct exporter_config config;
	uint64_t series_dropped[VIEW_LIST__COUNT];
	struct exporter *open[ARRAY_SIZE(all)];
};

encode_fn *registry_encoder(bool json)
{
	return json ? json_snapshot : report_snapshot;
}

int exporters_open(struct exporters **ret, const char *const *listen, size_t listen_count,
		   const struct view_limits *limits, struct sd_event *event)
{
	struct exporters *exporters = calloc(1, sizeof(*exporters));
	int r;

	if (!exporters)
		return -ENOMEM;
	exporters->config = (struct exporter_config){
		.listen_addresses = listen,
		.listen_addresses_count = listen_count,
		.endpoints = endpoints,
		.endpoints_count = ARRAY_SIZE(endpoints),
		.limits = limits,
		.version = PORTGAUGE_VERSION,
	};
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		r = all[i]->open(&exporters->open[i], &exporters->config, event);
		if (r < 0) {
			exporters_close(exporters);
			return r;
		}
	}
	*ret = exporters;
	return 0;
}

void exporters_close(struct exporters *exporters)
{
	if (!exporters)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		all[i]->close(exporters->open[i]);
	free(exporters);
}

/* What had no room is counted for as long as the exporters live; the view carries it. */
static void count_dropped(struct exporters *exporters, struct view *view)
{
	prometheus_count_dropped(exporters->series_dropped, view, exporters->config.limits);
	for (size_t i = 0; i < ARRAY_SIZE(exporters->series_dropped); i++)
		view->series_dropped[i] += exporters->series_dropped[i];
}

void exporters_publish(struct exporters *exporters, struct view *view)
{
	count_dropped(exporters, view);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (all[i]->publish)
			all[i]->publish(exporters->open[i], view);
}

void exporters_notify(struct exporters *exporters, const struct view_alert *alert, bool entered)
{
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (all[i]->notify)
			all[i]->notify(exporters->open[i], alert, entered);
}
