/* SPDX-License-Identifier: Apache-2.0 */
/* What every scenario starts from and leaves nothing of. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "actor.h"
#include "check.h"
#include "space.h"
#include "watch.h"

#define CLIENTS "pg-test-clients" /* the namespace whose ports are counted */
#define SERVERS "pg-test-servers" /* the other end, where a scenario needs one */
#define FIRST 40000
#define LAST 40999

struct scenario {
	const char *source; /* NULL: the agent chooses */
	struct watch *watch;
	struct actor *actors[8];
	unsigned int actors_count;
	const char *units[2]; /* cgroups of some of them */
	unsigned int units_count;
	struct service *services[8];
	unsigned int services_count;
	struct storm *storm;
	struct prometheus *prometheus;
	struct screen *screen;
	bool joined;
	uint32_t clients; /* inode of CLIENTS */
};

/* An actor that the scenario's end stops. */
struct actor *scenario_actor(struct scenario *scenario, const char *netns, const char *name);

/* The same in a cgroup of its own, NAME's: by that even who may not read other users' open files
 * knows whose its sockets are. */
struct actor *scenario_unit(struct scenario *scenario, const char *netns, const char *name);

/* A program from Debian (service.h) that the scenario's end stops, the last one first. */
struct service *scenario_service(struct scenario *scenario, const char *netns, const char *name,
				 const char *user);

/* The agent that the scenario's end stops. */
void scenario_watch(struct scenario *scenario);

/* A listener in CLIENTS, so that loopback connects succeed, with room for count of them. */
struct actor *scenario_listener(struct scenario *scenario, const char *address, uint16_t port);

/* Makes SERVERS and joins it with CLIENTS. */
void scenario_join(struct scenario *scenario);

/* Does the running agent's source see this at once? From its name. */
bool scenario_sees_bind_refusals(const struct scenario *scenario);

/* cmocka's: make CLIENTS with FIRST to LAST; undo everything. */
int scenario_setup(void **state);
int scenario_teardown(void **state);

/* The suites, each in a file of its own. */
extern const struct CMUnitTest holds_suite[];
extern const struct CMUnitTest refusal_suite[];
extern const struct CMUnitTest netns_suite[];
extern const struct CMUnitTest usage_suite[];
extern const struct CMUnitTest control_suite[];
extern const struct CMUnitTest diag_suite[];
extern const struct CMUnitTest recording_suite[];
extern const struct CMUnitTest command_suite[];
extern const struct CMUnitTest loss_suite[];
extern const struct CMUnitTest tracer_suite[];
extern const struct CMUnitTest prometheus_suite[];
extern const struct CMUnitTest verify_suite[];
extern const struct CMUnitTest notify_suite[];
extern const struct CMUnitTest alertmanager_suite[];
extern const struct CMUnitTest config_suite[];
extern const struct CMUnitTest verdict_suite[];
extern const struct CMUnitTest web_suite[];
extern const struct CMUnitTest page_suite[];
extern const struct CMUnitTest record_suite[];
extern const struct CMUnitTest names_suite[];
extern const struct CMUnitTest top_suite[];
extern const struct CMUnitTest proxy_clients_suite[];
extern const struct CMUnitTest database_clients_suite[];
extern const struct CMUnitTest web_clients_suite[];
extern const struct CMUnitTest story_suite[];
extern const struct CMUnitTest voip_clients_suite[];
extern const struct CMUnitTest dns_clients_suite[];
extern const struct CMUnitTest ftp_clients_suite[];
extern const struct CMUnitTest ssh_clients_suite[];
extern const struct CMUnitTest mail_clients_suite[];
extern const struct CMUnitTest privilege_suite[];
extern const struct CMUnitTest fault_suite[];
extern const struct CMUnitTest hostile_suite[];
extern const size_t holds_suite_count;
extern const size_t refusal_suite_count;
extern const size_t netns_suite_count;
extern const size_t usage_suite_count;
extern const size_t control_suite_count;
extern const size_t diag_suite_count;
extern const size_t recording_suite_count;
extern const size_t command_suite_count;
extern const size_t loss_suite_count;
extern const size_t tracer_suite_count;
extern const size_t prometheus_suite_count;
extern const size_t verify_suite_count;
extern const size_t notify_suite_count;
extern const size_t alertmanager_suite_count;
extern const size_t config_suite_count;
extern const size_t verdict_suite_count;
extern const size_t web_suite_count;
extern const size_t page_suite_count;
extern const size_t record_suite_count;
extern const size_t names_suite_count;
extern const size_t top_suite_count;
extern const size_t proxy_clients_suite_count;
extern const size_t database_clients_suite_count;
extern const size_t web_clients_suite_count;
extern const size_t story_suite_count;
extern const size_t voip_clients_suite_count;
extern const size_t dns_clients_suite_count;
extern const size_t ftp_clients_suite_count;
extern const size_t ssh_clients_suite_count;
extern const size_t mail_clients_suite_count;
extern const size_t privilege_suite_count;
extern const size_t fault_suite_count;
extern const size_t hostile_suite_count;

#define SCENARIO(function) \
	cmocka_unit_test_setup_teardown(function, scenario_setup, scenario_teardown)
