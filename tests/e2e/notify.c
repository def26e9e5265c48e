// SPDX-License-Identifier: Apache-2.0
/* Whoever is on call hears of it. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "desk.h"
#include "process.h"
#include "user/base/util.h"

#define OWN_FIRST 29817 /* source ports, as docs/notifiers.md has them */
#define OWN_LAST 29848
#define TAKEN_AT "portgauge_config_last_reload_success_timestamp_seconds"
#define SIZE (LAST - FIRST + 1)

/* --- what the scenarios ask ------------------------------------------------------------------ */

/* Polls until the condition holds. */
#define EVENTUALLY_SO(desk, condition)                                                  \
	do {                                                                            \
		uint64_t deadline_ = deadline_in(40);                                   \
		while (!(condition)) {                                                  \
			if (deadline_in(0) > deadline_)                                 \
				fail_msg("in vain: %s; the agent says: %s", #condition, \
					 watch_log((desk)->scenario->watch));           \
			usleep(50000);                                                  \
		}                                                                       \
	} while (0)

/* Has it a document of the webhook's kind about this rule in this state? */
static bool inbox_has(struct inbox *inbox, const char *rule, const char *status)
{
	bool found = false;

	for (size_t i = 0; i < inbox_count(inbox) && !found; i++) {
		json_t *body = inbox_body(inbox, i);

		found = !strcmp(text(body, "version"), "4") &&
			!strcmp(text(body, "status"), status) &&
			!strcmp(text(json_object_get(body, "groupLabels"), "alertname"), rule);
		json_decref(body);
	}
	return found;
}

/* Both have one fingerprint for one alert. */
static bool inbox_has_alert(struct inbox *inbox, const char *fingerprint)
{
	bool found = false;

	for (size_t i = 0; i < inbox_count(inbox) && !found; i++) {
		json_t *body = inbox_body(inbox, i);
		json_t *alert;
		size_t j;

		json_array_foreach(json_object_get(body, "alerts"), j, alert)
			found |= !strcmp(text(alert, "fingerprint"), fingerprint);
		json_decref(body);
	}
	return found;
}

static void refused_nobody(const struct desk *desk)
{
	json_t *snapshot = watch_snapshot(desk->scenario->watch);

	assert_int_equal(json_array_size(json_object_get(snapshot, "refusals")), 0);
	json_decref(snapshot);
}

/* Takes every port of CLIENTS, so that no connect() there finds one. */
static struct actor *exhaust(struct desk *desk)
{
	struct actor *hog = scenario_actor(desk->scenario, CLIENTS, "pg-hog");
	struct actor *probe = scenario_actor(desk->scenario, CLIENTS, "pg-probe");

	all_done(actor_bind(hog, SIZE, SOCK_STREAM, LOCALHOST, 0), SIZE);
	assert_int_equal(actor_connect(probe, 1, LOCALHOST, DESK_PORT).failed, 1);
	return hog;
}

static char *read_file(const char *path)
{
	char *content = calloc(1, 65536);
	FILE *file = fopen(path, "re");

	assert_non_null(content);
	if (file) {
		assert_true(fread(content, 1, 65535, file) < 65535);
		fclose(file);
	}
	return content;
}

/* --- Alertmanager ---------------------------------------------------------------------------- */

/* Polls until Alertmanager has an annotation of an alert that it has. */
static void await_annotation(const struct desk *desk, const char *rule, const char *name)
{
	uint64_t deadline = deadline_in(40);
	bool has = false;

	while (!has) {
		json_t *alert = desk_await_alert(desk, rule, "critical");

		has = json_object_get(json_object_get(alert, "annotations"), name);
		if (!has && deadline_in(0) > deadline)
			fail_msg("no %s in %s", name, json_dumps(alert, JSON_COMPACT));
		json_decref(alert);
		usleep(100000);
	}
}

static void check_alert(const json_t *alert)
{
	const json_t *labels = json_object_get(alert, "labels");
	const json_t *annotations = json_object_get(alert, "annotations");

	assert_string_equal(text(labels, "remote"), LOCALHOST);
	assert_string_equal(text(labels, "remote_port"), "5000");
	assert_string_equal(text(labels, "netns"), CLIENTS);
	assert_non_null(strstr(text(annotations, "process"), "pg-leak"));
	assert_non_null(strstr(text(annotations, "summary"), "of 1000 ports"));
}

