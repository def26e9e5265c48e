// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel's rtnetlink: the input is a dump of interfaces, then one of addresses, each a datagram
 * with sequence number and port id 1. Its first two bytes are the length of the first.
 */
#include <errno.h>
#include <netinet/in.h>

#include "tests/fuzz/fuzz.h"
#include "user/host/netaddr_parse.h"

#define NETNS 7

typedef int take_answer(struct netaddr_reading *reading, const struct netaddr_answer *answer);

/* The datagram is copied, so that reading beyond its end is seen. */
static void take(struct netaddr_reading *reading, take_answer *call, const uint8_t *data,
		 size_t size)
{
	void *copy = malloc(size ? size : 1);
	struct netaddr_answer answer = { copy, size, 1, 1 };
	int r;

	claim(copy);
	if (size)
		memcpy(copy, data, size);
	r = call(reading, &answer);
	claim(r <= 1);
	free(copy);
}

static void claim_addresses(struct addresses *addresses)
{
	static const uint8_t loopback[16] = { [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1 };

	claim(addresses->count <= ADDRESSES_MAX);
	claim(addresses_find(addresses, NETNS, loopback) == NETNS);
	for (size_t i = 0; i < addresses->count; i++)
		claim(addresses->entries[i].netns == NETNS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct addresses addresses = { 0 };
	struct netaddr_reading reading = { .addresses = &addresses, .netns = NETNS };
	size_t first;

	if (size < 2)
		return 0;
	first = (size_t)data[0] | (size_t)data[1] << 8;
	data += 2;
	size -= 2;
	if (first > size)
		first = size;
	take(&reading, netaddr_take_links, data, first);
	netaddr_links_done(&reading);
	claim(reading.up_count <= first / 32); /* a header and an ifinfomsg each */
	take(&reading, netaddr_take_addresses, data + first, size - first);
	claim(reading.up_count || !addresses.count);
	claim_addresses(&addresses);
	netaddr_reading_done(&reading);
	addresses_done(&addresses);
	return 0;
}
