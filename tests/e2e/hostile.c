// SPDX-License-Identifier: Apache-2.0
/*
 * Who chooses names to do harm changes their own label and nothing else. Several processes hold as
 * much as a tame one, under the worst of names, cgroups and arguments; every document stays well
 * formed, and says of each what it says of the tame one. Not part of the VM runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "command.h"
#include "desk.h"
#include "process.h"
#include "scenario.h"
#include "user/base/text.h"
#include "user/base/util.h"

#define COUNT 10
#define PORT 5000
#define TAME "pg-tame"
#define SECRET "hunter2"
#define SLICE "pg-test.slice"
#define WILD_CGROUP SLICE "/w\"x\\y\033[2J{} \xff'$(id)"
#define DOCUMENT_MAX (4 << 20)

/* A process may bear any 15 bytes but zeros. */
static const char *const wild[] = {
	"e\"v\\i\nl\xff{}", "\033[2J\033[31mr\a\x9b",
	"} 1\n# HELP x y",  "\xe2\x80\xae\xc0\xaf\xed\xa0\x80\r\n",
	"';`$(x)`<b>&%s%n", "fifteen bytes!!",
};

/* --- judges ---------------------------------------------------------------------------------- */

/* UTF-8 that no terminal takes for an order; lines may end. */
static void assert_harmless(const char *what, const char *text)
{
	assert_non_null(text);
	for (const char *at = text; *at;) {
		size_t length = *at == '\n' || *at == '\t' ? 1 : text_printable_length(at);

		if (!length)
			fail_msg("%s: byte 0x%02x at %td of:\n%s", what, (unsigned char)*at,
				 at - text, text);
		at += length;
	}
}

static json_t *strict_json(const char *what, const char *text)
{
	json_error_t error;
	json_t *document = json_loads(text, JSON_REJECT_DUPLICATES, &error);

	if (!document)
		fail_msg("%s: %s in:\n%s", what, error.text, text);
	return document;
}

/* What a checker says of a document on its standard input. Caller ends the result. */
static struct result check_with(const char *checker, const char *document)
{
	char path[] = "/tmp/pg-hostile-XXXXXX";
	char command[128];
	struct result result;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, document, strlen(document)), strlen(document));
	close(fd);
	snprintf(command, sizeof(command), "%s < %s", checker, path);
	result = run_program(NULL, (const char *const[]){ "sh", "-c", command, NULL });
	unlink(path);
	if (result.status)
		fail_msg("%s: status %d: %s", checker, result.status, result.out);
	return result;
}

/* --- processes ------------------------------------------------------------------------------- */

/* The ports of all of them. */
static double all_ports(void)
{
	size_t processes = ARRAY_SIZE(wild) + 1;

	return (double)(COUNT * processes);
}

static bool all_are_known(const json_t *snapshot, uint32_t netns)
{
	return number(pool_row(snapshot, netns, "tcp"), "used") == all_ports();
}

static void start_wild(struct scenario *scenario)
{
	scenario_listener(scenario, LOCALHOST, PORT);
	all_done(actor_connect(scenario_actor(scenario, CLIENTS, TAME), COUNT, LOCALHOST, PORT),
		 COUNT);
	for (size_t i = 0; i < ARRAY_SIZE(wild); i++) {
		struct actor *p = scenario_actor(scenario, CLIENTS, wild[i]);

		if (i == 0)
			cgroup_move(WILD_CGROUP, actor_pid(p));
		all_done(actor_connect(p, COUNT, LOCALHOST, PORT), COUNT);
	}
}

static void watch_wild(struct scenario *scenario)
{
	scenario_watch(scenario);
	start_wild(scenario);
	EVENTUALLY(scenario->watch, all_are_known(snapshot, scenario->clients));
}

static int hostile_setup(void **state)
{
	char path[CGROUP_PATH_SIZE];
	int r = scenario_setup(state);

	cgroup_make(SLICE);
	cgroup_make(WILD_CGROUP);
	cgroup_path(path, SLICE "/new\nline");
	/* the kernel itself refuses the one that would look like two lines of /proc/PID/cgroup */
	assert_int_equal(mkdir(path, 0755), -1);
	return r;
}

static int hostile_teardown(void **state)
{
	int r = scenario_teardown(state);

	return cgroup_remove(WILD_CGROUP) < 0 || cgroup_remove(SLICE) < 0 ? -1 : r;
}

/* --- JSON ------------------------------------------------------------------------------------ */

/* Of numbers, what does not tell who they are. */
static bool is_own(const char *key)
{
	return !strcmp(key, "pid") || strstr(key, "since") || strstr(key, "start");
}

