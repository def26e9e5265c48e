// SPDX-License-Identifier: Apache-2.0
/* A real Prometheus scrapes the agent and is asked what it saw. Not part of the VM runs. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "process.h"
#include "scenario.h"

#define LOCALHOST "127.0.0.1"
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

#define SHIPPED "exporters/prometheus/"
#define ASK "tests/tools/ask-prometheus"
#define TINY_RANGE "40000 40019"
#define TINY_SIZE 20

struct server {
	char directory[32];
	char url[32];
	pid_t pid;
};

/* Where the checks of this repository run: rules are read from there. */
static const char *here(char ret[PATH_MAX])
{
	assert_non_null(getcwd(ret, PATH_MAX));
	return ret;
}

static void write_config(const struct server *server, uint16_t target)
{
	char top[PATH_MAX];
	char path[64];
	char *config;

	assert_true(asprintf(&config,
			     "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
			     "rule_files: ['%s/" SHIPPED "rules/alerts.yml', '%s/" SHIPPED
			     "rules/recording.yml']\n"
			     "scrape_configs:\n- job_name: portgauge\n"
			     "  static_configs:\n  - targets: ['127.0.0.1:%u']\n",
			     here(top), top, target) > 0);
	snprintf(path, sizeof(path), "%s/prometheus.yml", server->directory);
	write_file(path, config);
	free(config);
}

/* Its API listens in the host namespace, as the agent does. */
static struct server start_server(const struct watch *watch)
{
	struct server server = { .directory = "/tmp/pg-prometheus-XXXXXX" };
	uint16_t port = (uint16_t)(watch_port(watch) + 5000);
	char config_flag[64];
	char storage_flag[64];
	char listen_flag[64];

	assert_non_null(mkdtemp(server.directory));
	write_config(&server, watch_port(watch));
	snprintf(server.url, sizeof(server.url), "http://127.0.0.1:%u", port);
	snprintf(config_flag, sizeof(config_flag), "--config.file=%s/prometheus.yml",
		 server.directory);
	snprintf(storage_flag, sizeof(storage_flag), "--storage.tsdb.path=%s/data",
		 server.directory);
	snprintf(listen_flag, sizeof(listen_flag), "--web.listen-address=127.0.0.1:%u", port);
	server.pid = start_program(
		NULL,
		(const char *const[]){ "prometheus", config_flag, storage_flag, listen_flag, NULL },
		-1);
	return server;
}

static void stop_server(const struct server *server)
{
	stop_program(server->pid);
	must("rm", "-r", server->directory);
}

/* ask-prometheus URL WHAT MORE */
static struct result ask(const struct server *server, const char *what, const char *more)
{
	return run_program(NULL, (const char *const[]){ ASK, server->url, what, more, NULL });
}

/* Has Prometheus an answer with this value? */
static bool query_returns(const struct server *server, const char *query, const char *value)
{
	char wanted[64];
	struct result result;
	bool found;

	snprintf(wanted, sizeof(wanted), "=> %s @", value);
	result = run_program(NULL, (const char *const[]){ "promtool", "query", "instant",
							  server->url, query, NULL });
	found = result.status == 0 && strstr(result.out, wanted);
	result_done(&result);
	return found;
}

static void prometheus_scrapes_what_json_says(void **state)
{
	struct scenario *scenario = *state;
	uint64_t deadline = deadline_in(60);
	struct server server;
	struct actor *p;
	bool found;

	scenario_watch(scenario);
	scenario_listener(scenario, LOCALHOST, 5000);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	all_done(actor_connect(p, 77, LOCALHOST, 5000), 77);
	server = start_server(scenario->watch);
	do {
		usleep(500000);
		found = query_returns(&server, "sum(portgauge_owner_used_ports{process=\"pg-p\"})",
				      "77") &&
			query_returns(&server, "up{job=\"portgauge\"}", "1");
	} while (!found && deadline_in(0) < deadline);
	stop_server(&server);
	assert_true(found);
}

/* Waits until the alert fires, and returns what it says; or until it does not. NULL: too long. */
static char *await_alert(const struct server *server, const char *name, bool fires)
{
	uint64_t deadline = deadline_in(60);
	struct result result;

	do {
		usleep(500000);
		result = ask(server, "alert", name);
		/* an address that refuses is no answer; an alert that does not fire prints nothing
		 */
		if (fires ? result.status == 0 : result.status == 1 && !*result.out)
			return result.out;
		result_done(&result);
	} while (deadline_in(0) < deadline);
	return NULL;
}

static void a_shipped_alert_names_the_leak_before_the_first_refusal(void **state)
{
	struct scenario *scenario = *state;
	struct server server;
	json_t *snapshot;
	struct actor *p;
	char *fired;
	char *ended;

	scenario_watch(scenario);
	scenario_listener(scenario, LOCALHOST, 5000);
	p = scenario_actor(scenario, CLIENTS, "pg-leak");
	server = start_server(scenario->watch);
	all_done(actor_open(p, 970, .remote = LOCALHOST, .remote_port = 5000, .how = OPEN_RESETS),
		 970);
	fired = await_alert(&server, "PortgaugeDestinationSaturation", true);
	snapshot = watch_snapshot(scenario->watch);
	all_done(actor_close(p, 0), 970);
	ended = await_alert(&server, "PortgaugeDestinationSaturation", false);
	stop_server(&server);
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

/* Takes all ports, is refused, gives one back and takes it again. */
static void stir(struct actor *p)
{
	actor_open(p, TINY_SIZE + 1, .remote = LOCALHOST, .remote_port = 5000, .how = OPEN_RESETS);
	actor_close(p, 1);
	actor_open(p, 2, .remote = LOCALHOST, .remote_port = 5000, .how = OPEN_RESETS);
}

/* Asks again while the ports are stirred, as rates need more than one scrape. Returns the last
 * complaint; NULL: there is none. */
static char *await_answers(const struct server *server, const char *what, const char *more,
			   struct actor *p)
{
	uint64_t deadline = deadline_in(90);
	char *complaint = NULL;

	do {
		struct result result;

		free(complaint);
		stir(p);
		usleep(500000);
		result = ask(server, what, more);
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
	struct server server;
	struct actor *p;
	char *panels;
	char *rules;

	space_sysctl(CLIENTS, "net/ipv4/ip_local_port_range", TINY_RANGE);
	scenario_watch(scenario);
	scenario_listener(scenario, LOCALHOST, 5000);
	p = scenario_actor(scenario, CLIENTS, HOSTILE);
	server = start_server(scenario->watch);
	rules = await_answers(&server, "rules", NULL, p);
	panels = await_answers(&server, "dashboard", SHIPPED "dashboard/portgauge.json", p);
	stop_server(&server);
	if (rules || panels)
		fail_msg("%s%s", rules ? rules : "", panels ? panels : "");
}

const struct CMUnitTest prometheus_suite[] = {
	SCENARIO(metrics_are_clean_for_promtool),
	SCENARIO(openmetrics_are_clean_for_the_reference_parser),
	SCENARIO(what_has_no_room_is_summed_and_counted),
	SCENARIO(prometheus_scrapes_what_json_says),
	SCENARIO(a_shipped_alert_names_the_leak_before_the_first_refusal),
	SCENARIO(every_query_and_every_rule_we_ship_has_data),
};
const size_t prometheus_suite_count = sizeof(prometheus_suite) / sizeof(prometheus_suite[0]);
