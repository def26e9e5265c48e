// SPDX-License-Identifier: Apache-2.0
/* Names out of the real kernel's tables and real files: listeners, services, units, pods. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "scenario.h"

#define LOCALHOST "127.0.0.1"
#define COUNT 12
#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UID "6f1c1b9e_3a7d_4c0e_9b1a_2d6c0f9e8a71"
#define SLICE "pg-test.slice"
#define UNIT SLICE "/pg-shop.service"
#define POD SLICE "/kubepods-pod" UID ".slice"
#define SCOPE POD "/crio-" ID ".scope"
#define BUNDLE "/run/containers/storage/overlay-containers/" ID "/userdata"
#define PATH_SIZE CGROUP_PATH_SIZE

/* --- listeners ------------------------------------------------------------------------------- */

static bool is_text(const json_t *row, const char *key, const char *expected)
{
	const char *found = json_string_value(json_object_get(row, key));

	return found && expected ? !strcmp(found, expected) : !found && !expected;
}

static bool is_listener(const json_t *row, const char *name, pid_t pid)
{
	return is_text(row, "listener", name) && (pid_t)number(row, "listener_pid") == pid;
}

static void who_listens_in_the_same_namespace_is_named(void **state)
{
	struct scenario *scenario = *state;
	const struct servent *service = getservbyport(htons(5432), "tcp");
	const char *name = service ? service->s_name : NULL;
	struct actor *server;
	struct actor *p;

	scenario_watch(scenario);
	server = scenario_unit(scenario, CLIENTS, "pg-server");
	all_done(actor_listen(server, LOCALHOST, 5432), 1);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	all_done(actor_connect(p, COUNT, LOCALHOST, 5432), COUNT);
	EVENTUALLY(scenario->watch,
		   is_listener(destination_row(snapshot, scenario->clients, LOCALHOST, 5432),
			       "pg-server", actor_pid(server)) &&
			   is_text(destination_row(snapshot, scenario->clients, LOCALHOST, 5432),
				   "service", name));
}

/* One on any address, in IPv6 too, answers for IPv4; and it was there before the agent. */
static void who_listens_in_another_namespace_is_named(void **state)
{
	struct scenario *scenario = *state;
	struct actor *server;
	struct actor *p;

	scenario_join(scenario);
	server = scenario_unit(scenario, SERVERS, "pg-far");
	all_done(actor_open(server, 1, .how = OPEN_LISTEN, .local = "::", .local_port = 5000), 1);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	all_done(actor_connect(p, COUNT, ADDRESS_B, 5000), COUNT);
	scenario_watch(scenario);
	EVENTUALLY(scenario->watch,
		   is_listener(destination_row(snapshot, scenario->clients, ADDRESS_B, 5000),
			       "pg-far", actor_pid(server)));
}

static void the_namespace_that_has_the_address_decides(void **state)
{
	struct scenario *scenario = *state;
	struct actor *server;
	struct actor *near;
	struct actor *p;

	scenario_join(scenario);
	server = scenario_unit(scenario, SERVERS, "pg-far");
	all_done(actor_listen(server, ADDRESS_B, 5000), 1);
	/* the same port in the namespace of the client, which does not have that address */
	near = scenario_unit(scenario, CLIENTS, "pg-near");
	all_done(actor_listen(near, "0.0.0.0", 5000), 1);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	all_done(actor_connect(p, COUNT, ADDRESS_B, 5000), COUNT);
	all_done(actor_connect(p, 1, LOCALHOST, 5000), 1);
	scenario_watch(scenario);
	EVENTUALLY(
		scenario->watch,
		is_listener(destination_row(snapshot, scenario->clients, ADDRESS_B, 5000), "pg-far",
			    actor_pid(server)) &&
			is_listener(destination_row(snapshot, scenario->clients, LOCALHOST, 5000),
				    "pg-near", actor_pid(near)));
}

/* --- units and pods -------------------------------------------------------------------------- */

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	if (!file)
		fail_msg("%s: %s", path, strerror(errno));
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* As `mkdir -p`. */
static void make_directories(const char *path)
{
	char part[PATH_SIZE];

	for (const char *at = path; at; at = strchr(at + 1, '/')) {
		const char *end = strchr(at + 1, '/');

		snprintf(part, sizeof(part), "%.*s", end ? (int)(end - path) : PATH_SIZE, path);
		if (mkdir(part, 0755) < 0)
			assert_int_equal(errno, EEXIST);
	}
}

