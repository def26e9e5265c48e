// SPDX-License-Identifier: Apache-2.0
/* Each command by hand: what it prints, and what it says when something is wrong. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "command.h"
#include "process.h"
#include "scenario.h"

#define LOCALHOST "127.0.0.1"

static void prints(struct result result, const char *const *wanted)
{
	if (result.status)
		fail_msg("status %d: %s", result.status, result.out);
	for (; *wanted; wanted++)
		if (!strstr(result.out, *wanted))
			fail_msg("no '%s' in: %s", *wanted, result.out);
	result_done(&result);
}
#define PRINTS(result, ...) prints(result, (const char *const[]){ __VA_ARGS__, NULL })

static struct actor *some_connections(struct scenario *scenario)
{
	struct actor *p;

	scenario_listener(scenario, LOCALHOST, 5000);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	all_done(actor_connect(p, 25, LOCALHOST, 5000), 25);
	return p;
}

static void snapshot_needs_no_agent(void **state)
{
	struct scenario *scenario = *state;

	some_connections(scenario);
	PRINTS(RUN(NULL, "snapshot"), CLIENTS, "pg-p[", LOCALHOST ":5000", "40000-40999",
	       "source ");
}

static void snapshot_writes_json(void **state)
{
	struct scenario *scenario = *state;
	struct result result;
	json_t *snapshot;

	some_connections(scenario);
	result = RUN(NULL, "snapshot", "--json");
	assert_int_equal(result.status, 0);
	snapshot = json_loads(result.out, 0, NULL);
	assert_non_null(snapshot);
	assert_true(number(owner_row(snapshot, scenario->clients, "tcp", "pg-p"), "used") == 25);
	assert_true(number(snapshot, "version") == 1);
	json_decref(snapshot);
	result_done(&result);
}

static void without_privileges_one_line_says_what_is_needed(void **state)
{
	struct launch nobody = { .unprivileged = true };

	(void)state;
	complains(RUN(&nobody, "snapshot"), 77, "CAP_BPF", "run as root");
	complains(RUN(&nobody, "run"), 77, "CAP_BPF", "run as root");
	complains(RUN(&nobody, "trace"), 77, "CAP_BPF", "--source diag");
}

static void mistakes_are_one_line(void **state)
{
	(void)state;
	complains(RUN(NULL, "snapshot", "--bogus"), 64, "--bogus", "snapshot");
	complains(RUN(NULL, "run", "--reconcile", "soon"), 64, "--reconcile 'soon'", "seconds");
	complains(RUN(NULL, "run", "--ring-size", "1000"), 64, "'1000'", "power of two");
	complains(RUN(NULL, "snapshot", "now"), 64, "'now'", "--help");
	complains(RUN(NULL, "frobnicate"), 64, "'frobnicate'", "--help");
	complains(RUN(NULL, "snapshot", "--source", "magic"), 1, "'magic'", "doctor");
	complains(RUN(NULL, "run", "--web.listen-address", "nowhere"), 1, "nowhere", "host:port");
}

static void a_busy_port_is_one_line(void **state)
{
	struct scenario *scenario = *state;
	char address[32];

	scenario_watch(scenario);
	snprintf(address, sizeof(address), "127.0.0.1:%u", watch_port(scenario->watch));
	complains(RUN(NULL, "run", "--web.listen-address", address), 1, address,
		  "--web.listen-address");
}

static void a_missing_btf_is_one_line(void **state)
{
	struct launch without_btf = { .without_btf = true };

	(void)state;
	complains(RUN(&without_btf, "snapshot", "--source", "tracepoint"), 1,
		  "/sys/kernel/btf/vmlinux", "CONFIG_DEBUG_INFO_BTF");
}

static void help_tells_what_there_is(void **state)
{
	(void)state;
	PRINTS(RUN(NULL, "--help"), "run", "snapshot", "trace", "doctor", "verify");
	PRINTS(RUN(NULL, "run", "--help"), "--source", "--reconcile", "--web.listen-address");
	PRINTS(RUN(NULL, "--version"), "portgauge ");
}

static void doctor_names_the_source_and_why(void **state)
{
	struct scenario *scenario = *state;
	struct result result;
	const char *chosen;
	json_t *report;

	scenario_watch(scenario);
	result = RUN(NULL, "doctor", "--json");
	assert_int_equal(result.status, 0);
	report = json_loads(result.out, 0, NULL);
	assert_non_null(report);
	chosen = text(report, "source");
	assert_true(*chosen);
	if (strcmp(chosen, "fentry")) { /* then it must say why the better one was not chosen */
		const json_t *fentry = json_array_get(json_object_get(report, "sources"), 0);

		assert_true(*text(fentry, "reason"));
		assert_non_null(json_object_get(fentry, "missing")); /* null: nobody can say */
		assert_non_null(json_object_get(fentry, "fix"));
	}
	PRINTS(RUN(NULL, "doctor"), "chosen", chosen, "CAP_BPF", "BTF", "fentry", "tracepoint",
	       "diag");
	json_decref(report);
	result_done(&result);
}

