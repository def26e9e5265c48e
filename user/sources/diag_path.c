// SPDX-License-Identifier: Apache-2.0
#include "user/sources/diag_path.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define LISTENERS_MIN 16

static bool is_any(const uint8_t address[16])
{
	const struct in6_addr *v6 = (const struct in6_addr *)address;

	return IN6_IS_ADDR_UNSPECIFIED(v6) ||
	       (IN6_IS_ADDR_V4MAPPED(v6) &&
		!(address[12] | address[13] | address[14] | address[15]));
}

/* Its children have its address, or any if it has none; those of an IPv4 one are IPv4. */
static bool may_be_parent(const struct diag_listener *listener, const struct abi_tuple *child)
{
	bool v4 = IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)listener->local);

	if (listener->port != child->port)
		return false;
	if (!is_any(listener->local))
		return !memcmp(listener->local, child->local, sizeof(listener->local));
	return !v4 || IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)child->local);
}

const struct diag_listener *diag_listeners_find(const struct diag_listeners *listeners,
						const struct abi_tuple *child)
{
	if (!portset_contains(&listeners->ports, child->port))
		return NULL;
	for (size_t i = 0; i < listeners->count; i++)
		if (may_be_parent(&listeners->entries[i], child))
			return &listeners->entries[i];
	return NULL;
}

void diag_listeners_clear(struct diag_listeners *listeners)
{
	listeners->count = 0;
	portset_done(&listeners->ports);
}

void diag_listeners_done(struct diag_listeners *listeners)
{
	diag_listeners_clear(listeners);
	free(listeners->entries);
	*listeners = (struct diag_listeners){ 0 };
}

int diag_listeners_add(struct diag_listeners *listeners, const struct sockdiag_record *record)
{
	struct diag_listener *entry;

	if (listeners->count == listeners->room) {
		size_t room = listeners->room ? listeners->room * 2 : LISTENERS_MIN;

		entry = reallocarray(listeners->entries, room, sizeof(*entry));
		if (!entry)
			return -ENOMEM;
		listeners->entries = entry;
		listeners->room = room;
	}
	if (portset_add(&listeners->ports, record->tuple.port) < 0)
		return -ENOMEM;
	entry = &listeners->entries[listeners->count++];
	entry->cookie = record->cookie;
	entry->port = record->tuple.port;
	memcpy(entry->local, record->tuple.local, sizeof(entry->local));
	return 0;
}

bool diag_is_listening(const struct sockdiag_record *record)
{
	return record->protocol == IPPROTO_TCP && record->state == SOCKDIAG_LISTEN;
}

static uint8_t udp_path(const struct sockdiag_record *record)
{
	if (record->named)
		return PATH_EXPLICIT;
	return record->tuple.remote_port || is_any(record->tuple.local) ? PATH_AUTOBIND : PATH_BIND;
}

uint8_t diag_path(const struct sockdiag_record *record, const struct diag_listeners *listeners)
{
	if (record->protocol == IPPROTO_UDP)
		return udp_path(record);
	if (record->state == SOCKDIAG_LISTEN)
		return PATH_LISTEN;
	if (record->named)
		return PATH_EXPLICIT;
	if (record->state == SOCKDIAG_CLOSE)
		return PATH_BIND;
	return record->tuple.remote_port && diag_listeners_find(listeners, &record->tuple)
		       ? PATH_CHILD
		       : PATH_CONNECT;
}
