// SPDX-License-Identifier: Apache-2.0
/* Who holds which ports, toward where, in which state. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "process.h"
#include "scenario.h"

#define LOCALHOST "127.0.0.1"
#define OTHER_LOCALHOST "127.0.0.2"

static bool both_processes_show(const json_t *snapshot, uint32_t netns)
{
	const json_t *a = destination_row(snapshot, netns, LOCALHOST, 5000);
	const json_t *b = destination_row(snapshot, netns, OTHER_LOCALHOST, 5001);

	return number(a, "used") == 350 && number(a, "active") == 350 &&
	       number(a, "capacity") == 1000 && number(share_row(a, "pg-p"), "used") == 300 &&
	       number(share_row(a, "pg-q"), "used") == 50 && number(b, "used") == 100 &&
	       number(share_row(b, "pg-p"), "used") == 100 &&
	       number(owner_row(snapshot, netns, "tcp", "pg-p"), "used") == 400 &&
	       number(owner_row(snapshot, netns, "tcp", "pg-q"), "used") == 50;
}

/* P: 300 to A and 100 to B; Q: 50 to A. */
static void connect_both(struct scenario *scenario, struct actor **ret_p, struct actor **ret_q)
{
	*ret_p = scenario_actor(scenario, CLIENTS, "pg-p");
	*ret_q = scenario_actor(scenario, CLIENTS, "pg-q");
	all_done(actor_connect(*ret_p, 300, LOCALHOST, 5000), 300);
	all_done(actor_connect(*ret_p, 100, OTHER_LOCALHOST, 5001), 100);
	all_done(actor_connect(*ret_q, 50, LOCALHOST, 5000), 50);
}

static void listen_both(struct scenario *scenario)
{
	scenario_listener(scenario, LOCALHOST, 5000);
	scenario_listener(scenario, OTHER_LOCALHOST, 5001);
}

/* Distinct local ports inside the range, as ss counts them. */
static unsigned int distinct_ports(void)
{
	return space_ss(CLIENTS, "-tan",
			"'sport >= :40000' and 'sport <= :40999' | awk '{print $4}' | "
			"sed 's/.*://' | sort -u");
}

static void two_processes_and_two_destinations_are_counted(void **state)
{
	struct scenario *scenario = *state;
	struct actor *p;
	struct actor *q;

	scenario_watch(scenario);
	listen_both(scenario);
	connect_both(scenario, &p, &q);
	EVENTUALLY(scenario->watch, both_processes_show(snapshot, scenario->clients) &&
					    number(pool_row(snapshot, scenario->clients, "tcp"),
						   "used") == distinct_ports());
	assert_int_equal(space_ss(CLIENTS, "-tan", "'dport = :5000'"), 350);
	assert_int_equal(space_ss(CLIENTS, "-tan", "'dport = :5001'"), 100);
}

static void metrics_say_the_same_as_json(void **state)
{
	struct scenario *scenario = *state;
	struct actor *p;
	struct actor *q;

	scenario_watch(scenario);
	listen_both(scenario);
	connect_both(scenario, &p, &q);
	EVENTUALLY(scenario->watch, both_processes_show(snapshot, scenario->clients));
	metric_becomes(scenario->watch,
		       "portgauge_destination_used_ports{netns=\"" CLIENTS
		       "\",protocol=\"tcp\",local=\"127.0.0.1\",remote=\"127.0.0.1\","
		       "remote_port=\"5000\"}",
		       350);
	metric_becomes(scenario->watch,
		       "portgauge_owner_used_ports{netns=\"" CLIENTS
		       "\",protocol=\"tcp\",process=\"pg-p\",unit=\"\","
		       "state=\"active\"}",
		       400);
	metric_becomes(scenario->watch,
		       "portgauge_pool_size_ports{netns=\"" CLIENTS "\",protocol=\"tcp\"}", 1000);
	metric_becomes(scenario->watch,
		       "portgauge_pool_used_ports{netns=\"" CLIENTS
		       "\",protocol=\"tcp\",hold=\"shared\"}",
		       distinct_ports());
	metric_becomes(scenario->watch,
		       "portgauge_allocations_total{netns=\"" CLIENTS
		       "\",protocol=\"tcp\",path=\"connect\"}",
		       450);
	metric_reaches(scenario->watch,
		       "portgauge_port_search_seconds_count{protocol=\"tcp\",path=\"connect\"}",
		       450);
}

