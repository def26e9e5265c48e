// SPDX-License-Identifier: Apache-2.0
#include "exporters/prometheus/families.h"

#include "exporters/prometheus/sample.h"
#include "exporters/prometheus/scrape.h"
#include "user/base/util.h"
#include "user/core/view.h"

void family_alert_firing(FILE *out, const char *name, const struct scrape *scrape)
{
	for (size_t i = 0; i < scrape->view->rules_count; i++) {
		const struct view_rule *r = &scrape->view->rules[i];
		const struct label labels[] = {
			{ "rule", r->name },
			{ "severity", view_severity_name(r->severity) },
		};

		sample_count(out, name, "", labels, ARRAY_SIZE(labels), r->firing);
	}
}

void family_alert_unlisted(FILE *out, const char *name, const struct scrape *scrape)
{
	sample_count(out, name, "", NULL, 0, scrape->view->health.alerts_unlisted);
}

/* There are few kinds of verdicts; the key's fields are borrowed for their names. */
void family_alert_verdicts(FILE *out, const char *name, const struct scrape *scrape)
{
	struct series_set set = { 0 };

	for (size_t i = 0; i < scrape->view->verdicts_count; i++) {
		const struct view_verdict *v = &scrape->view->verdicts[i];
		const struct series_key key = { .netns = v->verdict,
						.detail = view_severity_name(v->severity) };

		series_add(&set, &key, (const uint64_t[SERIES_VALUES]){ 1 });
	}
	series_sort(&set);
	for (size_t i = 0; i < set.used; i++) {
		const struct label labels[] = {
			{ "verdict", set.slots[i].key.netns },
			{ "severity", set.slots[i].key.detail },
		};

		sample_count(out, name, "", labels, ARRAY_SIZE(labels), set.slots[i].values[0]);
	}
	series_done(&set);
}

static void write_outcome(FILE *out, const char *name, const struct view_notifier *n,
			  const char *outcome, uint64_t count)
{
	const struct label labels[] = {
		{ "notifier", n->name },
		{ "outcome", outcome },
	};

	sample_count(out, name, "", labels, ARRAY_SIZE(labels), count);
}

void family_alert_notifications(FILE *out, const char *name, const struct scrape *scrape)
{
	for (size_t i = 0; i < scrape->view->notifiers_count; i++) {
		const struct view_notifier *n = &scrape->view->notifiers[i];

		write_outcome(out, name, n, "delivered", n->delivered);
		write_outcome(out, name, n, "failed", n->failed);
		write_outcome(out, name, n, "dropped", n->dropped);
	}
}

void family_alert_waiting(FILE *out, const char *name, const struct scrape *scrape)
{
	for (size_t i = 0; i < scrape->view->notifiers_count; i++) {
		const struct view_notifier *n = &scrape->view->notifiers[i];
		const struct label labels[] = { { "notifier", n->name } };

		sample_count(out, name, "", labels, ARRAY_SIZE(labels), n->waiting);
	}
}