static void alertmanager_hears_before_the_first_refusal(void **state)
{
	struct desk *desk = *state;
	struct inbox *inbox = desk_inbox(desk, NULL, INBOX_FRIENDLY);
	char settings[512];
	struct actor *leak;
	json_t *alert;

	desk_alertmanager(desk, NULL);
	snprintf(settings, sizeof(settings),
		 "notifiers:\n- type: alertmanager\n  urls: [\"http://" LOCALHOST ":%u\"]\n"
		 "- type: webhook\n  urls: [\"http://" LOCALHOST ":%u/\"]\n",
		 desk->port, desk_port(1));
	desk_watch(desk, NULL, settings);
	leak = desk_fill(desk, "pg-leak", 970);
	alert = desk_await_alert(desk, "DestinationSaturation", "critical");
	refused_nobody(desk);
	check_alert(alert);
	await_annotation(desk, "DestinationSaturation", "remedy");
	EVENTUALLY_SO(desk, inbox_has(inbox, "DestinationSaturation", "firing"));
	EVENTUALLY_SO(desk, inbox_has_alert(inbox, text(alert, "fingerprint")));
	json_decref(alert);
	all_done(actor_close(leak, 0), 970);
	desk_await_silence(desk, "DestinationSaturation");
	EVENTUALLY_SO(desk, inbox_has(inbox, "DestinationSaturation", "resolved"));
}

static void alertmanager_hears_where_no_port_is_left(void **state)
{
	struct desk *desk = *state;
	char settings[256];
	struct actor *hog;

	desk_alertmanager(desk, CLIENTS);
	snprintf(settings, sizeof(settings),
		 "notifiers:\n- type: alertmanager\n  urls: [\"http://" LOCALHOST ":%u\"]\n",
		 desk->port);
	desk_watch(desk, CLIENTS, settings);
	hog = exhaust(desk);
	json_decref(desk_await_alert(desk, "PoolSaturation", "critical"));
	all_done(actor_close(hog, 0), SIZE);
	desk_await_silence(desk, "PoolSaturation");
}

/* One dead, one silent, one busy, one that talks garbage, and a live one. */
static void alertmanager_that_lives_hears_though_others_do_not(void **state)
{
	struct desk *desk = *state;
	struct inbox *busy = desk_inbox(desk, NULL, INBOX_BUSY);
	char settings[512];
	struct actor *leak;

	desk_inbox(desk, NULL, INBOX_GARBAGE);
	desk_inbox(desk, NULL, INBOX_SILENT);
	desk_alertmanager(desk, NULL);
	snprintf(settings, sizeof(settings),
		 "notifiers:\n- name: all\n  type: alertmanager\n  timeout: 2s\n"
		 "  urls: [\"http://" LOCALHOST ":1\", \"http://" LOCALHOST ":%u\",\n"
		 "    \"http://" LOCALHOST ":%u\", \"http://" LOCALHOST ":%u\",\n"
		 "    \"http://" LOCALHOST ":%u\"]\n",
		 desk_port(1), desk_port(2), desk_port(3), desk->port);
	desk_watch(desk, NULL, settings);
	leak = desk_fill(desk, "pg-leak", 970);
	json_decref(desk_await_alert(desk, "DestinationSaturation", "critical"));
	metric_reaches(desk->scenario->watch,
		       "portgauge_notifications_total{notifier=\"all\",outcome=\"failed\"}", 4);
	metric_reaches(desk->scenario->watch,
		       "portgauge_notifications_total{notifier=\"all\",outcome=\"delivered\"}", 1);
	assert_true(inbox_count(busy) > 0);
	metric_becomes(desk->scenario->watch, "portgauge_events_lost_total{reason=\"ring_full\"}",
		       0);
	all_done(actor_close(leak, 0), 970);
	desk_await_silence(desk, "DestinationSaturation");
}

/* --- webhook --------------------------------------------------------------------------------- */

