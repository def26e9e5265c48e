/* SPDX-License-Identifier: Apache-2.0 */
/* A token bucket for each client address, of which the last few hundred are remembered. Pure: time
 * is an argument; the caller locks. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define LIMITER_CLIENTS 256

/* IPv4 addresses as they are, the /64 of IPv6 ones, everyone on a Unix socket as one. */
struct limiter_key {
	uint8_t bytes[16];
};

struct limiter_key limiter_key_of(const struct sockaddr *address);
bool limiter_key_equal(const struct limiter_key *a, const struct limiter_key *b);

/* Zeroed: nobody has asked yet. */
struct limiter {
	struct {
		struct limiter_key key;
		uint64_t free_ns; /* when the bucket is full again */
	} clients[LIMITER_CLIENTS];
};

/* Takes one token; false: there is none. A bucket holds burst of them, and gets one each
 * interval_ns. interval_ns 0: no limit. */
bool limiter_take(struct limiter *limiter, const struct limiter_key *key, uint64_t now_ns,
		  uint64_t interval_ns, uint32_t burst);

/* The same without taking any. */
bool limiter_may_take(const struct limiter *limiter, const struct limiter_key *key, uint64_t now_ns,
		      uint64_t interval_ns, uint32_t burst);
