// SPDX-License-Identifier: Apache-2.0
/* A real Prometheus scrapes the agent and is asked what it saw. Not part of the VM runs. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "desk.h"
#include "process.h"
#include "prometheus_server.h"
#include "scenario.h"

#define HOSTILE "e\"v\\i\nl\xff{}" /* a process may bear any name */

static void write_file(const char *path, const char *content)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(content, file);
	assert_int_equal(fclose(file), 0);
}

/* What a checker says of a document on its standard input. */
static struct result check_document(const char *checker, const char *document)
{
	char path[] = "/tmp/pg-metrics-XXXXXX";
	struct result result;
	char command[128];

	close(mkstemp(path));
	write_file(path, document);
	snprintf(command, sizeof(command), "%s < %s", checker, path);
	result = run_program(NULL, (const char *const[]){ "sh", "-c", command, NULL });
	unlink(path);
	return result;
}

/* Ten ports are held by one that bears the worst of names. */
static void watch_a_hostile_name(struct scenario *scenario)
{
	struct actor *p;

	scenario_watch(scenario);
	scenario_listener(scenario, LOCALHOST, 5000);
	p = scenario_actor(scenario, CLIENTS, HOSTILE);
	all_done(actor_connect(p, 10, LOCALHOST, 5000), 10);
	EVENTUALLY(scenario->watch,
		   number(pool_row(snapshot, scenario->clients, "tcp"), "used") == 10);
}

static void metrics_are_clean_for_promtool(void **state)
{
	struct scenario *scenario = *state;
	struct result result;
	char *metrics;

	watch_a_hostile_name(scenario);
	metrics = watch_get(scenario->watch, "/metrics");
	assert_non_null(metrics);
	result = check_document("promtool check metrics", metrics);
	if (result.status || *result.out)
		fail_msg("promtool: status %d: %s", result.status, result.out);
	result_done(&result);
	free(metrics);
}

/* The parser prints each sample as it has understood it. */
static void openmetrics_are_clean_for_the_reference_parser(void **state)
{
	struct scenario *scenario = *state;
	struct result result;
	char *metrics;

	watch_a_hostile_name(scenario);
	metrics = watch_get_as(scenario->watch, "/metrics",
			       "application/openmetrics-text; version=1.0.0");
	assert_non_null(metrics);
	result = check_document("tests/tools/parse-openmetrics", metrics);
	if (result.status)
		fail_msg("parse-openmetrics: status %d: %s", result.status, result.out);
	assert_non_null(strstr(result.out, "process='e\"v\\\\i?l?{}',"));
	assert_non_null(strstr(result.out, "process_cpu_seconds_total{} "));
	assert_non_null(strstr(result.out, "portgauge_build_info{"));
	result_done(&result);
	free(metrics);
}

/* One namespace, one destination, one owner: the rest is summed, and what has no room counted. */
static void what_has_no_room_is_summed_and_counted(void **state)
{
	struct scenario *scenario = *state;
	char path[] = "/tmp/pg-settings-XXXXXX";
	const char *const more[] = { "--config.file", path, NULL };

	close(mkstemp(path));
	write_file(path, "limits: {top: 1, namespaces: 1, processes: 1, destination_owners: 1}\n");
	scenario->watch =
		watch_start(&(struct watch_plan){ .source = scenario->source, .more = more });
	unlink(path);
	scenario_join(scenario);
	scenario_listener(scenario, LOCALHOST, 5000);
	all_done(actor_connect(scenario_actor(scenario, CLIENTS, "pg-a"), 9, LOCALHOST, 5000), 9);
	all_done(actor_connect(scenario_actor(scenario, CLIENTS, "pg-b"), 5, LOCALHOST, 5000), 5);
	all_done(
		actor_bind(scenario_actor(scenario, SERVERS, "pg-c"), 3, SOCK_STREAM, LOCALHOST, 0),
		3);
#define TO                                                                \
	"portgauge_destination_owner_used_ports{netns=\"" CLIENTS         \
	"\",protocol=\"tcp\",local=\"" LOCALHOST "\",remote=\"" LOCALHOST \
	"\",remote_port=\"5000\",process="
	metric_becomes(scenario->watch, TO "\"pg-a\",state=\"active\"}", 9);
	metric_becomes(scenario->watch, TO "\"other\",state=\"active\"}", 5);
	metric_reaches(scenario->watch,
		       "portgauge_pool_size_ports{netns=\"other\",protocol=\"tcp\"}", 1000);
	metric_reaches(scenario->watch, "portgauge_series_dropped_total{list=\"namespaces\"}", 1);
	metric_reaches(scenario->watch, "portgauge_series_dropped_total{list=\"owners\"}", 1);
	metric_reaches(scenario->watch,
		       "portgauge_series_dropped_total{list=\"destination_owners\"}", 1);
	metric_reaches(scenario->watch, "portgauge_allocations_total{netns=\"other\",", 3);
}

/* --- with a server --------------------------------------------------------------------------- */

#define TINY_RANGE "40000 40019"
#define TINY_SIZE 20

static void prometheus_scrapes_what_json_says(void **state)
{
	struct scenario *scenario = *state;
	uint64_t deadline = deadline_in(60);
	struct prometheus *server;
	struct actor *p;
	bool found;

	scenario_watch(scenario);
	scenario_listener(scenario, LOCALHOST, 5000);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	all_done(actor_connect(p, 77, LOCALHOST, 5000), 77);
	server = scenario->prometheus = prometheus_start(scenario->watch, 0);
	do {
		usleep(500000);
		found = prometheus_answers(server,
					   "sum(portgauge_owner_used_ports{process=\"pg-p\"})",
					   "77") &&
			prometheus_answers(server, "up{job=\"portgauge\"}", "1");
	} while (!found && deadline_in(0) < deadline);
	assert_true(found);
}

