// SPDX-License-Identifier: Apache-2.0
#include "user/core/places.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct service_key {
	uint16_t port;
	uint8_t protocol;
	uint8_t pad;
};

struct place_service {
	struct service_key key;
	UT_hash_handle hh;
	char name[];
};

struct place_entry {
	struct place_server server;
	UT_hash_handle hh;
};

/* --- services -------------------------------------------------------------------------------- */

static struct place_service *find_service(const struct places *places, uint8_t protocol,
					  uint16_t port)
{
	struct service_key key = { .port = port, .protocol = protocol };
	struct place_service *service;

	HASH_FIND(hh, places->services, &key, sizeof(key), service);
	return service;
}

int places_name_service(struct places *places, uint8_t protocol, uint16_t port, const char *name)
{
	struct place_service *service;

	if (!name || !*name || find_service(places, protocol, port))
		return 0;
	if (HASH_COUNT(places->services) >= PLACES_SERVICES_MAX)
		return -ENOSPC;
	service = calloc(1, sizeof(*service) + strlen(name) + 1);
	if (!service)
		return -ENOMEM;
	service->key = (struct service_key){ .port = port, .protocol = protocol };
	strcpy(service->name, name);
	HASH_ADD(hh, places->services, key, sizeof(service->key), service);
	if (service->hh.tbl)
		return 0;
	free(service);
	return -ENOMEM;
}

const char *places_service(const struct places *places, uint8_t protocol, uint16_t port)
{
	const struct place_service *service = find_service(places, protocol, port);

	return service ? service->name : NULL;
}

/* --- servers --------------------------------------------------------------------------------- */

static struct place_entry *find_server(const struct places *places, const struct place_key *key)
{
	struct place_entry *entry;

	HASH_FIND(hh, places->servers, key, sizeof(*key), entry);
	return entry;
}

static void remove_server(struct places *places, struct place_entry *entry)
{
	HASH_DEL(places->servers, entry);
	free(entry);
}

static int add_server(struct places *places, const struct place_server *server)
{
	struct place_entry *entry;

	if (HASH_COUNT(places->servers) >= PLACES_SERVERS_MAX)
		return -ENOSPC;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	entry->server = *server;
	HASH_ADD(hh, places->servers, server.key, sizeof(entry->server.key), entry);
	if (entry->hh.tbl)
		return 0;
	free(entry);
	return -ENOMEM;
}

int places_set_server(struct places *places, const struct place_server *server)
{
	struct place_entry *entry = find_server(places, &server->key);

	if (!entry)
		return server->pid ? add_server(places, server) : 0;
	if (server->pid)
		entry->server = *server;
	else
		remove_server(places, entry);
	return 0;
}

const struct place_server *places_server(const struct places *places, const struct place_key *key)
{
	const struct place_entry *entry = find_server(places, key);

	return entry ? &entry->server : NULL;
}

const struct place_server *places_next_server(const struct places *places, void **cursor)
{
	struct place_entry *entry = *cursor ? *cursor : places->servers;

	if (!entry || (const void *)entry == places)
		return NULL;
	*cursor = entry->hh.next ? entry->hh.next : (void *)places; /* NULL would begin again */
	return &entry->server;
}

void places_drop_netns(struct places *places, uint32_t netns)
{
	struct place_entry *entry;
	struct place_entry *next;

	HASH_ITER(hh, places->servers, entry, next)
		if (entry->server.key.netns == netns)
			remove_server(places, entry);
}

void places_done(struct places *places)
{
	struct place_service *service;
	struct place_service *next_service;
	struct place_entry *entry;
	struct place_entry *next;

	HASH_ITER(hh, places->services, service, next_service) {
		HASH_DEL(places->services, service);
		free(service);
	}
	HASH_ITER(hh, places->servers, entry, next)
		remove_server(places, entry);
}
