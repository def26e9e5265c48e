// SPDX-License-Identifier: Apache-2.0
/* curl and nginx. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients.h"
#include "command.h"

#define WEB "http://" ADDRESS_B "/"
#define SLOW "http://" ADDRESS_B WEB_SLOW
#define TINY_FIRST "40000"
#define TINY_LAST "40015"
#define TINY_SIZE 16
#define MORE 10

static const struct toward web_port = { CLIENTS, ADDRESS_B, WEB_PORT };

/* One process with so many transfers at once, which do not end. */
static struct service *start_curl(struct scenario *scenario, unsigned int transfers)
{
	struct service *curl = scenario_service(scenario, CLIENTS, "curl", NULL);
	char count[16];
	char url[64];

	snprintf(count, sizeof(count), "%u", transfers);
	snprintf(url, sizeof(url), SLOW "?[1-%u]", transfers);
	SERVICE_START(curl, "tcp", 0, "curl", "-sS", "-Z", "--parallel-immediate", "--parallel-max",
		      count, url);
	return curl;
}

static void what_curl_has_open_is_active_and_its_own(void **state)
{
	struct scenario *scenario = *state;
	struct service *curl;
	struct service *web;

	scenario_join(scenario);
	scenario_watch(scenario);
	web = clients_web(scenario);
	curl = start_curl(scenario, 20);
	EVENTUALLY(scenario->watch,
		   number(toward_row(snapshot, &web_port), "active") == 20 &&
			   counted_as_kernel(snapshot, &web_port) &&
			   owned_by(snapshot, &web_port, "curl", service_pid(curl)) &&
			   served_by(snapshot, &web_port, web, "nginx", "http"));
}

/* A process for each request, as in scripts. All have ended when their ports are still kept. */
static void what_curl_closed_first_waits_and_is_still_its_own(void **state)
{
	struct launch inside = { .netns = CLIENTS };
	struct scenario *scenario = *state;
	struct service *web;

	scenario_join(scenario);
	scenario_watch(scenario);
	web = clients_web(scenario);
	for (unsigned int i = 0; i < 12; i++)
		says(run_program(&inside, (const char *const[]){ "curl", "-sS", WEB, NULL }), 0,
		     "well");
	EVENTUALLY(scenario->watch,
		   number(toward_row(snapshot, &web_port), "time_wait") == 12 &&
			   all_of(toward_row(snapshot, &web_port), "curl", "time_wait") == 12 &&
			   counted_as_kernel(snapshot, &web_port) &&
			   served_by(snapshot, &web_port, web, "nginx", "http"));
}

static unsigned int count_of(const char *text, const char *words)
{
	unsigned int count = 0;

	for (; (text = strstr(text, words)); text += strlen(words))
		count++;
	return count;
}

static void curl_beyond_a_narrow_range_is_refused(void **state)
{
	struct scenario *scenario = *state;
	struct service *curl;
	char *output;

	scenario_join(scenario);
	space_sysctl(CLIENTS, "net/ipv4/ip_local_port_range", TINY_FIRST " " TINY_LAST);
	scenario_watch(scenario);
	clients_web(scenario);
	curl = start_curl(scenario, TINY_SIZE + MORE);
	EVENTUALLY(scenario->watch,
		   number(toward_row(snapshot, &web_port), "active") == TINY_SIZE &&
			   counted_as_kernel(snapshot, &web_port) &&
			   owned_by(snapshot, &web_port, "curl", service_pid(curl)) &&
			   refused_toward(snapshot, &web_port, "curl", service_pid(curl)) &&
			   judged(snapshot, &web_port, "near_exhaustion", "critical"));
	output = service_output(curl);
	EVENTUALLY(scenario->watch, number(owner_row(snapshot, scenario->clients, "tcp", "curl"),
					   "refusals") == count_of(output, "curl: (7)"));
	assert_int_equal(count_of(output, "curl: (7)"), MORE);
	free(output);
	says(RUN(NULL, "doctor"), 0, "narrow_range: " CLIENTS " tcp");
}

/* Each a process of its own, and faster than 32 ports bear: most of them only find TIME_WAIT. */
static void a_script_of_curls_churns_until_it_is_refused(void **state)
{
	struct scenario *scenario = *state;
	struct service *script;
	char *output;

	scenario_join(scenario);
	space_sysctl(CLIENTS, "net/ipv4/ip_local_port_range", "40000 40031");
	scenario_watch(scenario);
	clients_web(scenario);
	script = scenario_service(scenario, CLIENTS, "script", NULL);
	SERVICE_START(script, "tcp", 0, "sh", "-c",
		      "while sleep 0.1; do curl -sS -o /dev/null " WEB "; done");
	EVENTUALLY(scenario->watch,
		   counted_as_kernel(snapshot, &web_port) &&
			   all_of(toward_row(snapshot, &web_port), "curl", "used") ==
				   number(toward_row(snapshot, &web_port), "used") &&
			   judged(snapshot, &web_port, "churn", "critical") &&
			   refusal_row(snapshot, scenario->clients, "curl"));
	output = service_output(script);
	assert_non_null(strstr(output, "curl: (7)"));
	free(output);
}

const struct CMUnitTest web_clients_suite[] = {
	SCENARIO(what_curl_has_open_is_active_and_its_own),
	SCENARIO(what_curl_closed_first_waits_and_is_still_its_own),
	SCENARIO(curl_beyond_a_narrow_range_is_refused),
	SCENARIO(a_script_of_curls_churns_until_it_is_refused),
};
const size_t web_clients_suite_count = sizeof(web_clients_suite) / sizeof(web_clients_suite[0]);