static void a_shipped_alert_names_the_leak_before_the_first_refusal(void **state)
{
	struct scenario *scenario = *state;
	struct prometheus *server;
	json_t *snapshot;
	struct actor *p;
	char *fired;
	char *ended;

	scenario_watch(scenario);
	scenario_listener(scenario, LOCALHOST, 5000);
	p = scenario_actor(scenario, CLIENTS, "pg-leak");
	server = scenario->prometheus = prometheus_start(scenario->watch, 0);
	all_done(actor_open(p, 970, .remote = LOCALHOST, .remote_port = 5000, .how = OPEN_RESETS),
		 970);
	fired = prometheus_await_alert(server, "PortgaugeDestinationSaturation", true);
	snapshot = watch_snapshot(scenario->watch);
	all_done(actor_close(p, 0), 970);
	ended = prometheus_await_alert(server, "PortgaugeDestinationSaturation", false);
	assert_int_equal(json_array_size(json_object_get(snapshot, "refusals")), 0);
	json_decref(snapshot);
	assert_non_null(fired);
	assert_non_null(strstr(fired, "most by pg-leak (970)"));
	assert_non_null(strstr(fired, LOCALHOST ":5000"));
	assert_non_null(strstr(fired, "\"remedy\": \"Close connections"));
	assert_non_null(ended);
	free(fired);
	free(ended);
}

/* Both say who, toward what, and what to do, while there is still time; and both end. */
static void check_both(const struct desk *desk, const char *rule, const char *process_in)
{
	json_t *alert = desk_await_alert(desk, rule, "critical");
	const json_t *labels = json_object_get(alert, "labels");
	const json_t *annotations = json_object_get(alert, "annotations");

	assert_string_equal(text(labels, "remote"), LOCALHOST);
	assert_string_equal(text(labels, "remote_port"), "5000");
	assert_string_equal(text(labels, "netns"), CLIENTS);
	assert_non_null(strstr(text(annotations, process_in), "pg-leak"));
	assert_true(strlen(text(annotations, "remedy")) > 0);
	json_decref(alert);
}

static void the_agents_alert_and_the_shipped_one_reach_one_alertmanager(void **state)
{
	struct desk *desk = *state;
	json_t *snapshot;
	struct actor *leak;
	char settings[256];

	desk_alertmanager(desk, NULL);
	snprintf(settings, sizeof(settings),
		 "notifiers:\n- type: alertmanager\n  urls: [\"http://" LOCALHOST ":%u\"]\n",
		 desk->port);
	desk_watch(desk, NULL, settings);
	desk->scenario->prometheus = prometheus_start(desk->scenario->watch, desk->port);
	leak = desk_fill(desk, "pg-leak", 970);
	check_both(desk, "DestinationSaturation", "process");
	check_both(desk, "PortgaugeDestinationSaturation", "description");
	snapshot = watch_snapshot(desk->scenario->watch);
	assert_int_equal(json_array_size(json_object_get(snapshot, "refusals")), 0);
	json_decref(snapshot);
	all_done(actor_close(leak, 0), 970);
	desk_await_silence(desk, "DestinationSaturation");
	desk_await_silence(desk, "PortgaugeDestinationSaturation");
}

/* Takes all ports, is refused, gives one back and takes it again. */
static void stir(struct actor *p)
{
	actor_open(p, TINY_SIZE + 1, .remote = LOCALHOST, .remote_port = 5000, .how = OPEN_RESETS);
	actor_close(p, 1);
	actor_open(p, 2, .remote = LOCALHOST, .remote_port = 5000, .how = OPEN_RESETS);
}

/* Asks again while the ports are stirred, as rates need more than one scrape. Returns the last
 * complaint; NULL: there is none. */
static char *await_answers(const struct prometheus *server, const char *what, const char *more,
			   struct actor *p)
{
	uint64_t deadline = deadline_in(90);
	char *complaint = NULL;

	do {
		struct result result;

		free(complaint);
		stir(p);
		usleep(500000);
		result = prometheus_ask(server, what, more);
		complaint = result.out;
		if (result.status == 0) {
			free(complaint);
			return NULL;
		}
	} while (deadline_in(0) < deadline);
	return complaint;
}

static void every_query_and_every_rule_we_ship_has_data(void **state)
{
	struct scenario *scenario = *state;
	struct prometheus *server;
	struct actor *p;
	char *panels;
	char *rules;

	space_sysctl(CLIENTS, "net/ipv4/ip_local_port_range", TINY_RANGE);
	scenario_watch(scenario);
	scenario_listener(scenario, LOCALHOST, 5000);
	p = scenario_actor(scenario, CLIENTS, HOSTILE);
	server = scenario->prometheus = prometheus_start(scenario->watch, 0);
	rules = await_answers(server, "rules", NULL, p);
	panels = await_answers(server, "dashboard", SHIPPED "dashboard/portgauge.json", p);
	if (rules || panels)
		fail_msg("%s%s", rules ? rules : "", panels ? panels : "");
}

const struct CMUnitTest prometheus_suite[] = {
	SCENARIO(metrics_are_clean_for_promtool),
	SCENARIO(openmetrics_are_clean_for_the_reference_parser),
	SCENARIO(what_has_no_room_is_summed_and_counted),
	SCENARIO(prometheus_scrapes_what_json_says),
	SCENARIO(a_shipped_alert_names_the_leak_before_the_first_refusal),
	DESK(the_agents_alert_and_the_shipped_one_reach_one_alertmanager),
	SCENARIO(every_query_and_every_rule_we_ship_has_data),
};
const size_t prometheus_suite_count = sizeof(prometheus_suite) / sizeof(prometheus_suite[0]);
