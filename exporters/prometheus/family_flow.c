// SPDX-License-Identifier: Apache-2.0
#include "exporters/prometheus/families.h"

#include <math.h>
#include <stdbool.h>

#include "exporters/prometheus/sample.h"
#include "exporters/prometheus/scrape.h"
#include "user/base/text.h"
#include "user/base/util.h"
#include "user/core/view.h"

static void write_counters(FILE *out, const char *name, const struct view_counter *rows,
			   size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct label labels[] = {
			{ "netns", rows[i].netns_name },
			{ "protocol", text_protocol(rows[i].protocol) },
			{ "path", rows[i].path },
		};

		sample_count(out, name, "", labels, ARRAY_SIZE(labels), rows[i].count);
	}
}

void family_flow_allocations(FILE *out, const char *name, const struct scrape *scrape)
{
	write_counters(out, name, scrape->view->allocations, scrape->view->allocations_count);
}

void family_flow_releases(FILE *out, const char *name, const struct scrape *scrape)
{
	write_counters(out, name, scrape->view->releases, scrape->view->releases_count);
}

static void write_refusal(FILE *out, const char *name, const struct series *s)
{
	char error[TEXT_TIME_MAX];
	const struct label labels[] = {
		{ "netns", s->key.netns },     { "protocol", text_protocol(s->key.protocol) },
		{ "path", s->key.detail },     { "errno", text_error(error, s->key.error) },
		{ "process", s->key.process },
	};

	sample_count(out, name, "", labels, ARRAY_SIZE(labels), s->values[0]);
}

/* Never cut here: a counter that comes and goes is not one. The ledger bounds the rows. */
void family_flow_refusals(FILE *out, const char *name, const struct scrape *scrape)
{
	struct series_set set = { 0 };

	for (size_t i = 0; i < scrape->view->refused_count; i++) {
		const struct view_counter *r = &scrape->view->refused[i];
		const struct series_key key = {
			.netns = r->netns_name,
			.protocol = r->protocol,
			.error = r->error,
			.process = r->process[0] ? r->process : "unknown",
			.detail = r->path,
		};
		const uint64_t values[SERIES_VALUES] = { r->count };

		series_add(&set, &key, values);
	}
	series_sort(&set);
	for (size_t i = 0; i < set.used; i++)
		write_refusal(out, name, &set.slots[i]);
	series_done(&set);
}

/* The last bucket has no bound. +Inf and _count are the same sum, even if the view's is not. */
static void write_histogram(FILE *out, const char *name, const struct view_histogram *h)
{
	char bound[SAMPLE_BOUND_MAX];
	const struct label labels[] = {
		{ "protocol", text_protocol(h->protocol) },
		{ "path", h->path },
		{ "le", bound },
	};
	uint64_t sum = 0;

	for (size_t i = 0; i < VIEW_HISTOGRAM_BUCKETS; i++) {
		bool last = i == VIEW_HISTOGRAM_BUCKETS - 1;

		sum += h->buckets[i];
		sample_bound(bound, last ? HUGE_VAL : h->bounds[i]);
		sample_count(out, name, "_bucket", labels, ARRAY_SIZE(labels), sum);
	}
	sample_number(out, name, "_sum", labels, ARRAY_SIZE(labels) - 1, h->sum);
	sample_count(out, name, "_count", labels, ARRAY_SIZE(labels) - 1, sum);
}

void family_flow_search(FILE *out, const char *name, const struct scrape *scrape)
{
	for (size_t i = 0; i < scrape->view->searches_count; i++)
		write_histogram(out, name, &scrape->view->searches[i]);
}

void family_flow_hold(FILE *out, const char *name, const struct scrape *scrape)
{
	for (size_t i = 0; i < scrape->view->lifetimes_count; i++)
		write_histogram(out, name, &scrape->view->lifetimes[i]);
}