static void webhook_hears_where_no_port_is_left(void **state)
{
	struct desk *desk = *state;
	struct inbox *inbox = desk_inbox(desk, CLIENTS, INBOX_FRIENDLY);
	struct inbox *inside = desk_inbox(desk, CLIENTS, INBOX_FRIENDLY);
	char path[64];
	struct inbox *by_file;
	char settings[512];

	snprintf(path, sizeof(path), "%s/hook.sock", desk->directory);
	by_file = desk_inbox_unix(desk, path);
	snprintf(settings, sizeof(settings),
		 "notifiers:\n"
		 "- name: own\n  type: webhook\n  urls: [\"http://" LOCALHOST ":%u/\"]\n"
		 "- name: inside\n  type: webhook\n  urls: [\"http://" LOCALHOST ":%u/\"]\n"
		 "  source_ports: 40000-40003\n"
		 "- name: file\n  type: webhook\n  urls: [\"unix:%s:/hook\"]\n",
		 desk_port(1), desk_port(2), path);
	desk_watch(desk, CLIENTS, settings);
	exhaust(desk);
	EVENTUALLY_SO(desk, inbox_has(inbox, "PoolSaturation", "firing"));
	EVENTUALLY_SO(desk, inbox_has(by_file, "PoolSaturation", "firing"));
	assert_in_range(inbox_source(inbox, 0), OWN_FIRST, OWN_LAST);
	metric_reaches(desk->scenario->watch,
		       "portgauge_notifications_total{notifier=\"inside\",outcome=\"failed\"}", 1);
	assert_int_equal(inbox_count(inside), 0);
}

static void webhook_that_is_dead_costs_its_oldest_messages(void **state)
{
	struct desk *desk = *state;
	struct actor *leak;

	desk_watch(desk, NULL,
		   "notifiers:\n- name: dead\n  type: webhook\n  urls: [\"http://" LOCALHOST
		   ":1/\"]\n  queue_size: 2\n");
	leak = desk_fill(desk, "pg-leak", 970);
	metric_reaches(desk->scenario->watch,
		       "portgauge_notifications_total{notifier=\"dead\",outcome=\"failed\"}", 1);
	for (int i = 0; i < 2; i++) {
		all_done(actor_close(leak, 0), 970);
		EVENTUALLY(desk->scenario->watch,
			   json_array_size(json_object_get(snapshot, "alerts")) == 0);
		all_done(actor_open(leak, 970, .how = OPEN_RESETS, .remote = LOCALHOST,
				    .remote_port = DESK_PORT),
			 970);
		EVENTUALLY(desk->scenario->watch,
			   json_array_size(json_object_get(snapshot, "alerts")) > 0);
	}
	metric_reaches(desk->scenario->watch,
		       "portgauge_notifications_total{notifier=\"dead\",outcome=\"dropped\"}", 1);
}

/* --- exec ------------------------------------------------------------------------------------ */

