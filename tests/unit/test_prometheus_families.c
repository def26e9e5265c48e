// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/metrics_text.h"
#include "user/base/util.h"
#include "user/core/view.h"

#define V4(d)                                                           \
	{                                                               \
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, (d) \
	}

static void histogram_buckets_are_cumulative(void **state)
{
	static const double bounds[VIEW_HISTOGRAM_BUCKETS - 1] = { 0.000001, 0.5 };
	static const struct view_histogram search = {
		.protocol = IPPROTO_TCP,
		.path = "connect",
		.bounds = bounds,
		.buckets = { 5, 2, [VIEW_HISTOGRAM_BUCKETS - 1] = 3 },
		.sum = 1.5,
		.count = 99,
	};
	struct view view = { .searches = &search, .searches_count = 1 };
	char *text = encode(&view, 10);

	(void)state;
	assert_line(
		text,
		"portgauge_port_search_seconds_bucket{protocol=\"tcp\",path=\"connect\",le=\"1e-06\"} 5");
	assert_line(
		text,
		"portgauge_port_search_seconds_bucket{protocol=\"tcp\",path=\"connect\",le=\"0.5\"} 7");
	assert_line(
		text,
		"portgauge_port_search_seconds_bucket{protocol=\"tcp\",path=\"connect\",le=\"+Inf\"} 10");
	assert_line(text,
		    "portgauge_port_search_seconds_sum{protocol=\"tcp\",path=\"connect\"} 1.5");
	assert_line(text,
		    "portgauge_port_search_seconds_count{protocol=\"tcp\",path=\"connect\"} 10");
	free(text);
}

static void health_is_exported(void **state)
{
	static const struct view_tally events = { "taken", UINT64_MAX };
	static const struct view_drift drift = { .netns_name = "host",
						 .protocol = IPPROTO_UDP,
						 .ports = 4 };
	static const struct view_counter taken = { "host", IPPROTO_TCP, "connect", 0, "", 6 };
	static const struct view_rule rules[] = {
		{ "Refusals", SEVERITY_WARNING, 2 },
		{ "Refusals", SEVERITY_CRITICAL, 0 },
	};
	struct view view = { .source = "fentry",
			     .kernel = "6.1.0",
			     .version = "1.2.3",
			     .rules = rules,
			     .rules_count = 2,
			     .allocations = &taken,
			     .allocations_count = 1,
			     .releases = &taken,
			     .releases_count = 1,
			     .health = { .events = &events,
					 .alerts_unlisted = 3,
					 .settings_taken = true,
					 .settings_at = UINT64_C(1700000000500000000),
					 .events_count = 1,
					 .drift = &drift,
					 .drift_count = 1,
					 .reconciliations = 5 } };
	char *text = encode(&view, 10);

	(void)state;
	assert_line(text, "portgauge_events_total{event=\"taken\"} 18446744073709551615");
	assert_line(text, "portgauge_ledger_drift_ports{netns=\"host\",protocol=\"udp\"} 4");
	assert_line(text, "portgauge_reconciliations_total 5");
	assert_line(
		text,
		"portgauge_allocations_total{netns=\"host\",protocol=\"tcp\",path=\"connect\"} 6");
	assert_line(text,
		    "portgauge_releases_total{netns=\"host\",protocol=\"tcp\",path=\"connect\"} 6");
	assert_line(text, "portgauge_source_info{source=\"fentry\"} 1");
	assert_line(text, "portgauge_build_info{version=\"1.2.3\",kernel=\"6.1.0\"} 1");
	assert_line(text, "portgauge_alerts{rule=\"Refusals\",severity=\"warning\"} 2");
	assert_line(text, "portgauge_alerts{rule=\"Refusals\",severity=\"critical\"} 0");
	assert_line(text, "portgauge_alerts_unlisted 3");
	assert_line(text, "portgauge_config_last_reload_successful 1");
	assert_line(text, "portgauge_config_last_reload_success_timestamp_seconds 1700000000.5");
	free(text);
}

static void alerts_verdicts_and_notifications_are_counted(void **state)
{
	static const struct view_verdict verdicts[] = {
		{ .verdict = "leak", .severity = SEVERITY_CRITICAL },
		{ .verdict = "churn", .severity = SEVERITY_WARNING },
		{ .verdict = "churn", .severity = SEVERITY_WARNING },
	};
	static const struct view_notifier notifiers[] = {
		{ .name = "on \"call\"", .delivered = 3, .failed = 2, .dropped = 1, .waiting = 4 },
	};
	struct view view = { .verdicts = verdicts,
			     .verdicts_count = 3,
			     .notifiers = notifiers,
			     .notifiers_count = 1 };
	char *text = encode(&view, 10);

	(void)state;
	assert_line(text, "portgauge_verdicts{verdict=\"leak\",severity=\"critical\"} 1");
	assert_line(text, "portgauge_verdicts{verdict=\"churn\",severity=\"warning\"} 2");
	assert_line(
		text,
		"portgauge_notifications_total{notifier=\"on \\\"call\\\"\",outcome=\"delivered\"} 3");
	assert_line(
		text,
		"portgauge_notifications_total{notifier=\"on \\\"call\\\"\",outcome=\"failed\"} 2");
	assert_line(
		text,
		"portgauge_notifications_total{notifier=\"on \\\"call\\\"\",outcome=\"dropped\"} 1");
	assert_line(text, "portgauge_notifications_waiting{notifier=\"on \\\"call\\\"\"} 4");
	free(text);
}

