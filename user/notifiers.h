/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The notifiers of a configuration, opened and told together. Each has a copy of its part of the
 * configuration, so that a new configuration replaces only those that it changes: the others keep
 * their queues and what they know.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct notifier_config;
struct notifier_ops;
struct notifiers;
struct sd_event;
struct view;
struct view_alert;

/* table ends with NULL, and is borrowed. event: a reference is taken. -ENOMEM: *ret is untouched.
 */
int notifiers_new(struct notifiers **ret, const struct notifier_ops *const *table,
		  struct sd_event *event);
void notifiers_free(struct notifiers *notifiers); /* NULL is fine; closes them all */

/* From now on there are these, in this order; the configuration is copied. Those whose
 * configuration is as it was go on as they are. On failure everything stays as it was, after one
 * line was logged. */
int notifiers_replace(struct notifiers *notifiers, const struct notifier_config *configs,
		      size_t count);

void notifiers_notify(struct notifiers *notifiers, const struct view_alert *alert, bool entered);

/* Shows them the view, which must not be shared yet, and puts into it how they fare. -ENOMEM: the
 * view has no counts. */
int notifiers_publish(struct notifiers *notifiers, struct view *view);
