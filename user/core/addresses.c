// SPDX-License-Identifier: Apache-2.0
#include "user/core/addresses.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_MIN 64

static int compare(const void *a, const void *b)
{
	const struct address_entry *x = a;
	const struct address_entry *y = b;
	int order = memcmp(x->address, y->address, sizeof(x->address));

	if (order)
		return order;
	return x->netns < y->netns ? -1 : x->netns > y->netns;
}

int addresses_add(struct addresses *addresses, uint32_t netns, const uint8_t address[16])
{
	struct address_entry *entry;

	if (addresses->count == ADDRESSES_MAX)
		return 0;
	if (addresses->count == addresses->capacity) {
		size_t capacity = addresses->capacity ? addresses->capacity * 2 : CAPACITY_MIN;
		struct address_entry *entries =
			reallocarray(addresses->entries, capacity, sizeof(*entries));

		if (!entries)
			return -ENOMEM;
		addresses->entries = entries;
		addresses->capacity = capacity;
	}
	entry = &addresses->entries[addresses->count++];
	memcpy(entry->address, address, sizeof(entry->address));
	entry->netns = netns;
	return 0;
}

static void sort(struct addresses *addresses)
{
	if (addresses->sorted == addresses->count)
		return;
	qsort(addresses->entries, addresses->count, sizeof(*addresses->entries), compare);
	addresses->sorted = addresses->count;
}

static bool is_loopback(const struct in6_addr *address)
{
	if (IN6_IS_ADDR_V4MAPPED(address))
		return address->s6_addr[12] == 127;
	return IN6_IS_ADDR_LOOPBACK(address);
}

/* The first with that address. */
static size_t first_of(const struct addresses *addresses, const uint8_t address[16])
{
	size_t low = 0;
	size_t high = addresses->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(addresses->entries[middle].address, address, 16) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint32_t addresses_find(struct addresses *addresses, uint32_t netns, const uint8_t address[16])
{
	struct in6_addr in6;
	uint32_t only = 0;
	bool several = false;

	memcpy(&in6, address, sizeof(in6));
	if (is_loopback(&in6))
		return netns;
	sort(addresses);
	for (size_t i = first_of(addresses, address);
	     i < addresses->count && !memcmp(addresses->entries[i].address, address, 16); i++) {
		uint32_t theirs = addresses->entries[i].netns;

		if (theirs == netns)
			return netns;
		several |= only && only != theirs;
		only = theirs;
	}
	return several || IN6_IS_ADDR_LINKLOCAL(&in6) ? 0 : only;
}

void addresses_clear(struct addresses *addresses)
{
	addresses->count = 0;
	addresses->sorted = 0;
}

void addresses_done(struct addresses *addresses)
{
	free(addresses->entries);
	*addresses = (struct addresses){ 0 };
}
