// SPDX-License-Identifier: Apache-2.0
/* The live page in a real browser, against the real agent. Not part of the VM runs. What is looked
 * at, and how, is in browser/page.mjs: here is what there is to see. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"
#include "scenario.h"
#include "site.h"

#define LOCALHOST "127.0.0.1"
#define MANY 1000
#define BROWSER_S 120
#define MARKUP "<img src=/x>"

/* A browser that looks at the agent's page. */
struct look {
	int output; /* an unnamed file */
	pid_t pid;
};

static struct look look_at(const char *scheme, uint16_t port, const char *claim,
			   const char *argument)
{
	struct look look = { .output = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) };
	char url[64];

	assert_true(look.output >= 0);
	snprintf(url, sizeof(url), "%s://127.0.0.1:%u/", scheme, port);
	look.pid = start_program(NULL,
				 (const char *const[]){ "node", "tests/e2e/browser/page.mjs", url,
							claim, argument, NULL },
				 look.output);
	return look;
}

static struct look look_start(const struct scenario *scenario, const char *claim,
			      const char *argument)
{
	return look_at("http", watch_port(scenario->watch), claim, argument);
}

static bool look_says(const struct look *look, const char *word)
{
	char *said = calloc(1, OUTPUT_MAX);
	bool found;

	assert_non_null(said);
	assert_true(pread(look->output, said, OUTPUT_MAX - 1, 0) >= 0);
	found = strstr(said, word);
	if (!found && !program_runs(look->pid))
		fail_msg("%s", said);
	free(said);
	return found;
}

static void look_awaits(const struct look *look, const char *word)
{
	uint64_t deadline = deadline_in(BROWSER_S);

	while (!look_says(look, word)) {
		if (deadline < deadline_in(0)) {
			stop_program(look->pid);
			fail_msg("the browser did not say '%s'", word);
		}
		usleep(50000);
	}
}

/* It must hold, and the browser must end cleanly. */
static void look_holds(struct look look)
{
	int status;

	look_awaits(&look, "holds\n");
	assert_int_equal(waitpid(look.pid, &status, 0), look.pid);
	assert_int_equal(status, 0);
	close(look.output);
}

static void claim_holds(const struct scenario *scenario, const char *claim, const char *argument)
{
	look_holds(look_start(scenario, claim, argument));
}

static bool has_names(const json_t *snapshot, uint32_t netns)
{
	const json_t *destination = destination_row(snapshot, netns, LOCALHOST, 5000);
	const json_t *owner = owner_row(snapshot, netns, "tcp", "pg-p");

	return json_is_string(json_object_get(destination, "listener")) &&
	       json_is_string(json_object_get(owner, "command"));
}

/* A destination that is full, one that is not, refusals, an owner whose name is markup. */
static void busy_host(struct scenario *scenario)
{
	struct actor *hostile;
	struct actor *server;
	struct actor *p;

	space_sysctl(CLIENTS, "net/ipv4/ip_local_port_range", "40000 40099");
	scenario_watch(scenario);
	server = scenario_unit(scenario, CLIENTS, "pg-server");
	all_done(actor_listen(server, LOCALHOST, 5000), 1);
	scenario_listener(scenario, "127.0.0.2", 6432);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	hostile = scenario_actor(scenario, CLIENTS, MARKUP);
	all_done(actor_connect(hostile, 42, "127.0.0.2", 6432), 42);
	all_done(actor_connect(p, 100, LOCALHOST, 5000), 100);
	assert_int_equal(actor_connect(p, 12, LOCALHOST, 5000).failed, 12);
	EVENTUALLY(scenario->watch,
		   json_array_size(json_object_get(snapshot, "alerts")) >= 3 &&
			   json_array_size(json_object_get(snapshot, "verdicts")) >= 1 &&
			   refusal_row(snapshot, scenario->clients, "pg-p") &&
			   has_names(snapshot, scenario->clients));
}

