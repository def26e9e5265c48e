// SPDX-License-Identifier: Apache-2.0
#include "user/registry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "exporters/alertmanager/alertmanager.h"
#include "exporters/exec/exec.h"
#include "exporters/http/http.h"
#include "exporters/journal/journal.h"
#include "exporters/json/json.h"
#include "exporters/page/page.h"
#include "exporters/notifier.h"
#include "exporters/prometheus/process.h"
#include "exporters/prometheus/prometheus.h"
#include "exporters/report/report.h"
#include "exporters/webhook/webhook.h"
#include "user/base/log.h"
#include "user/base/util.h"
#include "user/notifiers.h"

#define TELEMETRY_PATH "/metrics" /* unless --web.telemetry-path says otherwise */

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
	{ TELEMETRY_PATH, PROMETHEUS_TEXT_TYPE, "Metrics", metrics },
	{ TELEMETRY_PATH, PROMETHEUS_OPENMETRICS_TYPE, NULL, openmetrics },
	{ "/api/v1/snapshot", "application/json", "Snapshot", json_snapshot },
	{ "/api/v1/alerts", "application/json", "Alerts", json_alerts },
	{ "/report", "text/plain; charset=utf-8", "Report for people", report_snapshot },
};

/* A new exporter is one line here. */
static const struct exporter_ops *const all[] = {
	&http_exporter,
};

/* A new type of notifier is one line here. */
static const struct notifier_ops *const notifier_types[] = {
	&alertmanager_notifier, &exec_notifier, &journal_notifier, &webhook_notifier, NULL,
};

/* What there is without any configuration. */
static const struct notifier_config default_notifiers[] = {
	{ .name = "journal", .type = "journal" },
};

struct exporters {
	struct exporter_config config;
	struct endpoint endpoints[ARRAY_SIZE(endpoints)];
	struct exporter *open[ARRAY_SIZE(all)];
	uint64_t series_dropped[VIEW_LIST__COUNT];
	struct notifiers *notifiers;
};

encode_fn *registry_encoder(bool json)
{
	return json ? json_snapshot : report_snapshot;
}

static bool is_taken(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(endpoints); i++)
		if (strcmp(endpoints[i].path, TELEMETRY_PATH) != 0 &&
		    strcmp(endpoints[i].path, path) == 0)
			return true;
	return strncmp(path, "/-/", 3) == 0;
}

/* Puts the metrics where they are wanted. */
static int place_endpoints(struct endpoint ret[ARRAY_SIZE(endpoints)], const char *path)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-._~";

	if (path[0] != '/' || path[strspn(path, letters)] || is_taken(path)) {
		log_error(
			"cannot serve metrics at \"%s\": choose a --web.telemetry-path like /metrics that nothing else has",
			path);
		return -EINVAL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(endpoints); i++) {
		ret[i] = endpoints[i];
		if (strcmp(ret[i].path, TELEMETRY_PATH) == 0)
			ret[i].path = path;
	}
	return 0;
}

static int open_each(struct exporters *exporters, struct sd_event *event)
{
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		int r = all[i]->open(&exporters->open[i], &exporters->config, event);

		if (r < 0)
			return r;
	}
	return 0;
}

int exporters_open(struct exporters **ret, const struct web_config *web,
		   const struct view_limits *limits, struct sd_event *event)
{
	struct exporters *exporters = calloc(1, sizeof(*exporters));
	int r;

	if (!exporters) {
		log_error("cannot start the exporters: out of memory");
		return -ENOMEM;
	}
	exporters->config = (struct exporter_config){
		.web = web,
		.endpoints = exporters->endpoints,
		.endpoints_count = ARRAY_SIZE(endpoints),
		.files = page_files,
		.files_count = PAGE_FILES,
		.limits = limits,
		.version = PORTGAUGE_VERSION,
	};
	r = place_endpoints(exporters->endpoints,
			    web->telemetry_path ? web->telemetry_path : TELEMETRY_PATH);
	if (r == 0)
		r = open_each(exporters, event);
	if (r < 0) {
		exporters_close(exporters);
		return r;
	}
	r = notifiers_new(&exporters->notifiers, notifier_types, event);
	if (r == 0)
		r = exporters_set_notifiers(exporters, default_notifiers,
					    ARRAY_SIZE(default_notifiers));
	if (r < 0) {
		exporters_close(exporters);
		return r;
	}
	*ret = exporters;
	return 0;
}

int exporters_set_notifiers(struct exporters *exporters, const struct notifier_config *configs,
			    size_t count)
{
	return notifiers_replace(exporters->notifiers, configs, count);
}

void exporters_close(struct exporters *exporters)
{
	if (!exporters)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		all[i]->close(exporters->open[i]);
	notifiers_free(exporters->notifiers);
	free(exporters);
}

/* What had no room is counted for as long as the exporters live; the view carries it. */
static void count_dropped(struct exporters *exporters, struct view *view)
{
	prometheus_count_dropped(exporters->series_dropped, view, exporters->config.limits);
	for (size_t i = 0; i < ARRAY_SIZE(exporters->series_dropped); i++)
		view->series_dropped[i] += exporters->series_dropped[i];
}

void exporters_account(struct exporters *exporters, struct view *view)
{
	count_dropped(exporters, view);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (all[i]->account)
			all[i]->account(exporters->open[i], view);
}

void exporters_publish(struct exporters *exporters, struct view *view)
{
	if (notifiers_publish(exporters->notifiers, view) < 0)
		log_error("counting what notifiers did: out of memory");
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (all[i]->publish)
			all[i]->publish(exporters->open[i], view);
}

void exporters_notify(struct exporters *exporters, const struct view_alert *alert, bool entered)
{
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (all[i]->notify)
			all[i]->notify(exporters->open[i], alert, entered);
	notifiers_notify(exporters->notifiers, alert, entered);
}
