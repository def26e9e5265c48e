// SPDX-License-Identifier: Apache-2.0
#include "user/alert/alert.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "user/alert/owners.h"
#include "user/alert/recent.h"
#include "user/alert/sample.h"
#include "user/base/arena.h"
#include "user/base/util.h"

#define PLACES 8192              /* many more than subjects, so that few share one */
#define LOST_NOTHING "recursion" /* a reason that is none, see judge_losses() */

/* A rule's memory of one subject. */
struct state {
	char *key; /* as key_of() has it */
	const struct alert_rule *rule;
	uint32_t place; /* sample_place */
	struct sample_text text;
	double value;
	uint64_t over_since_ns;  /* 0: not beyond the enter threshold */
	uint64_t under_since_ns; /* 0: not short of the leave threshold */
	uint64_t fired;          /* ns since the epoch; 0: does not fire */
	bool seen;
	UT_hash_handle hh;
};

struct alerts {
	const struct alert_rule *rules;
	size_t rules_count;
	struct state *states;
	struct recent recent;
	char host[HOST_NAME_MAX + 1]; /* of the last view */
	uint64_t unlisted; /* subjects of the last evaluation that there was no room for */
};

/* One evaluation. */
struct round {
	struct alerts *alerts;
	struct view *view;
	uint64_t now_ns;
	alert_transition *transition;
	void *context;
	struct owners owners;
	size_t states;              /* of the rule that is judged */
	uint8_t places[PLACES / 8]; /* where those are, a bit each */
};

/* --- states ---------------------------------------------------------------------------------- */

int alerts_new(struct alerts **ret, const struct alert_rule *rules, size_t count)
{
	struct alerts *alerts = calloc(1, sizeof(*alerts));

	if (!alerts)
		return -ENOMEM;
	alerts->rules = rules;
	alerts->rules_count = count;
	*ret = alerts;
	return 0;
}

static void state_free(struct alerts *alerts, struct state *state)
{
	HASH_DEL(alerts->states, state);
	free(state->key);
	free(state);
}

void alerts_free(struct alerts *alerts)
{
	struct state *state;
	struct state *next;

	if (!alerts)
		return;
	HASH_ITER(hh, alerts->states, state, next)
		state_free(alerts, state);
	free(alerts);
}

/* The same across a change of rules. NULL: no memory. */
static char *key_of(const char *name, enum view_severity severity, const char *subject)
{
	char *key;

	return asprintf(&key, "%s %d %s", name, severity, subject) < 0 ? NULL : key;
}

static struct state *state_add(struct alerts *alerts, const struct alert_rule *rule, char *key)
{
	struct state *state = calloc(1, sizeof(*state));

	if (!state)
		return NULL;
	state->key = key;
	state->rule = rule;
	HASH_ADD_STR(alerts->states, key, state);
	if (!state->hh.tbl) {
		free(state);
		return NULL;
	}
	return state;
}

static void find_states(struct round *round, const struct alert_rule *rule)
{
	const struct state *state;

	round->states = 0;
	memset(round->places, 0, sizeof(round->places));
	for (state = round->alerts->states; state; state = state->hh.next) {
		uint32_t bit = state->place % PLACES;

		if (state->rule != rule)
			continue;
		round->states++;
		round->places[bit / 8] |= (uint8_t)(1 << bit % 8);
	}
}

/* False for sure, or perhaps: there may be thousands of subjects a second, and few have a state. */
static bool may_have_state(const struct round *round, const struct sample *sample)
{
	uint32_t bit = sample_place(sample) % PLACES;

	return round->states && round->places[bit / 8] & 1 << bit % 8;
}

/* 0 and the state; *ret NULL: there is none and none is to be made, or there are enough. */
static int state_get(struct round *round, const struct alert_rule *rule, const char *subject,
		     bool make, struct state **ret)
{
	CLEANUP(freep) char *key = key_of(rule->name, rule->severity, subject);
	struct state *state;

	if (!key)
		return -ENOMEM;
	HASH_FIND_STR(round->alerts->states, key, state);
	if (!state && make && round->states == ALERT_SUBJECTS_MAX) {
		round->alerts->unlisted++;
	} else if (!state && make) {
		state = state_add(round->alerts, rule, key);
		if (!state)
			return -ENOMEM;
		key = NULL; /* the state's */
		round->states++;
	}
	*ret = state;
	return 0;
}

/* --- what is told ---------------------------------------------------------------------------- */

