// SPDX-License-Identifier: Apache-2.0
/* PostgreSQL's clients through pgbouncer to PostgreSQL. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients.h"
#include "command.h"

#define POSTGRES_PORT 5432
#define BOUNCER_PORT 6432
#define BOUNCER_TEXT "6432"
#define PROGRAMS "/usr/lib/postgresql/15/bin/"
#define OWNER "postgres" /* none of them runs as root */

static const struct toward to_bouncer = { CLIENTS, PROXY_ADDRESS, BOUNCER_PORT };
static const struct toward to_postgres = { PROXY, ADDRESS_B, POSTGRES_PORT };

static struct service *start_postgres(struct scenario *scenario)
{
	struct service *postgres = scenario_service(scenario, SERVERS, "postgres", OWNER);

	SERVICE_RUN(postgres, PROGRAMS "initdb", "-D", "data", "--no-sync", "-A", "trust",
		    "--no-locale", "-E", "UTF8");
	service_write(postgres, "data/pg_hba.conf", "host all all 0.0.0.0/0 trust\n");
	/* whose client is gone sleeps no more, so that it ends at once when told to */
	SERVICE_START(postgres, "tcp", POSTGRES_PORT, PROGRAMS "postgres", "-D", "data", "-h",
		      ADDRESS_B, "-k", "", "-c", "fsync=off", "-c", "max_connections=100", "-c",
		      "client_connection_check_interval=200ms", "-c",
		      "dynamic_shared_memory_type=mmap");
	return postgres;
}

/* pool: its connections to PostgreSQL, at most. */
static struct service *start_bouncer(struct scenario *scenario, unsigned int pool)
{
	struct service *bouncer = scenario_service(scenario, PROXY, "pgbouncer", OWNER);

	service_write(bouncer, "pgbouncer.ini",
		      "[databases]\n"
		      "postgres = host=" ADDRESS_B " port=%u dbname=postgres user=" OWNER "\n"
		      "[pgbouncer]\n"
		      "listen_addr = *\nlisten_port = %u\nunix_socket_dir =\n"
		      "auth_type = any\npool_mode = transaction\ndefault_pool_size = %u\n"
		      "max_client_conn = 200\n",
		      POSTGRES_PORT, BOUNCER_PORT, pool);
	SERVICE_START(bouncer, "tcp", BOUNCER_PORT, "pgbouncer", "pgbouncer.ini");
	return bouncer;
}

/* So many clients, each with a query that takes minutes. */
static struct service *start_sleepers(struct scenario *scenario, const char *clients)
{
	struct service *pgbench = scenario_service(scenario, CLIENTS, "pgbench", OWNER);

	service_write(pgbench, "sleep.sql", "select pg_sleep(600);\n");
	SERVICE_START(pgbench, "tcp", 0, PROGRAMS "pgbench", "-n", "-h", PROXY_ADDRESS, "-p",
		      BOUNCER_TEXT, "-c", clients, "-T", "600", "-f", "sleep.sql", "postgres");
	return pgbench;
}

static void pgbench_and_pgbouncer_hold_a_hop_each(void **state)
{
	struct scenario *scenario = *state;
	struct service *postgres;
	struct service *bouncer;
	struct service *pgbench;

	scenario_watch(scenario);
	postgres = start_postgres(scenario);
	bouncer = start_bouncer(scenario, 8);
	pgbench = start_sleepers(scenario, "20");
	EVENTUALLY(scenario->watch,
		   number(toward_row(snapshot, &to_bouncer), "active") == 20 &&
			   counted_as_kernel(snapshot, &to_bouncer) &&
			   owned_by(snapshot, &to_bouncer, "pgbench", service_pid(pgbench)) &&
			   served_by(snapshot, &to_bouncer, bouncer, "pgbouncer", NULL) &&
			   number(toward_row(snapshot, &to_postgres), "active") == 8 &&
			   counted_as_kernel(snapshot, &to_postgres) &&
			   owned_by(snapshot, &to_postgres, "pgbouncer", service_pid(bouncer)) &&
			   served_by(snapshot, &to_postgres, postgres, "postgres", "postgresql"));
}

