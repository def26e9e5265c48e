/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What became of one alert, copied so that it can wait: its labels sorted and complete, every
 * string one printable line and bounded. Pure; the memory is one block.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/core/view.h"

#define MESSAGE_VALUE_MAX 2048 /* bytes of a label's or an annotation's value */
#define MESSAGE_LABELS_MAX 32  /* of each; what is more is left out */

struct message {
	struct view_alert alert; /* its strings and lists are this message's own */
	bool firing;
	uint64_t ended;       /* ns since the epoch; 0: it fires */
	uint64_t born_ns;     /* CLOCK_MONOTONIC */
	uint64_t fingerprint; /* of the labels, as Prometheus and Alertmanager compute it */
	int references;
};

/* When and where it happens. */
struct message_moment {
	uint64_t now_ns;  /* CLOCK_MONOTONIC */
	uint64_t epoch;   /* ns since the epoch */
	const char *host; /* becomes the label host, unless there is a host or an instance */
};

/* entered: the alert began; else it ended at the moment. Labels alertname and severity are added
 * where they are missing; an alert without any label or annotation gets its subject and summary.
 * -ENOMEM: *ret is untouched. */
int message_new(struct message **ret, const struct view_alert *alert, bool entered,
		const struct message_moment *moment);
struct message *message_ref(struct message *message);
void message_unref(struct message *message); /* NULL is fine */
void message_unrefp(struct message **message);

/* NULL: there is none of that name. */
const char *message_label(const struct message *message, const char *name);

/* [a-zA-Z_][a-zA-Z0-9_]* */
bool message_is_name(const char *name);
