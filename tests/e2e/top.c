// SPDX-License-Identifier: Apache-2.0
/* The live view in a real terminal (tmux): keys go in, the screen is read. Not part of the VM runs:
 * guests have no tmux. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "process.h"
#include "recording.h"
#include "scenario.h"
#include "screen.h"

#define LOCALHOST "127.0.0.1"
#define HOSTILE "pg-\033[2J"
#define COMMAND_MAX 1024

/* A destination that is full, refusals, an owner whose name would clear the screen. */
static void busy_host(struct scenario *scenario)
{
	struct actor *hostile;
	struct actor *p;

	space_sysctl(CLIENTS, "net/ipv4/ip_local_port_range", "40000 40099");
	scenario_listener(scenario, LOCALHOST, 5000);
	scenario_listener(scenario, "127.0.0.2", 6432);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	hostile = scenario_actor(scenario, CLIENTS, HOSTILE);
	all_done(actor_connect(hostile, 42, "127.0.0.2", 6432), 42);
	all_done(actor_connect(p, 100, LOCALHOST, 5000), 100);
	assert_int_equal(actor_connect(p, 12, LOCALHOST, 5000).failed, 12);
}

static void show(struct scenario *scenario, unsigned int rows, unsigned int columns,
		 const char *command)
{
	screen_stop(scenario->screen);
	scenario->screen = NULL;
	scenario->screen = screen_start(rows, columns, command);
}

/* `top` of the running agent, after what the shell is to do first. */
static void show_agent(struct scenario *scenario, unsigned int rows, unsigned int columns,
		       const char *first)
{
	char command[COMMAND_MAX];

	snprintf(command, sizeof(command), "%s %s top --connect 127.0.0.1:%u", first,
		 watch_program(), watch_port(scenario->watch));
	show(scenario, rows, columns, command);
}

static void top_shows_what_a_running_agent_knows(void **state)
{
	struct scenario *scenario = *state;

	scenario_watch(scenario);
	busy_host(scenario);
	EVENTUALLY(scenario->watch, json_array_size(json_object_get(snapshot, "verdicts")) >= 1);
	show_agent(scenario, 24, 80, "");
	screen_shows(scenario->screen, ">pg-test-cl~ tcp ");
	screen_shows(scenario->screen, "12 refused in 60 s");
	screen_shows(scenario->screen, LOCALHOST ":5000");
	screen_press(scenario->screen, "Enter");
	screen_shows(scenario->screen, "Destinations of " CLIENTS " tcp");
	screen_shows(scenario->screen, ">" LOCALHOST ":5000");
	screen_press(scenario->screen, "Enter");
	screen_shows(scenario->screen, "Owners of " LOCALHOST ":5000, " CLIENTS " tcp");
	screen_shows(scenario->screen, ">pg-p[");
	screen_shows(scenario->screen, "  100 100.0% ");
	screen_resize(scenario->screen, 24, 160);
	screen_shows(scenario->screen, " COMMAND ");
	screen_shows(scenario->screen, "] e2e"); /* and "..." if there were arguments */
	screen_resize(scenario->screen, 24, 80);
	screen_press(scenario->screen, "Enter");
	screen_shows(scenario->screen, "Destinations of pg-p[");
	PRESS(scenario->screen, "Escape", "Escape", "Escape");
	screen_shows(scenario->screen, "[1 Pools");
	screen_press(scenario->screen, "4");
	screen_shows(scenario->screen, "EADDRNOTAVAIL " LOCALHOST ":5000");
	screen_press(scenario->screen, "5");
	screen_shows(scenario->screen, "Remedy:");
	screen_press(scenario->screen, "6");
	screen_shows(scenario->screen, "PortsRefused");
}

