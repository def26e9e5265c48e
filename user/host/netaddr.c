// SPDX-License-Identifier: Apache-2.0
#include "user/host/netaddr.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

/* False: it is of another family. */
static bool convert(uint8_t ret[16], const struct sockaddr *address)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (!address)
		return false;
	if (address->sa_family == AF_INET) {
		memcpy(ret, mapped, sizeof(mapped));
		memcpy(ret + 12, &((const struct sockaddr_in *)address)->sin_addr, 4);
		return true;
	}
	if (address->sa_family != AF_INET6)
		return false;
	memcpy(ret, &((const struct sockaddr_in6 *)address)->sin6_addr, 16);
	return true;
}

int netaddr_read(struct addresses *addresses, uint32_t netns)
{
	struct ifaddrs *list;
	uint8_t address[16];
	int r = 0;

	if (getifaddrs(&list) < 0)
		return -errno;
	for (const struct ifaddrs *at = list; at && r == 0; at = at->ifa_next)
		if (at->ifa_flags & IFF_UP && convert(address, at->ifa_addr))
			r = addresses_add(addresses, netns, address);
	freeifaddrs(list);
	return r;
}
