// SPDX-License-Identifier: Apache-2.0
/* Real traffic that goes wrong in one way each, and the verdict on it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "command.h"
#include "process.h"
#include "scenario.h"

#define LOCALHOST "127.0.0.1"
#define SERVICE 40007
#define PAUSE_US 300000
#define HEALTHY_ROUNDS 60
#define MS 1000000 /* in ns */

/* Is there this one about the namespace, and does it say these words? */
static bool says_all(const json_t *snapshot, const char *name, const char *subject,
		     const char *words, const char *remedy)
{
	const json_t *row = verdict_row(snapshot, CLIENTS, name);

	return row && strstr(text(row, "subject"), subject) && strstr(text(row, "text"), words) &&
	       strstr(text(row, "remedy"), remedy);
}

static bool has_verdict(const struct scenario *scenario, const char *name)
{
	json_t *snapshot = watch_snapshot(scenario->watch);
	bool has = verdict_row(snapshot, CLIENTS, name);

	json_decref(snapshot);
	return has;
}

/* "pg-p[4711]" */
static const char *process_of(char ret[32], const struct actor *actor)
{
	snprintf(ret, 32, "pg-p[%d]", actor_pid(actor));
	return ret;
}

/* So many connections a second, however slow the machine, until the verdict is there. */
static void go_on_until(const struct scenario *scenario, const char *name, uint32_t a_second,
			void (*go_on)(const struct scenario *scenario, uint32_t count))
{
	uint64_t deadline = deadline_in(90);
	uint64_t start = deadline_in(0);
	uint32_t done = 0;

	while (!has_verdict(scenario, name)) {
		uint32_t due = (uint32_t)((deadline_in(0) - start) / MS * a_second / 1000);
		json_t *snapshot = watch_snapshot(scenario->watch);

		if (due > done)
			go_on(scenario, due - done);
		done = due > done ? due : done;
		wait_or_fail(deadline, name, snapshot);
		json_decref(snapshot);
		usleep(PAUSE_US);
	}
}

static void leak_some(const struct scenario *scenario, uint32_t count)
{
	all_done(actor_connect(scenario->actors[1], count, LOCALHOST, 5000), count);
}

static void a_client_that_never_closes_is_a_leak(void **state)
{
	struct scenario *scenario = *state;
	char process[32];
	struct actor *p;

	scenario_watch(scenario);
	scenario_listener(scenario, LOCALHOST, 5000);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	process_of(process, p);
	go_on_until(scenario, "leak", 10, leak_some);
	EVENTUALLY(
		scenario->watch,
		says_all(snapshot, "leak", process, LOCALHOST ":5000 open",
			 "close connections to " LOCALHOST ":5000") &&
			strstr(text(verdict_row(snapshot, CLIENTS, "leak"), "text"), "0 closed") &&
			!refusal_row(snapshot, scenario->clients, "pg-p"));
	actor_stop(p);
	scenario->actors_count--;
	EVENTUALLY(scenario->watch, !verdict_row(snapshot, CLIENTS, NULL));
}

/* The client closes first, so that it keeps its ports in TIME_WAIT. */
static void churn_some(const struct scenario *scenario, uint32_t count)
{
	struct actor *server = scenario->actors[0];
	struct actor *p = scenario->actors[1];

	all_done(actor_connect(p, count, LOCALHOST, 5000), count);
	all_done(actor_accept(server, count), count);
	all_done(actor_close(p, 0), count);
	all_done(actor_close_accepted(server), count);
}

static void a_client_that_closes_too_often_churns(void **state)
{
	struct scenario *scenario = *state;
	char command[64];
	struct actor *p;

	space_sysctl(CLIENTS, "net/ipv4/tcp_tw_reuse", "0");
	scenario_watch(scenario);
	scenario_listener(scenario, LOCALHOST, 5000);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	go_on_until(scenario, "churn", 15, churn_some);
	snprintf(command, sizeof(command), "nsenter -t %d -n sysctl -w net.ipv4.tcp_tw_reuse=1",
		 actor_pid(p));
	EVENTUALLY(scenario->watch, says_all(snapshot, "churn", "-> " LOCALHOST ":5000",
					     "bear no more than 16.7 a second", command));
	space_sysctl(CLIENTS, "net/ipv4/tcp_tw_reuse", "1"); /* as it says */
	EVENTUALLY(scenario->watch, !verdict_row(snapshot, CLIENTS, NULL));
}

