/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which network namespace of this host an address leads to. Pure. Zeroed memory has no addresses.
 *
 * A loopback address leads to the namespace itself, and so does any other that the namespace has.
 * An address that it does not have leads to the one namespace that does; if several have it, or it
 * is a link's own, nobody can say.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define ADDRESSES_MAX 65536

struct address_entry {
	uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint32_t netns;
};

struct addresses {
	struct address_entry *entries;
	size_t count;
	size_t capacity;
	size_t sorted; /* so many of them */
};

/* Beyond ADDRESSES_MAX they are left out. -ENOMEM. */
int addresses_add(struct addresses *addresses, uint32_t netns, const uint8_t address[16]);

/* The namespace that answers there for one in netns; 0: unknown, or not of this host. */
uint32_t addresses_find(struct addresses *addresses, uint32_t netns, const uint8_t address[16]);

/* What is forgotten is all of it; its memory stays for the next. */
void addresses_clear(struct addresses *addresses);
void addresses_done(struct addresses *addresses);