/* What a trace wrote while something happened. */
static char *trace(const char *const *argv, void (*happen)(struct scenario *scenario),
		   struct scenario *scenario)
{
	int file = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char *out = calloc(1, OUTPUT_MAX);
	uint64_t deadline = deadline_in(30);
	pid_t pid;

	assert_true(file >= 0);
	assert_non_null(out);
	pid = start_program(NULL, argv, file);
	/* The heading, or the first event (a JSON trace has none), tells that it is attached. */
	do {
		happen(scenario);
		usleep(300000);
		assert_true(pread(file, out, OUTPUT_MAX - 1, 0) >= 0);
		if (deadline < deadline_in(0))
			fail_msg("the trace says nothing");
	} while (!strstr(out, "pg-p"));
	assert_int_equal(stop_program(pid), 0);
	close(file);
	return out;
}

static void connect_one(struct scenario *scenario)
{
	actor_connect(scenario->actors[1], 1, LOCALHOST, 5000);
}

static void trace_prints_a_line_an_event(void **state)
{
	struct scenario *scenario = *state;
	char *out;

	scenario_listener(scenario, LOCALHOST, 5000);
	scenario_actor(scenario, CLIENTS, "pg-p");
	out = trace((const char *const[]){ watch_program(), "trace", NULL }, connect_one, scenario);
	assert_non_null(strstr(out, "EVENT"));
	assert_non_null(strstr(out, " taken "));
	assert_non_null(strstr(out, CLIENTS));
	assert_non_null(strstr(out, "-> " LOCALHOST ":5000"));
	free(out);
}

static void trace_can_show_refusals_only(void **state)
{
	struct scenario *scenario = *state;
	json_t *line;
	char *out;

	space_sysctl(CLIENTS, "net/ipv4/ip_local_port_range", "40000 40001");
	scenario_listener(scenario, LOCALHOST, 5000);
	scenario_actor(scenario, CLIENTS, "pg-p");
	out = trace((const char *const[]){ watch_program(), "trace", "--json", "--refused", NULL },
		    connect_one, scenario);
	out[strcspn(out, "\n")] = '\0';
	line = json_loads(out, 0, NULL);
	assert_non_null(line);
	assert_string_equal(text(line, "event"), "refused");
	assert_string_equal(text(line, "process"), "pg-p");
	assert_string_equal(text(line, "errno"), "EADDRNOTAVAIL");
	assert_string_equal(text(line, "remote"), LOCALHOST);
	assert_string_equal(text(line, "netns_name"), CLIENTS);
	json_decref(line);
	free(out);
}

static void http_serves_its_pages(void **state)
{
	struct scenario *scenario = *state;
	const char *const pages[] = { "/",        "/-/pages",         "/page/app.mjs",
				      "/metrics", "/api/v1/snapshot", "/api/v1/alerts",
				      "/report",  "/-/healthy",       "/-/ready" };

	scenario_watch(scenario);
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		char *body = watch_get(scenario->watch, pages[i]);

		if (!body)
			fail_msg("no %s", pages[i]);
		free(body);
	}
	assert_null(watch_get(scenario->watch, "/nothing"));
}

const struct CMUnitTest command_suite[] = {
	SCENARIO(snapshot_needs_no_agent),
	SCENARIO(snapshot_writes_json),
	SCENARIO(without_privileges_one_line_says_what_is_needed),
	SCENARIO(a_missing_btf_is_one_line),
	SCENARIO(doctor_names_the_source_and_why),
	SCENARIO(trace_prints_a_line_an_event),
};
const size_t command_suite_count = sizeof(command_suite) / sizeof(command_suite[0]);

/* The same on each kernel. */
const struct CMUnitTest usage_suite[] = {
	SCENARIO(mistakes_are_one_line),    SCENARIO(a_busy_port_is_one_line),
	SCENARIO(help_tells_what_there_is), SCENARIO(trace_can_show_refusals_only),
	SCENARIO(http_serves_its_pages),
};
const size_t usage_suite_count = sizeof(usage_suite) / sizeof(usage_suite[0]);