static void an_agent_that_comes_late_counts_the_same(void **state)
{
	struct scenario *scenario = *state;
	struct actor *p;
	struct actor *q;

	listen_both(scenario);
	connect_both(scenario, &p, &q);
	all_done(actor_bind(q, 7, SOCK_STREAM, LOCALHOST, 0), 7);
	all_done(actor_bind(q, 9, SOCK_DGRAM, LOCALHOST, 0), 9);
	scenario_watch(scenario);
	EVENTUALLY(scenario->watch,
		   number(owner_row(snapshot, scenario->clients, "tcp", "pg-p"), "used") == 400 &&
			   number(owner_row(snapshot, scenario->clients, "tcp", "pg-q"), "used") ==
				   57 &&
			   number(owner_row(snapshot, scenario->clients, "tcp", "pg-q"),
				  "exclusive") == 7 &&
			   number(owner_row(snapshot, scenario->clients, "udp", "pg-q"), "used") ==
				   9 &&
			   number(destination_row(snapshot, scenario->clients, LOCALHOST, 5000),
				  "capacity") == 993);
}

static bool all_in_time_wait(const json_t *snapshot, uint32_t netns, unsigned int ports)
{
	const json_t *row = destination_row(snapshot, netns, ADDRESS_B, 5000);

	return number(row, "used") == ports && number(row, "time_wait") == ports &&
	       number(row, "active") == 0 && number(share_row(row, "pg-p"), "used") == ports;
}

/* Over a veth, because TIME_WAIT on loopback is recyclable at once. */
static struct actor *leave_time_wait(struct scenario *scenario, unsigned int ports)
{
	struct actor *server;
	struct actor *p;

	scenario_join(scenario);
	/* Else a late RST may end a remnant before its time (RFC 1337). */
	space_sysctl(CLIENTS, "net/ipv4/tcp_rfc1337", "1");
	scenario_watch(scenario);
	server = scenario_actor(scenario, SERVERS, "pg-server");
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	all_done(actor_listen(server, ADDRESS_B, 5000), 1);
	all_done(actor_connect(p, ports, ADDRESS_B, 5000), ports);
	all_done(actor_accept(server, ports), ports);
	EVENTUALLY(scenario->watch,
		   number(destination_row(snapshot, scenario->clients, ADDRESS_B, 5000),
			  "active") == ports);
	all_done(actor_close(p, 0), ports);
	all_done(actor_close_accepted(server), ports);
	return p;
}

static void time_wait_stays_with_its_owner(void **state)
{
	struct scenario *scenario = *state;

	leave_time_wait(scenario, 200);
	EVENTUALLY(scenario->watch, all_in_time_wait(snapshot, scenario->clients, 200));
	assert_int_equal(space_ss(CLIENTS, "-tan state time-wait", ""), 200);
	/* P is the last actor started. */
	actor_stop(scenario->actors[--scenario->actors_count]);
	EVENTUALLY(
		scenario->watch,
		all_in_time_wait(snapshot, scenario->clients, 200) &&
			json_is_false(json_object_get(
				owner_row(snapshot, scenario->clients, "tcp", "pg-p"), "alive")));
}

/* Half-closed by P alone: the remnant waits for a FIN that never comes, tcp_fin_timeout long. */
static void time_wait_goes_when_its_time_is_over(void **state)
{
	struct scenario *scenario = *state;
	struct actor *server;
	struct actor *p;

	scenario_join(scenario);
	space_sysctl(CLIENTS, "net/ipv4/tcp_fin_timeout", "12");
	scenario_watch(scenario);
	server = scenario_actor(scenario, SERVERS, "pg-server");
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	all_done(actor_listen(server, ADDRESS_B, 5000), 1);
	all_done(actor_connect(p, 50, ADDRESS_B, 5000), 50);
	all_done(actor_accept(server, 50), 50);
	all_done(actor_close(p, 0), 50);
	EVENTUALLY(scenario->watch, all_in_time_wait(snapshot, scenario->clients, 50));
	EVENTUALLY(scenario->watch,
		   !destination_row(snapshot, scenario->clients, ADDRESS_B, 5000) &&
			   number(pool_row(snapshot, scenario->clients, "tcp"), "used") == 0);
	assert_int_equal(space_ss(CLIENTS, "-tan", "'dport = :5000'"), 0);
}

