// SPDX-License-Identifier: Apache-2.0
#include "exporters/prometheus/scrape.h"

#include "exporters/prometheus/label.h"
#include "user/core/view.h"

static const char other[] = "other";

/* Rows of one namespace often stand together: last saves the search. A set that cannot grow forgets
 * a namespace, which is then one of the others: a stream that lives in memory fails as well, and
 * the caller sees that. */
static void meet(struct scrape *scrape, const char **last, const char *netns_name)
{
	const struct series_key key = { .netns = netns_name };
	const uint64_t rank[SERIES_VALUES] = { scrape->namespaces.used };

	if (netns_name == *last)
		return;
	*last = netns_name;
	if (!series_find(&scrape->namespaces, &key))
		series_add(&scrape->namespaces, &key, rank);
}

void scrape_open(struct scrape *ret, const struct view *view, const struct view_limits *limits)
{
	const char *last = NULL;

	*ret = (struct scrape){ .view = view, .limits = limits };
	for (size_t i = 0; i < view->pools_count; i++)
		meet(ret, &last, view->pools[i].netns_name);
	for (size_t i = 0; i < view->destinations_count; i++)
		meet(ret, &last, view->destinations[i].netns_name);
	for (size_t i = 0; i < view->owners_count; i++)
		meet(ret, &last, view->owners[i].netns_name);
	for (size_t i = 0; i < view->health.drift_count; i++)
		meet(ret, &last, view->health.drift[i].netns_name);
}

void scrape_done(struct scrape *scrape)
{
	series_done(&scrape->namespaces);
}

bool scrape_shows(const struct scrape *scrape, const char *netns_name)
{
	const struct series_key key = { .netns = netns_name };
	const struct series *found = series_find(&scrape->namespaces, &key);

	return found && found->values[0] < scrape->limits->namespaces &&
	       !label_equal(netns_name, other);
}

const char *scrape_netns(const struct scrape *scrape, const char *netns_name)
{
	return scrape_shows(scrape, netns_name) ? netns_name : other;
}