static void top_works_alone(void **state)
{
	struct scenario *scenario = *state;
	char command[COMMAND_MAX];

	snprintf(command, sizeof(command), "%s top %s%s", watch_program(),
		 scenario->source ? "--source " : "", scenario->source ? scenario->source : "");
	show(scenario, 24, 80, command);
	screen_shows(scenario->screen, "[1 Pools");
	screen_press(scenario->screen, "3");
	busy_host(scenario);
	screen_shows(scenario->screen, "pg-p[");
	screen_shows(scenario->screen, "pg-?[2J[");
	PRESS(scenario->screen, "/", "2", "j");
	screen_shows(scenario->screen, "\n/2j_");
	screen_hides(scenario->screen, "pg-p[");
	screen_shows(scenario->screen, "pg-?[2J[");
	PRESS(scenario->screen, "Enter", "Enter");
	screen_shows(scenario->screen, "Destinations of pg-?[2J[");
	screen_shows(scenario->screen, ">127.0.0.2:6432");
}

static void show_recording(struct scenario *scenario, const struct running *record, const char *at)
{
	char command[COMMAND_MAX];

	snprintf(command, sizeof(command), "%s top --replay %s%s; echo status $?; exec sleep 1000",
		 watch_program(), record->path, at);
	show(scenario, 24, 80, command);
}

/* Refused, then all released: the screen is of the one moment or of the other. */
static struct running record_two_moments(struct scenario *scenario)
{
	struct running record = recording_start(scenario);
	struct actor *p;

	space_sysctl(CLIENTS, "net/ipv4/ip_local_port_range", "40000 40019");
	scenario_listener(scenario, LOCALHOST, 5000);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	assert_int_equal(actor_connect(p, 23, LOCALHOST, 5000).failed, 3);
	usleep(3000000); /* seconds that are to be gone through */
	recording_stop(&record);
	return record;
}

static void top_shows_a_recording_as_it_was(void **state)
{
	struct scenario *scenario = *state;
	struct running record = record_two_moments(scenario);

	show_recording(scenario, &record, "");
	screen_shows(scenario->screen, "REPLAY ");
	screen_shows(scenario->screen, "3 refused in 60 s  END"); /* goes on by itself */
	screen_press(scenario->screen, "[");
	screen_shows(scenario->screen, "UTC +0:00:00");
	screen_shows(scenario->screen, "PAUSED");
	screen_hides(scenario->screen, "refused in 60 s");
	screen_press(scenario->screen, "]");
	screen_shows(scenario->screen, "3 refused in 60 s  END");
	screen_shows(scenario->screen, "pg-test-cl~ tcp      20    20 100.0% " LOCALHOST ":5000");
	screen_press(scenario->screen, "6");
	screen_shows(scenario->screen, "PortsRefused");
	PRESS(scenario->screen, "3", "/", "p", "g", "-", "p", "Enter", "Enter");
	screen_shows(scenario->screen, "Destinations of pg-p[");
	PRESS(scenario->screen, ",", ",");
	screen_shows(scenario->screen, "PAUSED");
	screen_press(scenario->screen, "p");
	screen_shows(scenario->screen, "END");
	screen_press(scenario->screen, "q");
	screen_shows(scenario->screen, "status 0");
	show_recording(scenario, &record, " --at +1s");
	screen_press(scenario->screen, ".");
	screen_shows(scenario->screen, "UTC +0:00:0");
	screen_hides(scenario->screen, "UTC +0:00:00");
	recording_forget(&record);
}

static void top_says_in_one_line_what_it_cannot_replay(void **state)
{
	struct scenario *scenario = *state;
	struct running record = recording_start(scenario);

	recording_stop(&record);
	show_recording(scenario, &record, " --at +9h");
	screen_shows(scenario->screen, "is after the recording, which ends at");
	screen_shows(scenario->screen, "status 64");
	show_recording(scenario, &record, " --connect x");
	screen_shows(scenario->screen, "only one of them");
	screen_shows(scenario->screen, "status 64");
	assert_int_equal(truncate(record.path, 20), 0);
	show_recording(scenario, &record, "");
	screen_shows(scenario->screen, "cut at byte 16");
	screen_shows(scenario->screen, "status 66");
	recording_forget(&record);
}

