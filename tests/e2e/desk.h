/* SPDX-License-Identifier: Apache-2.0 */
/* A scenario with notifiers: settings in a folder of its own, receivers, a real Alertmanager. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "inbox.h"
#include "scenario.h"

#define DESK_INBOXES_MAX 4
#define DESK_PORT 5000 /* the destination that fills up, in CLIENTS */
#define LOCALHOST "127.0.0.1"

struct desk {
	struct scenario *scenario;
	char directory[32];
	char settings[64]; /* path of the file */
	struct inbox *inboxes[DESK_INBOXES_MAX];
	size_t inboxes_count;
	const char *netns; /* of the Alertmanager; NULL: ours */
	uint16_t port;
	pid_t alertmanager;
};

/* A free port of loopback for the receiver with that number, the same in every namespace. */
uint16_t desk_port(size_t number);

/* Receivers that the scenario's end closes. */
struct inbox *desk_inbox(struct desk *desk, const char *netns, enum inbox_manner manner);
struct inbox *desk_inbox_unix(struct desk *desk, const char *path);

/* Starts Debian's Alertmanager on 127.0.0.1:desk->port of the namespace (NULL: here) and waits
 * until it is ready. */
void desk_alertmanager(struct desk *desk, const char *netns);

/* What it says of the alert of that rule and severity, as its API has it: caller drops the
 * reference. NULL: it does not fire. */
json_t *desk_alert(const struct desk *desk, const char *rule, const char *severity);
/* Polls until it fires, or does not. */
json_t *desk_await_alert(const struct desk *desk, const char *rule, const char *severity);
void desk_await_silence(const struct desk *desk, const char *rule);

/* Starts the agent with these settings, in the namespace (NULL: here). */
void desk_watch(struct desk *desk, const char *netns, const char *settings);
/* Writes others, which it takes when it is told. */
void desk_settings(const struct desk *desk, const char *settings);

/* A process called name that holds count connections to DESK_PORT in CLIENTS, which end by a
 * reset. The listener is there already, or made. */
struct actor *desk_fill(struct desk *desk, const char *name, uint32_t count);

/* cmocka's. */
int desk_setup(void **state);
int desk_teardown(void **state);

#define DESK(function) cmocka_unit_test_setup_teardown(function, desk_setup, desk_teardown)
