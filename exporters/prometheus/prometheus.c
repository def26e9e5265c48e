// SPDX-License-Identifier: Apache-2.0
#include "exporters/prometheus/prometheus.h"

#include "exporters/prometheus/families.h"
#include "exporters/prometheus/sample.h"
#include "exporters/prometheus/scrape.h"
#include "user/base/util.h"
#include "user/core/view.h"

/* What both formats are made of. */
struct family {
	const char *name;
	const char *type;
	const char *help;
	family_fn *write;
};

static const struct family families[] = {
	{ "pool_size_ports", "gauge", "Ports of the ephemeral range that the kernel may hand out.",
	  family_pool_size },
	{ "pool_used_ports", "gauge",
	  "Distinct ports held: shared ones block one destination, exclusive ones block all.",
	  family_pool_used },
	{ "pool_saturation_ratio", "gauge",
	  "Distinct ports held over the pool's size: how near bind(0) and UDP are to failing.",
	  family_pool_saturation },
	{ "pool_worst_destination_saturation_ratio", "gauge",
	  "Saturation of the pool's worst destination: how near a connect() is to failing.",
	  family_pool_worst_destination },
	{ "pool_exhaustion_seconds", "gauge",
	  "Seconds until a scope of the pool is full at the present rate; absent when it is not filling.",
	  family_pool_exhaustion },
	{ "pool_recent_refusals", "gauge", "Refusals of the last 60 seconds.",
	  family_pool_refused },
	{ "destination_used_ports", "gauge",
	  "Ports held toward one destination, recyclable ones not counted; top ones, the rest is remote=\"other\".",
	  family_destination_used },
	{ "destination_capacity_ports", "gauge",
	  "Ports that connections to this destination can use at most.",
	  family_destination_capacity },
	{ "destination_saturation_ratio", "gauge", "Used over capacity of one destination.",
	  family_destination_saturation },
	{ "destination_exhaustion_seconds", "gauge",
	  "Seconds until it is full at the present rate; absent when it is not filling.",
	  family_destination_exhaustion },
	{ "destination_owner_used_ports", "gauge",
	  "Ports held toward one destination by processes of one name; few of each, the rest is process=\"other\".",
	  family_share_used },
	{ "owner_used_ports", "gauge",
	  "Ports held by processes of one name and unit; top ones, the rest is process=\"other\".",
	  family_owner_used },
	{ "allocations_total", "counter", "Ports taken.", family_flow_allocations },
	{ "releases_total", "counter", "Ports given back.", family_flow_releases },
	{ "refusals_total", "counter", "Allocations that failed for want of a port.",
	  family_flow_refusals },
	{ "port_search_seconds", "histogram",
	  "Time the kernel spent to find a port; it jumps when half of the range is used toward one destination.",
	  family_flow_search },
	{ "port_hold_seconds", "histogram", "Time a port was held, TIME_WAIT included.",
	  family_flow_hold },
	{ "events_total", "counter", "Events read from the source.", family_health_events },
	{ "events_lost_total", "counter", "Events that did not reach the ledger.",
	  family_health_lost },
	{ "ledger_drift_ports", "gauge",
	  "Holds the last reconcile had to add or drop to agree with the kernel's tables.",
	  family_health_drift },
	{ "reconciliations_total", "counter", "Times the kernel's tables were read and merged.",
	  family_health_reconciliations },
	{ "last_reconciliation_timestamp_seconds", "gauge",
	  "When the kernel's tables were last merged, since the epoch.", family_health_reconciled },
	{ "view_timestamp_seconds", "gauge",
	  "When these numbers were taken, since the epoch; old means that the agent is stuck.",
	  family_health_time },
	{ "complete", "gauge",
	  "1: every namespace could be looked into and no hold is missing; 0: some are.",
	  family_health_complete },
	{ "config_last_reload_successful", "gauge",
	  "1 if the last reading of the settings succeeded, else 0: older ones hold.",
	  family_health_settings_taken },
	{ "config_last_reload_success_timestamp_seconds", "gauge",
	  "When settings were read last with success; without a file, when the agent started.",
	  family_health_settings_time },
	{ "http_requests_total", "counter", "Answers of the HTTP server, by status.",
	  family_health_http_requests },
	{ "http_connections_failed_total", "counter",
	  "HTTP connections that ended before a whole request: refused handshakes, broken requests, time-outs.",
	  family_health_http_failed },
	{ "series_dropped_total", "counter",
	  "Rows summed in an \"other\" one for want of room: of refusals each, of other lists once a second.",
	  family_health_dropped },
	{ "source_info", "info", "Where events come from.", family_health_source },
	{ "build_info", "info", "Version of portgauge and release of the kernel.",
	  family_health_build },
	{ "alerts", "gauge", "Alerts that fire now, of each rule.", family_alert_firing },
	{ "alerts_unlisted", "gauge",
	  "Subjects beyond a threshold that have no alert, for their rule has too many.",
	  family_alert_unlisted },
	{ "verdicts", "gauge", "Findings with a remedy, as they stand now.",
	  family_alert_verdicts },
	{ "notifications_total", "counter",
	  "Messages delivered and dropped, and attempts that failed and are made again.",
	  family_alert_notifications },
	{ "notifications_waiting", "gauge", "Messages still to be delivered.",
	  family_alert_waiting },
};

static void write_families(FILE *out, enum sample_format format, const struct view *view,
			   const struct view_limits *limits)
{
	struct scrape scrape;

	scrape_open(&scrape, view, limits);
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		const struct family *f = &families[i];
		const struct sample_family head = { "portgauge_", f->name, f->type, f->help };

		sample_head(out, format, &head);
		f->write(out, f->name, &scrape);
	}
	scrape_done(&scrape);
}

void prometheus_metrics(FILE *out, const struct view *view, const struct view_limits *limits)
{
	write_families(out, SAMPLE_TEXT, view, limits);
}

void prometheus_openmetrics(FILE *out, const struct view *view, const struct view_limits *limits)
{
	write_families(out, SAMPLE_OPENMETRICS, view, limits);
	fputs("# EOF\n", out);
}

static uint64_t beyond(size_t count, size_t max)
{
	return count > max ? count - max : 0;
}

void prometheus_count_dropped(uint64_t dropped[VIEW_LIST__COUNT], const struct view *view,
			      const struct view_limits *limits)
{
	struct scrape scrape;

	scrape_open(&scrape, view, limits);
	dropped[VIEW_NAMESPACES] += beyond(scrape.namespaces.used, limits->namespaces);
	dropped[VIEW_DESTINATIONS] += beyond(view->destinations_count, limits->top);
	dropped[VIEW_SHARES] += family_share_dropped(&scrape);
	dropped[VIEW_OWNERS] += family_owner_dropped(&scrape);
	scrape_done(&scrape);
}
