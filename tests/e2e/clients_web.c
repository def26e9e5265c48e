// SPDX-License-Identifier: Apache-2.0
/* Web clients and servers from Debian: curl and nginx. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"
#include "scenario.h"
#include "service.h"

#define WEB 80

static struct service *start_nginx(struct scenario *scenario, const char *netns)
{
	struct service *web = scenario_service(scenario, netns, "nginx", NULL);

	service_write(web, "nginx.conf",
		      "daemon off;\npid pid;\nerror_log stderr;\nevents {}\n"
		      "http {\n"
		      "access_log off;\n"
		      "server { listen %u; location / { return 200 'well\\n'; } }\n"
		      "}\n",
		      WEB);
	SERVICE_START(web, "tcp", WEB, "nginx", "-p", service_folder(web), "-c", "nginx.conf");
	return web;
}

static void curl_keeps_what_it_closed_first(void **state)
{
	struct scenario *scenario = *state;
	struct service *web;

	scenario_join(scenario);
	scenario_watch(scenario);
	web = start_nginx(scenario, SERVERS);
	assert_true(service_pid_of(web, "nginx") > 0);
	EVENTUALLY(scenario->watch, pool_row(snapshot, scenario->clients, "tcp"));
}

const struct CMUnitTest web_clients_suite[] = {
	SCENARIO(curl_keeps_what_it_closed_first),
};
const size_t web_clients_suite_count = sizeof(web_clients_suite) / sizeof(web_clients_suite[0]);
