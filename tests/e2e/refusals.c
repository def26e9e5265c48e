// SPDX-License-Identifier: Apache-2.0
/* Who was refused a port, and what alerts say about it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "process.h"
#include "scenario.h"

#define LOCALHOST "127.0.0.1"
#define TINY_FIRST "40000"
#define TINY_LAST "40019"
#define TINY_SIZE 20

static void shrink_range(void)
{
	space_sysctl(CLIENTS, "net/ipv4/ip_local_port_range", TINY_FIRST " " TINY_LAST);
}

static bool alert_fires(const json_t *snapshot, const char *rule, const char *severity,
			const char *about)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(snapshot, "alerts"), i, row)
		if (!strcmp(text(row, "rule"), rule) && !strcmp(text(row, "severity"), severity) &&
		    strstr(text(row, "subject"), about))
			return true;
	return false;
}

static bool refusal_says_all(const json_t *snapshot, uint32_t netns, pid_t pid)
{
	const json_t *row = refusal_row(snapshot, netns, "pg-p");

	return number(row, "pid") == pid && number(row, "saturation") == 1.0 &&
	       !strcmp(text(row, "path"), "connect") && !strcmp(text(row, "remote"), LOCALHOST) &&
	       number(row, "remote_port") == 5000 && !strcmp(text(row, "errno"), "EADDRNOTAVAIL") &&
	       !strcmp(text(row, "protocol"), "tcp");
}

/* One refusal more than there are ports. */
static struct actor *exhaust(struct scenario *scenario)
{
	struct actor *p = scenario_actor(scenario, CLIENTS, "pg-p");
	struct outcome outcome;

	outcome = actor_connect(p, TINY_SIZE + 3, LOCALHOST, 5000);
	assert_int_equal(outcome.done, TINY_SIZE);
	assert_int_equal(outcome.failed, 3);
	assert_int_equal(outcome.error, EADDRNOTAVAIL);
	return p;
}

static void an_exhausted_destination_refuses_and_alerts(void **state)
{
	struct scenario *scenario = *state;
	struct actor *server;
	struct actor *p;
	char *log;

	shrink_range();
	scenario_watch(scenario);
	server = scenario_listener(scenario, LOCALHOST, 5000);
	p = exhaust(scenario);
	EVENTUALLY(scenario->watch,
		   refusal_says_all(snapshot, scenario->clients, actor_pid(p)) &&
			   number(owner_row(snapshot, scenario->clients, "tcp", "pg-p"),
				  "refusals") == 3 &&
			   number(destination_row(snapshot, scenario->clients, LOCALHOST, 5000),
				  "saturation") == 1.0);
	EVENTUALLY(scenario->watch,
		   alert_fires(snapshot, "DestinationSaturation", "critical", LOCALHOST ":5000") &&
			   alert_fires(snapshot, "PortsRefused", "critical", CLIENTS));
	all_done(actor_accept(server, TINY_SIZE), TINY_SIZE);
	all_done(actor_close_accepted(server), TINY_SIZE);
	all_done(actor_close(p, 0), TINY_SIZE);
	EVENTUALLY(scenario->watch,
		   !alert_fires(snapshot, "DestinationSaturation", "critical", LOCALHOST) &&
			   !alert_fires(snapshot, "DestinationSaturation", "warning", LOCALHOST));
	log = watch_log(scenario->watch);
	assert_non_null(strstr(log, "level=critical alert=DestinationSaturation state=firing"));
	assert_non_null(strstr(log, "alert=DestinationSaturation state=resolved"));
	free(log);
}

static void another_destination_stays_free(void **state)
{
	struct scenario *scenario = *state;
	struct actor *p;

	shrink_range();
	scenario_watch(scenario);
	scenario_listener(scenario, LOCALHOST, 5000);
	scenario_listener(scenario, LOCALHOST, 5001);
	p = exhaust(scenario);
	all_done(actor_connect(p, 4, LOCALHOST, 5001), 4);
	EVENTUALLY(scenario->watch,
		   number(destination_row(snapshot, scenario->clients, LOCALHOST, 5001), "used") ==
				   4 &&
			   number(destination_row(snapshot, scenario->clients, LOCALHOST, 5001),
				  "saturation") == 0.2 &&
			   number(pool_row(snapshot, scenario->clients, "tcp"), "used") ==
				   TINY_SIZE &&
			   number(pool_row(snapshot, scenario->clients, "tcp"),
				  "worst_destination_saturation") == 1.0);
}