static void the_owners_of_a_destination_add_up(void **state)
{
	static const struct view_share shares[] = {
		{ .pid = 1, .process = "web", .used = 60, .active = 10, .time_wait = 55 },
		{ .pid = 2, .process = "web", .used = 20, .active = 20 },
		{ .pid = 3, .process = "db", .used = 10, .active = 10 },
		{ .pid = 4, .process = "cron", .used = 6, .active = 1, .time_wait = 5 },
		{ .pid = 5, .process = "", .used = 3, .time_wait = 3 },
		{ .pid = 6, .process = "bound", .exclusive = 9 },
	};
	static const struct view_destination row = {
		.netns_name = "host",
		.protocol = IPPROTO_TCP,
		.local = V4(1),
		.remote = V4(2),
		.remote_port = 5432,
		.used = 99,
		.owners = shares,
		.owners_count = ARRAY_SIZE(shares),
	};
	struct view view = { .destinations = &row, .destinations_count = 1 };
	char *text = encode(&view, 10);

	(void)state;
#define TO                                                                                           \
	"portgauge_destination_owner_used_ports{netns=\"host\",protocol=\"tcp\",local=\"10.0.0.1\"," \
	"remote=\"10.0.0.2\",remote_port=\"5432\",process="
	assert_line(text, TO "\"web\",state=\"active\"} 30");
	assert_line(text, TO "\"web\",state=\"time_wait\"} 50");
	assert_line(text, TO "\"db\",state=\"active\"} 10");
	assert_line(text, TO "\"other\",state=\"active\"} 1");
	assert_line(text, TO "\"other\",state=\"time_wait\"} 8");
	assert_true(sum_of(text, "portgauge_destination_owner_used_ports") == 99);
	assert_series_unique(text);
	free(text);
}

static void every_family_has_help_and_type_once(void **state)
{
	static const char *const names[] = {
		"pool_size_ports gauge",
		"pool_used_ports gauge",
		"pool_saturation_ratio gauge",
		"pool_worst_destination_saturation_ratio gauge",
		"pool_exhaustion_seconds gauge",
		"pool_recent_refusals gauge",
		"destination_used_ports gauge",
		"destination_capacity_ports gauge",
		"destination_saturation_ratio gauge",
		"destination_exhaustion_seconds gauge",
		"destination_owner_used_ports gauge",
		"owner_used_ports gauge",
		"allocations_total counter",
		"releases_total counter",
		"refusals_total counter",
		"port_search_seconds histogram",
		"port_hold_seconds histogram",
		"events_total counter",
		"events_lost_total counter",
		"ledger_drift_ports gauge",
		"reconciliations_total counter",
		"last_reconciliation_timestamp_seconds gauge",
		"view_timestamp_seconds gauge",
		"complete gauge",
		"series_dropped_total counter",
		"source_info gauge",
		"build_info gauge",
		"alerts gauge",
		"alerts_unlisted gauge",
		"config_last_reload_successful gauge",
		"config_last_reload_success_timestamp_seconds gauge",
		"http_requests_total counter",
		"http_connections_failed_total counter",
		"verdicts gauge",
		"notifications_total counter",
		"notifications_waiting gauge",
	};
	struct view view = { 0 };
	char *text = encode(&view, 10);
	size_t comments = 0;

	(void)state;
	for (const char *p = strstr(text, "# "); p; p = strstr(p + 1, "\n# "))
		comments++;
	assert_int_equal(comments, 2 * ARRAY_SIZE(names));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char line[128];

		snprintf(line, sizeof(line), "# TYPE portgauge_%s", names[i]);
		assert_line(text, line);
	}
	free(text);
}

static void empty_view_has_only_what_is_always_known(void **state)
{
	struct view view = { 0 };
	char *text = encode(&view, 10);

	(void)state;
	assert_line(text, "portgauge_source_info{source=\"unknown\"} 1");
	assert_line(text, "portgauge_build_info{version=\"unknown\",kernel=\"unknown\"} 1");
	assert_true(sum_of(text, "portgauge_") == 2);
	assert_line(text, "portgauge_complete 0");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(histogram_buckets_are_cumulative),
		cmocka_unit_test(health_is_exported),
		cmocka_unit_test(alerts_verdicts_and_notifications_are_counted),
		cmocka_unit_test(the_owners_of_a_destination_add_up),
		cmocka_unit_test(every_family_has_help_and_type_once),
		cmocka_unit_test(empty_view_has_only_what_is_always_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
