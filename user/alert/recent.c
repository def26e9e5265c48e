// SPDX-License-Identifier: Apache-2.0
#include "user/alert/recent.h"

#include <math.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_SECOND 1000000000ULL
#define MINUTE_NS (60 * NS_PER_SECOND)
#define SLOT_NS (MINUTE_NS / (RECENT_SLOTS - 1))
#define SEARCHES_MIN 100

static size_t protocol_index(uint8_t protocol)
{
	return protocol == IPPROTO_UDP;
}

static void note_searches(struct recent *recent, const struct view *view)
{
	for (size_t i = 0; i < view->searches_count; i++) {
		const struct view_histogram *row = &view->searches[i];
		uint64_t *sums = recent->now.searches[protocol_index(row->protocol)];

		recent->bounds = row->bounds;
		for (size_t k = 0; k < VIEW_HISTOGRAM_BUCKETS; k++)
			sums[k] += row->buckets[k];
	}
}

/* RECENT_REASONS_MAX: there are too many. */
static size_t reason_index(struct recent *recent, const char *name)
{
	size_t i = 0;

	while (i < recent->reasons_count && strcmp(recent->reasons[i], name))
		i++;
	if (i == recent->reasons_count && i < RECENT_REASONS_MAX)
		snprintf(recent->reasons[recent->reasons_count++], RECENT_REASON_BYTES, "%s", name);
	return i;
}

static void note_lost(struct recent *recent, const struct view *view)
{
	for (size_t i = 0; i < view->health.lost_count; i++) {
		size_t reason = reason_index(recent, view->health.lost[i].name);

		if (reason < RECENT_REASONS_MAX)
			recent->now.lost[reason] += view->health.lost[i].count;
	}
}

void recent_note(struct recent *recent, const struct view *view, uint64_t now_ns)
{
	const struct recent_counts *newest = &recent->slots[recent->newest];

	recent->now = (struct recent_counts){ .at_ns = now_ns };
	note_searches(recent, view);
	note_lost(recent, view);
	if (newest->at_ns && now_ns - newest->at_ns < SLOT_NS)
		return;
	recent->newest = (recent->newest + 1) % RECENT_SLOTS;
	recent->slots[recent->newest] = recent->now;
}

/* The youngest that is a minute old; before there is one, nothing had been counted. */
static const struct recent_counts *then(const struct recent *recent)
{
	static const struct recent_counts nothing = { 0 };

	for (size_t back = 0; back < RECENT_SLOTS; back++) {
		const struct recent_counts *slot =
			&recent->slots[(recent->newest + RECENT_SLOTS - back) % RECENT_SLOTS];

		if (!slot->at_ns)
			break;
		if (recent->now.at_ns - slot->at_ns >= MINUTE_NS)
			return slot;
	}
	return &nothing;
}

static uint64_t grown(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

static double interpolate(const double *bounds, const uint64_t *buckets, double rank)
{
	double below = 0;

	for (size_t i = 0; i < VIEW_HISTOGRAM_BUCKETS - 1; i++) {
		double lower = i ? bounds[i - 1] : 0;
		double count = (double)buckets[i];

		if (count > 0 && below + count >= rank)
			return lower + (bounds[i] - lower) * (rank - below) / count;
		below += count;
	}
	return bounds[VIEW_HISTOGRAM_BUCKETS - 2]; /* or more: nobody knows */
}

double recent_search_quantile(const struct recent *recent, uint8_t protocol, double quantile,
			      uint64_t *ret_count)
{
	const struct recent_counts *before = then(recent);
	size_t p = protocol_index(protocol);
	uint64_t buckets[VIEW_HISTOGRAM_BUCKETS];
	uint64_t count = 0;

	for (size_t i = 0; i < VIEW_HISTOGRAM_BUCKETS; i++) {
		buckets[i] = grown(recent->now.searches[p][i], before->searches[p][i]);
		count += buckets[i];
	}
	*ret_count = count;
	if (count < SEARCHES_MIN || !recent->bounds)
		return NAN;
	return interpolate(recent->bounds, buckets, quantile * (double)count);
}

uint64_t recent_lost(const struct recent *recent, size_t reason)
{
	return grown(recent->now.lost[reason], then(recent)->lost[reason]);
}
