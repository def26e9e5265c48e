// SPDX-License-Identifier: Apache-2.0
/* Settings from a file: what is wrong with them, what they do, and what SIGHUP makes of a new one.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "command.h"
#include "process.h"
#include "scenario.h"
#include "user/base/util.h"

#define LOCALHOST "127.0.0.1"
#define RULES "alerts:\n  rules:\n"
/* A rule that fires from 100 of the 1000 ports toward port 5000 on. */
#define MANY                                                                                 \
	"  - {name: ManyPorts, severity: info, metric: destination_saturation, enter: 10%, " \
	"leave: 5%,\n     match: {destination: [\"127.0.0.0/8:5000\"], process: [pg-*]}, "   \
	"labels: {team: shop}}\n"
#define SOME                                                                                \
	"  - {name: SomePorts, severity: info, metric: destination_saturation, enter: 1%, " \
	"match: {netns: [pg-test-clients]}}\n"

/* The file of this process. */
static const char *file_name(void)
{
	static char path[64];

	snprintf(path, sizeof(path), "/tmp/pg-test-%d.yaml", getpid());
	return path;
}

static void put(const char *content)
{
	FILE *file = fopen(file_name(), "we");

	assert_non_null(file);
	fputs(content, file);
	assert_int_equal(fclose(file), 0);
}

static void watch_with(struct scenario *scenario, const char *content)
{
	const char *const more[] = { "--config.file", file_name(), NULL };
	const struct watch_plan plan = { .source = scenario->source, .more = more };

	put(content);
	scenario->watch = watch_start(&plan);
}

static int teardown(void **state)
{
	unlink(file_name());
	return scenario_teardown(state);
}

static struct actor *take_ports(struct scenario *scenario, uint32_t count)
{
	struct actor *p;

	scenario_listener(scenario, LOCALHOST, 5000);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	all_done(actor_connect(p, count, LOCALHOST, 5000), count);
	return p;
}

/* In /api/v1/alerts, of the namespace under test; NULL: it does not fire. Borrowed. */
static const json_t *alert_row(const json_t *document, const char *rule)
{
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(document, "alerts"), i, row)
		if (!strcmp(text(row, "rule"), rule) && strstr(text(row, "subject"), CLIENTS))
			return row;
	return NULL;
}

static json_t *alerts_now(const struct watch *watch)
{
	CLEANUP(freep) char *body = watch_get(watch, "/api/v1/alerts");
	json_t *document = body ? json_loads(body, 0, NULL) : NULL;

	assert_non_null(document);
	return document;
}

static void becomes(const struct watch *watch, const char *rule, bool fires)
{
	uint64_t deadline = deadline_in(40);

	for (;;) {
		json_t *document = alerts_now(watch);
		bool found = alert_row(document, rule);

		if (found != fires)
			wait_or_fail(deadline, rule, document);
		json_decref(document);
		if (found == fires)
			return;
	}
}

/* --- files ----------------------------------------------------------------------------------- */

static void check_config_tells_every_mistake(void **state)
{
	static const char *const wanted[] = {
		":1:1: there is no key \"sorce\"; write \"source\"\n",
		":2:12: \"reconcile\" is \"10\"; write a duration",
		":3:1: the key \"reconcile\" is there since line 2",
		":4:12: \"ring_size\" is \"huge\"; write a size",
		":8:21: the list is empty",
		":10:26: a URL starts with http://",
		":11:26: \"page\" is no whole path",
	};
	const struct launch nobody = { .unprivileged = true };
	struct result result;

	(void)state;
	put("sorce: fentry\nreconcile: 10\nreconcile: 10s\nring_size: huge\n"
	    "alerts:\n  rules:\n  - {name: PortsRefused, severity: critical,\n"
	    "     match: {netns: []}}\n"
	    "notifiers:\n- {type: webhook, urls: [ftp://a]}\n- {type: exec, command: [page]}\n");
	result = RUN(&nobody, "check-config", file_name());
	assert_int_equal(result.status, 1);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		if (!strstr(result.out, wanted[i]))
			fail_msg("no '%s' in: %s", wanted[i], result.out);
	result_done(&result);
}

static void check_config_says_that_all_is_fine(void **state)
{
	const struct launch nobody = { .unprivileged = true };

	(void)state;
	put("reconcile: 5s\nnotifiers: []\n");
	complains(RUN(&nobody, "check-config", file_name()), 0, file_name(), "0 notifiers");
	complains(RUN(&nobody, "check-config", "/nowhere.yaml"), 66, "/nowhere.yaml",
		  "No such file");
	complains(RUN(&nobody, "check-config"), 64, "which FILE", "--help");
}

