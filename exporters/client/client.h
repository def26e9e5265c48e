/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carries JSON to every receiver of a notifier, each at its own pace: one POST at a time, again
 * after a while when it failed. It asks for a body when a receiver is ready for one, so what waits
 * is the notifier's affair. Never waits itself.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "exporters/client/transfer.h"

struct client;
struct notifier_config;
struct sd_event;

#define CLIENT_TIMEOUT_NS 10000000000ULL
#define CLIENT_RECEIVERS_MAX 16

struct client_ops {
	/* The next body for a receiver: 1 and *ret, which the client frees; 0: nothing waits. A
	 * failed one is not kept: it is asked for again. */
	int (*next)(void *context, size_t receiver, char **ret);
	/* What came of it. */
	void (*done)(void *context, size_t receiver, enum client_outcome outcome);
};

struct client_config {
	const struct notifier_config *notifier;
	const char *suffix; /* of every URL's path, or NULL */
	const struct client_ops *ops;
	void *context;
	uint64_t (*random)(void); /* NULL: the kernel's */
};

/* All of it is borrowed but client_config itself. 0, or a negative errno after one line was
 * logged. *ret is untouched on failure. */
int client_open(struct client **ret, const struct client_config *config, struct sd_event *event);
void client_close(struct client *client); /* NULL is fine */

size_t client_receivers(const struct client *client);

/* There may be something new: asks for every receiver that is ready. */
void client_wake(struct client *client);

/* Attempts that failed, of all receivers together. */
uint64_t client_failed(const struct client *client);
