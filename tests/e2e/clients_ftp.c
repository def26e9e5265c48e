// SPDX-License-Identifier: Apache-2.0
/* curl and lftp, whose data connections vsftpd accepts (passive) or opens (active). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients.h"
#include "pools.h"

#define FTP 21
#define COUNT 6
#define FILE_URL "ftp://" ADDRESS_B "/file"

static const struct toward ftp_port = { CLIENTS, ADDRESS_B, FTP };
static const struct pool ports = { CLIENTS, "tcp", FIRST, LAST };
static const struct pool server_ports = { SERVERS, "tcp", FIRST, LAST };

/* Has one file, for which it takes hours. Its passive ports are those of its range. */
static struct service *start_vsftpd(struct scenario *scenario, const char *more)
{
	struct service *vsftpd = scenario_service(scenario, SERVERS, "vsftpd", NULL);

	SERVICE_RUN(vsftpd, "truncate", "-s", "1M", "file");
	service_write(vsftpd, "vsftpd.conf",
		      "listen=YES\nlisten_address=" ADDRESS_B "\nbackground=NO\n"
		      "anonymous_enable=YES\nno_anon_password=YES\nanon_root=%s\n"
		      "anon_max_rate=100\nsecure_chroot_dir=%s\nxferlog_enable=NO\n"
		      "pasv_min_port=%u\npasv_max_port=%u\n%s",
		      service_folder(vsftpd), service_folder(vsftpd), FIRST, LAST, more);
	SERVICE_START(vsftpd, "tcp", FTP, "vsftpd", service_path(vsftpd, "vsftpd.conf"));
	return vsftpd;
}

/* Gets the file so often at once, in one process. */
static struct service *start_lftp(struct scenario *scenario, unsigned int count)
{
	struct service *lftp = scenario_service(scenario, CLIENTS, "lftp", NULL);
	char script[1024];
	int length = snprintf(script, sizeof(script),
			      "set ftp:passive-mode off; set net:connection-limit 0;");

	for (unsigned int i = 0; i < count; i++)
		length += snprintf(script + length, sizeof(script) - (size_t)length,
				   " get " FILE_URL " -o %u &", i);
	assert_true(length < (int)sizeof(script) - 16);
	strcat(script, " wait all");
	service_write_as(lftp, "script", 0644, script);
	SERVICE_START(lftp, "tcp", 0, "lftp", "--norc", "-f", "script");
	return lftp;
}

/* Owner and count, on the side of the clients: so many shared and so many of their own. */
static bool has_ports(const json_t *snapshot, const char *process, unsigned int active,
		      unsigned int exclusive)
{
	return pool_held_by(snapshot, &ports, process, "active") == active &&
	       pool_held_by(snapshot, &ports, process, "exclusive") == exclusive &&
	       number(pool_in(snapshot, &ports), "used") == active + exclusive &&
	       pool_counted_as_kernel(snapshot, &ports);
}

/* The process that listens and the one that transfers may both have a port. */
static bool server_has_ports(const json_t *snapshot, unsigned int exclusive)
{
	return pool_held_by(snapshot, &server_ports, "vsftpd", "exclusive") >= exclusive &&
	       pool_held_by(snapshot, &server_ports, "vsftpd", "active") == 0 &&
	       (!exclusive || number(pool_in(snapshot, &server_ports), "used") == exclusive) &&
	       (!exclusive || pool_counted_as_kernel(snapshot, &server_ports)) &&
	       space_ports(SERVERS, "tcp", FIRST, LAST) == exclusive;
}

static void passive_data_ports_are_bound_by_the_server(void **state)
{
	struct scenario *scenario = *state;
	struct service *vsftpd;
	struct service *curl;

	scenario_join(scenario);
	scenario_watch(scenario);
	vsftpd = start_vsftpd(scenario, "");
	curl = scenario_service(scenario, CLIENTS, "curl", NULL);
	SERVICE_START(curl, "tcp", 0, "curl", "-sS", "-Z", "--parallel-immediate", FILE_URL,
		      FILE_URL, FILE_URL, FILE_URL, FILE_URL, FILE_URL);
	EVENTUALLY(scenario->watch,
		   has_ports(snapshot, "curl", 2 * COUNT, 0) && server_has_ports(snapshot, COUNT) &&
			   number(toward_row(snapshot, &ftp_port), "active") == COUNT &&
			   counted_as_kernel(snapshot, &ftp_port) &&
			   owned_by(snapshot, &ftp_port, "curl", service_pid(curl)) &&
			   served_by(snapshot, &ftp_port, vsftpd, "vsftpd", "ftp"));
	service_stop(curl);
	EVENTUALLY(scenario->watch, pool_counted_as_kernel(snapshot, &ports) &&
					    pool_held_by(snapshot, &ports, "curl", "active") == 0);
}

static void active_data_ports_are_bound_on_both_sides(void **state)
{
	struct scenario *scenario = *state;

	scenario_join(scenario);
	scenario_watch(scenario);
	start_vsftpd(scenario, "connect_from_port_20=NO\n");
	start_lftp(scenario, COUNT);
	EVENTUALLY(scenario->watch,
		   has_ports(snapshot, "lftp", COUNT, COUNT) && server_has_ports(snapshot, COUNT));
}

static void active_data_from_port_20_costs_the_server_nothing(void **state)
{
	struct scenario *scenario = *state;

	scenario_join(scenario);
	scenario_watch(scenario);
	start_vsftpd(scenario, "connect_from_port_20=YES\n");
	start_lftp(scenario, COUNT);
	EVENTUALLY(scenario->watch,
		   has_ports(snapshot, "lftp", COUNT, COUNT) && server_has_ports(snapshot, 0));
}

const struct CMUnitTest ftp_clients_suite[] = {
	SCENARIO(passive_data_ports_are_bound_by_the_server),
	SCENARIO(active_data_ports_are_bound_on_both_sides),
	SCENARIO(active_data_from_port_20_costs_the_server_nothing),
};
const size_t ftp_clients_suite_count = sizeof(ftp_clients_suite) / sizeof(ftp_clients_suite[0]);