/* The same keys, the same numbers. */
static void assert_alike(json_t *row, json_t *tame)
{
	const char *key;
	json_t *value;

	json_object_foreach(tame, key, value) {
		json_t *other = json_object_get(row, key);

		if (!other)
			fail_msg("no %s in %s", key, json_dumps(row, JSON_COMPACT));
		if (json_is_integer(value) && !is_own(key) && !json_equal(other, value))
			fail_msg("%s differs: %s and %s", key, json_dumps(row, JSON_COMPACT),
				 json_dumps(tame, JSON_COMPACT));
	}
}

/* Each row of this namespace is like the tame one's. How many there are. */
static size_t compare_owners(const json_t *snapshot, uint32_t netns)
{
	json_t *tame = owner_row(snapshot, netns, "tcp", TAME);
	size_t count = 0;
	size_t i;
	json_t *row;

	assert_non_null(tame);
	json_array_foreach(json_object_get(snapshot, "owners"), i, row) {
		const char *process = json_string_value(json_object_get(row, "process"));

		if ((uint32_t)number(row, "netns") != netns || !strcmp(process, "pg-server"))
			continue;
		assert_harmless("owner", process);
		assert_alike(row, tame);
		count++;
	}
	return count;
}

static void json_says_of_wild_names_what_it_says_of_tame_ones(void **state)
{
	struct scenario *scenario = *state;
	json_t *snapshot;
	char *document;

	watch_wild(scenario);
	document = watch_get(scenario->watch, "/api/v1/snapshot");
	assert_harmless("snapshot", document);
	snapshot = strict_json("snapshot", document);
	assert_int_equal(compare_owners(snapshot, scenario->clients), ARRAY_SIZE(wild) + 1);
	assert_true(number(pool_row(snapshot, scenario->clients, "tcp"), "used") == all_ports());
	json_decref(snapshot);
	free(document);
}

/* --- metrics --------------------------------------------------------------------------------- */

static bool is_owner_of_ten(const char *line)
{
	const char *value = strrchr(line, ' ');

	return !strncmp(line, "portgauge_owner_used_ports{", 27) && strstr(line, CLIENTS) &&
	       strstr(line, "active") && value && strtod(value, NULL) == COUNT;
}

static void metrics_have_one_series_for_each_wild_name(void **state)
{
	struct scenario *scenario = *state;
	struct result result;
	size_t series = 0;
	char *metrics;

	watch_wild(scenario);
	metrics = watch_get(scenario->watch, "/metrics");
	assert_harmless("metrics", metrics);
	result = check_with("promtool check metrics", metrics);
	assert_string_equal(result.out, "");
	result_done(&result);
	free(metrics);
	metrics = watch_get_as(scenario->watch, "/metrics",
			       "application/openmetrics-text; version=1.0.0");
	assert_harmless("OpenMetrics", metrics);
	result = check_with("tests/tools/parse-openmetrics", metrics);
	for (char *rest = result.out, *line; (line = strsep(&rest, "\n"));)
		series += is_owner_of_ten(line);
	if (series != ARRAY_SIZE(wild) + 1)
		fail_msg("%zu series: %s", series, metrics);
	result_done(&result);
	free(metrics);
}

/* --- what people read ------------------------------------------------------------------------ */

static void commands_print_wild_names_without_harm(void **state)
{
	struct scenario *scenario = *state;
	struct result result;

	watch_wild(scenario);
	result = RUN(NULL, "snapshot");
	assert_int_equal(result.status, 0);
	assert_harmless("snapshot", result.out);
	assert_non_null(strstr(result.out, TAME));
	result_done(&result);
	result = RUN(NULL, "check", "--netns", CLIENTS);
	assert_int_equal(result.status, 0);
	assert_harmless("check", result.out);
	result_done(&result);
	result = RUN(NULL, "verify", "--control", watch_control(scenario->watch));
	assert_harmless("verify", result.out);
	assert_int_equal(result.status, 0);
	result_done(&result);
}

/* --- arguments ------------------------------------------------------------------------------- */

static const char program[] =
	"import socket, sys, time\n"
	"sockets = [socket.create_connection(('" LOCALHOST "', 5000)) for _ in range(10)]\n"
	"time.sleep(1000)\n";

