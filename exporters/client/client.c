// SPDX-License-Identifier: Apache-2.0
#include "exporters/client/client.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <systemd/sd-event.h>

#include "exporters/client/multi.h"
#include "exporters/client/ports.h"
#include "exporters/message/backoff.h"
#include "exporters/notifier.h"
#include "user/base/log.h"
#include "user/base/util.h"

#define NS_PER_US 1000ULL
#define UNPRIVILEGED_FIRST 1024 /* as net.ipv4.ip_unprivileged_port_start comes */
#define RANGE_FILE "/proc/sys/net/ipv4/ip_local_port_range"

struct receiver {
	struct client *client;
	size_t index;
	char shown[128]; /* without path and query, which may hold secrets */
	struct transfer transfer;
	struct backoff backoff;
	sd_event_source *retry; /* on: it waits after a failure */
	bool busy;
	bool failing;         /* the last attempt failed, which was told */
	unsigned int repeats; /* at once, since the last that was not */
};

struct client {
	struct notifier_config notifier; /* with the defaults filled in; its strings are borrowed */
	struct client_ops ops;
	void *context;
	uint64_t (*random)(void);
	struct ports ports;
	struct multi *multi;
	struct receiver *receivers;
	size_t count;
	uint64_t failed;
};

static uint64_t kernel_random(void)
{
	uint64_t number = 0;

	return getrandom(&number, sizeof(number), GRND_NONBLOCK) == sizeof(number) ? number : 0;
}

/* --- attempts -------------------------------------------------------------------------------- */

/* One line when it begins to fail and one when that ends: not one for each attempt. */
static void tell(struct receiver *receiver, enum client_outcome outcome, const char *reason)
{
	const char *name = receiver->client->notifier.name;
	bool fails = outcome != CLIENT_TAKEN;

	if (fails && !receiver->failing)
		log_warning("notifier %s: %s: %s; %s", name, receiver->shown, reason,
			    outcome == CLIENT_REFUSED ? "giving this message up"
						      : "trying again later");
	if (!fails && receiver->failing)
		log_info("notifier %s: %s takes messages again", name, receiver->shown);
	receiver->failing = fails;
}

static void wait_a_while(struct receiver *receiver)
{
	uint64_t delay_ns = backoff_next(&receiver->backoff, receiver->client->random());

	if (sd_event_source_set_time_relative(receiver->retry, delay_ns / NS_PER_US) >= 0)
		sd_event_source_set_enabled(receiver->retry, SD_EVENT_ONESHOT);
}

static void finish(struct receiver *receiver, enum client_outcome outcome, const char *reason)
{
	struct client *client = receiver->client;

	receiver->busy = false;
	receiver->repeats = 0;
	tell(receiver, outcome, reason);
	if (outcome == CLIENT_FAILED)
		wait_a_while(receiver);
	else
		backoff_reset(&receiver->backoff);
	if (outcome != CLIENT_TAKEN)
		client->failed++;
	client->ops.done(client->context, receiver->index, outcome);
}

/* Takes body over. One that cannot even be started has failed. */
static void start(struct receiver *receiver, char *body)
{
	char reason[TRANSFER_REASON_MAX] = "out of memory";
	int r = transfer_prepare(&receiver->transfer, body, reason);

	receiver->busy = true;
	if (r == 0)
		r = multi_add(receiver->client->multi, receiver->transfer.easy);
	if (r < 0)
		finish(receiver, CLIENT_FAILED, reason);
}

static bool is_waiting(const struct receiver *receiver)
{
	int enabled = SD_EVENT_OFF;

	return sd_event_source_get_enabled(receiver->retry, &enabled) > 0;
}

static void attempt(struct receiver *receiver)
{
	struct client *client = receiver->client;
	char *body = NULL;

	if (receiver->busy || is_waiting(receiver))
		return;
	if (client->ops.next(client->context, receiver->index, &body) > 0)
		start(receiver, body);
}

static void on_ended(void *context, CURL *easy, CURLcode result)
{
	struct client *client = context;
	struct receiver *receiver = transfer_context(easy);
	unsigned int ports = (unsigned int)(client->ports.last - client->ports.first) + 1;
	char reason[TRANSFER_REASON_MAX] = "";
	enum client_outcome outcome;

	if (transfer_may_repeat(&receiver->transfer, result) && receiver->repeats++ < ports) {
		start(receiver, receiver->transfer.body);
		return;
	}
	outcome = transfer_judge(&receiver->transfer, result, reason);
	finish(receiver, outcome, reason);
	attempt(receiver);
}

static int on_retry(sd_event_source *timer, uint64_t time_us, void *context)
{
	(void)timer;
	(void)time_us;
	attempt(context);
	return 0;
}

/* --- life ------------------------------------------------------------------------------------ */

static void show(struct receiver *receiver, const struct client_url *url)
{
	if (url->socket)
		snprintf(receiver->shown, sizeof(receiver->shown), "unix:%s", url->socket);
	else
		snprintf(receiver->shown, sizeof(receiver->shown),
			 strchr(url->host, ':') ? "[%s]:%s" : "%s:%s", url->host, url->port);
}

