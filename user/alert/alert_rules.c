// SPDX-License-Identifier: Apache-2.0
/* The rules that hold without any configuration; docs/alerts.md explains each. */
#include "user/alert/alert.h"

#include "user/base/util.h"

#define NS_PER_SECOND 1000000000ULL

static const struct alert_rule default_rules[] = {
	/* name, severity, metric, enter, leave, for, keep */
	{ "DestinationSaturation", SEVERITY_CRITICAL, ALERT_DESTINATION_SATURATION, 0.95, 0.90,
	  2 * NS_PER_SECOND, .keep_ns = 0 },
	{ "DestinationSaturation", SEVERITY_WARNING, ALERT_DESTINATION_SATURATION, 0.80, 0.70,
	  2 * NS_PER_SECOND, .keep_ns = 0 },
	{ "PoolSaturation", SEVERITY_CRITICAL, ALERT_POOL_SATURATION, 0.95, 0.90, 2 * NS_PER_SECOND,
	  .keep_ns = 0 },
	{ "PoolSaturation", SEVERITY_WARNING, ALERT_POOL_SATURATION, 0.80, 0.70, 2 * NS_PER_SECOND,
	  .keep_ns = 0 },
	{ "PortsRefused", SEVERITY_CRITICAL, ALERT_REFUSALS, 1, 1, 0, .keep_ns = 0 },
	/* A load that begins fills TIME_WAIT for a minute, and then no more: wait for that. */
	{ "PortsExhaustedSoon", SEVERITY_WARNING, ALERT_POOL_EXHAUSTION, 600, 900,
	  120 * NS_PER_SECOND, .keep_ns = 0 },
	{ "PortSearchSlow", SEVERITY_WARNING, ALERT_SEARCH_TIME, 0.001, 0.0005, 30 * NS_PER_SECOND,
	  .keep_ns = 0 },
	{ "EventsLost", SEVERITY_WARNING, ALERT_EVENTS_LOST, 1, 1, 0, .keep_ns = 0 },
};

#define REUSE                                                                                   \
	"Keep connections open and reuse them (a connection pool, keep-alive), or spread them " \
	"over more remote or local addresses."
#define FIND "Find the process that holds most ports and let it give them back or hold fewer."

static const struct alert_kind kinds[ALERT_METRIC__COUNT] = {
	[ALERT_DESTINATION_SATURATION] = { .name = "destination_saturation",
					   .runbook = "docs/alerts.md#destinationsaturation",
					   .remedy = REUSE,
					   .is_ratio = true,
					   .has_netns = true,
					   .has_protocol = true,
					   .has_destination = true,
					   .has_owner = true },
	[ALERT_POOL_SATURATION] = { .name = "pool_saturation",
				    .runbook = "docs/alerts.md#poolsaturation",
				    .remedy = FIND,
				    .is_ratio = true,
				    .has_netns = true,
				    .has_protocol = true,
				    .has_owner = true },
	[ALERT_REFUSALS] = { .name = "refusals",
			     .runbook = "docs/alerts.md#portsrefused",
			     .remedy = FIND,
			     .has_netns = true,
			     .has_protocol = true,
			     .has_owner = true },
	[ALERT_DESTINATION_EXHAUSTION] = { .name = "destination_exhaustion",
					   .runbook = "docs/alerts.md#portsexhaustedsoon",
					   .remedy = REUSE,
					   .less_is_worse = true,
					   .is_seconds = true,
					   .has_netns = true,
					   .has_protocol = true,
					   .has_destination = true,
					   .has_owner = true },
	[ALERT_POOL_EXHAUSTION] = { .name = "pool_exhaustion",
				    .runbook = "docs/alerts.md#portsexhaustedsoon",
				    .remedy = FIND,
				    .less_is_worse = true,
				    .is_seconds = true,
				    .has_netns = true,
				    .has_protocol = true,
				    .has_owner = true },
	[ALERT_SEARCH_TIME] = { .name = "search_time",
				.runbook = "docs/alerts.md#portsearchslow",
				.remedy = REUSE,
				.is_seconds = true,
				.has_protocol = true },
	[ALERT_EVENTS_LOST] = { .name = "events_lost",
				.runbook = "docs/alerts.md#eventslost",
				.remedy =
					"Give the kernel's side more room (ring_size, max_holds)." },
	[ALERT_DRIFT] = { .name = "drift",
			  .runbook = "docs/alerts.md#drift",
			  .remedy = "Run portgauge verify and portgauge doctor.",
			  .has_netns = true,
			  .has_protocol = true,
			  .has_owner = true },
};

const struct alert_rule *alert_default_rules(size_t *ret_count)
{
	*ret_count = ARRAY_SIZE(default_rules);
	return default_rules;
}

const struct alert_kind *alert_kind(enum alert_metric metric)
{
	return &kinds[metric];
}
