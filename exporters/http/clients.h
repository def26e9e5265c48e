/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is connected: bounds how many come from one address and how long one request may take, from
 * its first byte to the last of its answer, however slowly a client trickles.
 *
 * Safe from any thread.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "exporters/http/limiter.h"

#define CLIENTS_PER_ADDRESS 32U

struct client {
	struct client *next;
	struct client *previous;
	struct limiter_key key;
	struct web_file *web; /* its handshake's; a reference */
	int fd;               /* borrowed; open as long as this is listed */
	uint64_t since_ns;    /* it came, or its last request ended; atomic */
	bool replied;         /* the present request has its answer */
	bool ended;           /* some request did, well or not */
};

struct clients {
	pthread_mutex_t lock;
	struct client *first;
	struct limiter requests;
	struct limiter failures; /* wrong passwords */
};

void clients_init(struct clients *clients);
void clients_done(struct clients *clients);

/* May one more come from there? Unix sockets are bounded by their mode. */
bool clients_may_come(struct clients *clients, const struct sockaddr *address);

void clients_add(struct clients *clients, struct client *client);
void clients_remove(struct clients *clients, struct client *client);

/* Ends the connections whose request has taken too long. */
void clients_expire(struct clients *clients, uint64_t now_ns, uint64_t max_ns);

/* A request, against the configured rate. */
bool clients_may_ask(struct clients *clients, const struct limiter_key *key, uint64_t now_ns,
		     uint64_t interval_ns, uint32_t burst);

/* A password that has to be checked: ten wrong ones at once, then one a second. */
bool clients_may_try(struct clients *clients, const struct limiter_key *key, uint64_t now_ns);
void clients_failed(struct clients *clients, const struct limiter_key *key, uint64_t now_ns);
