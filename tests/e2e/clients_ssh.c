// SPDX-License-Identifier: Apache-2.0
/* ssh and sshd: logins, and connections through a tunnel. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients.h"
#include "pools.h"

#define SSH 22
#define LOGINS 6
#define LOCALHOST "127.0.0.1"
#define TUNNEL 5000
#define TARGET 7000
#define THROUGH 20
#define SMALL "40000 40019"
#define SMALL_SIZE 20

static const struct toward ssh_port = { CLIENTS, ADDRESS_B, SSH };
static const struct toward tunnel_port = { CLIENTS, LOCALHOST, TUNNEL };
static const struct toward target_port = { SERVERS, ADDRESS_B, TARGET };
static const struct pool ports = { CLIENTS, "tcp", FIRST, LAST };
static const struct pool server_ports = { SERVERS, "tcp", FIRST, LAST };

/* Knows its user by user.pub in the folder of the client. As nobody, who has no shell, but may have
 * sftp. PAM lets a locked account in. */
static struct service *start_sshd(struct scenario *scenario, struct service *client)
{
	struct service *sshd = scenario_service(scenario, SERVERS, "sshd", "nobody");

	space_sysctl(SERVERS, "net/ipv4/ip_unprivileged_port_start", "0");
	SERVICE_RUN(sshd, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "host");
	service_write(sshd, "sshd_config",
		      "Port %u\nListenAddress " ADDRESS_B "\nHostKey %s\n"
		      "AuthorizedKeysFile %s\nStrictModes no\nUsePAM yes\nPidFile none\n"
		      "MaxStartups 100\nSubsystem sftp internal-sftp\n"
		      "ForceCommand internal-sftp\n",
		      SSH, service_path(sshd, "host"), service_path(client, "user.pub"));
	SERVICE_START(sshd, "tcp", SSH, "/usr/sbin/sshd", "-D", "-e", "-f",
		      service_path(sshd, "sshd_config"));
	return sshd;
}

/* With its key, and what is the same for each call. */
static struct service *make_client(struct scenario *scenario)
{
	struct service *client = scenario_service(scenario, CLIENTS, "ssh", NULL);

	SERVICE_RUN(client, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "user");
	service_write(client, "ssh_config",
		      "IdentityFile %s\nIdentityAgent none\nStrictHostKeyChecking no\n"
		      "UserKnownHostsFile /dev/null\nBatchMode yes\nUser nobody\n"
		      "ExitOnForwardFailure yes\nLogLevel ERROR\n",
		      service_path(client, "user"));
	return client;
}

static void each_login_keeps_a_port_in_time_wait(void **state)
{
	struct scenario *scenario = *state;
	struct service *client;
	struct service *sshd;

	scenario_join(scenario);
	scenario_watch(scenario);
	client = make_client(scenario);
	sshd = start_sshd(scenario, client);
	for (unsigned int i = 0; i < LOGINS; i++)
		SERVICE_RUN(client, "ssh", "-F", "ssh_config", "-s", ADDRESS_B, "sftp");
	SERVICE_START(client, "tcp", 0, "ssh", "-F", "ssh_config", "-N", ADDRESS_B);
	EVENTUALLY(scenario->watch,
		   number(toward_row(snapshot, &ssh_port), "time_wait") == LOGINS &&
			   number(toward_row(snapshot, &ssh_port), "active") == 1 &&
			   counted_as_kernel(snapshot, &ssh_port) &&
			   all_of(toward_row(snapshot, &ssh_port), "ssh", "used") == LOGINS + 1 &&
			   pool_held_by(snapshot, &ports, "ssh", "time_wait") == LOGINS &&
			   pool_held_by(snapshot, &ports, "ssh", "active") == 1 &&
			   served_by(snapshot, &ssh_port, sshd, "sshd", "ssh"));
}

static void a_login_that_is_open_is_its_ssh_s(void **state)
{
	struct scenario *scenario = *state;
	struct service *client;
	struct service *sshd;

	scenario_join(scenario);
	client = make_client(scenario);
	sshd = start_sshd(scenario, client);
	SERVICE_START(client, "tcp", 0, "ssh", "-F", "ssh_config", "-N", ADDRESS_B);
	scenario_watch(scenario);
	EVENTUALLY(scenario->watch, owned_by(snapshot, &ssh_port, "ssh", service_pid(client)) &&
					    counted_as_kernel(snapshot, &ssh_port) &&
					    served_by(snapshot, &ssh_port, sshd, "sshd", "ssh"));
	service_stop(client);
	EVENTUALLY(scenario->watch, pool_held_by(snapshot, &ports, "ssh", "active") == 0 &&
					    pool_counted_as_kernel(snapshot, &ports));
}

