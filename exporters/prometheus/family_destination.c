// SPDX-License-Identifier: Apache-2.0
#include "exporters/prometheus/families.h"

#include <math.h>

#include "exporters/prometheus/sample.h"
#include "exporters/prometheus/series.h"
#include "user/base/text.h"
#include "user/base/util.h"
#include "user/core/view.h"

#define PORT_MAX 8
#define RANGE_MAX 16

enum { NETNS, PROTOCOL, LOCAL, REMOTE, REMOTE_PORT, RANGE, LABELS };

/* The labels of one destination and what their values point to. */
struct named {
	struct label labels[LABELS];
	char local[TEXT_ADDRESS_MAX];
	char remote[TEXT_ADDRESS_MAX];
	char remote_port[PORT_MAX];
	char range[RANGE_MAX];
	size_t count; /* of labels: only a window tells its range */
};

static void name_destination(struct named *ret, const struct view_destination *d)
{
	snprintf(ret->remote_port, sizeof(ret->remote_port), "%u", d->remote_port);
	ret->labels[NETNS] = (struct label){ "netns", d->netns_name };
	ret->labels[PROTOCOL] = (struct label){ "protocol", text_protocol(d->protocol) };
	ret->labels[LOCAL] = (struct label){ "local", text_address(ret->local, d->local) };
	ret->labels[REMOTE] = (struct label){ "remote", text_address(ret->remote, d->remote) };
	ret->labels[REMOTE_PORT] = (struct label){ "remote_port", ret->remote_port };
	snprintf(ret->range, sizeof(ret->range), "%u-%u", d->first, d->last);
	ret->labels[RANGE] = (struct label){ "range", ret->range };
	ret->count = d->window ? LABELS : RANGE;
}

static size_t shown(const struct view *view, const struct view_limits *limits)
{
	return view->destinations_count < limits->top ? view->destinations_count : limits->top;
}

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
static void used_rest(FILE *out, const char *name, const struct view *view, size_t from)
{
	struct series_set rest = { 0 };

	for (size_t i = from; i < view->destinations_count; i++) {
		const struct view_destination *d = &view->destinations[i];
		const struct series_key key = { .netns = d->netns_name, .protocol = d->protocol };
		const uint64_t values[SERIES_VALUES] = { d->used };

		if (!d->window) /* else its ports are in its destination's own row */
			series_add(&rest, &key, values);
	}
	series_sort(&rest);
	for (size_t i = 0; i < rest.used; i++)
		write_rest(out, name, &rest.slots[i]);
	series_done(&rest);
}

void family_destination_used(FILE *out, const char *name, const struct view *view,
			     const struct view_limits *limits)
{
	size_t count = shown(view, limits);
	struct named named;

	for (size_t i = 0; i < count; i++) {
		name_destination(&named, &view->destinations[i]);
		sample_count(out, name, "", named.labels, named.count, view->destinations[i].used);
	}
	used_rest(out, name, view, count);
}

void family_destination_capacity(FILE *out, const char *name, const struct view *view,
				 const struct view_limits *limits)
{
	size_t count = shown(view, limits);
	struct named named;

	for (size_t i = 0; i < count; i++) {
		name_destination(&named, &view->destinations[i]);
		sample_count(out, name, "", named.labels, named.count,
			     view->destinations[i].capacity);
	}
}

void family_destination_saturation(FILE *out, const char *name, const struct view *view,
				   const struct view_limits *limits)
{
	size_t count = shown(view, limits);
	struct named named;

	for (size_t i = 0; i < count; i++) {
		double saturation = view->destinations[i].saturation;

		if (isnan(saturation))
			continue;
		name_destination(&named, &view->destinations[i]);
		sample_number(out, name, "", named.labels, named.count, saturation);
	}
}
