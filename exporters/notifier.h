/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seam to whoever is on call. A notifier carries alerts to one kind of receiver; there may be
 * several of one kind. Each has one folder beside this file and one line in the table of
 * user/registry.c. It runs on the caller's event loop, never blocks it, and keeps a bounded queue
 * whose overflow it counts.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sd_event;
struct view;
struct view_alert;
struct view_notifier;

/* One receiver, as the configuration has it. All of it is borrowed for the notifier's life. What a
 * type does not know is NULL or 0. */
struct notifier_config {
	const char *name; /* unique; in metrics and messages */
	const char *type; /* as in notifier_ops */

	/* alertmanager, webhook: http, https or unix:/path:/url-path; all of a list get everything
	 */
	const char *const *urls;
	size_t urls_count;
	const char *username;
	const char *password_file;
	const char *bearer_token_file;
	const char *ca_file;
	const char *cert_file;
	const char *key_file;
	/* Connections come from these local ports, outside of the ephemeral range, so that they
	 * can be made when no ephemeral port is left. 0: the notifier knows better. */
	uint16_t source_port_first;
	uint16_t source_port_last;
	uint64_t resend_ns; /* alertmanager: how often what fires is said again */

	/* exec: argv[0] is an absolute path; ends with NULL */
	const char *const *argv;

	uint64_t timeout_ns; /* of one attempt */
	uint64_t max_age_ns; /* an undelivered message is given up after this */
	uint32_t queue_max;  /* messages that may wait */
};

struct notifier;

struct notifier_ops {
	const char *type;
	/* 0, or a negative errno after one line was logged. *ret is untouched on failure. */
	int (*open)(struct notifier **ret, const struct notifier_config *config,
		    struct sd_event *event);
	/* A transition. entered: the alert began; else it ended. */
	void (*notify)(struct notifier *self, const struct view_alert *alert, bool entered);
	/* Once a second, after the transitions: everything that fires. NULL: not interested. */
	void (*publish)(struct notifier *self, const struct view *view);
	/* Sets all but the name. */
	void (*count)(const struct notifier *self, struct view_notifier *ret);
	void (*close)(struct notifier *self); /* NULL is a no-op */
};
