/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A view as Prometheus metrics. Both formats are written from one table and have the same samples.
 *
 * Their number is bounded by the limits, whatever the host does; what has no room is summed in an
 * "other" row, so that sums stay right. Destinations and groups of owners: the first limits->top;
 * process names within a destination: limits->shares; namespaces: limits->namespaces, of the
 * fullest pools. Counters are bounded by the ledger (user/core/counters.h), where none goes down.
 * netns_name must be unique in the view: it is what tells two namespaces apart here.
 */
#pragma once

#include <stdint.h>

#include "exporters/exporter.h"
#include "user/core/view.h"

#define PROMETHEUS_TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define PROMETHEUS_OPENMETRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

encode_fn prometheus_metrics;     /* text format 0.0.4 */
encode_fn prometheus_openmetrics; /* OpenMetrics 1.0.0, "# EOF" included */

/* Adds to each list (but VIEW_REFUSALS, which the view knows) how many of its rows this view has
 * no room for. Called once for each view. */
void prometheus_count_dropped(uint64_t dropped[VIEW_LIST__COUNT], const struct view *view,
			      const struct view_limits *limits);