static void the_page_shows_the_numbers_of_the_api(void **state)
{
	busy_host(*state);
	claim_holds(*state, "numbers", MARKUP);
}

static void the_page_fits_phone_and_wide_screen_in_light_and_dark(void **state)
{
	busy_host(*state);
	claim_holds(*state, "looks", NULL);
}

static void the_page_is_reached_by_keyboard_and_named_for_screen_readers(void **state)
{
	busy_host(*state);
	claim_holds(*state, "keyboard", NULL);
}

static void the_page_works_with_1000_destinations(void **state)
{
	struct scenario *scenario = *state;
	const char *const all[] = { "--top", "2000", NULL };
	struct watch_plan plan = { .source = scenario->source, .more = all };
	struct actor *p;
	char address[32];

	scenario->watch = watch_start(&plan);
	scenario_listener(scenario, "0.0.0.0", 5000);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	for (unsigned int i = 0; i < MANY; i++) {
		snprintf(address, sizeof(address), "127.1.%u.%u", i / 250, i % 250 + 1);
		all_done(actor_connect(p, 1, address, 5000), 1);
	}
	claim_holds(scenario, "many", "1000");
}

static void the_page_tells_what_comes(void **state)
{
	struct scenario *scenario = *state;
	struct look look;
	struct actor *p;

	space_sysctl(CLIENTS, "net/ipv4/ip_local_port_range", "40000 40019");
	scenario_watch(scenario);
	scenario_listener(scenario, LOCALHOST, 5000);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	look = look_start(scenario, "news", NULL);
	look_awaits(&look, "watching\n");
	assert_int_equal(actor_connect(p, 25, LOCALHOST, 5000).failed, 5);
	look_holds(look);
}

static void the_page_shows_rows_of_every_kind_and_says_what_is_wrong(void **state)
{
	scenario_watch(*state);
	claim_holds(*state, "invented", NULL);
}

static void the_page_asks_nothing_while_paused_or_hidden(void **state)
{
	scenario_watch(*state);
	claim_holds(*state, "pauses", NULL);
}

static void the_page_outlives_the_agent(void **state)
{
	struct scenario *scenario = *state;
	struct look look;

	scenario_watch(scenario);
	look = look_start(scenario, "outage", NULL);
	look_awaits(&look, "watching\n");
	assert_int_equal(watch_stop(scenario->watch), 0);
	scenario->watch = NULL;
	look_awaits(&look, "gone\n");
	scenario_watch(scenario);
	look_holds(look);
}

static void the_page_works_through_tls_with_certificate_and_password(void **state)
{
	struct site *site = *state;
	char config[96];

	site_write_config(site, "tls_server_config:\n  cert_file: server.pem\n"
				"  key_file: server.key\n  client_ca_file: ca.pem\n"
				"  client_auth_type: RequireAndVerifyClientCert\n");
	snprintf(config, sizeof(config), "%s/web.yml", site->folder);
	SITE_START(site, watch_program(), "run", "--web.listen-address", site->address,
		   "--web.config.file", config);
	look_holds(look_at("https", site->port, "tls", site->folder));
}

const struct CMUnitTest page_suite[] = {
	SCENARIO(the_page_shows_the_numbers_of_the_api),
	SCENARIO(the_page_fits_phone_and_wide_screen_in_light_and_dark),
	SCENARIO(the_page_is_reached_by_keyboard_and_named_for_screen_readers),
	SCENARIO(the_page_works_with_1000_destinations),
	SCENARIO(the_page_tells_what_comes),
	SCENARIO(the_page_shows_rows_of_every_kind_and_says_what_is_wrong),
	SCENARIO(the_page_asks_nothing_while_paused_or_hidden),
	SCENARIO(the_page_outlives_the_agent),
	SITE(the_page_works_through_tls_with_certificate_and_password),
};
const size_t page_suite_count = sizeof(page_suite) / sizeof(page_suite[0]);