static void a_client_that_binds_first_is_told_to_do_it_late(void **state)
{
	struct scenario *scenario = *state;
	struct result result;
	char process[32];
	struct actor *p;

	scenario_watch(scenario);
	scenario_listener(scenario, LOCALHOST, 5000);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	all_done(actor_open(p, 300, .local = LOCALHOST, .how = OPEN_RESETS, .remote = LOCALHOST,
			    .remote_port = 5000),
		 300);
	process_of(process, p);
	EVENTUALLY(scenario->watch,
		   says_all(snapshot, "bind_before_connect", process,
			    "has 300 connections, to 1 destination,", "IP_BIND_ADDRESS_NO_PORT") &&
			   strstr(text(verdict_row(snapshot, CLIENTS, "bind_before_connect"),
				       "remedy"),
				  "from 700 to 1000 ports toward each destination"));
	result = RUN(NULL, "snapshot");
	assert_non_null(strstr(result.out, "bind_before_connect: " CLIENTS " tcp pg-p"));
	says(result, 0, "IP_BIND_ADDRESS_NO_PORT");
	says(RUN(NULL, "doctor"), 0, "bind_before_connect: " CLIENTS " tcp pg-p");
	says(RUN(NULL, "doctor", "--json"), 0, "\"verdict\": \"bind_before_connect\"");
	all_done(actor_close(p, 0), 300);
	all_done(actor_open(p, 300, .local = LOCALHOST, .how = OPEN_LATE, .remote = LOCALHOST,
			    .remote_port = 5000),
		 300); /* as it says */
	EVENTUALLY(scenario->watch,
		   number(destination_row(snapshot, scenario->clients, LOCALHOST, 5000),
			  "active") == 300 &&
			   !verdict_row(snapshot, CLIENTS, NULL));
}

static void leak_datagrams(const struct scenario *scenario, uint32_t count)
{
	all_done(actor_udp_connect(scenario->actors[0], count, LOCALHOST, 5000), count);
}

static void a_client_that_never_closes_udp_sockets_is_a_udp_leak(void **state)
{
	struct scenario *scenario = *state;
	char process[32];
	struct actor *p;

	scenario_watch(scenario);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	process_of(process, p);
	go_on_until(scenario, "udp_leak", 10, leak_datagrams);
	EVENTUALLY(scenario->watch,
		   says_all(snapshot, "udp_leak", process, "0 closed", "close each UDP socket"));
	actor_stop(p);
	scenario->actors_count = 0;
	EVENTUALLY(scenario->watch, !verdict_row(snapshot, CLIENTS, NULL));
}

static void a_small_range_that_is_full_is_narrow(void **state)
{
	struct scenario *scenario = *state;
	struct actor *p;

	scenario_listener(scenario, LOCALHOST, 5000);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	all_done(actor_connect(p, 900, LOCALHOST, 5000), 900);
	scenario_watch(scenario);
	EVENTUALLY(scenario->watch,
		   says_all(snapshot, "narrow_range", CLIENTS " tcp",
			    "900 of 1000 ports toward " LOCALHOST ":5000 are used",
			    "sysctl -w net.ipv4.ip_local_port_range=\"32768 60999\""));
	space_sysctl(CLIENTS, "net/ipv4/ip_local_port_range", "32768 60999"); /* as it says */
	all_done(actor_connect(p, 200, LOCALHOST, 5000), 200);
	EVENTUALLY(scenario->watch, !verdict_row(snapshot, CLIENTS, NULL));
}

static void who_took_the_port_of_a_service_is_named(void **state)
{
	struct scenario *scenario = *state;
	struct actor *service;
	char process[32];
	struct actor *p;

	space_sysctl(CLIENTS, "net/ipv4/ip_local_port_range", "40000 40019");
	scenario_watch(scenario);
	scenario_listener(scenario, LOCALHOST, 5000);
	service = scenario_actor(scenario, CLIENTS, "pg-service");
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	process_of(process, p);
	all_done(actor_listen(service, LOCALHOST, SERVICE), 1);
	EVENTUALLY(scenario->watch,
		   number(owner_row(snapshot, scenario->clients, "tcp", "pg-service"),
			  "exclusive") == 1);
	all_done(actor_close_listener(service), 1);
	all_done(actor_connect(p, 20, LOCALHOST, 5000), 20);
	EVENTUALLY(scenario->watch,
		   says_all(snapshot, "listen_collision", "tcp port 40007", process,
			    "sysctl -w net.ipv4.ip_local_reserved_ports=40007"));
}

/* A pool of connections, requests whose server closes, queries by UDP. */
static void healthy_traffic_has_no_verdict(void **state)
{
	struct scenario *scenario = *state;
	struct actor *server;
	struct actor *p;

	scenario_watch(scenario);
	scenario_listener(scenario, LOCALHOST, 5000);
	server = scenario_listener(scenario, LOCALHOST, 5001);
	all_done(actor_serve(server), 1);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	all_done(actor_connect(p, 150, LOCALHOST, 5000), 150);
	for (unsigned int i = 0; i < HEALTHY_ROUNDS; i++) {
		all_done(actor_cycle(p, 40, LOCALHOST, 5001), 40);
		usleep(PAUSE_US);
		assert_false(has_verdict(scenario, NULL));
	}
}

const struct CMUnitTest verdict_suite[] = {
	SCENARIO(a_client_that_never_closes_is_a_leak),
	SCENARIO(a_client_that_closes_too_often_churns),
	SCENARIO(a_client_that_binds_first_is_told_to_do_it_late),
	SCENARIO(a_client_that_never_closes_udp_sockets_is_a_udp_leak),
	SCENARIO(a_small_range_that_is_full_is_narrow),
	SCENARIO(who_took_the_port_of_a_service_is_named),
	SCENARIO(healthy_traffic_has_no_verdict),
};
const size_t verdict_suite_count = sizeof(verdict_suite) / sizeof(verdict_suite[0]);
