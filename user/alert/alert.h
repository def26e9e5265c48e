/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules over a view, with memory: an alert enters when its value has been at or beyond the enter
 * threshold for a while, and ends when it has been short of the leave threshold for a while, or its
 * subject is gone. Pure: the view and the time are arguments, transitions come back through a
 * callback.
 *
 * Rules of one name differ in severity. Where the graver one fires, the lesser one does not begin,
 * so that nobody is told twice; one that fires already goes on, for an end would be good news.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/core/view.h"

/* Of each rule; the worst ones of a view come first. */
#define ALERT_SUBJECTS_MAX 200

enum alert_metric {
	ALERT_DESTINATION_SATURATION, /* 0 to 1, one alert a destination */
	ALERT_POOL_SATURATION,        /* 0 to 1, one alert a pool */
	ALERT_REFUSALS,               /* within the last minute, one alert a pool */
	ALERT_DESTINATION_EXHAUSTION, /* seconds, less is worse; one alert a destination */
	ALERT_POOL_EXHAUSTION,        /* the same of the pool or any destination in it */
	ALERT_SEARCH_TIME, /* seconds: what 1 % of the searches of the last minute took longer
			      than; one alert a protocol; see recent.h */
	ALERT_EVENTS_LOST, /* within the last minute, one alert a reason */
	ALERT_DRIFT,       /* ports that the last reconcile corrected, one alert a pool */
	ALERT_METRIC__COUNT
};

/* A part of the destinations there are. */
struct alert_target {
	uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint8_t bits;        /* of the 128 that must agree */
	uint16_t port;       /* 0: any */
};

/* What a rule looks at: each list that is not empty must have something that fits. Patterns are
 * those of a shell: *, ? and [...]. */
struct alert_selector {
	uint8_t protocol; /* 0: any */
	const char *const *netns;
	size_t netns_count;
	const struct alert_target *destinations;
	size_t destinations_count;
	/* Of the owner that has most of the subject's ports. */
	const char *const *processes;
	size_t processes_count;
	const char *const *units;
	size_t units_count;
};

struct alert_rule {
	const char *name; /* CamelCase */
	enum view_severity severity;
	enum alert_metric metric;
	double enter;
	double leave; /* no worse than enter */
	uint64_t for_ns;
	uint64_t keep_ns; /* fires on for so long, short of the leave threshold */
	struct alert_selector select;
	const struct view_label *labels; /* beside those that each alert has */
	size_t labels_count;
	const char *runbook_url; /* NULL: docs/alerts.md */
};

/* The rules that hold without any configuration. */
const struct alert_rule *alert_default_rules(size_t *ret_count);

/* What a kind of value is called, and what it can be asked for. */
struct alert_kind {
	const char *name;    /* in settings */
	const char *runbook; /* its heading in docs/ */
	const char *remedy;  /* if no verdict knows better */
	bool less_is_worse;
	bool is_ratio;   /* thresholds from 0 to 1 */
	bool is_seconds; /* thresholds are durations */
	/* Which parts of a selector make sense. */
	bool has_netns;
	bool has_protocol;
	bool has_destination;
	bool has_owner;
};
const struct alert_kind *alert_kind(enum alert_metric metric);

struct alerts;

/* rules are borrowed. -ENOMEM: *ret is untouched. */
int alerts_new(struct alerts **ret, const struct alert_rule *rules, size_t count);
void alerts_free(struct alerts *alerts);

/* Good during the call only. */
typedef void alert_transition(void *context, const struct view_alert *alert, bool entered);

/* Other rules from now on; the old ones are no longer needed afterwards. What an old rule of the
 * same name, severity and metric knows is kept: its alerts fire on, and end by the new thresholds.
 * The alerts of rules that are gone end, and the caller is told. */
void alerts_replace(struct alerts *alerts, const struct alert_rule *rules, size_t count,
		    alert_transition *transition, void *context);

/* Judges the view, tells of each transition, and lists all that fire in the view itself, which
 * must not be shared yet. now_ns: CLOCK_MONOTONIC. -ENOMEM: judged in part; call again. */
int alerts_evaluate(struct alerts *alerts, struct view *view, uint64_t now_ns,
		    alert_transition *transition, void *context);