static void check_config_looks_into_the_web_file_too(void **state)
{
	char web[] = "/tmp/pg-web-XXXXXX";
	char content[128];
	FILE *file = fdopen(mkstemp(web), "w");

	(void)state;
	assert_non_null(file);
	fputs("basic_auth_users: {}\nrate_limits: {}\n", file);
	assert_int_equal(fclose(file), 0);
	snprintf(content, sizeof(content), "web: {config_file: %s}\n", web);
	put(content);
	complains(RUN(NULL, "check-config", file_name()), 1, web, ":2:1: there is no key");
	unlink(web);
	complains(RUN(NULL, "check-config", file_name()), 1, file_name(), "No such file");
}

static void a_secret_that_others_can_read_is_a_mistake(void **state)
{
	char secret[] = "/tmp/pg-secret-XXXXXX";
	char content[256];
	int fd = mkstemp(secret);

	(void)state;
	assert_true(fd >= 0);
	snprintf(content, sizeof(content),
		 "notifiers:\n- type: webhook\n  urls: [http://127.0.0.1:9]\n  username: u\n"
		 "  password_file: %s\n",
		 secret);
	put(content);
	says(RUN(NULL, "check-config", file_name()), 0, "fine");
	assert_int_equal(fchmod(fd, 0644), 0);
	complains(RUN(NULL, "check-config", file_name()), 1, ":5:18: others may read",
		  "chmod o-rw");
	unlink(secret);
	close(fd);
	complains(RUN(NULL, "check-config", file_name()), 1, "No such file", "name a file");
}

static void run_refuses_a_file_with_mistakes(void **state)
{
	(void)state;
	put("reconcil: 5s\n");
	complains(RUN(NULL, "run", "--config.file", file_name()), 78,
		  ":1:1:", "write \"reconcile\"");
	complains(RUN(NULL, "run", "--config.file", "/nowhere.yaml"), 78, "/nowhere.yaml",
		  "No such file");
}

/* --- what they do ---------------------------------------------------------------------------- */

static void a_rule_from_a_file_fires(void **state)
{
	struct scenario *scenario = *state;
	const json_t *labels;
	json_t *document;
	const json_t *row;

	watch_with(scenario, RULES MANY);
	take_ports(scenario, 150);
	becomes(scenario->watch, "ManyPorts", true);
	document = alerts_now(scenario->watch);
	row = alert_row(document, "ManyPorts");
	labels = json_object_get(row, "labels");
	assert_string_equal(text(labels, "alertname"), "ManyPorts");
	assert_string_equal(text(labels, "severity"), "info");
	assert_string_equal(text(labels, "netns"), CLIENTS);
	assert_string_equal(text(labels, "remote"), LOCALHOST);
	assert_string_equal(text(labels, "remote_port"), "5000");
	assert_string_equal(text(labels, "team"), "shop");
	row = json_object_get(row, "annotations");
	assert_non_null(strstr(text(row, "process"), "pg-p["));
	assert_true(*text(row, "remedy") && *text(row, "description"));
	assert_non_null(strstr(text(row, "runbook_url"), "docs/alerts.md#"));
	json_decref(document);
}

static void the_command_line_wins(void **state)
{
	struct scenario *scenario = *state;

	/* watch_start gives address, interval and control socket */
	watch_with(scenario,
		   "web: {listen_addresses: [\"127.0.0.1:1\"], telemetry_path: /numbers}\n"
		   "reconcile: 1h\ncontrol: /nowhere/x.sock\nlimits: {top: 1}\n");
	take_ports(scenario, 5);
	EVENTUALLY(scenario->watch,
		   json_array_size(json_object_get(snapshot, "pools")) == 2); /* and "other" */
	assert_null(watch_get(scenario->watch, "/metrics"));
	assert_int_equal(access("/nowhere/x.sock", F_OK), -1);
	assert_int_equal(access(watch_control(scenario->watch), F_OK), 0);
	EVENTUALLY(scenario->watch,
		   number(json_object_get(snapshot, "health"), "reconciliations") >= 3);
}

/* --- SIGHUP ---------------------------------------------------------------------------------- */

#define TAKEN "portgauge_config_last_reload_successful"
#define TAKEN_AT "portgauge_config_last_reload_success_timestamp_seconds"

static double since(const struct watch *watch, const char *rule)
{
	json_t *document = alerts_now(watch);
	const char *began = text(alert_row(document, rule), "since");
	double sum = 0;

	for (; *began; began++) /* any change shows */
		sum = sum * 31 + *began;
	json_decref(document);
	return sum;
}

