// SPDX-License-Identifier: Apache-2.0
#include "exporters/prometheus/families.h"

#include <math.h>

#include "exporters/prometheus/destination.h"
#include "exporters/prometheus/sample.h"
#include "exporters/prometheus/scrape.h"
#include "user/base/text.h"
#include "user/base/util.h"
#include "user/core/view.h"

static void write_rest(FILE *out, const char *name, const struct series *rest)
{
	const struct label labels[] = {
		{ "netns", rest->key.netns },
		{ "protocol", text_protocol(rest->key.protocol) },
		{ "local", "" },
		{ "remote", "other" },
		{ "remote_port", "" },
	};

	sample_count(out, name, "", labels, ARRAY_SIZE(labels), rest->values[0]);
}

/* What is not shown, summed per pool. A set that cannot grow leaves the rest out: a stream that
 * lives in memory fails then as well, and the caller sees that. */
static void used_rest(FILE *out, const char *name, const struct scrape *scrape, size_t from)
{
	struct series_set rest = { 0 };

	for (size_t i = from; i < scrape->view->destinations_count; i++) {
		const struct view_destination *d = &scrape->view->destinations[i];
		const struct series_key key = { .netns = scrape_netns(scrape, d->netns_name),
						.protocol = d->protocol };
		const uint64_t values[SERIES_VALUES] = { d->used };

		if (!d->window) /* else its ports are in its destination's own row */
			series_add(&rest, &key, values);
	}
	series_sort(&rest);
	for (size_t i = 0; i < rest.used; i++)
		write_rest(out, name, &rest.slots[i]);
	series_done(&rest);
}

void family_destination_used(FILE *out, const char *name, const struct scrape *scrape)
{
	size_t count = destinations_shown(scrape);
	struct destination_labels of;

	for (size_t i = 0; i < count; i++) {
		destination_label(&of, &scrape->view->destinations[i]);
		sample_count(out, name, "", of.labels, of.count,
			     scrape->view->destinations[i].used);
	}
	used_rest(out, name, scrape, count);
}

void family_destination_capacity(FILE *out, const char *name, const struct scrape *scrape)
{
	size_t count = destinations_shown(scrape);
	struct destination_labels of;

	for (size_t i = 0; i < count; i++) {
		destination_label(&of, &scrape->view->destinations[i]);
		sample_count(out, name, "", of.labels, of.count,
			     scrape->view->destinations[i].capacity);
	}
}

/* A number that nobody knows has no sample. */
static void write_number(FILE *out, const char *name, const struct view_destination *d,
			 double value)
{
	struct destination_labels of;

	if (isnan(value))
		return;
	destination_label(&of, d);
	sample_number(out, name, "", of.labels, of.count, value);
}

void family_destination_saturation(FILE *out, const char *name, const struct scrape *scrape)
{
	size_t count = destinations_shown(scrape);

	for (size_t i = 0; i < count; i++)
		write_number(out, name, &scrape->view->destinations[i],
			     scrape->view->destinations[i].saturation);
}

void family_destination_exhaustion(FILE *out, const char *name, const struct scrape *scrape)
{
	size_t count = destinations_shown(scrape);

	for (size_t i = 0; i < count; i++)
		write_number(out, name, &scrape->view->destinations[i],
			     scrape->view->destinations[i].exhaustion_seconds);
}
