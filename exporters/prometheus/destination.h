/* SPDX-License-Identifier: Apache-2.0 */
/* The labels that name a destination, and which ones have rows of their own. */
#pragma once

#include <stddef.h>

#include "exporters/prometheus/sample.h"
#include "user/base/text.h"

#define DESTINATION_LABELS_MAX 6
#define DESTINATION_LABELS_MORE 2 /* room for those of whoever writes the sample */
#define DESTINATION_RANGE_MAX 16

struct scrape;
struct view_destination;

/* The labels and what their values point to: not to be copied. */
struct destination_labels {
	struct label labels[DESTINATION_LABELS_MAX + DESTINATION_LABELS_MORE];
	size_t count; /* only a window tells its range */
	char local[TEXT_ADDRESS_MAX];
	char remote[TEXT_ADDRESS_MAX];
	char remote_port[TEXT_NUMBER_MAX];
	char range[DESTINATION_RANGE_MAX];
};

void destination_label(struct destination_labels *ret, const struct view_destination *destination);

/* The first so many of the view's. */
size_t destinations_shown(const struct scrape *scrape);