static void write_script(char ret[64], const struct desk *desk, const char *script)
{
	int fd;

	snprintf(ret, 64, "%s/hook", desk->directory);
	fd = open(ret, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	assert_true(fd >= 0);
	dprintf(fd, "#!/bin/sh\n%s\n", script);
	close(fd);
}

static void watch_with_hook(struct desk *desk, const char *script)
{
	char settings[256];
	char path[64];

	write_script(path, desk, script);
	snprintf(settings, sizeof(settings),
		 "notifiers:\n- name: hook\n  type: exec\n  command: [%s, \"%s\"]\n  timeout: 1s\n",
		 path, desk->directory);
	desk_watch(desk, NULL, settings);
}

static void hook_gets_json(void **state)
{
	struct desk *desk = *state;
	char path[64];
	char *content;
	json_t *body;

	watch_with_hook(desk,
			"[ $PORTGAUGE_RULE $PORTGAUGE_STATE = DestinationSaturation firing ] ||"
			" true; cat > $1/new; mv $1/new $1/said");
	desk_fill(desk, "pg-leak", 970);
	snprintf(path, sizeof(path), "%s/said", desk->directory);
	EVENTUALLY_SO(desk, access(path, F_OK) == 0);
	content = read_file(path);
	body = json_loads(content, 0, NULL);
	assert_non_null(body);
	assert_string_equal(text(body, "version"), "4");
	assert_string_equal(text(body, "receiver"), "hook");
	json_decref(body);
	free(content);
}

/* The first run hangs, deaf to SIGTERM; the second one, after it was killed, says so. */
static void hook_that_hangs_is_killed_and_run_again(void **state)
{
	struct desk *desk = *state;
	char path[64];
	char *content;

	watch_with_hook(desk, "trap '' TERM\nif [ -e $1/pid ]; then\n"
			      "kill -0 $(cat $1/pid) 2>/dev/null && echo alive > $1/new ||"
			      " echo dead > $1/new\nmv $1/new $1/said; exit\nfi\n"
			      "echo $$ > $1/pid; while :; do sleep 1; done");
	desk_fill(desk, "pg-leak", 970);
	snprintf(path, sizeof(path), "%s/said", desk->directory);
	EVENTUALLY_SO(desk, access(path, F_OK) == 0);
	content = read_file(path);
	assert_string_equal(content, "dead\n");
	free(content);
	metric_reaches(desk->scenario->watch,
		       "portgauge_notifications_total{notifier=\"hook\",outcome=\"failed\"}", 1);
	metric_reaches(desk->scenario->watch,
		       "portgauge_notifications_total{notifier=\"hook\",outcome=\"delivered\"}", 1);
}

/* A URL that is silent, another by another notifier, a program deaf to SIGTERM: none for ten
 * minutes. */
static void watch_with_the_deaf(struct desk *desk)
{
	char settings[1024];
	char path[64];

	write_script(path, desk,
		     "trap '' TERM; echo $$ > $1/new; mv $1/new $1/pid; while :; do sleep 1; done");
	snprintf(settings, sizeof(settings),
		 "notifiers:\n"
		 "- {type: webhook, timeout: 10m, urls: [\"http://" LOCALHOST ":%u/\"]}\n"
		 "- {type: alertmanager, timeout: 10m, urls: [\"http://" LOCALHOST ":%u/\"]}\n"
		 "- {type: exec, timeout: 10m, command: [%s, \"%s\"]}\n",
		 desk_port(1), desk_port(2), path, desk->directory);
	desk_watch(desk, NULL, settings);
}

static void settings_are_read_again_while_nobody_answers(void **state)
{
	struct desk *desk = *state;
	const struct watch *watch;
	char path[64];
	double read_at;
	char *pid;

	desk_inbox(desk, NULL, INBOX_SILENT);
	desk_inbox(desk, NULL, INBOX_SILENT);
	watch_with_the_deaf(desk);
	watch = desk->scenario->watch;
	read_at = metric_now(watch, TAKEN_AT);
	desk_fill(desk, "pg-leak", 970);
	metric_reaches(watch, "portgauge_notifications_waiting{notifier=\"webhook\"}", 1);
	metric_reaches(watch, "portgauge_notifications_waiting{notifier=\"alertmanager\"}", 1);
	snprintf(path, sizeof(path), "%s/pid", desk->directory);
	EVENTUALLY_SO(desk, access(path, F_OK) == 0);
	desk_settings(desk, "notifiers:\n- type: journal\n");
	kill(watch_pid(watch), SIGHUP);
	metric_reaches(watch, TAKEN_AT, read_at + 0.001);
	pid = read_file(path);
	assert_int_equal(kill((pid_t)strtol(pid, NULL, 10), 0),
			 -1); /* it ended with its notifier */
	free(pid);
}

const struct CMUnitTest notify_suite[] = {
	DESK(webhook_hears_where_no_port_is_left),
	DESK(webhook_that_is_dead_costs_its_oldest_messages),
	DESK(hook_gets_json),
	DESK(hook_that_hangs_is_killed_and_run_again),
	DESK(settings_are_read_again_while_nobody_answers),
};
const size_t notify_suite_count = ARRAY_SIZE(notify_suite);

const struct CMUnitTest alertmanager_suite[] = {
	DESK(alertmanager_hears_before_the_first_refusal),
	DESK(alertmanager_hears_where_no_port_is_left),
	DESK(alertmanager_that_lives_hears_though_others_do_not),
};
const size_t alertmanager_suite_count = ARRAY_SIZE(alertmanager_suite);
