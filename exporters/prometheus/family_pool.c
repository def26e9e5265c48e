// SPDX-License-Identifier: Apache-2.0
#include "exporters/prometheus/families.h"

#include <math.h>
#include <netinet/in.h>
#include <stdbool.h>

#include "exporters/prometheus/sample.h"
#include "exporters/prometheus/scrape.h"
#include "user/base/text.h"
#include "user/base/util.h"
#include "user/core/view.h"

enum { FIRST, SECOND };

/* Sums of all pools that share a namespace's name and a protocol. */
static void add_up(struct series_set *set, const struct scrape *scrape,
		   void (*read)(uint64_t values[SERIES_VALUES], const struct view_pool *pool))
{
	for (size_t i = 0; i < scrape->view->pools_count; i++) {
		const struct view_pool *pool = &scrape->view->pools[i];
		const struct series_key key = {
			.netns = scrape_netns(scrape, pool->netns_name),
			.protocol = pool->protocol,
		};
		uint64_t values[SERIES_VALUES] = { 0 };

		read(values, pool);
		series_add(set, &key, values);
	}
	series_sort(set);
}

static void read_size(uint64_t values[SERIES_VALUES], const struct view_pool *pool)
{
	values[FIRST] = pool->size;
}

static void read_used(uint64_t values[SERIES_VALUES], const struct view_pool *pool)
{
	values[FIRST] = pool->shared;
	values[SECOND] = pool->exclusive;
}

static void read_refused(uint64_t values[SERIES_VALUES], const struct view_pool *pool)
{
	values[FIRST] = pool->refused_recently;
}

static void write_sums(FILE *out, const char *name, const struct scrape *scrape,
		       void (*read)(uint64_t values[SERIES_VALUES], const struct view_pool *pool))
{
	struct series_set set = { 0 };

	add_up(&set, scrape, read);
	for (size_t i = 0; i < set.used; i++) {
		const struct label labels[] = {
			{ "netns", set.slots[i].key.netns },
			{ "protocol", text_protocol(set.slots[i].key.protocol) },
		};

		sample_count(out, name, "", labels, ARRAY_SIZE(labels), set.slots[i].values[FIRST]);
	}
	series_done(&set);
}

void family_pool_size(FILE *out, const char *name, const struct scrape *scrape)
{
	write_sums(out, name, scrape, read_size);
}

void family_pool_refused(FILE *out, const char *name, const struct scrape *scrape)
{
	write_sums(out, name, scrape, read_refused);
}

static void write_used(FILE *out, const char *name, const struct series *s, const char *hold,
		       uint64_t value)
{
	const struct label labels[] = {
		{ "netns", s->key.netns },
		{ "protocol", text_protocol(s->key.protocol) },
		{ "hold", hold },
	};

	sample_count(out, name, "", labels, ARRAY_SIZE(labels), value);
}

void family_pool_used(FILE *out, const char *name, const struct scrape *scrape)
{
	struct series_set set = { 0 };

	add_up(&set, scrape, read_used);
	for (size_t i = 0; i < set.used; i++) {
		write_used(out, name, &set.slots[i], "shared", set.slots[i].values[FIRST]);
		write_used(out, name, &set.slots[i], "exclusive", set.slots[i].values[SECOND]);
	}
	series_done(&set);
}

/* A number that nobody knows has no sample. */
static void write_number(FILE *out, const char *name, const char *netns, uint8_t protocol,
			 double value)
{
	const struct label labels[] = {
		{ "netns", netns },
		{ "protocol", text_protocol(protocol) },
	};

	if (!isnan(value))
		sample_number(out, name, "", labels, ARRAY_SIZE(labels), value);
}

/* Shares and times do not add up: of the others, the worst. fmax and fmin pass over NAN. */
static void write_worst(FILE *out, const char *name, const struct scrape *scrape,
			double (*read)(const struct view_pool *pool),
			double (*worse)(double a, double b))
{
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP };
	double rest[ARRAY_SIZE(protocols)] = { NAN, NAN };

	for (size_t i = 0; i < scrape->view->pools_count; i++) {
		const struct view_pool *pool = &scrape->view->pools[i];
		size_t k = pool->protocol == IPPROTO_UDP;

		if (scrape_shows(scrape, pool->netns_name))
			write_number(out, name, pool->netns_name, pool->protocol, read(pool));
		else
			rest[k] = worse(rest[k], read(pool));
	}
	for (size_t k = 0; k < ARRAY_SIZE(protocols); k++)
		write_number(out, name, "other", protocols[k], rest[k]);
}

static double saturation(const struct view_pool *pool)
{
	return pool->saturation;
}

static double worst_destination(const struct view_pool *pool)
{
	return pool->worst_destination_saturation;
}

static double exhaustion(const struct view_pool *pool)
{
	return pool->exhaustion_seconds;
}

void family_pool_saturation(FILE *out, const char *name, const struct scrape *scrape)
{
	write_worst(out, name, scrape, saturation, fmax);
}

void family_pool_worst_destination(FILE *out, const char *name, const struct scrape *scrape)
{
	write_worst(out, name, scrape, worst_destination, fmax);
}

void family_pool_exhaustion(FILE *out, const char *name, const struct scrape *scrape)
{
	write_worst(out, name, scrape, exhaustion, fmin);
}
