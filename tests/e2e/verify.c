// SPDX-License-Identifier: Apache-2.0
/* verify against a running agent, and the diag source against the kernel's own tools. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "command.h"
#include "process.h"
#include "scenario.h"
#include "user/verify/control_client.h"
#include "user/base/util.h"

#define LOCALHOST "127.0.0.1"
#define SERVER_PORT 5000 /* outside the range */
#define PATIENCE_S 120   /* two agents at once, in a slow machine */

/* --- running commands ------------------------------------------------------------------------ */

static const struct launch patient = { .timeout_s = PATIENCE_S };

/* Standard error comes before the document. Caller drops the reference. */
static json_t *document(struct result result, int status)
{
	const char *begin = strchr(result.out, '{');
	json_t *json = begin ? json_loads(begin, JSON_DISABLE_EOF_CHECK, NULL) : NULL;

	if (result.status != status || !json)
		fail_msg("status %d, not %d with a document: %s", result.status, status,
			 result.out);
	result_done(&result);
	return json;
}

static void verify_is_clean(const char *control)
{
	says(RUN(&patient, "verify", "--control", control), 0, "no difference");
}

/* --- an agent of our own, for options that the usual one does not get ------------------------ */

struct second_agent {
	pid_t pid;
	char control[64];
	char address[32];
};

static bool is_answered(const char *control)
{
	struct holds_dump dump = { 0 };
	bool answered = control_fetch(&dump, control) == 0;

	holds_dump_done(&dump);
	return answered;
}

/* option and value: NULL: none. */
static struct second_agent start_second(const char *source, const char *option, const char *value)
{
	struct second_agent agent = { 0 };
	uint64_t deadline = deadline_in(PATIENCE_S);

	snprintf(agent.control, sizeof(agent.control), "/tmp/pg-test-second-%d.sock", getpid());
	snprintf(agent.address, sizeof(agent.address), LOCALHOST ":%u",
		 (unsigned int)(25000 + getpid() % 5000));
	agent.pid = start_program(
		NULL,
		(const char *const[]){ watch_program(), "run", "--control", agent.control,
				       "--web.listen-address", agent.address, "--reconcile", "2",
				       source ? "--source" : "--top", source ? source : "100",
				       option, value, NULL },
		-1);
	while (!is_answered(agent.control)) {
		if (!program_runs(agent.pid) || deadline < deadline_in(0))
			fail_msg("the second agent did not come up");
		usleep(20000);
	}
	return agent;
}

static void stop_second(struct second_agent *agent)
{
	assert_int_equal(stop_program(agent->pid), 0);
	assert_int_equal(access(agent->control, F_OK), -1);
}

/* --- traffic --------------------------------------------------------------------------------- */

/* Holds of every kind: 20 connections of connect(), 5 of IPv6, 5 bound before, 4 in TIME_WAIT, 3
 * bound only, a listener in the range with 2 children; of UDP 3 bound, 2 connected, 2 sending. */
static void hold_all_kinds(struct scenario *scenario)
{
	struct actor *server = scenario_listener(scenario, LOCALHOST, SERVER_PORT);
	struct actor *server6 = scenario_actor(scenario, CLIENTS, "pg-server6");
	struct actor *inside = scenario_actor(scenario, CLIENTS, "pg-inside");
	struct actor *p = scenario_actor(scenario, CLIENTS, "pg-p");

	all_done(actor_listen(server6, "::1", SERVER_PORT), 1);
	all_done(actor_listen(inside, LOCALHOST, 40500), 1); /* these two while they are free */
	all_done(actor_bind(inside, 1, SOCK_STREAM, LOCALHOST, 40777), 1);
	all_done(actor_connect(p, 4, LOCALHOST, SERVER_PORT), 4);
	all_done(actor_accept(server, 4), 4);
	all_done(actor_close(p, 4), 4);
	all_done(actor_close_accepted(server), 4);
	all_done(actor_connect(p, 20, LOCALHOST, SERVER_PORT), 20);
	all_done(actor_connect(p, 5, "::1", SERVER_PORT), 5);
	all_done(actor_connect(p, 2, LOCALHOST, 40500), 2);
	all_done(actor_accept(inside, 1), 1);
	all_done(actor_bind_connect(p, 5, LOCALHOST, SERVER_PORT), 5);
	all_done(actor_bind(p, 2, SOCK_STREAM, LOCALHOST, 0), 2);
	all_done(actor_bind(p, 3, SOCK_DGRAM, LOCALHOST, 0), 3);
	all_done(actor_udp_connect(p, 2, LOCALHOST, 9), 2);
	all_done(actor_udp_send(p, 2, LOCALHOST, 9), 2);
}

