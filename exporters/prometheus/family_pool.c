// SPDX-License-Identifier: Apache-2.0
#include "exporters/prometheus/families.h"

#include <math.h>

#include "exporters/prometheus/sample.h"
#include "user/base/text.h"
#include "user/base/util.h"
#include "user/core/view.h"

static void count(FILE *out, const char *name, const struct view_pool *p, uint64_t value)
{
	const struct label labels[] = {
		{ "netns", p->netns_name },
		{ "protocol", text_protocol(p->protocol) },
	};

	sample_count(out, name, "", labels, ARRAY_SIZE(labels), value);
}

/* A number that nobody knows has no sample. */
static void number(FILE *out, const char *name, const struct view_pool *p, double value)
{
	const struct label labels[] = {
		{ "netns", p->netns_name },
		{ "protocol", text_protocol(p->protocol) },
	};

	if (!isnan(value))
		sample_number(out, name, "", labels, ARRAY_SIZE(labels), value);
}

static void used(FILE *out, const char *name, const struct view_pool *p, const char *hold,
		 uint64_t value)
{
	const struct label labels[] = {
		{ "netns", p->netns_name },
		{ "protocol", text_protocol(p->protocol) },
		{ "hold", hold },
	};

	sample_count(out, name, "", labels, ARRAY_SIZE(labels), value);
}

void family_pool_size(FILE *out, const char *name, const struct view *view,
		      const struct view_limits *limits)
{
	(void)limits;
	for (size_t i = 0; i < view->pools_count; i++)
		count(out, name, &view->pools[i], view->pools[i].size);
}

void family_pool_used(FILE *out, const char *name, const struct view *view,
		      const struct view_limits *limits)
{
	(void)limits;
	for (size_t i = 0; i < view->pools_count; i++) {
		used(out, name, &view->pools[i], "shared", view->pools[i].shared);
		used(out, name, &view->pools[i], "exclusive", view->pools[i].exclusive);
	}
}

void family_pool_saturation(FILE *out, const char *name, const struct view *view,
			    const struct view_limits *limits)
{
	(void)limits;
	for (size_t i = 0; i < view->pools_count; i++)
		number(out, name, &view->pools[i], view->pools[i].saturation);
}

void family_pool_worst_destination(FILE *out, const char *name, const struct view *view,
				   const struct view_limits *limits)
{
	(void)limits;
	for (size_t i = 0; i < view->pools_count; i++)
		number(out, name, &view->pools[i], view->pools[i].worst_destination_saturation);
}

void family_pool_exhaustion(FILE *out, const char *name, const struct view *view,
			    const struct view_limits *limits)
{
	(void)limits;
	for (size_t i = 0; i < view->pools_count; i++)
		number(out, name, &view->pools[i], view->pools[i].exhaustion_seconds);
}