static void write_program(char path[32])
{
	int fd;

	snprintf(path, 32, "/tmp/pg-hostile-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, program, strlen(program)), strlen(program));
	close(fd);
}

static void arguments_tell_no_secret_and_give_no_orders(void **state)
{
	struct scenario *scenario = *state;
	const struct launch launch = { .netns = CLIENTS };
	char path[32];
	const char *const argv[] = { "/usr/bin/python3",
				     path,
				     "--password",
				     SECRET,
				     "--token=" SECRET,
				     "postgres://u:" SECRET "@h/d",
				     "\033[2J\"{}\n\\\xff\xe2\x80\xae",
				     NULL };
	char *document;
	pid_t pid;

	write_program(path);
	scenario_watch(scenario);
	scenario_listener(scenario, LOCALHOST, PORT);
	pid = start_program(&launch, argv, -1);
	EVENTUALLY(scenario->watch,
		   number(owner_row(snapshot, scenario->clients, "tcp", "python3"), "used") ==
				   COUNT &&
			   json_object_get(owner_row(snapshot, scenario->clients, "tcp", "python3"),
					   "command"));
	document = watch_get(scenario->watch, "/api/v1/snapshot");
	stop_program(pid);
	unlink(path);
	assert_harmless("snapshot", document);
	assert_null(strstr(document, SECRET));
	json_decref(strict_json("snapshot", document));
	free(document);
}

/* --- who is told ----------------------------------------------------------------------------- */

#define ALERT_NAME "\033[2J\"\n} =x\\" /* 970 ports are its own */

static char *read_whole(const char *path)
{
	char *content = calloc(1, DOCUMENT_MAX);
	FILE *file = fopen(path, "re");

	assert_non_null(content);
	assert_non_null(file);
	assert_true(fread(content, 1, DOCUMENT_MAX - 1, file) < DOCUMENT_MAX - 1);
	fclose(file);
	return content;
}

static void await_file(const struct desk *desk, const char *path)
{
	uint64_t deadline = deadline_in(40);

	while (access(path, F_OK) < 0) {
		if (deadline_in(0) > deadline)
			fail_msg("no %s; the agent says: %s", path,
				 watch_log(desk->scenario->watch));
		usleep(50000);
	}
}

static void write_hook(const struct desk *desk, char path[64])
{
	FILE *file;

	snprintf(path, 64, "%s/hook", desk->directory);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs("#!/bin/sh\nset -e\n[ \"$PORTGAUGE_RULE\" = DestinationSaturation ] || exit 0\n"
	      "cat > $1/new; env > $1/env; mv $1/new $1/said\n",
	      file);
	fclose(file);
	chmod(path, 0700);
}

/* Each line is a variable: a name and '='. */
static void assert_variables(char *environment)
{
	assert_harmless("environment", environment);
	for (char *line; (line = strsep(&environment, "\n"));) {
		size_t name = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");

		if (*line && (!name || line[name] != '='))
			fail_msg("no variable: %s", line);
	}
}

static void assert_log_lines(const struct desk *desk)
{
	char *log = watch_log(desk->scenario->watch);
	char *rest = log;

	assert_harmless("log", log);
	for (char *line; (line = strsep(&rest, "\n"));)
		if (*line && strncmp(line, "portgauge: ", 11) && strncmp(line, "level=", 6))
			fail_msg("a line of its own: %s", line);
	free(log);
}

static void whoever_is_told_of_wild_names_gets_no_orders(void **state)
{
	struct desk *desk = *state;
	struct inbox *inbox = desk_inbox(desk, NULL, INBOX_FRIENDLY);
	char settings[512];
	char path[64];
	char *content;
	json_t *body;

	write_hook(desk, path);
	snprintf(settings, sizeof(settings),
		 "notifiers:\n- type: journal\n- name: hook\n  type: exec\n"
		 "  command: [%s, \"%s\"]\n"
		 "- type: webhook\n  urls: [\"http://" LOCALHOST ":%u/\"]\n",
		 path, desk->directory, desk_port(1));
	desk_watch(desk, NULL, settings);
	desk_fill(desk, ALERT_NAME, 970);
	snprintf(path, sizeof(path), "%s/said", desk->directory);
	await_file(desk, path);
	content = read_whole(path);
	assert_harmless("standard input of the hook", content);
	body = strict_json("standard input of the hook", content);
	assert_string_equal(text(body, "version"), "4");
	json_decref(body);
	free(content);
	snprintf(path, sizeof(path), "%s/env", desk->directory);
	content = read_whole(path);
	assert_variables(content);
	free(content);
	for (size_t i = 0; i < inbox_count(inbox); i++)
		json_decref(inbox_body(inbox, i));
	assert_true(inbox_count(inbox) > 0);
	assert_log_lines(desk);
}

#define WILD(function) cmocka_unit_test_setup_teardown(function, hostile_setup, hostile_teardown)

const struct CMUnitTest hostile_suite[] = {
	WILD(json_says_of_wild_names_what_it_says_of_tame_ones),
	WILD(metrics_have_one_series_for_each_wild_name),
	WILD(commands_print_wild_names_without_harm),
	SCENARIO(arguments_tell_no_secret_and_give_no_orders),
	DESK(whoever_is_told_of_wild_names_gets_no_orders),
};
const size_t hostile_suite_count = ARRAY_SIZE(hostile_suite);
