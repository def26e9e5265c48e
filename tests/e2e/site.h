/* SPDX-License-Identifier: Apache-2.0 */
/* An agent that serves HTTP out of a folder with a web configuration, certificates and sockets. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "check.h"
#include "process.h"

struct site {
	char folder[64];
	char address[32];
	char socket[96];  /* "unix:..." */
	char control[96]; /* of the agent */
	uint16_t port;
	pid_t pid; /* 0: not started */
	int log;
};

/* cmocka's: a folder with ca, server, client and other .pem and .key ("other" is signed by nobody
 * known), and nothing running; undo everything. */
int site_setup(void **state);
int site_teardown(void **state);

/* Into a new file that takes the place of the old one, readable for us only. */
void site_write(const struct site *site, const char *name, const char *text);

/* A web configuration: text, and the user "prometheus" with the password "secret". */
void site_write_config(const struct site *site, const char *text);

/* Starts `portgauge run` with these arguments, ended by NULL, and waits until it serves. */
void site_start(struct site *site, const char *const *arguments);
#define SITE_START(site, ...) site_start(site, (const char *const[]){ __VA_ARGS__, NULL })

/* SIGTERM; must end well. */
void site_stop(struct site *site);

/* What the agent has said so far. Caller frees. */
char *site_log(const struct site *site);

/* Runs a shell command in the folder. It may use $C, curl that trusts the site's authority; $M, its
 * arguments for a client certificate; $U, for user and password; $URL, the site by https; $PORT. */
struct result site_run(const struct site *site, const char *command);

/* Demands that the command says this, and nothing else; its status does not count. */
void site_says(const struct site *site, const char *command, const char *expected);

/* The same, sooner or later. */
void site_will_say(const struct site *site, const char *command, const char *expected);

/* Demands that the command fails. */
void site_refuses(const struct site *site, const char *command);

/* A connection to the site, with patience for reading. */
int site_dial(const struct site *site);

#define SITE(function) cmocka_unit_test_setup_teardown(function, site_setup, site_teardown)