/* pgbouncer wants more of PostgreSQL than its namespace has ports. */
static void pgbouncer_beyond_a_narrow_range_is_refused(void **state)
{
	struct scenario *scenario = *state;
	struct service *bouncer;
	char *output;

	space_sysctl(PROXY, "net/ipv4/ip_local_port_range", "40000 40015");
	scenario_watch(scenario);
	start_postgres(scenario);
	bouncer = start_bouncer(scenario, 40);
	start_sleepers(scenario, "30");
	EVENTUALLY(
		scenario->watch,
		number(toward_row(snapshot, &to_postgres), "active") == 16 &&
			counted_as_kernel(snapshot, &to_postgres) &&
			owned_by(snapshot, &to_postgres, "pgbouncer", service_pid(bouncer)) &&
			refused_toward(snapshot, &to_postgres, "pgbouncer", service_pid(bouncer)) &&
			judged(snapshot, &to_postgres, "near_exhaustion", "critical"));
	says(RUN(NULL, "doctor"), 0, "narrow_range: " PROXY " tcp");
	output = service_output(bouncer);
	assert_non_null(strstr(output, "Cannot assign requested address"));
	free(output);
}

/* A process for each query, as in scripts. */
static void ask_with_psql(void)
{
	struct launch inside = { .netns = CLIENTS };

	says(run_program(&inside, (const char *const[]){ PROGRAMS "psql", "-h", PROXY_ADDRESS, "-p",
							 BOUNCER_TEXT, "-U", OWNER, "-Atc",
							 "select 'well'", NULL }),
	     0, "well");
}

/* On a busy host pgbouncer is often the first to close, and then nothing is left here. */
static void what_psql_closed_waits_and_is_still_its_own(void **state)
{
	struct scenario *scenario = *state;
	struct service *bouncer;

	scenario_watch(scenario);
	start_postgres(scenario);
	bouncer = start_bouncer(scenario, 4);
	for (unsigned int i = 0; i < 100 && (i < 10 || !space_ports(CLIENTS, "tcp", 1, 65535)); i++)
		ask_with_psql();
	EVENTUALLY(scenario->watch,
		   number(toward_row(snapshot, &to_bouncer), "time_wait") > 0 &&
			   all_of(toward_row(snapshot, &to_bouncer), "psql", "time_wait") ==
				   number(toward_row(snapshot, &to_bouncer), "used") &&
			   counted_as_kernel(snapshot, &to_bouncer) &&
			   served_by(snapshot, &to_bouncer, bouncer, "pgbouncer", NULL));
}

/* A connection for each transaction, from a program that ends when it is refused and is started
 * again. pgbouncer is sometimes the first to close, so that some of them leave nothing. */
static void pgbench_that_connects_each_time_churns_until_it_is_refused(void **state)
{
	struct scenario *scenario = *state;
	struct service *poller;
	char *output;

	space_sysctl(CLIENTS, "net/ipv4/ip_local_port_range", "40000 40031");
	scenario_watch(scenario);
	start_postgres(scenario);
	start_bouncer(scenario, 4);
	poller = scenario_service(scenario, CLIENTS, "poller", OWNER);
	service_write(poller, "poll.sql", "select 1;\n");
	SERVICE_START(poller, "tcp", 0, "sh", "-c",
		      "while sleep 0.2; do " PROGRAMS "pgbench -n -C -R 40 -T 600 -f poll.sql"
		      " -h " PROXY_ADDRESS " -p " BOUNCER_TEXT " postgres; done");
	EVENTUALLY(scenario->watch,
		   counted_as_kernel(snapshot, &to_bouncer) &&
			   all_of(toward_row(snapshot, &to_bouncer), "pgbench", "used") ==
				   number(toward_row(snapshot, &to_bouncer), "used") &&
			   judged(snapshot, &to_bouncer, "churn", "critical") &&
			   refusal_row(snapshot, scenario->clients, "pgbench"));
	output = service_output(poller);
	assert_non_null(strstr(output, "Cannot assign requested address"));
	free(output);
}

const struct CMUnitTest database_clients_suite[] = {
	PROXIED(pgbench_and_pgbouncer_hold_a_hop_each),
	PROXIED(what_psql_closed_waits_and_is_still_its_own),
	PROXIED(pgbouncer_beyond_a_narrow_range_is_refused),
	PROXIED(pgbench_that_connects_each_time_churns_until_it_is_refused),
};
const size_t database_clients_suite_count =
	sizeof(database_clients_suite) / sizeof(database_clients_suite[0]);