static void loopback_time_wait_is_recyclable_and_not_used(void **state)
{
	struct scenario *scenario = *state;
	struct actor *server;
	struct actor *p;

	scenario_watch(scenario);
	server = scenario_listener(scenario, LOCALHOST, 5000);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	all_done(actor_connect(p, 20, LOCALHOST, 5000), 20);
	all_done(actor_accept(server, 20), 20);
	all_done(actor_close(p, 0), 20);
	all_done(actor_close_accepted(server), 20);
	EVENTUALLY(scenario->watch,
		   number(destination_row(snapshot, scenario->clients, LOCALHOST, 5000),
			  "recyclable") == 20 &&
			   number(destination_row(snapshot, scenario->clients, LOCALHOST, 5000),
				  "time_wait") == 20 &&
			   number(destination_row(snapshot, scenario->clients, LOCALHOST, 5000),
				  "used") == 0);
}

static void expect_udp_binds(struct scenario *scenario, unsigned int ports, const char *address)
{
	struct actor *p = scenario_actor(scenario, CLIENTS, "pg-p");

	all_done(actor_bind(p, ports, SOCK_DGRAM, address, 0), ports);
	EVENTUALLY(scenario->watch,
		   number(owner_row(snapshot, scenario->clients, "udp", "pg-p"), "exclusive") ==
				   ports &&
			   number(pool_row(snapshot, scenario->clients, "udp"), "used") == ports);
	all_done(actor_close(p, 0), ports);
	EVENTUALLY(scenario->watch,
		   number(pool_row(snapshot, scenario->clients, "udp"), "used") == 0);
}

static void udp_ports_are_exclusive_holds(void **state)
{
	struct scenario *scenario = *state;

	scenario_watch(scenario);
	expect_udp_binds(scenario, 60, LOCALHOST);
	expect_udp_binds(scenario, 40, "::1");
}

static void udp_autobind_is_seen(void **state)
{
	struct scenario *scenario = *state;
	struct actor *p;

	scenario_watch(scenario);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	all_done(actor_udp_connect(p, 15, LOCALHOST, 5300), 15);
	all_done(actor_udp_send(p, 10, LOCALHOST, 5301), 10);
	EVENTUALLY(scenario->watch,
		   number(owner_row(snapshot, scenario->clients, "udp", "pg-p"), "used") == 25);
	all_done(actor_close(p, 0), 25);
	EVENTUALLY(scenario->watch, !owner_row(snapshot, scenario->clients, "udp", "pg-p"));
}

static void ipv6_counts_as_ipv4(void **state)
{
	struct scenario *scenario = *state;
	struct actor *p;

	scenario_watch(scenario);
	scenario_listener(scenario, "::1", 5000);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	all_done(actor_connect(p, 120, "::1", 5000), 120);
	EVENTUALLY(scenario->watch,
		   number(destination_row(snapshot, scenario->clients, "::1", 5000), "used") ==
				   120 &&
			   number(owner_row(snapshot, scenario->clients, "tcp", "pg-p"), "used") ==
				   120 &&
			   number(pool_row(snapshot, scenario->clients, "tcp"), "shared") == 120);
	all_done(actor_close(p, 0), 120);
}

static void a_bind_takes_its_port_from_every_destination(void **state)
{
	struct scenario *scenario = *state;
	struct actor *p;

	scenario_watch(scenario);
	scenario_listener(scenario, LOCALHOST, 5000);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	all_done(actor_bind(p, 30, SOCK_STREAM, LOCALHOST, 0), 30);
	all_done(actor_bind(p, 1, SOCK_STREAM, OTHER_LOCALHOST, 40100), 1);
	all_done(actor_connect(p, 5, LOCALHOST, 5000), 5);
	EVENTUALLY(scenario->watch,
		   number(pool_row(snapshot, scenario->clients, "tcp"), "exclusive") == 31 &&
			   number(destination_row(snapshot, scenario->clients, LOCALHOST, 5000),
				  "capacity") == 969 &&
			   number(owner_row(snapshot, scenario->clients, "tcp", "pg-p"), "used") ==
				   36);
	all_done(actor_close(p, 31), 31);
	EVENTUALLY(scenario->watch,
		   number(pool_row(snapshot, scenario->clients, "tcp"), "exclusive") == 0 &&
			   number(owner_row(snapshot, scenario->clients, "tcp", "pg-p"), "used") ==
				   5);
}

