// SPDX-License-Identifier: Apache-2.0
/* A real Prometheus scrapes the agent and is asked what it saw. Not part of the VM runs. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process.h"
#include "scenario.h"

#define LOCALHOST "127.0.0.1"

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
	p = scenario_actor(scenario, CLIENTS, "e\"v\\i\nl\xff{}");
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

/* Asks until Prometheus has an answer with this value; its API listens in the host namespace. */
static bool query_returns(uint16_t port, const char *query, const char *value)
{
	char url[64];
	char wanted[64];
	struct result result;
	bool found;

	snprintf(url, sizeof(url), "http://127.0.0.1:%u", port);
	snprintf(wanted, sizeof(wanted), "=> %s @", value);
	result = run_program(
		NULL, (const char *const[]){ "promtool", "query", "instant", url, query, NULL });
	found = result.status == 0 && strstr(result.out, wanted);
	result_done(&result);
	return found;
}

static pid_t start_prometheus(const char *directory, uint16_t port, uint16_t target)
{
	char config[256];
	char config_flag[160];
	char storage_flag[160];
	char listen_flag[64];
	char path[128];

	snprintf(config, sizeof(config),
		 "scrape_configs:\n- job_name: portgauge\n  scrape_interval: 1s\n"
		 "  static_configs:\n  - targets: ['127.0.0.1:%u']\n",
		 target);
	snprintf(path, sizeof(path), "%s/prometheus.yml", directory);
	write_file(path, config);
	snprintf(config_flag, sizeof(config_flag), "--config.file=%s", path);
	snprintf(storage_flag, sizeof(storage_flag), "--storage.tsdb.path=%s/data", directory);
	snprintf(listen_flag, sizeof(listen_flag), "--web.listen-address=127.0.0.1:%u", port);
	return start_program(
		NULL,
		(const char *const[]){ "prometheus", config_flag, storage_flag, listen_flag, NULL },
		-1);
}

static void prometheus_scrapes_what_json_says(void **state)
{
	struct scenario *scenario = *state;
	char directory[] = "/tmp/pg-prometheus-XXXXXX";
	uint64_t deadline = deadline_in(60);
	uint16_t port;
	struct actor *p;
	bool found;
	pid_t pid;

	scenario_watch(scenario);
	scenario_listener(scenario, LOCALHOST, 5000);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	all_done(actor_connect(p, 77, LOCALHOST, 5000), 77);
	assert_non_null(mkdtemp(directory));
	port = (uint16_t)(watch_port(scenario->watch) + 5000);
	pid = start_prometheus(directory, port, watch_port(scenario->watch));
	do {
		usleep(500000);
		found = query_returns(port, "sum(portgauge_owner_used_ports{process=\"pg-p\"})",
				      "77") &&
			query_returns(port, "up{job=\"portgauge\"}", "1");
	} while (!found && deadline_in(0) < deadline);
	stop_program(pid);
	must("rm", "-r", directory);
	assert_true(found);
}

const struct CMUnitTest prometheus_suite[] = {
	SCENARIO(metrics_are_clean_for_promtool),
	SCENARIO(openmetrics_are_clean_for_the_reference_parser),
	SCENARIO(prometheus_scrapes_what_json_says),
};
const size_t prometheus_suite_count = sizeof(prometheus_suite) / sizeof(prometheus_suite[0]);