/* Connects and closes as fast as it can until it is stopped. */
static pid_t start_churn(void)
{
	static const struct launch inside = { .netns = CLIENTS };

	return start_program(&inside,
			     (const char *const[]){ "bash", "-c",
						    "while :; do exec 3<>/dev/tcp/127.0.0.1/5000; "
						    "exec 3>&-; done 2>/dev/null",
						    NULL },
			     -1);
}

static void churn_until_time_wait(const struct scenario *scenario)
{
	EVENTUALLY(scenario->watch,
		   number(pool_row(snapshot, scenario->clients, "tcp"), "used") > 20);
}

static json_t *sum_row(const json_t *report, uint32_t netns, const char *protocol)
{
	return pool_row(report, netns, protocol);
}

/* What differs in CLIENTS, by kind. */
static size_t count_kind(const json_t *report, uint32_t netns, const char *kind)
{
	size_t count = 0;
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(report, "differences"), i, row)
		if ((uint32_t)number(row, "netns") == netns && !strcmp(text(row, "kind"), kind))
			count++;
	return count;
}

/* --- verify ---------------------------------------------------------------------------------- */

static void verify_finds_no_difference_in_holds_of_all_kinds(void **state)
{
	struct scenario *scenario = *state;
	json_t *report;
	json_t *tcp;
	json_t *udp;

	scenario_watch(scenario);
	hold_all_kinds(scenario);
	report = document(
		RUN(&patient, "verify", "--json", "--control", watch_control(scenario->watch)), 0);
	tcp = sum_row(report, scenario->clients, "tcp");
	udp = sum_row(report, scenario->clients, "udp");
	assert_true(json_is_true(json_object_get(report, "equal")));
	assert_int_equal(count_kind(report, scenario->clients, "missing"), 0);
	/* 20 + 5 + 5 + 4 + 2 to the inside + listener + 2 children; 3 bound only */
	assert_int_equal(number(tcp, "ledger"), 42);
	assert_int_equal(number(tcp, "kernel") + number(tcp, "not_verifiable"), 42);
	assert_int_equal(number(udp, "ledger"), 7);
	assert_int_equal(number(udp, "kernel"), 7);
	json_decref(report);
}

static void verify_finds_no_difference_in_what_was_there_before(void **state)
{
	struct scenario *scenario = *state;

	hold_all_kinds(scenario);
	scenario_watch(scenario);
	verify_is_clean(watch_control(scenario->watch));
}

static void verify_finds_no_difference_while_ports_come_and_go(void **state)
{
	struct scenario *scenario = *state;
	pid_t churn;

	scenario_watch(scenario);
	hold_all_kinds(scenario);
	all_done(actor_serve(scenario->actors[0]), 1);
	churn = start_churn();
	churn_until_time_wait(scenario);
	for (int i = 0; i < 5; i++)
		verify_is_clean(watch_control(scenario->watch));
	stop_program(churn);
	verify_is_clean(watch_control(scenario->watch));
}

static void verify_finds_no_difference_after_a_process_has_gone(void **state)
{
	struct scenario *scenario = *state;

	scenario_watch(scenario);
	hold_all_kinds(scenario);
	for (unsigned int i = 0; i < scenario->actors_count; i++)
		actor_stop(scenario->actors[i]);
	scenario->actors_count = 0;
	verify_is_clean(watch_control(scenario->watch));
}