static int open_receiver(struct client *client, const char *text, const char *suffix,
			 struct sd_event *event)
{
	struct receiver *receiver = &client->receivers[client->count];
	struct client_url url = { 0 };
	int r = client_url_parse(&url, text, suffix);

	if (r == -EINVAL)
		log_error("notifier %s: its URL number %zu is none; want http://HOST:PORT/PATH, "
			  "https://... or unix:/SOCKET:/PATH, without user and password",
			  client->notifier.name, client->count + 1);
	if (r < 0)
		return r;
	*receiver = (struct receiver){ .client = client, .index = client->count };
	show(receiver, &url);
	r = transfer_init(&receiver->transfer, &client->notifier, &client->ports, &url, receiver);
	client_url_done(&url);
	if (r < 0)
		return r;
	client->count++;
	r = sd_event_add_time_relative(event, &receiver->retry, CLOCK_MONOTONIC, 0, 0, on_retry,
				       receiver);
	return r < 0 ? r : sd_event_source_set_enabled(receiver->retry, SD_EVENT_OFF);
}

static int open_receivers(struct client *client, const char *suffix, struct sd_event *event)
{
	const struct notifier_config *notifier = &client->notifier;
	int r = 0;

	if (!notifier->urls_count || notifier->urls_count > CLIENT_RECEIVERS_MAX) {
		log_error("notifier %s: %zu receivers; give 1 to %d urls", notifier->name,
			  notifier->urls_count, CLIENT_RECEIVERS_MAX);
		return -EINVAL;
	}
	client->receivers = calloc(notifier->urls_count, sizeof(*client->receivers));
	if (!client->receivers)
		return -ENOMEM;
	for (size_t i = 0; i < notifier->urls_count && r >= 0; i++)
		r = open_receiver(client, notifier->urls[i], suffix, event);
	return r;
}

/* Connections are made from other ports then, as long as there are any. */
static void warn_of_ports(const struct client *client)
{
	const char *name = client->notifier.name;
	const struct ports *ports = &client->ports;
	uint16_t range[2];

	if (ports_overlap(ports, RANGE_FILE, range))
		log_warning("notifier %s: source ports %u to %u are inside the ephemeral range "
			    "%u-%u and may run out with it; choose others",
			    name, ports->first, ports->last, range[0], range[1]);
	if (ports->first < UNPRIVILEGED_FIRST)
		log_warning("notifier %s: source ports below %d need CAP_NET_BIND_SERVICE, which "
			    "the agent gives up; choose others",
			    name, UNPRIVILEGED_FIRST);
}

static int open_ports(struct client *client)
{
	const struct notifier_config *notifier = &client->notifier;
	int r = ports_init(&client->ports, notifier->source_port_first, notifier->source_port_last);

	if (r < 0)
		log_error("notifier %s: source ports %u to %u are no range", notifier->name,
			  notifier->source_port_first, notifier->source_port_last);
	else
		warn_of_ports(client);
	return r;
}

static int open_parts(struct client *client, const struct client_config *config,
		      struct sd_event *event)
{
	int r = open_ports(client);

	if (r < 0)
		return r;
	r = open_receivers(client, config->suffix, event);
	if (r >= 0)
		r = multi_open(&client->multi, event, (long)client->count, on_ended, client);
	if (r < 0 && r != -EINVAL)
		log_error("notifier %s: cannot start: %s", client->notifier.name, strerror(-r));
	return r < 0 ? r : 0;
}

int client_open(struct client **ret, const struct client_config *config, struct sd_event *event)
{
	struct client *client = calloc(1, sizeof(*client));
	int r;

	if (!client) {
		log_error("notifier %s: cannot start: out of memory", config->notifier->name);
		return -ENOMEM;
	}
	client->notifier = *config->notifier;
	if (!client->notifier.timeout_ns)
		client->notifier.timeout_ns = CLIENT_TIMEOUT_NS;
	client->ops = *config->ops;
	client->context = config->context;
	client->random = config->random ? config->random : kernel_random;
	r = open_parts(client, config, event);
	if (r < 0) {
		client_close(client);
		return r;
	}
	*ret = client;
	return 0;
}

void client_close(struct client *client)
{
	if (!client)
		return;
	for (size_t i = 0; i < client->count; i++) {
		struct receiver *receiver = &client->receivers[i];

		if (receiver->busy)
			multi_remove(client->multi, receiver->transfer.easy);
		transfer_done(&receiver->transfer);
		sd_event_source_disable_unref(receiver->retry);
	}
	multi_close(client->multi);
	free(client->receivers);
	free(client);
}

size_t client_receivers(const struct client *client)
{
	return client->count;
}

void client_wake(struct client *client)
{
	for (size_t i = 0; i < client->count; i++)
		attempt(&client->receivers[i]);
}

uint64_t client_failed(const struct client *client)
{
	return client->failed;
}
