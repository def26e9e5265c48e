/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What scenarios with clients and servers from Debian (service.h) have in common: how they are
 * joined, and whether the agent says of them what the kernel says.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "scenario.h"
#include "service.h"

/* Between CLIENTS and SERVERS, where a proxy is. */
#define PROXY "pg-test-proxy"
#define PROXY_FIRST 40000
#define PROXY_LAST 40063
#define PROXY_ADDRESS "10.78.0.2" /* for CLIENTS; for SERVERS it is ADDRESS_A */

/* cmocka's, as scenario_setup: CLIENTS reaches PROXY_ADDRESS in PROXY, which has PROXY_FIRST to
 * PROXY_LAST and reaches ADDRESS_B in SERVERS. */
int clients_setup(void **state);
int clients_teardown(void **state);

#define PROXIED(function) cmocka_unit_test_setup_teardown(function, clients_setup, clients_teardown)

/* A namespace, and an endpoint that it connects to. */
struct toward {
	const char *netns;
	const char *remote;
	uint16_t port;
};

/* The row of this destination; NULL: there is none. */
json_t *toward_row(const json_t *snapshot, const struct toward *toward);

/* Does it say as many open, active or bound first, and as many in TIME_WAIT as the kernel has, now?
 */
bool counted_as_kernel(const json_t *snapshot, const struct toward *toward);

/* Does it say that this process of the service listens there, and what the port is for (NULL: no
 * name)? */
bool served_by(const json_t *snapshot, const struct toward *toward, const struct service *service,
	       const char *process, const char *port_name);

/* A sum over all processes of this name in a destination's row. */
double all_of(const json_t *destination, const char *process, const char *key);

/* All of the destination's ports are this one process's. */
bool owned_by(const json_t *snapshot, const struct toward *toward, const char *process, pid_t pid);

/* connect() of this process was refused for want of ports, toward there. */
bool refused_toward(const json_t *snapshot, const struct toward *toward, const char *process,
		    pid_t pid);

/* There is this verdict on the destination's namespace, with this severity, and it speaks of the
 * destination. */
bool judged(const json_t *snapshot, const struct toward *toward, const char *verdict,
	    const char *severity);

/* A real nginx in SERVERS, on port WEB_PORT of any address. */
struct service *clients_web(struct scenario *scenario);
#define WEB_PORT 80
#define WEB_SLOW "/slow" /* takes minutes to answer; all else is fast */