/* There is a real difference where the agent has no room for all holds. */
static void verify_finds_what_the_agent_does_not_have(void **state)
{
	struct scenario *scenario = *state;
	struct second_agent agent = start_second(scenario->source, "--max-holds", "10");
	struct actor *p = scenario_actor(scenario, CLIENTS, "pg-p");
	json_t *report;

	scenario_listener(scenario, LOCALHOST, SERVER_PORT);
	all_done(actor_connect(p, 30, LOCALHOST, SERVER_PORT), 30);
	report = document(RUN(&patient, "verify", "--json", "--control", agent.control), 1);
	assert_true(json_is_false(json_object_get(report, "equal")));
	assert_true(json_is_false(json_object_get(report, "complete")));
	assert_true(count_kind(report, scenario->clients, "missing") >= 20);
	assert_int_equal(number(sum_row(report, scenario->clients, "tcp"), "kernel"), 30);
	assert_int_equal(number(sum_row(report, scenario->clients, "tcp"), "differences"),
			 count_kind(report, scenario->clients, "missing"));
	json_decref(report);
	says(RUN(&patient, "verify", "--control", agent.control), 1,
	     "kernel established (uid 0, inode ");
	stop_second(&agent);
}

static void verify_without_an_agent_is_one_line(void **state)
{
	(void)state;
	complains(RUN(NULL, "verify", "--control", "/tmp/pg-test-nobody.sock"), 69,
		  "/tmp/pg-test-nobody.sock", "portgauge run");
}

static void verify_without_privileges_is_one_line(void **state)
{
	struct scenario *scenario = *state;
	struct launch nobody = { .unprivileged = true };

	scenario_watch(scenario);
	complains(RUN(&nobody, "verify", "--control", watch_control(scenario->watch)), 77,
		  watch_control(scenario->watch), "run as root");
}

static void verify_of_a_stopped_agent_is_one_line(void **state)
{
	struct scenario *scenario = *state;
	struct result result;

	scenario_watch(scenario);
	assert_int_equal(kill(watch_pid(scenario->watch), SIGSTOP), 0);
	result = RUN(&patient, "verify", "--control", watch_control(scenario->watch));
	assert_int_equal(kill(watch_pid(scenario->watch), SIGCONT), 0);
	complains(result, 69, watch_control(scenario->watch), "does not answer");
}

static void a_control_socket_is_of_one_agent(void **state)
{
	struct scenario *scenario = *state;

	scenario_watch(scenario);
	complains(RUN(&patient, "run", "--control", watch_control(scenario->watch)), 1,
		  "another agent answers there", "--control");
	verify_is_clean(watch_control(scenario->watch));
}

static void a_dead_agents_socket_is_replaced(void **state)
{
	struct second_agent agent = start_second(NULL, NULL, NULL);

	(void)state;
	kill(agent.pid, SIGKILL);
	assert_int_equal(stop_program(agent.pid), 128 + SIGKILL);
	complains(RUN(NULL, "verify", "--control", agent.control), 69, agent.control,
		  "portgauge run");
	assert_int_equal(access(agent.control, F_OK), 0);
	agent = start_second(NULL, NULL, NULL);
	verify_is_clean(agent.control);
	stop_second(&agent);
}

/* --- diag ------------------------------------------------------------------------------------ */

static json_t *diag_snapshot(const struct launch *launch)
{
	return document(RUN(launch, "snapshot", "--json", "--source", "diag"), 0);
}

static void diag_sees_what_the_kernel_lists(void **state)
{
	struct scenario *scenario = *state;
	unsigned int connected;
	unsigned int waiting;
	json_t *snapshot;
	json_t *row;

	hold_all_kinds(scenario);
	connected = space_ss(CLIENTS, "-t state established", "dst 127.0.0.1:5000");
	waiting = space_ss(CLIENTS, "-t state time-wait", "dst 127.0.0.1:5000");
	snapshot = diag_snapshot(NULL);
	row = destination_row(snapshot, scenario->clients, LOCALHOST, SERVER_PORT);
	assert_string_equal(text(snapshot, "source"), "diag");
	assert_int_equal(connected, 25); /* 5 of them bound before: as connect, to diag */
	assert_int_equal(number(row, "active"), connected);
	assert_int_equal(number(row, "time_wait"), waiting);
	assert_int_equal(waiting, 4);
	assert_int_equal(number(pool_row(snapshot, scenario->clients, "udp"), "used"),
			 space_ss(CLIENTS, "-ua", ""));
	assert_int_equal(number(share_row(row, "pg-p"), "used"), connected);
	json_decref(snapshot);
}