/* An alert with its lists, as long as the state lives. */
struct telling {
	struct view_label labels[SAMPLE_LABELS_MAX];
	struct view_label annotations[SAMPLE_ANNOTATIONS_MAX];
	struct view_alert alert;
};

static void describe(struct telling *ret, const struct state *state, const char *host)
{
	ret->alert = (struct view_alert){
		.rule = state->rule->name,
		.severity = state->rule->severity,
		.subject = state->text.subject,
		.summary = state->text.summary,
		.value = state->value,
		.since = state->fired,
		.labels = ret->labels,
		.labels_count = sample_labels(ret->labels, &state->text, state->rule, host),
		.annotations = ret->annotations,
		.annotations_count =
			sample_annotations(ret->annotations, &state->text, state->rule),
	};
}

static void tell(const struct round *round, const struct state *state, bool entered)
{
	struct telling telling;

	describe(&telling, state, round->alerts->host);
	round->transition(round->context, &telling.alert, entered);
}

/* --- judging --------------------------------------------------------------------------------- */

/* NAN is beyond nothing. */
static bool is_beyond(const struct alert_rule *rule, double value, double threshold)
{
	return alert_kind(rule->metric)->less_is_worse ? value <= threshold : value >= threshold;
}

/* Does a graver rule of this name fire for this subject? -ENOMEM: who knows. */
static int fires_graver(struct round *round, const struct state *state)
{
	const struct alerts *alerts = round->alerts;

	for (size_t i = 0; i < alerts->rules_count; i++) {
		const struct alert_rule *rule = &alerts->rules[i];
		struct state *other = NULL;
		int r;

		if (rule->severity <= state->rule->severity ||
		    strcmp(rule->name, state->rule->name))
			continue;
		r = state_get(round, rule, state->text.subject, false, &other);
		if (r < 0)
			return r;
		if (other && other->fired)
			return 1;
	}
	return 0;
}

static int begin(struct round *round, struct state *state)
{
	int r;

	if (!state->over_since_ns)
		state->over_since_ns = round->now_ns;
	if (round->now_ns - state->over_since_ns < state->rule->for_ns)
		return 0;
	r = fires_graver(round, state);
	if (r != 0)
		return r < 0 ? r : 0;
	state->fired = round->view->time;
	tell(round, state, true);
	return 0;
}

static int judge(struct round *round, const struct alert_rule *rule, const struct sample *sample)
{
	bool lasts = is_beyond(rule, sample->value, rule->leave);
	struct state *state = NULL;
	struct sample_text text;
	int r;

	if (!lasts && (!rule->keep_ns || !may_have_state(round, sample)))
		return 0; /* nobody waits for it */
	if (!sample_selected(sample, &rule->select))
		return 0;
	sample_name(&text, sample);
	r = state_get(round, rule, text.subject, lasts, &state);
	if (r < 0 || !state)
		return r;
	sample_describe(&text, sample, rule->metric);
	state->place = sample_place(sample);
	state->text = text;
	state->value = sample->value;
	state->seen = lasts;
	if (!lasts)
		return 0;
	state->under_since_ns = 0;
	if (state->fired)
		return 0;
	if (is_beyond(rule, sample->value, rule->enter))
		return begin(round, state);
	state->over_since_ns = 0;
	return 0;
}

static int judge_destinations(struct round *round, const struct alert_rule *rule)
{
	const struct view *view = round->view;
	bool saturation = rule->metric == ALERT_DESTINATION_SATURATION;
	int r = 0;

	for (size_t i = 0; i < view->destinations_count && r == 0; i++) {
		const struct view_destination *row = &view->destinations[i];
		const struct sample sample = {
			.view = view,
			.owners = &round->owners,
			.value = saturation ? row->saturation : row->exhaustion_seconds,
			.protocol = row->protocol,
			.destination = row,
		};

		/* Highest saturation first: nothing after the first low one can matter. A
		 * destination that nobody uses is no worry, however small its capacity. */
		if (saturation && !rule->keep_ns && row->saturation < rule->leave)
			break;
		if (row->used)
			r = judge(round, rule, &sample);
	}
	return r;
}

static double pool_value(enum alert_metric metric, const struct view_pool *row)
{
	switch (metric) {
	case ALERT_POOL_SATURATION:
		return row->saturation;
	case ALERT_REFUSALS:
		return row->refused_recently;
	default:
		return row->exhaustion_seconds;
	}
}