static int names_teardown(void **state)
{
	static const char *const names[] = { SCOPE, POD, UNIT, SLICE };
	int r = scenario_teardown(state);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (cgroup_remove(names[i]) < 0)
			r = -1;
	unlink(BUNDLE "/config.json");
	return r;
}

static void a_unit_is_named_by_its_cgroup(void **state)
{
	struct scenario *scenario = *state;
	struct actor *p;

	cgroup_make(SLICE);
	cgroup_make(UNIT);
	scenario_watch(scenario);
	scenario_listener(scenario, LOCALHOST, 5000);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	cgroup_move(UNIT, actor_pid(p));
	all_done(actor_connect(p, COUNT, LOCALHOST, 5000), COUNT);
	EVENTUALLY(scenario->watch,
		   is_text(owner_row(snapshot, scenario->clients, "tcp", "pg-p"), "unit",
			   "pg-shop.service") &&
			   is_text(owner_row(snapshot, scenario->clients, "tcp", "pg-p"), "cgroup",
				   "/" UNIT));
}

/* The last part of the path is the same. */
static bool ends_as(const json_t *row, const char *key, const char *path)
{
	const char *slash = strrchr(text(row, key), '/');

	return slash && !strcmp(slash, strrchr(path, '/'));
}

/* Its arguments are those of this test: a pattern is no option, and so is not shown. */
static void a_process_has_its_program_and_no_arguments(void **state)
{
	struct scenario *scenario = *state;
	struct actor *p;
	char exe[PATH_SIZE] = "";

	assert_true(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	scenario_watch(scenario);
	scenario_listener(scenario, LOCALHOST, 5000);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	all_done(actor_connect(p, COUNT, LOCALHOST, 5000), COUNT);
	EVENTUALLY(scenario->watch,
		   ends_as(owner_row(snapshot, scenario->clients, "tcp", "pg-p"), "exe", exe) &&
			   !strncmp(text(owner_row(snapshot, scenario->clients, "tcp", "pg-p"),
					 "command"),
				    "e2e", 3));
}

static void a_pod_has_the_names_of_its_bundle(void **state)
{
	struct scenario *scenario = *state;
	struct actor *p;

	cgroup_make(SLICE);
	cgroup_make(POD);
	cgroup_make(SCOPE);
	make_directories(BUNDLE);
	write_text(BUNDLE "/config.json",
		   "{\"annotations\": {\"io.kubernetes.container.name\": \"worker\","
		   "\"io.kubernetes.pod.name\": \"web-7d9\","
		   "\"io.kubernetes.pod.namespace\": \"shop\"}}");
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	cgroup_move(SCOPE, actor_pid(p));
	scenario_watch(scenario);
	scenario_listener(scenario, LOCALHOST, 5000);
	all_done(actor_connect(p, COUNT, LOCALHOST, 5000), COUNT);
	EVENTUALLY(scenario->watch,
		   is_text(owner_row(snapshot, scenario->clients, "tcp", "pg-p"), "container_name",
			   "worker") &&
			   is_text(owner_row(snapshot, scenario->clients, "tcp", "pg-p"),
				   "pod_name", "web-7d9") &&
			   is_text(owner_row(snapshot, scenario->clients, "tcp", "pg-p"),
				   "pod_namespace", "shop") &&
			   is_text(owner_row(snapshot, scenario->clients, "tcp", "pg-p"),
				   "container", "0123456789ab"));
}

#define NAMES(function) cmocka_unit_test_setup_teardown(function, scenario_setup, names_teardown)

const struct CMUnitTest names_suite[] = {
	NAMES(who_listens_in_the_same_namespace_is_named),
	NAMES(who_listens_in_another_namespace_is_named),
	NAMES(the_namespace_that_has_the_address_decides),
	NAMES(a_unit_is_named_by_its_cgroup),
	NAMES(a_process_has_its_program_and_no_arguments),
	NAMES(a_pod_has_the_names_of_its_bundle),
};
const size_t names_suite_count = sizeof(names_suite) / sizeof(names_suite[0]);
