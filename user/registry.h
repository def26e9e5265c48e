/* SPDX-License-Identifier: Apache-2.0 */
/* The only place that knows which encoders, exporters and notifiers there are. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "exporters/exporter.h"

struct exporters;
struct notifier_config;

/* What `snapshot` writes, for people or as JSON. */
encode_fn *registry_encoder(bool json);

/* Opens all of them, or none. web and limits are borrowed for their life. 0, or a negative errno
 * after one line was logged. */
int exporters_open(struct exporters **ret, const struct web_config *web,
		   const struct view_limits *limits, struct sd_event *event);
void exporters_close(struct exporters *exporters); /* NULL is fine */

/* Adds what they count of themselves to a view before it is shown to anyone. */
void exporters_account(struct exporters *exporters, struct view *view);

/* The notifiers there are from now on, instead of the one that there is at first: a journal
 * notifier of that name. configs are copied. A notifier whose configuration is as it was goes on
 * with its queue and what it knows. 0, or a negative errno after one line was logged: then all of
 * them are as they were. */
int exporters_set_notifiers(struct exporters *exporters, const struct notifier_config *configs,
			    size_t count);

/* The view is not shared yet: how the notifiers fare is put into it first. */
void exporters_publish(struct exporters *exporters, struct view *view);
void exporters_notify(struct exporters *exporters, const struct view_alert *alert, bool entered);
