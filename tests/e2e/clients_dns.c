// SPDX-License-Identifier: Apache-2.0
/* dig asks dnsmasq, which asks a server that does not answer: both keep a UDP port for a query. Two
 * digs may have the same one, for dig sets SO_REUSEPORT. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "clients.h"
#include "command.h"
#include "pools.h"

#define DNS 53
#define LOCALHOST "127.0.0.1"
#define QUERIES 10
#define SMALL_FIRST 40000
#define SMALL_LAST 40019
#define SMALL_SIZE 20

static const struct pool ports = { CLIENTS, "udp", FIRST, LAST };
static const struct pool few_ports = { CLIENTS, "udp", SMALL_FIRST, SMALL_LAST };

/* It chooses ports by itself, not the kernel: here out of the range. */
static struct service *start_dnsmasq(struct scenario *scenario, const char *netns,
				     const char *address, uint16_t last, const char *more)
{
	struct service *dnsmasq = scenario_service(scenario, netns, "dnsmasq", NULL);

	service_write(dnsmasq, "dnsmasq.conf",
		      "keep-in-foreground\nuser=root\npid-file=\nno-resolv\nno-hosts\n"
		      "listen-address=%s\nbind-interfaces\ncache-size=0\nmin-port=%u\n"
		      "max-port=%u\n%s",
		      address, FIRST, last, more);
	SERVICE_START(dnsmasq, "udp", DNS, "dnsmasq", "-C", service_path(dnsmasq, "dnsmasq.conf"));
	return dnsmasq;
}

static struct service *start_resolver(struct scenario *scenario, uint16_t last)
{
	return start_dnsmasq(scenario, CLIENTS, LOCALHOST, last, "server=" ADDRESS_B "\n");
}

/* Takes queries and says nothing. */
static void start_silence(struct scenario *scenario)
{
	struct actor *silent = scenario_actor(scenario, SERVERS, "pg-silent");

	all_done(actor_bind(silent, 1, SOCK_DGRAM, ADDRESS_B, DNS), 1);
}

/* So many at once, which wait for long. */
static struct service *start_digs(struct scenario *scenario, unsigned int count)
{
	struct service *digs = scenario_service(scenario, CLIENTS, "dig", NULL);

	service_write(digs, "ask",
		      "for i in $(seq %u); do\n"
		      "dig +time=300 +tries=1 @" LOCALHOST " name$i.test &\n"
		      "done\nwait\n",
		      count);
	SERVICE_START(digs, "tcp", 0, "sh", "ask");
	return digs;
}

static void a_query_without_answer_keeps_two_udp_ports(void **state)
{
	struct scenario *scenario = *state;
	struct service *resolver;
	struct service *digs;

	scenario_join(scenario);
	scenario_watch(scenario);
	start_silence(scenario);
	resolver = start_resolver(scenario, LAST);
	digs = start_digs(scenario, QUERIES);
	EVENTUALLY(scenario->watch,
		   pool_held_by(snapshot, &ports, "dig", "exclusive") == QUERIES &&
			   pool_held_by(snapshot, &ports, "dnsmasq", "exclusive") == QUERIES &&
			   pool_counted_as_kernel(snapshot, &ports) &&
			   service_has(digs, (pid_t)number(owner_row(snapshot, scenario->clients,
								     "udp", "dig"),
							   "pid")) &&
			   number(owner_row(snapshot, scenario->clients, "udp", "dnsmasq"),
				  "pid") == service_pid(resolver));
	service_stop(digs);
	service_stop(resolver);
	EVENTUALLY(scenario->watch, number(pool_in(snapshot, &ports), "used") == 0);
}

/* Each has its port for a moment; what is counted stays. */
static void queries_with_answers_give_their_ports_back(void **state)
{
	struct launch inside = { .netns = CLIENTS };
	struct scenario *scenario = *state;

	scenario_join(scenario);
	scenario_watch(scenario);
	start_dnsmasq(scenario, SERVERS, ADDRESS_B, LAST, "address=/shop.test/192.0.2.7\n");
	start_resolver(scenario, LAST);
	for (unsigned int i = 0; i < QUERIES; i++)
		says(run_program(&inside, (const char *const[]){ "dig", "+short", "@" LOCALHOST,
								 "www.shop.test", NULL }),
		     0, "192.0.2.7");
	EVENTUALLY(scenario->watch, pool_held_by(snapshot, &ports, "dig", "used") == 0 &&
					    pool_held_by(snapshot, &ports, "dnsmasq", "used") ==
						    space_ports(CLIENTS, "udp", FIRST, LAST) &&
					    pool_counted_as_kernel(snapshot, &ports) &&
					    !verdict_row(snapshot, CLIENTS, NULL));
}

static void queries_that_fill_a_narrow_range_are_told_of(void **state)
{
	struct scenario *scenario = *state;

	scenario_join(scenario);
	space_sysctl(CLIENTS, "net/ipv4/ip_local_port_range", "40000 40019");
	scenario_watch(scenario);
	start_silence(scenario);
	start_resolver(scenario, SMALL_LAST);
	start_digs(scenario, 2 * SMALL_SIZE);
	EVENTUALLY(scenario->watch,
		   number(pool_in(snapshot, &few_ports), "saturation") >= 0.8 &&
			   pool_counted_as_kernel(snapshot, &few_ports) &&
			   pool_judged(snapshot, &few_ports, "near_exhaustion", NULL));
	says(RUN(NULL, "doctor"), 0, "narrow_range: " CLIENTS " udp");
}

const struct CMUnitTest dns_clients_suite[] = {
	SCENARIO(a_query_without_answer_keeps_two_udp_ports),
	SCENARIO(queries_with_answers_give_their_ports_back),
	SCENARIO(queries_that_fill_a_narrow_range_are_told_of),
};
const size_t dns_clients_suite_count = sizeof(dns_clients_suite) / sizeof(dns_clients_suite[0]);
