/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The running agent's control socket, a Unix stream socket: to each peer that connects it passes a
 * descriptor of a dump of all holds (holds_dump.h) and hangs up; nothing else is said. Only root
 * and the user that the agent runs as are answered.
 */
#pragma once

#include <stdint.h>

#define CONTROL_DIRECTORY "/run/portgauge"
#define CONTROL_DEFAULT CONTROL_DIRECTORY "/control.sock"

struct agent;
struct control;
struct sd_event;

/* path NULL: CONTROL_DEFAULT, whose directory is made; if that does not work, say because another
 * agent answers there, a warning is all: *ret becomes NULL and 0 is returned. A path that was asked
 * for must work: a negative errno after one line. A socket that nobody answers at is replaced; what
 * is no socket never is. agent is borrowed; reconcile_ns: how often it reconciles. */
int control_open(struct control **ret, const char *path, struct agent *agent, uint64_t reconcile_ns,
		 struct sd_event *event);

/* How often the agent reconciles from now on. NULL is a no-op. */
void control_set_reconcile(struct control *control, uint64_t reconcile_ns);

/* Removes the socket's file, unless somebody has put another in its place. NULL is a no-op. */
void control_close(struct control *control);
