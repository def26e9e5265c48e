// SPDX-License-Identifier: Apache-2.0
#include "exporters/http/clients.h"

#include <string.h>

#define FAILURE_INTERVAL_NS UINT64_C(1000000000)
#define FAILURE_BURST 10

void clients_init(struct clients *clients)
{
	memset(clients, 0, sizeof(*clients));
	pthread_mutex_init(&clients->lock, NULL);
}

void clients_done(struct clients *clients)
{
	pthread_mutex_destroy(&clients->lock);
}

bool clients_may_come(struct clients *clients, const struct sockaddr *address)
{
	struct limiter_key key = limiter_key_of(address);
	unsigned int count = 0;

	if (!address || address->sa_family == AF_UNIX)
		return true;
	pthread_mutex_lock(&clients->lock);
	for (const struct client *client = clients->first; client; client = client->next)
		count += limiter_key_equal(&client->key, &key);
	pthread_mutex_unlock(&clients->lock);
	return count < CLIENTS_PER_ADDRESS;
}

void clients_add(struct clients *clients, struct client *client)
{
	pthread_mutex_lock(&clients->lock);
	client->previous = NULL;
	client->next = clients->first;
	if (client->next)
		client->next->previous = client;
	clients->first = client;
	pthread_mutex_unlock(&clients->lock);
}

void clients_remove(struct clients *clients, struct client *client)
{
	pthread_mutex_lock(&clients->lock);
	if (client->next)
		client->next->previous = client->previous;
	if (client->previous)
		client->previous->next = client->next;
	else
		clients->first = client->next;
	pthread_mutex_unlock(&clients->lock);
}

/* Its own thread sees the end, and closes. */
void clients_expire(struct clients *clients, uint64_t now_ns, uint64_t max_ns)
{
	pthread_mutex_lock(&clients->lock);
	for (const struct client *client = clients->first; client; client = client->next)
		if (now_ns > __atomic_load_n(&client->since_ns, __ATOMIC_RELAXED) + max_ns)
			shutdown(client->fd, SHUT_RDWR);
	pthread_mutex_unlock(&clients->lock);
}

bool clients_may_ask(struct clients *clients, const struct limiter_key *key, uint64_t now_ns,
		     uint64_t interval_ns, uint32_t burst)
{
	bool may;

	pthread_mutex_lock(&clients->lock);
	may = limiter_take(&clients->requests, key, now_ns, interval_ns, burst);
	pthread_mutex_unlock(&clients->lock);
	return may;
}

bool clients_may_try(struct clients *clients, const struct limiter_key *key, uint64_t now_ns)
{
	bool may;

	pthread_mutex_lock(&clients->lock);
	may = limiter_may_take(&clients->failures, key, now_ns, FAILURE_INTERVAL_NS, FAILURE_BURST);
	pthread_mutex_unlock(&clients->lock);
	return may;
}

void clients_failed(struct clients *clients, const struct limiter_key *key, uint64_t now_ns)
{
	pthread_mutex_lock(&clients->lock);
	limiter_take(&clients->failures, key, now_ns, FAILURE_INTERVAL_NS, FAILURE_BURST);
	pthread_mutex_unlock(&clients->lock);
}
