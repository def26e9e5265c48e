/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One document in the making, and which namespaces have rows of their own in it: the same ones in
 * every family of gauges, those of the fullest pools. All others are summed as netns="other".
 */
#pragma once

#include <stdbool.h>

#include "exporters/prometheus/series.h"

struct view;
struct view_limits;

struct scrape {
	const struct view *view;
	const struct view_limits *limits;
	struct series_set namespaces; /* all; values[0]: rank, the worst is 0 */
};

void scrape_open(struct scrape *ret, const struct view *view, const struct view_limits *limits);
void scrape_done(struct scrape *scrape);

/* The label's value: the name itself, or "other". */
const char *scrape_netns(const struct scrape *scrape, const char *netns_name);

/* Has it rows of its own? */
bool scrape_shows(const struct scrape *scrape, const char *netns_name);
