// SPDX-License-Identifier: Apache-2.0
#include "exporters/prometheus/families.h"

#include <stdbool.h>

#include "exporters/prometheus/label.h"
#include "exporters/prometheus/sample.h"
#include "exporters/prometheus/scrape.h"
#include "user/base/text.h"
#include "user/base/util.h"
#include "user/core/view.h"

enum { ACTIVE, TIME_WAIT, BOUND };

static void write_state(FILE *out, const char *name, const struct series *s, const char *state,
			uint64_t value)
{
	const struct label labels[] = {
		{ "netns", s->key.netns },
		{ "protocol", text_protocol(s->key.protocol) },
		{ "process", s->key.process },
		{ "unit", s->key.detail },
		{ "state", state },
	};

	sample_count(out, name, "", labels, ARRAY_SIZE(labels), value);
}

static void write_owner(FILE *out, const char *name, const struct series *s)
{
	write_state(out, name, s, "active", s->values[ACTIVE]);
	write_state(out, name, s, "time_wait", s->values[TIME_WAIT]);
	write_state(out, name, s, "bound", s->values[BOUND]);
}

/* One row for each process name and unit, whatever the number of its processes. Owners that hold
 * nothing now have no series. */
static void group(struct series_set *groups, const struct view *view)
{
	for (size_t i = 0; i < view->owners_count; i++) {
		const struct view_owner *o = &view->owners[i];
		bool named = o->known && o->process[0];
		const struct series_key key = {
			.netns = o->netns_name,
			.protocol = o->protocol,
			.process = named ? o->process : "unknown",
			.detail = o->unit,
		};
		const uint64_t values[SERIES_VALUES] = {
			[ACTIVE] = o->active,
			[TIME_WAIT] = o->time_wait - o->recyclable,
			[BOUND] = o->exclusive,
		};

		if (o->used)
			series_add(groups, &key, values);
	}
	series_sort(groups);
}

/* A process may call itself "other". */
static bool is_rest(const struct series_key *key)
{
	return label_equal(key->process, "other") && label_equal(key->detail, "");
}

void family_owner_used(FILE *out, const char *name, const struct scrape *scrape)
{
	struct series_set groups = { 0 };
	struct series_set rest = { 0 };

	group(&groups, scrape->view);
	for (size_t i = 0; i < groups.used; i++) {
		const struct series *s = &groups.slots[i];
		const struct series_key other = {
			.netns = scrape_netns(scrape, s->key.netns),
			.protocol = s->key.protocol,
			.process = "other",
		};

		if (i < scrape->limits->top && !is_rest(&s->key))
			write_owner(out, name, s);
		else
			series_add(&rest, &other, s->values);
	}
	series_sort(&rest);
	for (size_t i = 0; i < rest.used; i++)
		write_owner(out, name, &rest.slots[i]);
	series_done(&rest);
	series_done(&groups);
}

uint64_t family_owner_dropped(const struct scrape *scrape)
{
	struct series_set groups = { 0 };
	uint64_t dropped = 0;

	group(&groups, scrape->view);
	if (groups.used > scrape->limits->top)
		dropped = groups.used - scrape->limits->top;
	series_done(&groups);
	return dropped;
}
