/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A view as Prometheus metrics, text format 0.0.4. Destinations and groups of owners are cut at
 * limits->top; the rest is summed per namespace and protocol as remote="other" (used ports only)
 * and process="other". All other families are as long as the view makes them. netns_name must be
 * unique in the view: it is what tells two namespaces apart here.
 */
#pragma once

#include "exporters/exporter.h"

encode_fn prometheus_metrics;
