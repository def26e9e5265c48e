// SPDX-License-Identifier: Apache-2.0
#include "desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fetch.h"
#include "process.h"
#include "user/base/util.h"

#define FIRST_PORT 15000
#define PORTS 500
#define PATIENCE_S 40
#define READY_S 60

uint16_t desk_port(size_t number)
{
	return (uint16_t)(FIRST_PORT + getpid() % PORTS * 10 + (int)number);
}

static struct inbox *add(struct desk *desk, struct inbox *inbox)
{
	assert_true(desk->inboxes_count < DESK_INBOXES_MAX);
	desk->inboxes[desk->inboxes_count++] = inbox;
	return inbox;
}

struct inbox *desk_inbox(struct desk *desk, const char *netns, enum inbox_manner manner)
{
	return add(desk, inbox_open(netns, desk_port(1 + desk->inboxes_count), manner));
}

struct inbox *desk_inbox_unix(struct desk *desk, const char *path)
{
	return add(desk, inbox_open_unix(path));
}

static void write_file(const char *path, const char *content)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(content, file);
	assert_int_equal(fclose(file), 0);
}

/* --- Alertmanager ---------------------------------------------------------------------------- */

static void await_ready(const struct desk *desk)
{
	uint64_t deadline = deadline_in(READY_S);
	char *body;

	while (!(body = fetch(desk->netns, desk->port, "/-/ready"))) {
		if (!program_runs(desk->alertmanager) || deadline_in(0) > deadline)
			fail_msg("Alertmanager does not come up");
		usleep(100000);
	}
	free(body);
}

/* Debian's looks for its templates where it would be installed: unless it is, it gets a /usr/share
 * of its own. */
static const char with_templates[] =
	"to=/usr/share/prometheus; from=$(dirname \"$(command -v \"$0\")\")/../share/prometheus;"
	" [ -e $to/alertmanager/default.tmpl ] || { mount -t tmpfs none /usr/share &&"
	" mkdir $to && mount --bind \"$from\" $to; } && exec \"$0\" \"$@\"";

void desk_alertmanager(struct desk *desk, const char *netns)
{
	struct launch launch = { .netns = netns };
	char settings[64];
	char settings_flag[96];
	char storage_flag[96];
	char listen_flag[64];

	desk->netns = netns;
	desk->port = desk_port(0);
	snprintf(settings, sizeof(settings), "%s/alertmanager.yml", desk->directory);
	write_file(settings, "route:\n  receiver: nobody\nreceivers:\n- name: nobody\n");
	snprintf(settings_flag, sizeof(settings_flag), "--config.file=%s", settings);
	snprintf(storage_flag, sizeof(storage_flag), "--storage.path=%s/data", desk->directory);
	snprintf(listen_flag, sizeof(listen_flag), "--web.listen-address=" LOCALHOST ":%u",
		 desk->port);
	desk->alertmanager = start_program(
		&launch,
		(const char *const[]){ "unshare", "--mount", "sh", "-c", with_templates,
				       "prometheus-alertmanager", settings_flag, storage_flag,
				       listen_flag, "--cluster.listen-address=", NULL },
		-1);
	await_ready(desk);
}

static bool has_label(const json_t *alert, const char *name, const char *value)
{
	return !strcmp(text(json_object_get(alert, "labels"), name), value);
}

json_t *desk_alert(const struct desk *desk, const char *rule, const char *severity)
{
	CLEANUP(freep) char *body = fetch(desk->netns, desk->port, "/api/v2/alerts");
	json_t *found = NULL;
	json_t *alerts;
	json_t *alert;
	size_t i;

	assert_non_null(body);
	alerts = json_loads(body, 0, NULL);
	assert_non_null(alerts);
	json_array_foreach(alerts, i, alert)
		if (!found && has_label(alert, "alertname", rule) &&
		    (!severity || has_label(alert, "severity", severity)))
			found = json_incref(alert);
	json_decref(alerts);
	return found;
}

json_t *desk_await_alert(const struct desk *desk, const char *rule, const char *severity)
{
	uint64_t deadline = deadline_in(PATIENCE_S);
	json_t *alert;

	while (!(alert = desk_alert(desk, rule, severity))) {
		if (deadline_in(0) > deadline)
			fail_msg("Alertmanager does not hear of %s; the agent says: %s", rule,
				 watch_log(desk->scenario->watch));
		usleep(100000);
	}
	return alert;
}

void desk_await_silence(const struct desk *desk, const char *rule)
{
	uint64_t deadline = deadline_in(PATIENCE_S);
	json_t *alert;

	while ((alert = desk_alert(desk, rule, NULL))) {
		if (deadline_in(0) > deadline)
			fail_msg("%s does not end at Alertmanager: %s", rule,
				 json_dumps(alert, JSON_COMPACT));
		json_decref(alert);
		usleep(100000);
	}
}

/* --- the agent ------------------------------------------------------------------------------- */

void desk_settings(const struct desk *desk, const char *settings)
{
	write_file(desk->settings, settings);
}

void desk_watch(struct desk *desk, const char *netns, const char *settings)
{
	const char *const more[] = { "--config.file", desk->settings, NULL };
	struct launch launch = { .netns = netns };
	struct watch_plan plan = {
		.source = desk->scenario->source,
		.more = more,
		.launch = &launch,
	};

	desk_settings(desk, settings);
	agents_own(desk->directory);
	desk->scenario->watch = watch_start(&plan);
}

struct actor *desk_fill(struct desk *desk, const char *name, uint32_t count)
{
	struct actor *actor;

	if (!desk->scenario->actors_count)
		scenario_listener(desk->scenario, LOCALHOST, DESK_PORT);
	actor = scenario_actor(desk->scenario, CLIENTS, name);
	all_done(actor_open(actor, count, .how = OPEN_RESETS, .remote = LOCALHOST,
			    .remote_port = DESK_PORT),
		 count);
	return actor;
}

/* --- life ------------------------------------------------------------------------------------ */

int desk_setup(void **state)
{
	struct desk *desk = calloc(1, sizeof(*desk));
	void *scenario = NULL;

	assert_non_null(desk);
	*state = desk;
	if (scenario_setup(&scenario) != 0)
		return -1;
	desk->scenario = scenario;
	strcpy(desk->directory, "/tmp/pg-desk-XXXXXX");
	if (!mkdtemp(desk->directory))
		return -1;
	snprintf(desk->settings, sizeof(desk->settings), "%s/portgauge.yml", desk->directory);
	return 0;
}

int desk_teardown(void **state)
{
	struct desk *desk = *state;
	void *scenario = desk->scenario;
	int status = scenario_teardown(&scenario);

	if (desk->alertmanager)
		stop_program(desk->alertmanager);
	for (size_t i = 0; i < desk->inboxes_count; i++)
		inbox_close(desk->inboxes[i]);
	must("rm", "-r", desk->directory);
	free(desk);
	return status;
}
