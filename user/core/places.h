/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people call the far ends of connections: services by port, and processes of this host that
 * listen there. Pure. Zeroed memory knows none.
 */
#pragma once

#include <stdint.h>

#include "user/core/event.h"

#define PLACES_SERVERS_MAX 4096
#define PLACES_SERVICES_MAX 16384

struct place_service;
struct place_entry;

/* A remote end as a connection of this namespace sees it. */
struct place_key {
	uint32_t netns;
	uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint16_t port;
	uint8_t protocol;
	uint8_t pad;
};

/* Who listens there. */
struct place_server {
	struct place_key key;
	uint32_t pid; /* never 0 */
	char process[ABI_COMM_LEN];
};

struct places {
	struct place_service *services;
	struct place_entry *servers;
};

/* The first name of a port stays; NULL is no name. -ENOMEM; -ENOSPC: there are too many. */
int places_name_service(struct places *places, uint8_t protocol, uint16_t port, const char *name);
const char *places_service(const struct places *places, uint8_t protocol, uint16_t port);

/* pid 0: nobody that is known of, any more. -ENOMEM; -ENOSPC: there are too many. */
int places_set_server(struct places *places, const struct place_server *server);

/* NULL: not known. Good until the next change. */
const struct place_server *places_server(const struct places *places, const struct place_key *key);

/* All of them, in any order: *cursor is NULL to begin with. NULL: that was all. What is returned
 * may be taken away before the next call. */
const struct place_server *places_next_server(const struct places *places, void **cursor);

/* What a namespace that is gone saw. */
void places_drop_netns(struct places *places, uint32_t netns);

void places_done(struct places *places);