static int judge_pools(struct round *round, const struct alert_rule *rule)
{
	const struct view *view = round->view;
	int r = 0;

	for (size_t i = 0; i < view->pools_count && r == 0; i++) {
		const struct sample sample = {
			.view = view,
			.owners = &round->owners,
			.value = pool_value(rule->metric, &view->pools[i]),
			.protocol = view->pools[i].protocol,
			.pool = &view->pools[i],
		};

		r = judge(round, rule, &sample);
	}
	return r;
}

static int judge_searches(struct round *round, const struct alert_rule *rule)
{
	static const uint8_t protocols[] = { 6, 17 };
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(protocols) && r == 0; i++) {
		struct sample sample = { .view = round->view,
					 .owners = &round->owners,
					 .protocol = protocols[i] };

		sample.value = recent_search_quantile(&round->alerts->recent, protocols[i], 0.99,
						      &sample.count);
		r = judge(round, rule, &sample);
	}
	return r;
}

/* A hook that the kernel skipped is no loss: another saw the same, or the reconcile that follows.
 */
static int judge_losses(struct round *round, const struct alert_rule *rule)
{
	const struct recent *recent = &round->alerts->recent;
	int r = 0;

	for (size_t i = 0; i < recent->reasons_count && r == 0; i++) {
		const struct sample sample = {
			.view = round->view,
			.owners = &round->owners,
			.value = (double)recent_lost(recent, i),
			.reason = recent->reasons[i],
		};

		if (strcmp(sample.reason, LOST_NOTHING) != 0)
			r = judge(round, rule, &sample);
	}
	return r;
}

static int judge_drift(struct round *round, const struct alert_rule *rule)
{
	const struct view_health *health = &round->view->health;
	int r = 0;

	for (size_t i = 0; i < health->drift_count && r == 0; i++) {
		const struct sample sample = {
			.view = round->view,
			.owners = &round->owners,
			.value = health->drift[i].ports,
			.protocol = health->drift[i].protocol,
			.drift = &health->drift[i],
		};

		r = judge(round, rule, &sample);
	}
	return r;
}

static int judge_rule(struct round *round, const struct alert_rule *rule)
{
	static int (*const by_metric[ALERT_METRIC__COUNT])(struct round * round,
							   const struct alert_rule *rule) = {
		[ALERT_DESTINATION_SATURATION] = judge_destinations,
		[ALERT_POOL_SATURATION] = judge_pools,
		[ALERT_REFUSALS] = judge_pools,
		[ALERT_DESTINATION_EXHAUSTION] = judge_destinations,
		[ALERT_POOL_EXHAUSTION] = judge_pools,
		[ALERT_SEARCH_TIME] = judge_searches,
		[ALERT_EVENTS_LOST] = judge_losses,
		[ALERT_DRIFT] = judge_drift,
	};

	find_states(round, rule);
	return by_metric[rule->metric](round, rule);
}

/* The graver rules first: where they fire, others do not begin. */
static int judge_all(struct round *round)
{
	const struct alerts *alerts = round->alerts;
	int r = 0;

	for (int severity = SEVERITY__COUNT - 1; severity >= 0; severity--)
		for (size_t i = 0; i < alerts->rules_count && r == 0; i++)
			if (alerts->rules[i].severity == (enum view_severity)severity)
				r = judge_rule(round, &alerts->rules[i]);
	return r;
}

/* Is it to fire on, though its value is short of the leave threshold or its subject is gone? */
static bool lingers(const struct round *round, struct state *state)
{
	if (!state->fired || !state->rule->keep_ns)
		return false;
	if (!state->under_since_ns)
		state->under_since_ns = round->now_ns;
	return round->now_ns - state->under_since_ns < state->rule->keep_ns;
}

static void end_unseen(const struct round *round)
{
	struct state *state;
	struct state *next;

	HASH_ITER(hh, round->alerts->states, state, next) {
		if (state->seen || lingers(round, state)) {
			state->seen = false;
			continue;
		}
		if (state->fired)
			tell(round, state, false);
		state_free(round->alerts, state);
	}
}

/* --- the list -------------------------------------------------------------------------------- */

static int compare_alerts(const void *a, const void *b)
{
	const struct view_alert *x = a;
	const struct view_alert *y = b;

	if (x->severity != y->severity)
		return x->severity < y->severity ? 1 : -1;
	return x->since < y->since ? -1 : x->since > y->since;
}