static void bind_before_connect_stays_exclusive(void **state)
{
	struct scenario *scenario = *state;
	struct actor *p;

	scenario_watch(scenario);
	scenario_listener(scenario, LOCALHOST, 5000);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	all_done(actor_bind_connect(p, 25, LOCALHOST, 5000), 25);
	EVENTUALLY(scenario->watch,
		   number(destination_row(snapshot, scenario->clients, LOCALHOST, 5000),
			  "exclusive") == 25 &&
			   number(destination_row(snapshot, scenario->clients, LOCALHOST, 5000),
				  "used") == 0 &&
			   number(owner_row(snapshot, scenario->clients, "tcp", "pg-p"),
				  "exclusive") == 25);
}

static void accepted_children_cost_their_listener_one_port(void **state)
{
	struct scenario *scenario = *state;
	struct actor *server;
	struct actor *p;

	scenario_watch(scenario);
	server = scenario_listener(scenario, LOCALHOST, 40500);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	all_done(actor_connect(p, 40, LOCALHOST, 40500), 40);
	all_done(actor_accept(server, 40), 40);
	EVENTUALLY(scenario->watch,
		   number(owner_row(snapshot, scenario->clients, "tcp", "pg-server"), "used") ==
				   1 &&
			   number(owner_row(snapshot, scenario->clients, "tcp", "pg-p"), "used") ==
				   40 &&
			   number(pool_row(snapshot, scenario->clients, "tcp"), "exclusive") == 1 &&
			   number(pool_row(snapshot, scenario->clients, "tcp"), "used") == 41);
}

/* Seconds that connect() searched since sum was taken, once it has searched so often in all. */
static double search_time(const struct scenario *scenario, uint32_t searches, double *sum)
{
	static const char series[] =
		"portgauge_port_search_seconds_sum{protocol=\"tcp\",path=\"connect\"}";
	double before = *sum;

	metric_reaches(scenario->watch,
		       "portgauge_allocations_total{netns=\"" CLIENTS
		       "\",protocol=\"tcp\",path=\"connect\"}",
		       searches);
	*sum = metric_now(scenario->watch, series);
	return *sum - before;
}

/* connect() tries every other port first; once those are used up towards a destination it finds
 * that out anew each time, before it tries the others. */
static void the_search_takes_long_past_half_of_the_range(void **state)
{
	struct scenario *scenario = *state;
	double first_half;
	double second_half;
	double sum = 0;
	struct actor *p;

	space_sysctl(CLIENTS, "net/ipv4/ip_local_port_range", "40000 41999");
	scenario_watch(scenario);
	scenario_listener(scenario, LOCALHOST, 5000);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	all_done(actor_connect(p, 500, LOCALHOST, 5000), 500);
	search_time(scenario, 500, &sum);
	all_done(actor_connect(p, 400, LOCALHOST, 5000), 400);
	first_half = search_time(scenario, 900, &sum) / 400;
	all_done(actor_connect(p, 200, LOCALHOST, 5000), 200);
	search_time(scenario, 1100, &sum);
	all_done(actor_connect(p, 400, LOCALHOST, 5000), 400);
	second_half = search_time(scenario, 1500, &sum) / 400;
	print_message("# search: %.1f us in the first half, %.1f us in the second\n",
		      first_half * 1e6, second_half * 1e6);
	assert_true(second_half > 2 * first_half);
}

const struct CMUnitTest holds_suite[] = {
	SCENARIO(two_processes_and_two_destinations_are_counted),
	SCENARIO(metrics_say_the_same_as_json),
	SCENARIO(an_agent_that_comes_late_counts_the_same),
	SCENARIO(time_wait_stays_with_its_owner),
	SCENARIO(time_wait_goes_when_its_time_is_over),
	SCENARIO(loopback_time_wait_is_recyclable_and_not_used),
	SCENARIO(udp_ports_are_exclusive_holds),
	SCENARIO(udp_autobind_is_seen),
	SCENARIO(ipv6_counts_as_ipv4),
	SCENARIO(a_bind_takes_its_port_from_every_destination),
	SCENARIO(bind_before_connect_stays_exclusive),
	SCENARIO(accepted_children_cost_their_listener_one_port),
	SCENARIO(the_search_takes_long_past_half_of_the_range),
};
const size_t holds_suite_count = sizeof(holds_suite) / sizeof(holds_suite[0]);
