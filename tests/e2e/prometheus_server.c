// SPDX-License-Identifier: Apache-2.0
#include "prometheus_server.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

#define ASK "tests/tools/ask-prometheus"

static void write_file(const char *path, const char *content)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(content, file);
	assert_int_equal(fclose(file), 0);
}

/* Where the checks of this repository run: rules are read from there. */
static const char *here(char ret[PATH_MAX])
{
	assert_non_null(getcwd(ret, PATH_MAX));
	return ret;
}

static void write_config(const struct prometheus *server, uint16_t target, uint16_t alertmanager)
{
	char top[PATH_MAX];
	char path[64];
	char receiver[160] = "";
	char *config;

	if (alertmanager)
		snprintf(receiver, sizeof(receiver),
			 "alerting:\n  alertmanagers:\n  - static_configs:\n"
			 "    - targets: ['127.0.0.1:%u']\n",
			 alertmanager);
	assert_true(asprintf(&config,
			     "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
			     "rule_files: ['%s/" SHIPPED "rules/alerts.yml', '%s/" SHIPPED
			     "rules/recording.yml']\n"
			     "scrape_configs:\n- job_name: portgauge\n"
			     "  static_configs:\n  - targets: ['127.0.0.1:%u']\n%s",
			     here(top), top, target, receiver) > 0);
	snprintf(path, sizeof(path), "%s/prometheus.yml", server->directory);
	write_file(path, config);
	free(config);
}

struct prometheus *prometheus_start(const struct watch *watch, uint16_t alertmanager)
{
	struct prometheus *server = calloc(1, sizeof(*server));
	uint16_t port = (uint16_t)(watch_port(watch) + 5000);
	char config_flag[64];
	char storage_flag[64];
	char listen_flag[64];

	assert_non_null(server);
	strcpy(server->directory, "/tmp/pg-prometheus-XXXXXX");
	assert_non_null(mkdtemp(server->directory));
	write_config(server, watch_port(watch), alertmanager);
	snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%u", port);
	snprintf(config_flag, sizeof(config_flag), "--config.file=%s/prometheus.yml",
		 server->directory);
	snprintf(storage_flag, sizeof(storage_flag), "--storage.tsdb.path=%s/data",
		 server->directory);
	snprintf(listen_flag, sizeof(listen_flag), "--web.listen-address=127.0.0.1:%u", port);
	server->pid = start_program(
		NULL,
		(const char *const[]){ "prometheus", config_flag, storage_flag, listen_flag, NULL },
		-1);
	return server;
}

void prometheus_stop(struct prometheus *server)
{
	if (!server)
		return;
	stop_program(server->pid);
	must("rm", "-r", server->directory);
	free(server);
}

struct result prometheus_ask(const struct prometheus *server, const char *what, const char *more)
{
	return run_program(NULL, (const char *const[]){ ASK, server->url, what, more, NULL });
}

bool prometheus_answers(const struct prometheus *server, const char *query, const char *value)
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

char *prometheus_await_alert(const struct prometheus *server, const char *name, bool fires)
{
	uint64_t deadline = deadline_in(60);
	struct result result;

	do {
		usleep(500000);
		result = prometheus_ask(server, "alert", name);
		/* an address that refuses is no answer; an alert that does not fire prints nothing
		 */
		if (fires ? result.status == 0 : result.status == 1 && !*result.out)
			return result.out;
		result_done(&result);
	} while (deadline_in(0) < deadline);
	return NULL;
}
