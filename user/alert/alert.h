/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules over a view, with memory: an alert enters when its value has been at or above the enter
 * threshold for a while, and ends when it falls below the leave threshold. Pure: the view and the
 * time are arguments, transitions come back through a callback.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/core/view.h"

enum alert_metric {
	ALERT_DESTINATION_SATURATION, /* 0 to 1, one alert a destination */
	ALERT_POOL_SATURATION,        /* 0 to 1, one alert a pool */
	ALERT_REFUSALS,               /* within the last minute, one alert a pool */
};

struct alert_rule {
	const char *name; /* CamelCase */
	enum view_severity severity;
	enum alert_metric metric;
	double enter;
	double leave; /* below it the alert ends; at most enter */
	uint64_t for_ns;
};

/* The rules that hold without any configuration. */
const struct alert_rule *alert_default_rules(size_t *ret_count);

struct alerts;

/* rules are borrowed. -ENOMEM: *ret is untouched. */
int alerts_new(struct alerts **ret, const struct alert_rule *rules, size_t count);
void alerts_free(struct alerts *alerts);

/* What an alert became; good during the call only. */
typedef void alert_transition(void *context, const struct view_alert *alert, bool entered);

/* Judges the view, tells of each transition, and lists all that fire in the view itself, which
 * must not be shared yet. now_ns: CLOCK_MONOTONIC. -ENOMEM: judged in part; call again. */
int alerts_evaluate(struct alerts *alerts, struct view *view, uint64_t now_ns,
		    alert_transition *transition, void *context);