static struct view_rule *list_rules(const struct round *round)
{
	const struct alerts *alerts = round->alerts;
	struct view_rule *rules =
		arena_alloc(round->view->arena, alerts->rules_count, sizeof(*rules));

	for (size_t i = 0; rules && i < alerts->rules_count; i++) {
		rules[i].name = arena_strdup(round->view->arena, alerts->rules[i].name);
		rules[i].severity = alerts->rules[i].severity;
		if (!rules[i].name)
			return NULL;
	}
	return rules;
}

static const struct view_label *keep_labels(struct arena *arena, const struct view_label *labels,
					    size_t count)
{
	struct view_label *copy = arena_alloc(arena, count, sizeof(*copy));

	for (size_t i = 0; copy && i < count; i++) {
		copy[i].name = arena_strdup(arena, labels[i].name);
		copy[i].value = arena_strdup(arena, labels[i].value);
		if (!copy[i].name || !copy[i].value)
			return NULL;
	}
	return copy;
}

/* The view outlives states and rules. */
static int keep_alert(const struct round *round, struct view_alert *ret, const struct state *state)
{
	struct arena *arena = round->view->arena;
	struct telling telling;

	describe(&telling, state, round->alerts->host);
	*ret = telling.alert;
	ret->rule = arena_strdup(arena, ret->rule);
	ret->subject = arena_strdup(arena, ret->subject);
	ret->summary = arena_strdup(arena, ret->summary);
	ret->labels = keep_labels(arena, telling.labels, ret->labels_count);
	ret->annotations = keep_labels(arena, telling.annotations, ret->annotations_count);
	return ret->rule && ret->subject && ret->summary && ret->labels && ret->annotations
		       ? 0
		       : -ENOMEM;
}

static int list_firing(const struct round *round)
{
	struct view_alert *rows =
		arena_alloc(round->view->arena, HASH_COUNT(round->alerts->states), sizeof(*rows));
	struct view_rule *rules = list_rules(round);
	struct state *state;
	struct state *next;
	size_t count = 0;

	if (!rows || !rules)
		return -ENOMEM;
	HASH_ITER(hh, round->alerts->states, state, next) {
		if (!state->fired)
			continue;
		if (keep_alert(round, &rows[count++], state) < 0)
			return -ENOMEM;
		rules[state->rule - round->alerts->rules].firing++;
	}
	qsort(rows, count, sizeof(*rows), compare_alerts);
	round->view->alerts = rows;
	round->view->alerts_count = count;
	round->view->rules = rules;
	round->view->rules_count = round->alerts->rules_count;
	round->view->health.alerts_unlisted = round->alerts->unlisted;
	return 0;
}

int alerts_evaluate(struct alerts *alerts, struct view *view, uint64_t now_ns,
		    alert_transition *transition, void *context)
{
	struct round round = {
		.alerts = alerts,
		.view = view,
		.now_ns = now_ns,
		.transition = transition,
		.context = context,
	};
	int r = owners_open(&round.owners, view);

	if (r < 0)
		return r;

	alerts->unlisted = 0;
	snprintf(alerts->host, sizeof(alerts->host), "%s", view->host ? view->host : "");
	recent_note(&alerts->recent, view, now_ns);
	r = judge_all(&round);
	owners_done(&round.owners);
	if (r < 0)
		return r;
	end_unseen(&round);
	return list_firing(&round);
}

/* --- other rules ----------------------------------------------------------------------------- */

static const struct alert_rule *find_same(const struct alert_rule *rules, size_t count,
					  const struct alert_rule *rule)
{
	for (size_t i = 0; i < count; i++)
		if (rules[i].severity == rule->severity && rules[i].metric == rule->metric &&
		    !strcmp(rules[i].name, rule->name))
			return &rules[i];
	return NULL;
}

void alerts_replace(struct alerts *alerts, const struct alert_rule *rules, size_t count,
		    alert_transition *transition, void *context)
{
	struct telling telling;
	struct state *state;
	struct state *next;

	HASH_ITER(hh, alerts->states, state, next) {
		const struct alert_rule *same = find_same(rules, count, state->rule);

		if (same) {
			state->rule = same;
			continue;
		}
		describe(&telling, state, alerts->host);
		if (state->fired)
			transition(context, &telling.alert, false);
		state_free(alerts, state);
	}
	alerts->rules = rules;
	alerts->rules_count = count;
}
