// SPDX-License-Identifier: Apache-2.0
#include "exporters/prometheus/destination.h"

#include <stdio.h>

#include "exporters/prometheus/scrape.h"
#include "user/core/view.h"

enum { NETNS, PROTOCOL, LOCAL, REMOTE, REMOTE_PORT, RANGE };

void destination_label(struct destination_labels *ret, const struct view_destination *d)
{
	struct label *labels = ret->labels;

	text_number(ret->remote_port, d->remote_port);
	labels[NETNS] = (struct label){ "netns", d->netns_name };
	labels[PROTOCOL] = (struct label){ "protocol", text_protocol(d->protocol) };
	labels[LOCAL] = (struct label){ "local", text_address(ret->local, d->local) };
	labels[REMOTE] = (struct label){ "remote", text_address(ret->remote, d->remote) };
	labels[REMOTE_PORT] = (struct label){ "remote_port", ret->remote_port };
	ret->count = RANGE;
	if (!d->window)
		return;
	snprintf(ret->range, sizeof(ret->range), "%u-%u", d->first, d->last);
	labels[RANGE] = (struct label){ "range", ret->range };
	ret->count = DESTINATION_LABELS_MAX;
}

size_t destinations_shown(const struct scrape *scrape)
{
	size_t count = scrape->view->destinations_count;

	return count < scrape->limits->top ? count : scrape->limits->top;
}