static unsigned int lines_of(const char *text)
{
	unsigned int lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

static void top_follows_the_size_of_the_terminal(void **state)
{
	struct scenario *scenario = *state;
	char *shown;

	scenario_watch(scenario);
	busy_host(scenario);
	show_agent(scenario, 24, 80, "");
	screen_press(scenario->screen, "3");
	screen_shows(scenario->screen, "TIME-WAIT");
	screen_shows(scenario->screen, "3 Owners:");
	screen_resize(scenario->screen, 10, 40);
	screen_shows(scenario->screen, "1 2 [3 Owners] 4 5 6");
	screen_resize(scenario->screen, 50, 200);
	screen_shows(scenario->screen, " POD ");
	screen_shows(scenario->screen, "CGROUP");
	shown = screen_text(scenario->screen, false);
	assert_int_equal(lines_of(shown), 50);
	assert_non_null(strstr(shown, "\nq quit"));
	free(shown);
}

/* It ends, and everything is as before it began. */
static void leaves_nothing(const struct scenario *scenario)
{
	screen_shows(scenario->screen, "status 0 same");
	screen_is(scenario->screen, "#{cursor_flag} #{alternate_on} #{keypad_flag}", "1 0 0");
}

#define AS_BEFORE                                                                              \
	"echo BEFORE; b=$(stty -g); stop() { echo status $1 $([ \"$b\" = \"$(stty -g)\" ] && " \
	"echo same); exec sleep 1000; }; trap : INT QUIT; "

static void show_and_look_afterwards(struct scenario *scenario, const char *first)
{
	char command[COMMAND_MAX];

	snprintf(command, sizeof(command), AS_BEFORE "%s %s top --connect 127.0.0.1:%u; stop $?",
		 first, watch_program(), watch_port(scenario->watch));
	show(scenario, 24, 80, command);
	screen_shows(scenario->screen, "[1 Pools");
	screen_shows(scenario->screen, "host");
}

static void top_leaves_the_terminal_as_it_was(void **state)
{
	static const int signals[] = { SIGTERM, SIGHUP, SIGINT, SIGQUIT };
	static const char *const keys[] = { "q", "C-c" };
	struct scenario *scenario = *state;

	scenario_watch(scenario);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		show_and_look_afterwards(scenario, "");
		screen_press(scenario->screen, keys[i]);
		leaves_nothing(scenario);
		screen_shows(scenario->screen, "BEFORE");
	}
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		show_and_look_afterwards(scenario, "");
		screen_kill(scenario->screen, signals[i]);
		leaves_nothing(scenario);
		screen_shows(scenario->screen, "BEFORE");
	}
}

/* Escape sequences with a colour of the foreground. */
static bool has_colors(const struct scenario *scenario)
{
	char *shown = screen_text(scenario->screen, true);
	bool has = strstr(shown, "\033[31m") || strstr(shown, "\033[1m\033[31m") ||
		   strstr(shown, ";31m") || strstr(shown, "\033[33m");

	free(shown);
	return has;
}

static void top_needs_no_color(void **state)
{
	struct scenario *scenario = *state;

	scenario_watch(scenario);
	busy_host(scenario);
	show_agent(scenario, 24, 80, "");
	screen_shows(scenario->screen, "100.0%");
	screen_shows(scenario->screen, "refused in 60 s");
	assert_true(has_colors(scenario));
	show_agent(scenario, 24, 80, "NO_COLOR=1");
	screen_shows(scenario->screen, "100.0%");
	screen_shows(scenario->screen, "refused in 60 s");
	assert_false(has_colors(scenario));
	show_and_look_afterwards(scenario, "TERM=vt100");
	screen_shows(scenario->screen, "100.0%");
	assert_false(has_colors(scenario));
	PRESS(scenario->screen, "Enter", "Down", "Up");
	screen_shows(scenario->screen, ">" LOCALHOST ":5000");
	screen_press(scenario->screen, "q");
	screen_shows(scenario->screen, "status 0 same");
}