static void logins_one_after_another_churn(void **state)
{
	struct scenario *scenario = *state;
	struct service *client;

	scenario_join(scenario);
	space_sysctl(CLIENTS, "net/ipv4/ip_local_port_range", SMALL);
	scenario_watch(scenario);
	client = make_client(scenario);
	start_sshd(scenario, client);
	SERVICE_START(client, "tcp", 0, "sh", "-c",
		      "while :; do ssh -F ssh_config -s " ADDRESS_B " sftp; sleep 0.5; done");
	EVENTUALLY(scenario->watch, judged(snapshot, &ssh_port, "churn", "critical") &&
					    refusal_row(snapshot, scenario->clients, "ssh"));
	space_sysctl(CLIENTS, "net/ipv4/tcp_tw_reuse", "1"); /* as it says */
	EVENTUALLY(scenario->watch, !verdict_row(snapshot, CLIENTS, NULL));
}

/* TUNNEL here is TARGET there: sshd connects to it. */
static struct actor *start_tunnel(struct scenario *scenario, struct service **ret_client,
				  struct service **ret_sshd)
{
	struct actor *target = scenario_unit(scenario, SERVERS, "pg-target");

	all_done(actor_listen(target, ADDRESS_B, TARGET), 1);
	*ret_client = make_client(scenario);
	*ret_sshd = start_sshd(scenario, *ret_client);
	SERVICE_START(*ret_client, "tcp", TUNNEL, "ssh", "-F", "ssh_config", "-N", "-L",
		      LOCALHOST ":5000:" ADDRESS_B ":7000", ADDRESS_B);
	return target;
}

static bool of_sshd(const json_t *snapshot, const struct service *sshd)
{
	const json_t *share = share_row(toward_row(snapshot, &target_port), "sshd");

	return service_has(sshd, (pid_t)number(share, "pid")) &&
	       number(share, "used") == number(toward_row(snapshot, &target_port), "used");
}

static void what_goes_through_a_tunnel_is_sshd_s_at_the_far_end(void **state)
{
	struct scenario *scenario = *state;
	struct service *client;
	struct actor *target;
	struct service *sshd;
	struct actor *p;

	scenario_join(scenario);
	scenario_watch(scenario);
	target = start_tunnel(scenario, &client, &sshd);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	all_done(actor_connect(p, THROUGH, LOCALHOST, TUNNEL), THROUGH);
	EVENTUALLY(scenario->watch,
		   owned_by(snapshot, &ssh_port, "ssh", service_pid(client)) &&
			   number(toward_row(snapshot, &tunnel_port), "active") == THROUGH &&
			   owned_by(snapshot, &tunnel_port, "pg-p", actor_pid(p)) &&
			   served_by(snapshot, &tunnel_port, client, "ssh", NULL) &&
			   number(toward_row(snapshot, &target_port), "active") == THROUGH &&
			   of_sshd(snapshot, sshd) && counted_as_kernel(snapshot, &target_port) &&
			   !strcmp(text(toward_row(snapshot, &target_port), "listener"),
				   "pg-target") &&
			   number(toward_row(snapshot, &target_port), "listener_pid") ==
				   actor_pid(target));
}

static void a_tunnel_into_a_narrow_range_is_refused_at_the_far_end(void **state)
{
	struct scenario *scenario = *state;
	struct service *client;
	struct service *sshd;
	struct actor *p;

	scenario_join(scenario);
	space_sysctl(SERVERS, "net/ipv4/ip_local_port_range", SMALL);
	start_tunnel(scenario, &client, &sshd);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	all_done(actor_connect(p, SMALL_SIZE, LOCALHOST, TUNNEL), SMALL_SIZE);
	scenario_watch(scenario);
	EVENTUALLY(scenario->watch,
		   number(toward_row(snapshot, &target_port), "active") == SMALL_SIZE &&
			   judged(snapshot, &target_port, "narrow_range", "critical") &&
			   pool_judged(snapshot, &server_ports, "narrow_range", "most by sshd["));
	all_done(actor_connect(p, 3, LOCALHOST, TUNNEL), 3);
	EVENTUALLY(
		scenario->watch,
		refused_toward(snapshot, &target_port, "sshd",
			       (pid_t)number(share_row(toward_row(snapshot, &target_port), "sshd"),
					     "pid")));
}

const struct CMUnitTest ssh_clients_suite[] = {
	SCENARIO(each_login_keeps_a_port_in_time_wait),
	SCENARIO(a_login_that_is_open_is_its_ssh_s),
	SCENARIO(logins_one_after_another_churn),
	SCENARIO(what_goes_through_a_tunnel_is_sshd_s_at_the_far_end),
	SCENARIO(a_tunnel_into_a_narrow_range_is_refused_at_the_far_end),
};
const size_t ssh_clients_suite_count = sizeof(ssh_clients_suite) / sizeof(ssh_clients_suite[0]);