static void a_new_file_changes_rules_and_keeps_alerts(void **state)
{
	struct scenario *scenario = *state;
	double before;
	double read_at;

	watch_with(scenario, RULES MANY);
	take_ports(scenario, 150);
	becomes(scenario->watch, "ManyPorts", true);
	before = since(scenario->watch, "ManyPorts");
	read_at = metric_now(scenario->watch, TAKEN_AT);

	put(RULES MANY SOME "ring_size: 64KiB\nlimits: {top: 1}\n");
	kill(watch_pid(scenario->watch), SIGHUP);
	becomes(scenario->watch, "SomePorts", true);
	becomes(scenario->watch, "ManyPorts", true);
	assert_true(since(scenario->watch, "ManyPorts") == before);
	assert_true(metric_now(scenario->watch, TAKEN) == 1);
	assert_true(metric_now(scenario->watch, TAKEN_AT) > read_at);
	EVENTUALLY(scenario->watch, json_array_size(json_object_get(snapshot, "pools")) == 2);

	put(RULES SOME);
	kill(watch_pid(scenario->watch), SIGHUP);
	becomes(scenario->watch, "ManyPorts", false);
	becomes(scenario->watch, "SomePorts", true);
}

static bool log_has(const struct watch *watch, const char *words)
{
	CLEANUP(freep) char *log = watch_log(watch);

	return strstr(log, words);
}

static void what_needs_a_restart_is_said(void **state)
{
	struct scenario *scenario = *state;
	double read_at;

	watch_with(scenario, "");
	read_at = metric_now(scenario->watch, TAKEN_AT);
	put("ring_size: 64KiB\nsource: diag\nreconcile: 3s\n");
	kill(watch_pid(scenario->watch), SIGHUP);
	metric_reaches(scenario->watch, TAKEN_AT, read_at + 0.001);
	assert_true(log_has(scenario->watch, "ring_size has changed, which needs a restart"));
	assert_false(log_has(scenario->watch, "reconcile has changed"));
}

static void a_bad_file_changes_nothing(void **state)
{
	struct scenario *scenario = *state;
	double read_at;

	watch_with(scenario, RULES MANY);
	take_ports(scenario, 150);
	becomes(scenario->watch, "ManyPorts", true);
	read_at = metric_now(scenario->watch, TAKEN_AT);
	put(RULES SOME "  nonsense: 1\n");
	kill(watch_pid(scenario->watch), SIGHUP);
	metric_becomes(scenario->watch, TAKEN, 0);
	assert_true(metric_now(scenario->watch, TAKEN_AT) == read_at);
	assert_true(log_has(scenario->watch, ":4:3: there is no key \"nonsense\""));
	assert_true(log_has(scenario->watch, "still hold"));
	becomes(scenario->watch, "ManyPorts", true);
	becomes(scenario->watch, "SomePorts", false);

	put(RULES MANY SOME);
	kill(watch_pid(scenario->watch), SIGHUP);
	metric_becomes(scenario->watch, TAKEN, 1);
	becomes(scenario->watch, "SomePorts", true);
}

/* Reads what systemd would be told until these words come. */
static void is_told(int fd, const char *words)
{
	struct timeval limit = { .tv_sec = 20 };
	char message[512];
	ssize_t n;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	do {
		n = recv(fd, message, sizeof(message) - 1, 0);
		if (n < 0)
			fail_msg("systemd is never told %s", words);
		message[n] = '\0';
	} while (!strstr(message, words));
	if (!strcmp(words, "RELOADING=1"))
		assert_non_null(strstr(message, "MONOTONIC_USEC="));
}

static void systemd_is_told_of_a_reload(void **state)
{
	struct scenario *scenario = *state;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/pg-notify-%d", getpid());
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	agents_own(address.sun_path);
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	watch_with(scenario, "");
	unsetenv("NOTIFY_SOCKET");
	is_told(fd, "READY=1");
	kill(watch_pid(scenario->watch), SIGHUP);
	is_told(fd, "RELOADING=1");
	is_told(fd, "READY=1");
	unlink(address.sun_path);
	close(fd);
}

#define CONFIG_SCENARIO(function) \
	cmocka_unit_test_setup_teardown(function, scenario_setup, teardown)

const struct CMUnitTest config_suite[] = {
	CONFIG_SCENARIO(check_config_tells_every_mistake),
	CONFIG_SCENARIO(check_config_says_that_all_is_fine),
	CONFIG_SCENARIO(check_config_looks_into_the_web_file_too),
	CONFIG_SCENARIO(a_secret_that_others_can_read_is_a_mistake),
	CONFIG_SCENARIO(run_refuses_a_file_with_mistakes),
	CONFIG_SCENARIO(a_rule_from_a_file_fires),
	CONFIG_SCENARIO(the_command_line_wins),
	CONFIG_SCENARIO(a_new_file_changes_rules_and_keeps_alerts),
	CONFIG_SCENARIO(what_needs_a_restart_is_said),
	CONFIG_SCENARIO(a_bad_file_changes_nothing),
	CONFIG_SCENARIO(systemd_is_told_of_a_reload),
};
const size_t config_suite_count = sizeof(config_suite) / sizeof(config_suite[0]);
