// SPDX-License-Identifier: Apache-2.0
/* wrk through haproxy to nginx, with and without a source address for its servers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients.h"
#include "command.h"

#define HAPROXY_PORT 8080
#define PROXY_SIZE (PROXY_LAST - PROXY_FIRST + 1)
#define OWN_FIRST 40000 /* of a range of source ports of haproxy's own */
#define OWN_LAST 40023
#define OWN_SIZE (OWN_LAST - OWN_FIRST + 1)
#define TO_TEXT_(value) #value
#define TO_TEXT(value) TO_TEXT_(value)

static const struct toward to_proxy = { CLIENTS, PROXY_ADDRESS, HAPROXY_PORT };
static const struct toward to_web = { PROXY, ADDRESS_B, WEB_PORT };

/* source: of the server line; "": none. */
static struct service *start_haproxy(struct scenario *scenario, const char *source)
{
	struct service *haproxy = scenario_service(scenario, PROXY, "haproxy", NULL);

	service_write(haproxy, "haproxy.cfg",
		      "global\n  log stderr format raw local0\n  nbthread 1\n"
		      "defaults\n  mode http\n  log global\n"
		      "  timeout connect 10s\n  timeout client 600s\n  timeout server 600s\n"
		      "listen web\n  bind :%u\n  http-reuse never\n  retries 0\n"
		      "  server nginx " ADDRESS_B ":%u %s\n",
		      HAPROXY_PORT, WEB_PORT, source);
	SERVICE_START(haproxy, "tcp", HAPROXY_PORT, "haproxy", "-db", "-f", "haproxy.cfg");
	return haproxy;
}

/* So many connections, each with a request that takes minutes. */
static struct service *start_wrk(struct scenario *scenario, const char *connections)
{
	struct service *wrk = scenario_service(scenario, CLIENTS, "wrk", NULL);

	SERVICE_START(wrk, "tcp", 0, "wrk", "-t1", "-d600s", "--timeout", "600s", "-c", connections,
		      "http://" PROXY_ADDRESS ":" TO_TEXT(HAPROXY_PORT) WEB_SLOW);
	return wrk;
}

struct proxied {
	struct service *web;
	struct service *haproxy;
	struct service *wrk;
};

static struct proxied start_all(struct scenario *scenario, const char *source,
				const char *connections)
{
	struct proxied all;

	scenario_watch(scenario);
	all.web = clients_web(scenario);
	all.haproxy = start_haproxy(scenario, source);
	all.wrk = start_wrk(scenario, connections);
	return all;
}

static double exclusive_ports(const json_t *snapshot)
{
	return number(pool_row(snapshot, space_inode(PROXY), "tcp"), "exclusive");
}

/* Each hop has its own owner, and 30 connections. */
static bool both_hops_hold(const json_t *snapshot, const struct proxied *all)
{
	return number(toward_row(snapshot, &to_proxy), "active") == 30 &&
	       counted_as_kernel(snapshot, &to_proxy) &&
	       owned_by(snapshot, &to_proxy, "wrk", service_pid(all->wrk)) &&
	       served_by(snapshot, &to_proxy, all->haproxy, "haproxy", "http-alt") &&
	       number(toward_row(snapshot, &to_web), "active") == 30 &&
	       counted_as_kernel(snapshot, &to_web) &&
	       owned_by(snapshot, &to_web, "haproxy", service_pid(all->haproxy)) &&
	       served_by(snapshot, &to_web, all->web, "nginx", "http");
}

static void wrk_and_haproxy_hold_a_hop_each(void **state)
{
	struct scenario *scenario = *state;
	struct proxied all = start_all(scenario, "", "30");

	EVENTUALLY(scenario->watch, both_hops_hold(snapshot, &all) &&
					    exclusive_ports(snapshot) == 0 &&
					    !verdict_row(snapshot, PROXY, NULL));
}

/* haproxy sets IP_BIND_ADDRESS_NO_PORT: its address is chosen by bind(), its ports are not. */
static void haproxy_with_a_source_address_shares_its_ports(void **state)
{
	struct scenario *scenario = *state;
	struct proxied all = start_all(scenario, "source " ADDRESS_A, "30");

	EVENTUALLY(scenario->watch, both_hops_hold(snapshot, &all) &&
					    exclusive_ports(snapshot) == 0 &&
					    !verdict_row(snapshot, PROXY, NULL));
}

/* It binds to each by number, so that nobody else has them, whatever the destination. */
static void haproxy_with_source_ports_in_the_range_takes_them_from_all(void **state)
{
	struct scenario *scenario = *state;
	struct proxied all = start_all(
		scenario, "source " ADDRESS_A ":" TO_TEXT(OWN_FIRST) "-" TO_TEXT(OWN_LAST), "20");

	EVENTUALLY(scenario->watch,
		   number(toward_row(snapshot, &to_web), "exclusive") == 20 &&
			   number(toward_row(snapshot, &to_web), "active") == 0 &&
			   counted_as_kernel(snapshot, &to_web) &&
			   number(toward_row(snapshot, &to_web), "capacity") == PROXY_SIZE - 20 &&
			   all_of(toward_row(snapshot, &to_web), "haproxy", "exclusive") == 20 &&
			   served_by(snapshot, &to_web, all.web, "nginx", "http") &&
			   exclusive_ports(snapshot) == 20 && !verdict_row(snapshot, PROXY, NULL));
}

static void see_haproxy_refused(struct scenario *scenario, const struct proxied *all)
{
	pid_t pid = service_pid(all->haproxy);
	char *output;

	EVENTUALLY(scenario->watch,
		   number(toward_row(snapshot, &to_web), "active") == PROXY_SIZE &&
			   number(toward_row(snapshot, &to_web), "saturation") == 1.0 &&
			   counted_as_kernel(snapshot, &to_web) &&
			   owned_by(snapshot, &to_web, "haproxy", pid) &&
			   refused_toward(snapshot, &to_web, "haproxy", pid) &&
			   judged(snapshot, &to_web, "near_exhaustion", "critical") &&
			   !verdict_row(snapshot, CLIENTS, NULL));
	says(RUN(NULL, "doctor"), 0, "narrow_range: " PROXY " tcp");
	output = service_output(all->haproxy);
	assert_non_null(strstr(output, "no free ports"));
	free(output);
}

static void haproxy_beyond_a_narrow_range_is_refused(void **state)
{
	struct scenario *scenario = *state;
	struct proxied all = start_all(scenario, "", "80");

	see_haproxy_refused(scenario, &all);
}

static void haproxy_with_a_source_address_is_refused_as_well(void **state)
{
	struct scenario *scenario = *state;
	struct proxied all = start_all(scenario, "source " ADDRESS_A, "80");

	see_haproxy_refused(scenario, &all);
}

const struct CMUnitTest proxy_clients_suite[] = {
	PROXIED(wrk_and_haproxy_hold_a_hop_each),
	PROXIED(haproxy_with_a_source_address_shares_its_ports),
	PROXIED(haproxy_with_source_ports_in_the_range_takes_them_from_all),
	PROXIED(haproxy_beyond_a_narrow_range_is_refused),
	PROXIED(haproxy_with_a_source_address_is_refused_as_well),
};
const size_t proxy_clients_suite_count =
	sizeof(proxy_clients_suite) / sizeof(proxy_clients_suite[0]);
