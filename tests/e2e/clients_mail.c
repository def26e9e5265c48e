// SPDX-License-Identifier: Apache-2.0
/* swaks, a mail server that relays what it gets, and the one that it relays to: exim. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients.h"
#include "command.h"
#include "pools.h"

#define SMTP 25
#define MESSAGES 8
#define SMALL_FIRST 40000
#define SMALL_LAST 40019
#define ALWAYS "while :; do "
#define SEND                                                                                   \
	"swaks --silent 2 --server " ADDRESS_A " --from a@client.test --to b@far.test --body " \
	"well"

static const struct toward relay_port = { CLIENTS, ADDRESS_A, SMTP };
static const struct toward far_port = { CLIENTS, ADDRESS_B, SMTP };
static const struct pool ports = { CLIENTS, "tcp", FIRST, LAST };
static const struct pool few_ports = { CLIENTS, "tcp", SMALL_FIRST, SMALL_LAST };

/* Takes mail for anyone, for "slow" after minutes. route: what it does with it. */
static struct service *start_exim(struct scenario *scenario, const char *netns, const char *address,
				  const char *route)
{
	struct service *exim = scenario_service(scenario, netns, "exim", "Debian-exim");
	const char *folder = service_folder(exim);

	space_sysctl(netns, "net/ipv4/ip_unprivileged_port_start", "0");
	service_write(exim, "exim.conf",
		      "spool_directory = %s\nlog_file_path = %s/%%slog\npid_file_path = %s/pid\n"
		      "primary_hostname = exim.test\nlocal_interfaces = %s\n"
		      "daemon_smtp_ports = %u\ntls_advertise_hosts =\nkeep_environment =\n"
		      "deliver_drop_privilege = true\n"
		      "smtp_accept_max = 0\nacl_smtp_rcpt = rcpt\nacl_smtp_data = data\n"
		      "begin acl\nrcpt:\n  accept local_parts = slow\n    delay = 5m\n"
		      "  accept\ndata:\n  accept\n"
		      "begin routers\nall:\n  %s\n"
		      "begin transports\nsmtp:\n  driver = smtp\n",
		      folder, folder, folder, address, SMTP, route);
	SERVICE_START(exim, "tcp", SMTP, "exim4", "-C", service_path(exim, "exim.conf"), "-bdf");
	return exim;
}

static struct service *start_relay(struct scenario *scenario)
{
	return start_exim(scenario, CLIENTS, ADDRESS_A,
			  "driver = manualroute\n  transport = smtp\n  self = send\n"
			  "  route_list = * " ADDRESS_B);
}

static struct service *start_far(struct scenario *scenario)
{
	return start_exim(scenario, SERVERS, ADDRESS_B, "driver = redirect\n  data = :blackhole:");
}

/* The relay ends its connection first, and has the port in TIME_WAIT; swaks lets the server do so,
 * and has none. */
static void who_relays_mail_keeps_a_port_for_each_message(void **state)
{
	struct launch inside = { .netns = CLIENTS };
	struct scenario *scenario = *state;
	struct service *relay;
	struct service *far;

	scenario_join(scenario);
	scenario_watch(scenario);
	far = start_far(scenario);
	relay = start_relay(scenario);
	for (unsigned int i = 0; i < MESSAGES; i++)
		says(run_program(&inside, (const char *const[]){ "sh", "-c", SEND, NULL }), 0, "");
	EVENTUALLY(scenario->watch,
		   number(toward_row(snapshot, &far_port), "time_wait") == MESSAGES &&
			   all_of(toward_row(snapshot, &far_port), "exim4", "time_wait") ==
				   MESSAGES &&
			   counted_as_kernel(snapshot, &far_port) &&
			   served_by(snapshot, &far_port, far, "exim4", "smtp") &&
			   pool_held_by(snapshot, &ports, "swaks", "used") == 0 &&
			   pool_counted_as_kernel(snapshot, &ports));
	metric_becomes(scenario->watch,
		       "portgauge_allocations_total{netns=\"" CLIENTS
		       "\",protocol=\"tcp\",path=\"connect\"}",
		       2 * MESSAGES);
	assert_true(service_has(relay, service_pid(relay)));
}

static void an_open_connection_of_swaks_leads_to_the_mail_server(void **state)
{
	struct scenario *scenario = *state;
	struct service *relay;
	struct service *swaks;

	scenario_join(scenario);
	scenario_watch(scenario);
	relay = start_relay(scenario);
	swaks = scenario_service(scenario, CLIENTS, "swaks", NULL);
	SERVICE_START(swaks, "tcp", 0, "swaks", "--server", ADDRESS_A, "--from", "a@client.test",
		      "--to", "slow@far.test", "--timeout", "600");
	EVENTUALLY(scenario->watch,
		   number(toward_row(snapshot, &relay_port), "active") == 1 &&
			   owned_by(snapshot, &relay_port, "swaks", service_pid(swaks)) &&
			   counted_as_kernel(snapshot, &relay_port) &&
			   served_by(snapshot, &relay_port, relay, "exim4", "smtp"));
}

static void a_relay_of_many_messages_churns(void **state)
{
	struct scenario *scenario = *state;
	struct service *swaks;

	scenario_join(scenario);
	space_sysctl(CLIENTS, "net/ipv4/ip_local_port_range", "40000 40019");
	scenario_watch(scenario);
	start_far(scenario);
	start_relay(scenario);
	swaks = scenario_service(scenario, CLIENTS, "swaks", NULL);
	SERVICE_START(swaks, "tcp", 0, "sh", "-c", ALWAYS SEND "; sleep 0.5; done");
	EVENTUALLY(scenario->watch,
		   judged(snapshot, &far_port, "churn", "critical") &&
			   pool_judged(snapshot, &few_ports, "churn", "most by exim4[") &&
			   refusal_row(snapshot, scenario->clients, "exim4"));
	space_sysctl(CLIENTS, "net/ipv4/tcp_tw_reuse", "1"); /* as it says */
	EVENTUALLY(scenario->watch, !verdict_row(snapshot, CLIENTS, NULL));
}

const struct CMUnitTest mail_clients_suite[] = {
	SCENARIO(who_relays_mail_keeps_a_port_for_each_message),
	SCENARIO(an_open_connection_of_swaks_leads_to_the_mail_server),
	SCENARIO(a_relay_of_many_messages_churns),
};
const size_t mail_clients_suite_count = sizeof(mail_clients_suite) / sizeof(mail_clients_suite[0]);
