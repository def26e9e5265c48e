/* SPDX-License-Identifier: Apache-2.0 */
/* A real Prometheus that scrapes the agent every second and has the rules that we ship. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "process.h"
#include "watch.h"

#define SHIPPED "exporters/prometheus/"

struct prometheus {
	char directory[32];
	char url[32];
	pid_t pid;
};

/* Its API listens in the host namespace, as the agent does. alertmanager: the port of one on
 * 127.0.0.1 that it sends alerts to; 0: none. Whoever starts it gives it to the scenario, whose end
 * stops it. */
struct prometheus *prometheus_start(const struct watch *watch, uint16_t alertmanager);
void prometheus_stop(struct prometheus *server); /* NULL is fine */

/* tests/tools/ask-prometheus URL WHAT MORE */
struct result prometheus_ask(const struct prometheus *server, const char *what, const char *more);

/* Has it an answer with this value? */
bool prometheus_answers(const struct prometheus *server, const char *query, const char *value);

/* Waits until the alert fires, and returns what it says; or until it does not. NULL: too long. */
char *prometheus_await_alert(const struct prometheus *server, const char *name, bool fires);
