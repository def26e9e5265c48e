// SPDX-License-Identifier: Apache-2.0
#include "scenario.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "process.h"
#include "prometheus_server.h"
#include "screen.h"
#include "service.h"
#include "storm.h"
#include "user/base/util.h"

int scenario_setup(void **state)
{
	struct scenario *scenario = calloc(1, sizeof(*scenario));

	if (!scenario)
		return -1;
	scenario->source = getenv("PORTGAUGE_SOURCE");
	*state = scenario;
	space_add(CLIENTS, FIRST, LAST);
	scenario->clients = space_inode(CLIENTS);
	return 0;
}

int scenario_teardown(void **state)
{
	struct scenario *scenario = *state;
	int left = 0;
	int status;

	for (unsigned int i = 0; i < scenario->actors_count; i++)
		actor_stop(scenario->actors[i]);
	screen_stop(scenario->screen);
	storm_stop(scenario->storm);
	prometheus_stop(scenario->prometheus);
	while (scenario->units_count)
		left |= cgroup_remove(scenario->units[--scenario->units_count]);
	while (scenario->services_count)
		left |= service_free(scenario->services[--scenario->services_count]);
	status = watch_stop(scenario->watch);
	if (access("/run/netns/" CLIENTS, F_OK) == 0)
		space_delete(CLIENTS);
	if (scenario->joined)
		space_delete(SERVERS);
	free(scenario);
	return status ?: left; /* an agent that does not end cleanly fails its scenario */
}

struct actor *scenario_actor(struct scenario *scenario, const char *netns, const char *name)
{
	struct actor *actor = actor_start(netns, name);

	assert_true(scenario->actors_count < 8);
	scenario->actors[scenario->actors_count++] = actor;
	return actor;
}

struct actor *scenario_unit(struct scenario *scenario, const char *netns, const char *name)
{
	struct actor *actor = scenario_actor(scenario, netns, name);

	assert_true(scenario->units_count < ARRAY_SIZE(scenario->units));
	scenario->units[scenario->units_count++] = name;
	cgroup_make(name);
	cgroup_move(name, actor_pid(actor));
	return actor;
}

struct service *scenario_service(struct scenario *scenario, const char *netns, const char *name,
				 const char *user)
{
	struct service *service = service_new(netns, name, user);

	assert_true(scenario->services_count < ARRAY_SIZE(scenario->services));
	scenario->services[scenario->services_count++] = service;
	return service;
}

void scenario_watch(struct scenario *scenario)
{
	struct watch_plan plan = { .source = scenario->source };

	scenario->watch = watch_start(&plan);
}

struct actor *scenario_listener(struct scenario *scenario, const char *address, uint16_t port)
{
	struct actor *server = scenario_actor(scenario, CLIENTS, "pg-server");

	all_done(actor_listen(server, address, port), 1);
	return server;
}

void scenario_join(struct scenario *scenario)
{
	space_add(SERVERS, FIRST, LAST);
	scenario->joined = true;
	space_join(CLIENTS, SERVERS);
}

bool scenario_sees_bind_refusals(const struct scenario *scenario)
{
	json_t *snapshot = watch_snapshot(scenario->watch);
	bool sees = strcmp(text(snapshot, "source"), "tracepoint") != 0;

	json_decref(snapshot);
	return sees;
}
