// SPDX-License-Identifier: Apache-2.0
#include "user/verify/verify_host.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "user/host/netns_door.h"
#include "user/sources/sockdiag.h"

static int compare_places(const void *first, const void *second)
{
	const struct verify_place *a = first;
	const struct verify_place *b = second;

	return (a->netns > b->netns) - (a->netns < b->netns);
}

struct verify_place *verify_host_place(const struct verify_host *host, uint32_t netns)
{
	const struct verify_place key = { .netns = netns };

	return bsearch(&key, host->places, host->netns.count, sizeof(key), compare_places);
}

static int read_range(void *context)
{
	struct verify_place *place = context;
	struct netns_facts facts = { 0 };
	int r = netns_door_own_facts(&facts);

	place->first = facts.first;
	place->last = facts.last;
	return r;
}

int verify_host_open(struct verify_host *ret)
{
	struct verify_host host = { 0 };
	int r = netns_scan(&host.netns, "/proc");

	if (r < 0)
		return r;
	host.places = calloc(host.netns.count ? host.netns.count : 1, sizeof(*host.places));
	if (!host.places) {
		verify_host_done(&host);
		return -ENOMEM;
	}
	for (size_t i = 0; i < host.netns.count; i++) {
		struct verify_place *place = &host.places[i];

		place->entry = &host.netns.entries[i];
		place->netns = place->entry->inode;
		place->name = place->entry->name;
		place->unreadable = netns_visit(place->entry, read_range, place) < 0;
	}
	qsort(host.places, host.netns.count, sizeof(*host.places), compare_places);
	*ret = host;
	return 0;
}

void verify_host_done(struct verify_host *host)
{
	free(host->places);
	netns_list_done(&host->netns);
	memset(host, 0, sizeof(*host));
}

int verify_host_try(struct verify_host *host)
{
	const struct verify_place *here = verify_host_place(host, netns_current());
	int r;

	if (!here || here->unreadable)
		return -ENXIO;
	r = sockdiag_shows_bound(here->first, here->last);
	host->shows_bound = r > 0;
	return r == -EPROTONOSUPPORT || r == -ENOENT ? r : 0;
}

/* --- readings -------------------------------------------------------------------------------- */

struct visit {
	struct verify_host *host;
	struct verify_reading *reading;
	const struct verify_place *place;
};

/* Only a kernel that lists them tells of a TCP socket in this state. */
static int add_object(void *context, const struct sockdiag_record *record)
{
	struct visit *visit = context;

	if (record->protocol == IPPROTO_TCP && record->state == SOCKDIAG_CLOSE)
		visit->host->shows_bound = true;
	return verify_add_object(visit->reading, record);
}

static int read_place(void *context)
{
	struct visit *visit = context;
	struct sockdiag_query query = {
		.netns = visit->place->netns,
		.protocol = IPPROTO_TCP,
		.first = visit->place->first,
		.last = visit->place->last,
	};
	int r = sockdiag_read(&query, add_object, visit);

	query.protocol = IPPROTO_UDP;
	return r < 0 ? r : sockdiag_read(&query, add_object, visit);
}

int verify_host_read(struct verify_host *host, struct verify_reading *ret)
{
	ret->side = VERIFY_KERNEL;
	for (size_t i = 0; i < host->netns.count; i++) {
		struct verify_place *place = &host->places[i];
		struct visit visit = { host, ret, place };
		int r;

		if (place->unreadable)
			continue;
		r = netns_visit(place->entry, read_place, &visit);
		if (r == -ENOMEM)
			return r;
		if (r < 0 && !host->error)
			host->error = r;
		place->unreadable = r < 0;
	}
	verify_sort(ret);
	return 0;
}