static void diag_keeps_an_owner_through_time_wait(void **state)
{
	struct scenario *scenario = *state;
	struct actor *server = scenario_listener(scenario, LOCALHOST, SERVER_PORT);
	struct actor *p = scenario_actor(scenario, CLIENTS, "pg-p");

	all_done(actor_connect(p, 10, LOCALHOST, SERVER_PORT), 10);
	all_done(actor_accept(server, 10), 10);
	scenario->source = "diag";
	scenario_watch(scenario);
	all_done(actor_close(p, 10), 10);
	all_done(actor_close_accepted(server), 10);
	EVENTUALLY(scenario->watch, number(owner_row(snapshot, scenario->clients, "tcp", "pg-p"),
					   "time_wait") == 10);
}

static void diag_counts_nothing_as_drift(void **state)
{
	struct scenario *scenario = *state;

	scenario->source = "diag";
	scenario_watch(scenario);
	hold_all_kinds(scenario);
	EVENTUALLY(scenario->watch,
		   number(pool_row(snapshot, scenario->clients, "tcp"), "used") > 30 &&
			   number(json_object_get(snapshot, "health"), "reconciliations") >= 2);
	metric_becomes(scenario->watch,
		       "portgauge_ledger_drift_ports{netns=\"" CLIENTS "\",protocol=\"tcp\"}", 0);
	verify_is_clean(watch_control(scenario->watch));
}

static void diag_shows_anybody_the_namespace_he_is_in(void **state)
{
	struct scenario *scenario = *state;
	struct launch nobody = { .unprivileged = true, .netns = CLIENTS };
	json_t *snapshot;
	json_t *row;

	hold_all_kinds(scenario);
	snapshot = diag_snapshot(&nobody);
	row = destination_row(snapshot, scenario->clients, LOCALHOST, SERVER_PORT);
	assert_int_equal(number(row, "active"), 25);
	assert_null(share_row(row, "pg-p")); /* of root: not to be seen */
	json_decref(snapshot);
}

static void without_btf_diag_takes_over_and_says_why(void **state)
{
	struct scenario *scenario = *state;
	struct launch without_btf = { .without_btf = true, .timeout_s = PATIENCE_S };
	struct result result;

	hold_all_kinds(scenario);
	result = RUN(&without_btf, "snapshot");
	assert_int_equal(result.status, 0);
	assert_non_null(strstr(result.out, "source tracepoint: cannot read /sys/kernel/btf"));
	assert_non_null(strstr(result.out, "source diag"));
	assert_non_null(strstr(result.out, "pg-p["));
	result_done(&result);
	says(RUN(&patient, "doctor"), 0, "without BPF");
}

const struct CMUnitTest verify_suite[] = {
	SCENARIO(verify_finds_no_difference_in_holds_of_all_kinds),
	SCENARIO(verify_finds_no_difference_in_what_was_there_before),
	SCENARIO(verify_finds_no_difference_while_ports_come_and_go),
	SCENARIO(verify_finds_no_difference_after_a_process_has_gone),
	SCENARIO(verify_finds_what_the_agent_does_not_have),
};
const size_t verify_suite_count = ARRAY_SIZE(verify_suite);

const struct CMUnitTest diag_suite[] = {
	SCENARIO(diag_sees_what_the_kernel_lists),
	SCENARIO(diag_keeps_an_owner_through_time_wait),
	SCENARIO(diag_counts_nothing_as_drift),
	SCENARIO(diag_shows_anybody_the_namespace_he_is_in),
	SCENARIO(without_btf_diag_takes_over_and_says_why),
};
const size_t diag_suite_count = ARRAY_SIZE(diag_suite);

/* The same on each kernel. */
const struct CMUnitTest control_suite[] = {
	SCENARIO(verify_without_an_agent_is_one_line),
	SCENARIO(verify_without_privileges_is_one_line),
	SCENARIO(verify_of_a_stopped_agent_is_one_line),
	SCENARIO(a_control_socket_is_of_one_agent),
	SCENARIO(a_dead_agents_socket_is_replaced),
};
const size_t control_suite_count = ARRAY_SIZE(control_suite);
