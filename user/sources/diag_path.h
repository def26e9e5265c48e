/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By which path a hold came, as far as one reading of sock_diag tells. Pure.
 *
 *   LISTEN    it listens
 *   EXPLICIT  bind() named the port
 *   BIND      TCP: seen bound and not yet connected (from 6.8 on); UDP: not connected and of one
 *             local address, which autobind never gives
 *   CHILD     connected, while a listener has its port and its address or all addresses
 *   CONNECT   any other TCP
 *   AUTOBIND  any other UDP
 *
 * So bind() of port 0 counts as CONNECT if connect() followed before anybody looked; so do a child
 * first seen after its listener closed, and a remnant first seen as such whatever it was before. A
 * listener that shares the port of an older connection (SO_REUSEADDR on both) makes that look like
 * its child. UDP bind() of port 0 to all addresses counts as AUTOBIND. The kernel remembers more
 * (SOCK_CONNECT_BIND, from 6.17), but does not tell.
 */
#pragma once

#include <stddef.h>

#include "user/core/portset.h"
#include "user/sources/sockdiag.h"

struct diag_listener {
	uint64_t cookie;
	uint8_t local[16];
	uint16_t port;
};

/* The listeners of the reading under way; zeroed: none. */
struct diag_listeners {
	struct diag_listener *entries;
	size_t count;
	size_t room;
	struct portset ports;
};

/* -ENOMEM: not noted. */
int diag_listeners_add(struct diag_listeners *listeners, const struct sockdiag_record *record);

/* One that a connection may have been accepted on; NULL: none. */
const struct diag_listener *diag_listeners_find(const struct diag_listeners *listeners,
						const struct abi_tuple *child);

/* Forgets all, for the next reading. */
void diag_listeners_clear(struct diag_listeners *listeners);
void diag_listeners_done(struct diag_listeners *listeners);

bool diag_is_listening(const struct sockdiag_record *record);

/* enum hold_path. listeners: all of the same reading that were told so far; sock_diag tells them
 * before what they accepted. */
uint8_t diag_path(const struct sockdiag_record *record, const struct diag_listeners *listeners);
