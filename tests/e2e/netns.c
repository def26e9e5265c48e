// SPDX-License-Identifier: Apache-2.0
/* Network namespaces that come, change and go while the agent runs. */
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "process.h"
#include "scenario.h"

#define LOCALHOST "127.0.0.1"

static void a_namespace_made_later_is_seen(void **state)
{
	struct scenario *scenario = *state;
	struct actor *p;

	space_delete(CLIENTS);
	scenario_watch(scenario);
	space_add(CLIENTS, FIRST, LAST);
	scenario->clients = space_inode(CLIENTS);
	scenario_listener(scenario, LOCALHOST, 5000);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	all_done(actor_connect(p, 12, LOCALHOST, 5000), 12);
	EVENTUALLY(scenario->watch,
		   !strcmp(text(pool_row(snapshot, scenario->clients, "tcp"), "netns_name"),
			   CLIENTS) &&
			   number(pool_row(snapshot, scenario->clients, "tcp"), "size") == 1000 &&
			   number(pool_row(snapshot, scenario->clients, "tcp"), "used") == 12);
}

static void a_deleted_namespace_disappears(void **state)
{
	struct scenario *scenario = *state;
	struct actor *server;
	struct actor *p;

	scenario_watch(scenario);
	server = scenario_listener(scenario, LOCALHOST, 5000);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	all_done(actor_connect(p, 12, LOCALHOST, 5000), 12);
	all_done(actor_accept(server, 12), 12);
	EVENTUALLY(scenario->watch,
		   number(pool_row(snapshot, scenario->clients, "tcp"), "used") == 12);
	all_done(actor_close(p, 0), 12); /* TIME_WAIT dies with the namespace */
	while (scenario->actors_count)
		actor_stop(scenario->actors[--scenario->actors_count]);
	space_delete(CLIENTS);
	EVENTUALLY(scenario->watch, !pool_row(snapshot, scenario->clients, "tcp") &&
					    !owner_row(snapshot, scenario->clients, "tcp", "pg-p"));
}

static void a_changed_range_is_followed(void **state)
{
	struct scenario *scenario = *state;
	struct actor *p;

	scenario_watch(scenario);
	scenario_listener(scenario, LOCALHOST, 5000);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	all_done(actor_connect(p, 12, LOCALHOST, 5000), 12);
	space_sysctl(CLIENTS, "net/ipv4/ip_local_port_range", "40000 41001");
	space_sysctl(CLIENTS, "net/ipv4/ip_local_reserved_ports", "40990-40999,41001,50000");
	EVENTUALLY(scenario->watch,
		   number(pool_row(snapshot, scenario->clients, "tcp"), "last") == 41001 &&
			   number(pool_row(snapshot, scenario->clients, "tcp"), "reserved") == 11 &&
			   number(pool_row(snapshot, scenario->clients, "tcp"), "size") == 991 &&
			   number(destination_row(snapshot, scenario->clients, LOCALHOST, 5000),
				  "capacity") == 991);
}

/* The tests themselves run in the host's namespace. */
static uint32_t host_inode(void)
{
	struct stat st;

	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	return (uint32_t)st.st_ino;
}

static void the_host_is_called_host(void **state)
{
	struct scenario *scenario = *state;

	scenario_watch(scenario);
	EVENTUALLY(scenario->watch,
		   !strcmp(text(pool_row(snapshot, host_inode(), "tcp"), "netns_name"), "host"));
}

const struct CMUnitTest netns_suite[] = {
	SCENARIO(a_namespace_made_later_is_seen),
	SCENARIO(a_deleted_namespace_disappears),
	SCENARIO(a_changed_range_is_followed),
	SCENARIO(the_host_is_called_host),
};
const size_t netns_suite_count = sizeof(netns_suite) / sizeof(netns_suite[0]);
