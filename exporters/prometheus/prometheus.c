// SPDX-License-Identifier: Apache-2.0
#include "exporters/prometheus/prometheus.h"

#include "exporters/prometheus/families.h"
#include "exporters/prometheus/sample.h"
#include "user/base/util.h"

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
	{ "destination_used_ports", "gauge",
	  "Ports held toward one destination, recyclable ones not counted; top ones, the rest is remote=\"other\".",
	  family_destination_used },
	{ "destination_capacity_ports", "gauge",
	  "Ports that connections to this destination can use at most.",
	  family_destination_capacity },
	{ "destination_saturation_ratio", "gauge", "Used over capacity of one destination.",
	  family_destination_saturation },
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
	{ "source_info", "gauge", "Where events come from.", family_health_source },
	{ "build_info", "gauge", "Version of portgauge and release of the kernel.",
	  family_health_build },
	{ "alerts", "gauge", "Alerts that fire now, of each rule.", family_health_alerts },
	{ "alerts_unlisted", "gauge",
	  "Subjects beyond a threshold that have no alert, for their rule has too many.",
	  family_health_alerts_unlisted },
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
};

void prometheus_metrics(FILE *out, const struct view *view, const struct view_limits *limits)
{
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		const struct family *f = &families[i];

		sample_head(out, f->name, f->type, f->help);
		f->write(out, f->name, view, limits);
	}
}