static void refusals_are_counted_in_metrics(void **state)
{
	struct scenario *scenario = *state;

	shrink_range();
	scenario_watch(scenario);
	scenario_listener(scenario, LOCALHOST, 5000);
	exhaust(scenario);
	EVENTUALLY(scenario->watch, refusal_row(snapshot, scenario->clients, "pg-p"));
	EVENTUALLY(scenario->watch,
		   alert_fires(snapshot, "DestinationSaturation", "critical", LOCALHOST ":5000"));
	metric_becomes(scenario->watch,
		       "portgauge_refusals_total{netns=\"" CLIENTS
		       "\",protocol=\"tcp\",path=\"connect\",errno=\"EADDRNOTAVAIL\","
		       "process=\"pg-p\"}",
		       3);
	metric_reaches(scenario->watch,
		       "portgauge_alerts{rule=\"DestinationSaturation\","
		       "severity=\"critical\"}",
		       1);
}

static void look_alike_errors_are_no_refusals(void **state)
{
	struct scenario *scenario = *state;
	struct outcome outcome;
	struct actor *p;

	scenario_watch(scenario);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	outcome = actor_bind(p, 1, SOCK_STREAM, "192.0.2.1", 0); /* not ours: EADDRNOTAVAIL */
	assert_int_equal(outcome.error, EADDRNOTAVAIL);
	outcome = actor_connect(p, 1, LOCALHOST, 5999); /* nobody listens: ECONNREFUSED */
	assert_int_equal(outcome.error, ECONNREFUSED);
	scenario_listener(scenario, LOCALHOST, 5000);
	all_done(actor_connect(p, 1, LOCALHOST, 5000), 1);
	EVENTUALLY(scenario->watch,
		   number(owner_row(snapshot, scenario->clients, "tcp", "pg-p"), "used") == 1);
	EVENTUALLY(scenario->watch, !refusal_row(snapshot, scenario->clients, "pg-p"));
}

static void refused_connections_leave_no_hold(void **state)
{
	struct scenario *scenario = *state;
	struct outcome outcome;
	struct actor *p;

	scenario_watch(scenario);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	outcome = actor_connect(p, 2000, LOCALHOST, 5999);
	assert_int_equal(outcome.failed, 2000);
	assert_int_equal(outcome.error, ECONNREFUSED);
	EVENTUALLY(scenario->watch,
		   number(pool_row(snapshot, scenario->clients, "tcp"), "used") == 0 &&
			   !owner_row(snapshot, scenario->clients, "tcp", "pg-p") &&
			   !refusal_row(snapshot, scenario->clients, "pg-p"));
}

static void a_refused_bind_is_seen_where_the_source_can(void **state)
{
	struct scenario *scenario = *state;
	struct outcome outcome;
	struct actor *p;

	shrink_range();
	scenario_watch(scenario);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	outcome = actor_bind(p, TINY_SIZE + 2, SOCK_STREAM, LOCALHOST, 0);
	assert_int_equal(outcome.done, TINY_SIZE);
	assert_int_equal(outcome.error, EADDRINUSE);
	EVENTUALLY(scenario->watch,
		   number(pool_row(snapshot, scenario->clients, "tcp"), "saturation") == 1.0);
	if (scenario_sees_bind_refusals(scenario))
		EVENTUALLY(scenario->watch,
			   number(owner_row(snapshot, scenario->clients, "tcp", "pg-p"),
				  "refusals") == 2 &&
				   !strcmp(text(refusal_row(snapshot, scenario->clients, "pg-p"),
						"path"),
					   "bind") &&
				   !strcmp(text(refusal_row(snapshot, scenario->clients, "pg-p"),
						"errno"),
					   "EADDRINUSE"));
	else
		EVENTUALLY(scenario->watch, !refusal_row(snapshot, scenario->clients, "pg-p"));
}

const struct CMUnitTest refusal_suite[] = {
	SCENARIO(an_exhausted_destination_refuses_and_alerts),
	SCENARIO(another_destination_stays_free),
	SCENARIO(refusals_are_counted_in_metrics),
	SCENARIO(look_alike_errors_are_no_refusals),
	SCENARIO(refused_connections_leave_no_hold),
	SCENARIO(a_refused_bind_is_seen_where_the_source_can),
};
const size_t refusal_suite_count = sizeof(refusal_suite) / sizeof(refusal_suite[0]);
