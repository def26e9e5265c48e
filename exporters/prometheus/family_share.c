// SPDX-License-Identifier: Apache-2.0
/* Who holds the ports of a destination: what a rule needs to name a culprit. */
#include "exporters/prometheus/families.h"

#include <stdbool.h>

#include "exporters/prometheus/destination.h"
#include "exporters/prometheus/label.h"
#include "exporters/prometheus/sample.h"
#include "exporters/prometheus/scrape.h"
#include "user/base/util.h"
#include "user/core/view.h"

enum { ACTIVE, TIME_WAIT };

/* Where its samples go. */
struct place {
	FILE *out;
	const char *name;
	struct destination_labels labels;
};

static void write_state(struct place *place, const struct series_key *key, const char *state,
			uint64_t value)
{
	size_t count = place->labels.count;

	place->labels.labels[count] = (struct label){ "process", key->process };
	place->labels.labels[count + 1] = (struct label){ "state", state };
	sample_count(place->out, place->name, "", place->labels.labels, count + 2, value);
}

static void write_share(struct place *place, const struct series *s)
{
	write_state(place, &s->key, "active", s->values[ACTIVE]);
	write_state(place, &s->key, "time_wait", s->values[TIME_WAIT]);
}

/* One row for each process name. */
static void group(struct series_set *ret, const struct view_destination *d)
{
	for (size_t i = 0; i < d->owners_count; i++) {
		const struct view_share *share = &d->owners[i];
		const struct series_key key = {
			.netns = d->netns_name,
			.process = share->process[0] ? share->process : "unknown",
		};
		const uint64_t values[SERIES_VALUES] = {
			[ACTIVE] = share->active,
			[TIME_WAIT] = share->used - share->active,
		};

		if (share->used)
			series_add(ret, &key, values);
	}
	series_sort(ret);
}

static void write_destination(struct place *place, const struct view_destination *d, size_t max)
{
	struct series rest = { .key = { .process = "other" } };
	struct series_set groups = { 0 };
	bool has_rest = false;

	group(&groups, d);
	for (size_t i = 0; i < groups.used; i++) {
		const struct series *s = &groups.slots[i];

		if (i < max && !label_equal(s->key.process, "other")) {
			write_share(place, s);
			continue;
		}
		has_rest = true;
		rest.values[ACTIVE] += s->values[ACTIVE];
		rest.values[TIME_WAIT] += s->values[TIME_WAIT];
	}
	if (has_rest)
		write_share(place, &rest);
	series_done(&groups);
}

/* Windows tell no owners: their ports are in their destination's own row. */
void family_share_used(FILE *out, const char *name, const struct scrape *scrape)
{
	size_t count = destinations_shown(scrape);
	struct place place = { .out = out, .name = name };

	for (size_t i = 0; i < count; i++) {
		const struct view_destination *d = &scrape->view->destinations[i];

		if (d->window)
			continue;
		destination_label(&place.labels, d);
		write_destination(&place, d, scrape->limits->shares);
	}
}

uint64_t family_share_dropped(const struct scrape *scrape)
{
	size_t count = destinations_shown(scrape);
	size_t max = scrape->limits->shares;
	uint64_t dropped = 0;

	for (size_t i = 0; i < count; i++) {
		struct series_set groups = { 0 };

		if (scrape->view->destinations[i].owners_count <= max)
			continue;
		group(&groups, &scrape->view->destinations[i]);
		dropped += groups.used > max ? groups.used - max : 0;
		series_done(&groups);
	}
	return dropped;
}
