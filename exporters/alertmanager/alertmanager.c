// SPDX-License-Identifier: Apache-2.0
#include "exporters/alertmanager/alertmanager.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "exporters/alertmanager/known.h"
#include "exporters/client/client.h"
#include "exporters/message/document.h"
#include "exporters/message/message.h"
#include "user/base/clock.h"
#include "user/base/log.h"
#include "user/base/util.h"
#include "user/core/view.h"

#define PATH "/api/v2/alerts"

struct notifier {
	struct client *client;
	struct known *known;
	uint64_t resend_ns;
	char host[HOST_NAME_MAX + 1];
	uint64_t delivered;
	uint64_t dropped;
};

/* --- what the client asks -------------------------------------------------------------------- */

static int next(void *context, size_t receiver, char **ret)
{
	struct notifier *self = context;
	const struct message *messages[ALERTMANAGER_BATCH];
	size_t count = known_due(self->known, receiver, clock_ns(CLOCK_MONOTONIC), messages,
				 ALERTMANAGER_BATCH);

	if (!count)
		return 0;
	*ret = document_alerts(messages, count,
			       clock_ns(CLOCK_REALTIME) + ALERTMANAGER_LATE * self->resend_ns);
	if (!*ret)
		known_untold(self->known, receiver);
	return *ret != NULL;
}

/* Alertmanager takes those of a request that are right and refuses the rest: saying them again at
 * once would change nothing. */
static void done(void *context, size_t receiver, enum client_outcome outcome)
{
	struct notifier *self = context;
	size_t count;

	if (outcome == CLIENT_FAILED) {
		known_untold(self->known, receiver);
		return;
	}
	count = known_told(self->known, receiver, clock_ns(CLOCK_MONOTONIC));
	if (outcome == CLIENT_TAKEN)
		self->delivered += count;
	else
		self->dropped += count;
}

/* --- what the agent tells -------------------------------------------------------------------- */

static struct message_moment now(const struct notifier *self)
{
	return (struct message_moment){
		.now_ns = clock_ns(CLOCK_MONOTONIC),
		.epoch = clock_ns(CLOCK_REALTIME),
		.host = self->host,
	};
}

static bool take(struct notifier *self, const struct view_alert *alert, bool entered,
		 const struct message_moment *moment)
{
	CLEANUP(message_unrefp) struct message *message = NULL;

	return message_new(&message, alert, entered, moment) == 0 &&
	       known_take(self->known, message, moment->now_ns);
}

/* They go out with the view that follows, all in one request. */
static void alertmanager_notify(struct notifier *self, const struct view_alert *alert, bool entered)
{
	struct message_moment moment = now(self);

	if (!take(self, alert, entered, &moment))
		self->dropped += client_receivers(self->client);
}

/* The view is the truth: it brings the newest annotations, and what began before us. */
static void alertmanager_publish(struct notifier *self, const struct view *view)
{
	struct message_moment moment = now(self);

	known_look_begin(self->known);
	for (size_t i = 0; i < view->alerts_count; i++)
		take(self, &view->alerts[i], true, &moment);
	known_look_end(self->known, moment.now_ns, moment.epoch);
	client_wake(self->client);
}

static void alertmanager_count(const struct notifier *self, struct view_notifier *ret)
{
	ret->delivered = self->delivered;
	ret->failed = client_failed(self->client);
	ret->dropped = self->dropped + known_dropped(self->known);
	ret->waiting = known_waiting(self->known);
}

/* --- life ------------------------------------------------------------------------------------ */

static void alertmanager_close(struct notifier *self)
{
	if (!self)
		return;
	client_close(self->client);
	known_free(self->known);
	free(self);
}

static int open_parts(struct notifier *self, const struct notifier_config *config,
		      struct sd_event *event)
{
	static const struct client_ops ops = { next, done };
	struct client_config client = {
		.notifier = config,
		.suffix = PATH,
		.ops = &ops,
		.context = self,
	};
	struct known_config known = {
		.receivers = config->urls_count,
		.alerts_max = config->queue_max ? config->queue_max : ALERTMANAGER_ALERTS_MAX,
		.resend_ns = self->resend_ns,
		.retention_ns = ALERTMANAGER_RETENTION_NS,
		.max_age_ns = config->max_age_ns ? config->max_age_ns : ALERTMANAGER_MAX_AGE_NS,
	};
	int r = known_new(&self->known, &known);

	if (r < 0)
		log_error("notifier %s: cannot start: out of memory", config->name);
	return r < 0 ? r : client_open(&self->client, &client, event);
}

static int alertmanager_open(struct notifier **ret, const struct notifier_config *config,
			     struct sd_event *event)
{
	struct notifier *self = calloc(1, sizeof(*self));
	int r;

	if (!self) {
		log_error("notifier %s: cannot start: out of memory", config->name);
		return -ENOMEM;
	}
	self->resend_ns = config->resend_ns ? config->resend_ns : ALERTMANAGER_RESEND_NS;
	gethostname(self->host, sizeof(self->host) - 1);
	r = open_parts(self, config, event);
	if (r < 0) {
		alertmanager_close(self);
		return r;
	}
	*ret = self;
	return 0;
}

const struct notifier_ops alertmanager_notifier = {
	.type = "alertmanager",
	.open = alertmanager_open,
	.notify = alertmanager_notify,
	.publish = alertmanager_publish,
	.count = alertmanager_count,
	.close = alertmanager_close,
};
