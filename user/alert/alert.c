// SPDX-License-Identifier: Apache-2.0
#include "user/alert/alert.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "user/base/arena.h"
#include "user/base/text.h"
#include "user/base/util.h"

#define NS_PER_SECOND 1000000000ULL
#define SUBJECT_MAX 256
#define SUMMARY_MAX 256

static const struct alert_rule default_rules[] = {
	{ "DestinationSaturation", SEVERITY_CRITICAL, ALERT_DESTINATION_SATURATION, 0.95, 0.90,
	  2 * NS_PER_SECOND },
	{ "DestinationSaturation", SEVERITY_WARNING, ALERT_DESTINATION_SATURATION, 0.80, 0.70,
	  2 * NS_PER_SECOND },
	{ "PoolSaturation", SEVERITY_CRITICAL, ALERT_POOL_SATURATION, 0.95, 0.90,
	  2 * NS_PER_SECOND },
	{ "PoolSaturation", SEVERITY_WARNING, ALERT_POOL_SATURATION, 0.80, 0.70,
	  2 * NS_PER_SECOND },
	{ "PortsRefused", SEVERITY_CRITICAL, ALERT_REFUSALS, 1, 1, 0 },
};

/* What a rule looks at now. */
struct sample {
	char subject[SUBJECT_MAX];
	char summary[SUMMARY_MAX];
	double value;
};

/* A rule's memory of one subject. */
struct state {
	char key[SUBJECT_MAX + 16]; /* rule number and subject */
	char summary[SUMMARY_MAX];
	const struct alert_rule *rule;
	const char *subject; /* in key */
	double value;
	uint64_t over_since_ns; /* 0: not over the enter threshold */
	uint64_t fired;         /* ns since the epoch; 0: does not fire */
	bool seen;
	UT_hash_handle hh;
};

struct alerts {
	const struct alert_rule *rules;
	size_t rules_count;
	struct state *states;
};

/* One evaluation. */
struct round {
	struct alerts *alerts;
	struct view *view;
	uint64_t now_ns;
	alert_transition *transition;
	void *context;
};

const struct alert_rule *alert_default_rules(size_t *ret_count)
{
	*ret_count = ARRAY_SIZE(default_rules);
	return default_rules;
}

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

static struct state *state_get(struct alerts *alerts, const struct alert_rule *rule,
			       const char *subject)
{
	char key[sizeof(((struct state *)0)->key)];
	struct state *state;

	snprintf(key, sizeof(key), "%zu %s", (size_t)(rule - alerts->rules), subject);
	HASH_FIND_STR(alerts->states, key, state);
	if (state)
		return state;
	state = calloc(1, sizeof(*state));
	if (!state)
		return NULL;
	strcpy(state->key, key);
	state->subject = strchr(state->key, ' ') + 1;
	state->rule = rule;
	HASH_ADD_STR(alerts->states, key, state);
	if (!state->hh.tbl) {
		free(state);
		return NULL;
	}
	return state;
}

static struct view_alert describe(const struct state *state)
{
	return (struct view_alert){
		.rule = state->rule->name,
		.severity = state->rule->severity,
		.subject = state->subject,
		.summary = state->summary,
		.value = state->value,
		.since = state->fired,
	};
}

static void tell(const struct round *round, const struct state *state, bool entered)
{
	struct view_alert alert = describe(state);

	round->transition(round->context, &alert, entered);
}

static int judge(const struct round *round, const struct alert_rule *rule,
		 const struct sample *sample)
{
	struct state *state;

	if (sample->value < rule->leave)
		return 0;
	state = state_get(round->alerts, rule, sample->subject);
	if (!state)
		return -ENOMEM;
	state->seen = true;
	state->value = sample->value;
	strcpy(state->summary, sample->summary);
	if (state->fired)
		return 0;
	if (sample->value < rule->enter) {
		state->over_since_ns = 0;
		return 0;
	}
	if (!state->over_since_ns)
		state->over_since_ns = round->now_ns;
	if (round->now_ns - state->over_since_ns < rule->for_ns)
		return 0;
	state->fired = round->view->time;
	tell(round, state, true);
	return 0;
}

