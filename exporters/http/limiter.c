// SPDX-License-Identifier: Apache-2.0
#include "exporters/http/limiter.h"

#include <netinet/in.h>
#include <string.h>

#define V6_NETWORK_BYTES 8

struct limiter_key limiter_key_of(const struct sockaddr *address)
{
	struct limiter_key key = { { 0 } };
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;

	key.bytes[15] = 1; /* no key is all zero */
	if (address && address->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		memcpy(key.bytes + 8, &v6->sin6_addr.s6_addr[12], 4);
	else if (address && address->sa_family == AF_INET6)
		memcpy(key.bytes, &v6->sin6_addr, V6_NETWORK_BYTES);
	else if (address && address->sa_family == AF_INET)
		memcpy(key.bytes + 8, &v4->sin_addr, 4);
	return key;
}

bool limiter_key_equal(const struct limiter_key *a, const struct limiter_key *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* Its place, or the place of whoever may ask for most: forgetting that one changes least. */
static size_t find(const struct limiter *limiter, const struct limiter_key *key)
{
	size_t oldest = 0;

	for (size_t i = 0; i < LIMITER_CLIENTS; i++) {
		if (limiter_key_equal(&limiter->clients[i].key, key))
			return i;
		if (limiter->clients[i].free_ns < limiter->clients[oldest].free_ns)
			oldest = i;
	}
	return oldest;
}

/* When the bucket will be full once one token more is taken; 0: there is none to take. */
static uint64_t after_taking(const struct limiter *limiter, size_t at,
			     const struct limiter_key *key, uint64_t now_ns, uint64_t interval_ns,
			     uint32_t burst)
{
	bool known = limiter_key_equal(&limiter->clients[at].key, key);
	uint64_t free_ns = known ? limiter->clients[at].free_ns : 0;

	if (free_ns < now_ns)
		free_ns = now_ns;
	if (free_ns - now_ns + interval_ns > interval_ns * burst)
		return 0;
	return free_ns + interval_ns;
}

bool limiter_may_take(const struct limiter *limiter, const struct limiter_key *key, uint64_t now_ns,
		      uint64_t interval_ns, uint32_t burst)
{
	return interval_ns == 0 ||
	       after_taking(limiter, find(limiter, key), key, now_ns, interval_ns, burst);
}

bool limiter_take(struct limiter *limiter, const struct limiter_key *key, uint64_t now_ns,
		  uint64_t interval_ns, uint32_t burst)
{
	size_t at = find(limiter, key);
	uint64_t free_ns;

	if (interval_ns == 0)
		return true;
	free_ns = after_taking(limiter, at, key, now_ns, interval_ns, burst);
	if (!free_ns)
		return false;
	limiter->clients[at].key = *key;
	limiter->clients[at].free_ns = free_ns;
	return true;
}