static void top_shows_no_foreign_letters_where_there_are_none(void **state)
{
	struct scenario *scenario = *state;

	scenario_watch(scenario);
	scenario_listener(scenario, LOCALHOST, 5000);
	scenario_actor(scenario, CLIENTS, "pg-\xe7\xb6\xb2");
	all_done(actor_connect(scenario->actors[1], 3, LOCALHOST, 5000), 3);
	show_agent(scenario, 24, 80, "");
	screen_press(scenario->screen, "3");
	screen_shows(scenario->screen, "pg-\xe7\xb6\xb2[");
	show_agent(scenario, 24, 80, "LC_ALL=C");
	screen_press(scenario->screen, "3");
	screen_shows(scenario->screen, "pg-?[");
}

static void top_outlives_the_agent(void **state)
{
	struct scenario *scenario = *state;

	scenario_watch(scenario);
	show_agent(scenario, 24, 80, "");
	screen_shows(scenario->screen, "[1 Pools");
	assert_int_equal(watch_stop(scenario->watch), 0);
	scenario->watch = NULL;
	screen_shows(scenario->screen, "is portgauge run serving there?");
	screen_shows(scenario->screen, "[1 Pools"); /* the last picture stays */
	scenario_watch(scenario);
	screen_shows(scenario->screen, "q quit");
	screen_hides(scenario->screen, "is portgauge run serving there?");
}

static void top_takes_the_rules_of_a_file(void **state)
{
	struct scenario *scenario = *state;
	char command[COMMAND_MAX];
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/tmp/pg-test-%d.yml", getpid());
	file = fopen(path, "we");
	assert_non_null(file);
	fputs("alerts:\n  rules:\n    - name: MyOwnRule\n      metric: refusals\n      severity: warning\n      enter: 3\n",
	      file);
	assert_int_equal(fclose(file), 0);
	snprintf(command, sizeof(command),
		 "%s top --config.file %s%s%s; echo status $?; exec sleep 1000", watch_program(),
		 path, scenario->source ? " --source " : "",
		 scenario->source ? scenario->source : "");
	show(scenario, 24, 80, command);
	screen_shows(scenario->screen, "[1 Pools");
	busy_host(scenario);
	screen_press(scenario->screen, "6");
	screen_shows(scenario->screen, "MyOwnRule");
	file = fopen(path, "we");
	assert_non_null(file);
	fputs("nonsense: 1\n", file);
	assert_int_equal(fclose(file), 0);
	show(scenario, 24, 200, command);
	screen_shows(scenario->screen, ":1:1:");
	screen_shows(scenario->screen, "status 78");
	assert_int_equal(unlink(path), 0);
}

static void top_says_in_one_line_what_is_missing(void **state)
{
	struct scenario *scenario = *state;
	char command[COMMAND_MAX];

	complains(RUN(NULL, "top", "--source", "diag"), 1, "no terminal", "portgauge snapshot");
	snprintf(command, sizeof(command),
		 "TERM=nonsense %s top --source diag; echo status $?; exec sleep 1000",
		 watch_program());
	show(scenario, 24, 200, command);
	screen_shows(scenario->screen, "'nonsense'; set TERM to another");
	screen_shows(scenario->screen, "status 1");
	snprintf(command, sizeof(command),
		 "%s top --connect 127.0.0.1:9; echo status $?; exec sleep 1000", watch_program());
	show(scenario, 24, 200, command);
	screen_shows(scenario->screen, "is portgauge run serving there?");
	screen_shows(scenario->screen, "status 69");
}

const struct CMUnitTest top_suite[] = {
	SCENARIO(top_shows_what_a_running_agent_knows),
	SCENARIO(top_works_alone),
	SCENARIO(top_shows_a_recording_as_it_was),
	SCENARIO(top_says_in_one_line_what_it_cannot_replay),
	SCENARIO(top_follows_the_size_of_the_terminal),
	SCENARIO(top_leaves_the_terminal_as_it_was),
	SCENARIO(top_needs_no_color),
	SCENARIO(top_shows_no_foreign_letters_where_there_are_none),
	SCENARIO(top_outlives_the_agent),
	SCENARIO(top_takes_the_rules_of_a_file),
	SCENARIO(top_says_in_one_line_what_is_missing),
};
const size_t top_suite_count = sizeof(top_suite) / sizeof(top_suite[0]);