static void sample_destination(struct sample *ret, const struct view_destination *row)
{
	const struct view_share *most = row->owners_count ? &row->owners[0] : NULL;
	char process[VIEW_COMM_LEN];
	char local[TEXT_ADDRESS_MAX];
	char remote[TEXT_ENDPOINT_MAX];

	text_address(local, row->local);
	text_endpoint(remote, row->remote, row->remote_port);
	text_printable(process, sizeof(process),
		       most && *most->process ? most->process : "unknown");
	snprintf(ret->subject, sizeof(ret->subject), "%s %s %s -> %s", row->netns_name,
		 text_protocol(row->protocol), local, remote);
	snprintf(ret->summary, sizeof(ret->summary),
		 "%u of %u ports used toward %s, %u in TIME_WAIT; most by %s[%u] (%u)", row->used,
		 row->capacity, remote, row->time_wait - row->recyclable, process,
		 most ? most->pid : 0, most ? most->used : 0);
	ret->value = row->saturation;
}

static void name_pool(struct sample *ret, const struct view_pool *row)
{
	snprintf(ret->subject, sizeof(ret->subject), "%s %s", row->netns_name,
		 text_protocol(row->protocol));
}

static void sample_pool(struct sample *ret, const struct view_pool *row)
{
	name_pool(ret, row);
	snprintf(ret->summary, sizeof(ret->summary),
		 "%u of %u %s ports held in namespace %s, %u of them bound", row->used, row->size,
		 text_protocol(row->protocol), row->netns_name, row->exclusive);
	ret->value = row->saturation;
}

static void sample_refusals(struct sample *ret, const struct view_pool *row)
{
	name_pool(ret, row);
	snprintf(ret->summary, sizeof(ret->summary),
		 "%u %s port requests refused in namespace %s within a minute",
		 row->refused_recently, text_protocol(row->protocol), row->netns_name);
	ret->value = row->refused_recently;
}

static int judge_destinations(const struct round *round, const struct alert_rule *rule)
{
	const struct view *view = round->view;
	struct sample sample;
	int r = 0;

	/* Highest saturation first: nothing after the first low one can matter. A destination
	 * that nobody uses is no worry, however small its capacity. */
	for (size_t i = 0; i < view->destinations_count && r == 0; i++) {
		if (view->destinations[i].saturation < rule->leave)
			break;
		if (!view->destinations[i].used)
			continue;
		sample_destination(&sample, &view->destinations[i]);
		r = judge(round, rule, &sample);
	}
	return r;
}

static int judge_pools(const struct round *round, const struct alert_rule *rule,
		       void (*take_sample)(struct sample *ret, const struct view_pool *row))
{
	const struct view *view = round->view;
	struct sample sample;
	int r = 0;

	for (size_t i = 0; i < view->pools_count && r == 0; i++) {
		take_sample(&sample, &view->pools[i]);
		r = judge(round, rule, &sample);
	}
	return r;
}

static int judge_rule(const struct round *round, const struct alert_rule *rule)
{
	switch (rule->metric) {
	case ALERT_DESTINATION_SATURATION:
		return judge_destinations(round, rule);
	case ALERT_POOL_SATURATION:
		return judge_pools(round, rule, sample_pool);
	default:
		return judge_pools(round, rule, sample_refusals);
	}
}

/* Subjects that fell below the leave threshold, or are no more. */
static void end_unseen(const struct round *round)
{
	struct state *state;
	struct state *next;

	HASH_ITER(hh, round->alerts->states, state, next) {
		if (!state->seen) {
			if (state->fired)
				tell(round, state, false);
			state_free(round->alerts, state);
		} else {
			state->seen = false;
		}
	}
}

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

	for (size_t i = 0; rules && i < alerts->rules_count; i++)
		rules[i] =
			(struct view_rule){ alerts->rules[i].name, alerts->rules[i].severity, 0 };
	return rules;
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
		rows[count] = describe(state);
		rows[count].subject = arena_strdup(round->view->arena, state->subject);
		rows[count].summary = arena_strdup(round->view->arena, state->summary);
		if (!rows[count].subject || !rows[count].summary)
			return -ENOMEM;
		rules[state->rule - round->alerts->rules].firing++;
		count++;
	}
	qsort(rows, count, sizeof(*rows), compare_alerts);
	round->view->alerts = rows;
	round->view->alerts_count = count;
	round->view->rules = rules;
	round->view->rules_count = round->alerts->rules_count;
	return 0;
}

int alerts_evaluate(struct alerts *alerts, struct view *view, uint64_t now_ns,
		    alert_transition *transition, void *context)
{
	struct round round = { alerts, view, now_ns, transition, context };
	int r = 0;

	for (size_t i = 0; i < alerts->rules_count && r == 0; i++)
		r = judge_rule(&round, &alerts->rules[i]);
	if (r < 0)
		return r;
	end_unseen(&round);
	return list_firing(&round);
}
