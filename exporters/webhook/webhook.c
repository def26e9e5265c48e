// SPDX-License-Identifier: Apache-2.0
#include "exporters/webhook/webhook.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "exporters/client/client.h"
#include "exporters/message/document.h"
#include "exporters/message/message.h"
#include "exporters/message/queue.h"
#include "user/base/clock.h"
#include "user/base/log.h"
#include "user/base/util.h"

struct notifier {
	const struct notifier_config *config;
	struct client *client;
	char host[HOST_NAME_MAX + 1];
	struct queue *queues; /* one a receiver */
	uint64_t delivered;
	uint64_t dropped;
};

/* A document that cannot be made for want of memory is asked for again with the next message. */
static int next(void *context, size_t receiver, char **ret)
{
	struct notifier *self = context;
	struct queue *queue = &self->queues[receiver];
	const struct message *message = queue_take(queue, clock_ns(CLOCK_MONOTONIC));

	if (!message)
		return 0;
	*ret = document_webhook(message, self->config->name);
	if (!*ret)
		queue_give_back(queue, false);
	return *ret != NULL;
}

static void done(void *context, size_t receiver, enum client_outcome outcome)
{
	struct notifier *self = context;

	queue_give_back(&self->queues[receiver], outcome != CLIENT_FAILED);
	if (outcome == CLIENT_TAKEN)
		self->delivered++;
	else if (outcome == CLIENT_REFUSED)
		self->dropped++;
}

static void webhook_notify(struct notifier *self, const struct view_alert *alert, bool entered)
{
	struct message_moment moment = {
		.now_ns = clock_ns(CLOCK_MONOTONIC),
		.epoch = clock_ns(CLOCK_REALTIME),
		.host = self->host,
	};
	CLEANUP(message_unrefp) struct message *message = NULL;

	if (message_new(&message, alert, entered, &moment) < 0) {
		self->dropped += client_receivers(self->client);
		return;
	}
	for (size_t i = 0; i < client_receivers(self->client); i++)
		queue_push(&self->queues[i], message);
	client_wake(self->client);
}

/* What grows too old is to be seen even if nothing else happens. */
static void webhook_publish(struct notifier *self, const struct view *view)
{
	(void)view;
	for (size_t i = 0; i < client_receivers(self->client); i++)
		queue_expire(&self->queues[i], clock_ns(CLOCK_MONOTONIC));
	client_wake(self->client);
}

static void webhook_count(const struct notifier *self, struct view_notifier *ret)
{
	ret->delivered = self->delivered;
	ret->failed = client_failed(self->client);
	ret->dropped = self->dropped;
	ret->waiting = 0;
	for (size_t i = 0; i < client_receivers(self->client); i++) {
		ret->dropped += self->queues[i].dropped;
		ret->waiting += self->queues[i].count;
	}
}

static void webhook_close(struct notifier *self)
{
	if (!self)
		return;
	for (size_t i = 0; self->queues && i < client_receivers(self->client); i++)
		queue_done(&self->queues[i]);
	client_close(self->client);
	free(self->queues);
	free(self);
}

static int open_queues(struct notifier *self)
{
	const struct notifier_config *config = self->config;
	size_t count = client_receivers(self->client);
	int r = 0;

	self->queues = calloc(count, sizeof(*self->queues));
	if (!self->queues)
		r = -ENOMEM;
	for (size_t i = 0; i < count && r == 0; i++)
		r = queue_init(&self->queues[i],
			       config->queue_max ? config->queue_max : WEBHOOK_QUEUE_MAX,
			       config->max_age_ns ? config->max_age_ns : WEBHOOK_MAX_AGE_NS);
	if (r < 0)
		log_error("notifier %s: cannot start: out of memory", config->name);
	return r;
}

static int webhook_open(struct notifier **ret, const struct notifier_config *config,
			struct sd_event *event)
{
	static const struct client_ops ops = { next, done };
	struct notifier *self = calloc(1, sizeof(*self));
	struct client_config client = { .notifier = config, .ops = &ops, .context = self };
	int r;

	if (!self) {
		log_error("notifier %s: cannot start: out of memory", config->name);
		return -ENOMEM;
	}
	self->config = config;
	gethostname(self->host, sizeof(self->host) - 1);
	r = client_open(&self->client, &client, event);
	if (r == 0)
		r = open_queues(self);
	if (r < 0) {
		if (self->client)
			webhook_close(self);
		else
			free(self);
		return r;
	}
	*ret = self;
	return 0;
}

const struct notifier_ops webhook_notifier = {
	.type = "webhook",
	.open = webhook_open,
	.notify = webhook_notify,
	.publish = webhook_publish,
	.count = webhook_count,
	.close = webhook_close,
};
