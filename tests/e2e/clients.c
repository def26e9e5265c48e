// SPDX-License-Identifier: Apache-2.0
#include "clients.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int clients_setup(void **state)
{
	int r = scenario_setup(state);

	if (r)
		return r;
	space_add(PROXY, PROXY_FIRST, PROXY_LAST);
	space_add(SERVERS, FIRST, LAST);
	space_join(PROXY, SERVERS);
	space_link("pgproxy", CLIENTS, "10.78.0.1", PROXY, PROXY_ADDRESS);
	return 0;
}

int clients_teardown(void **state)
{
	int r = scenario_teardown(state);

	space_delete(PROXY);
	space_delete(SERVERS);
	return r;
}

json_t *toward_row(const json_t *snapshot, const struct toward *toward)
{
	return destination_row(snapshot, space_inode(toward->netns), toward->remote, toward->port);
}

static unsigned int kernel_has(const struct toward *toward, const char *state)
{
	char filter[128];

	snprintf(filter, sizeof(filter), "%s 'dst %s:%u'", state, toward->remote, toward->port);
	return space_ss(toward->netns, "-ta", filter);
}

bool counted_as_kernel(const json_t *snapshot, const struct toward *toward)
{
	const json_t *row = toward_row(snapshot, toward);

	return number(row, "time_wait") + number(row, "recyclable") ==
		       kernel_has(toward, "state time-wait") &&
	       number(row, "active") + number(row, "exclusive") ==
		       kernel_has(toward, "exclude time-wait");
}

bool served_by(const json_t *snapshot, const struct toward *toward, const struct service *service,
	       const char *process, const char *port_name)
{
	const json_t *row = toward_row(snapshot, toward);

	return !strcmp(text(row, "listener"), process) &&
	       service_has(service, (pid_t)number(row, "listener_pid")) &&
	       !strcmp(text(row, "service"), port_name ? port_name : "");
}

double all_of(const json_t *destination, const char *process, const char *key)
{
	double sum = 0;
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(destination, "owners"), i, row)
		if (!strcmp(text(row, "process"), process))
			sum += number(row, key);
	return sum;
}

bool owned_by(const json_t *snapshot, const struct toward *toward, const char *process, pid_t pid)
{
	const json_t *row = toward_row(snapshot, toward);
	const json_t *share = share_row(row, process);

	return number(row, "used") > 0 && number(share, "used") == number(row, "used") &&
	       (pid_t)number(share, "pid") == pid;
}

bool refused_toward(const json_t *snapshot, const struct toward *toward, const char *process,
		    pid_t pid)
{
	const json_t *row = refusal_row(snapshot, space_inode(toward->netns), process);

	return (pid_t)number(row, "pid") == pid && !strcmp(text(row, "path"), "connect") &&
	       !strcmp(text(row, "errno"), "EADDRNOTAVAIL") &&
	       !strcmp(text(row, "remote"), toward->remote) &&
	       number(row, "remote_port") == toward->port;
}

bool judged(const json_t *snapshot, const struct toward *toward, const char *verdict,
	    const char *severity)
{
	const json_t *row = verdict_row(snapshot, toward->netns, verdict);
	char remote[64];

	snprintf(remote, sizeof(remote), "%s:%u", toward->remote, toward->port);
	return row && !strcmp(text(row, "severity"), severity) && strstr(text(row, "text"), remote);
}

struct service *clients_web(struct scenario *scenario)
{
	struct service *web = scenario_service(scenario, SERVERS, "nginx", NULL);

	service_write(web, "nginx.conf",
		      "daemon off;\npid pid;\nerror_log stderr;\nevents {}\n"
		      "http {\n"
		      "access_log off;\n"
		      "server { listen %u;\n"
		      "location / { return 200 'well\\n'; }\n"
		      "location = " WEB_SLOW " { limit_rate 1; return 200 '%0500d'; }\n"
		      "} }\n",
		      WEB_PORT, 0);
	SERVICE_START(web, "tcp", WEB_PORT, "nginx", "-p", service_folder(web), "-c", "nginx.conf");
	return web;
}
