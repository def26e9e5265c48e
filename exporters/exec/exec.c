// SPDX-License-Identifier: Apache-2.0
#include "exporters/exec/exec.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <systemd/sd-event.h>

#include "exporters/exec/hook.h"
#include "exporters/message/backoff.h"
#include "exporters/message/document.h"
#include "exporters/message/message.h"
#include "exporters/message/queue.h"
#include "user/base/clock.h"
#include "user/base/log.h"
#include "user/base/util.h"

#define NS_PER_US 1000ULL
#define VARIABLES_MAX 16
#define VARIABLE_MAX (MESSAGE_VALUE_MAX + 64)
#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct notifier {
	const struct notifier_config *config;
	struct sd_event *event;
	struct queue queue;
	struct hook *hook;
	struct hook *ended; /* the last one: it cannot be closed from its own callback */
	struct backoff backoff;
	sd_event_source *retry; /* on: it waits after a failure */
	char host[HOST_NAME_MAX + 1];
	uint64_t delivered;
	uint64_t failed;
};

/* The environment of one run. */
struct environment {
	const char *list[VARIABLES_MAX + 1];
	size_t count;
	char texts[VARIABLES_MAX][VARIABLE_MAX];
};

static void run_next(struct notifier *self);

/* --- one run --------------------------------------------------------------------------------- */

static void set(struct environment *environment, const char *name, const char *value)
{
	char *text = environment->texts[environment->count];

	if (!value || environment->count == VARIABLES_MAX)
		return;
	snprintf(text, VARIABLE_MAX, "%s=%s", name, value);
	environment->list[environment->count++] = text;
}

/* Of our own environment, what programs rely on; the rest is between us and who started us. */
static void fill(struct environment *ret, const struct notifier_config *config,
		 const struct message *message)
{
	static const char *const passed[] = { "HOME", "LANG", "PATH", "TZ", "USER" };

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < ARRAY_SIZE(passed); i++)
		set(ret, passed[i], getenv(passed[i]));
	if (!getenv("PATH"))
		ret->list[ret->count++] = DEFAULT_PATH;
	set(ret, "PORTGAUGE_NOTIFIER", config->name);
	set(ret, "PORTGAUGE_STATE", message->firing ? "firing" : "resolved");
	set(ret, "PORTGAUGE_RULE", message->alert.rule);
	set(ret, "PORTGAUGE_SEVERITY", view_severity_name(message->alert.severity));
	set(ret, "PORTGAUGE_SUBJECT", message->alert.subject);
	set(ret, "PORTGAUGE_SUMMARY", message->alert.summary);
}

static void wait_a_while(struct notifier *self)
{
	uint64_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		random = 0;
	sd_event_source_set_time_relative(self->retry,
					  backoff_next(&self->backoff, random) / NS_PER_US);
	sd_event_source_set_enabled(self->retry, SD_EVENT_ONESHOT);
}

static void finish(struct notifier *self, const char *reason, const char *output)
{
	const char *program = self->config->argv[0];

	queue_give_back(&self->queue, !reason);
	if (reason) {
		self->failed++;
		log_warning("notifier %s: %s: %s; trying again later%s%s", self->config->name,
			    program, reason, *output ? "; it wrote: " : "", output);
		wait_a_while(self);
		return;
	}
	self->delivered++;
	backoff_reset(&self->backoff);
	if (*output)
		log_info("notifier %s: %s wrote: %s", self->config->name, program, output);
}

static void on_ended(void *context, const char *reason, const char *output)
{
	struct notifier *self = context;

	self->ended = TAKE_PTR(self->hook);
	finish(self, reason, output);
	/* the next one starts from the loop, and closes this one first */
	if (!reason) {
		sd_event_source_set_time_relative(self->retry, 0);
		sd_event_source_set_enabled(self->retry, SD_EVENT_ONESHOT);
	}
}

static int start(struct notifier *self, const struct message *message)
{
	CLEANUP(freep) char *input = document_webhook(message, self->config->name);
	CLEANUP(freep) struct environment *environment = malloc(sizeof(*environment));
	struct hook_config hook = {
		.argv = self->config->argv,
		.input = input,
		.timeout_ns = self->config->timeout_ns ? self->config->timeout_ns : EXEC_TIMEOUT_NS,
		.ended = on_ended,
		.context = self,
	};

	if (!input || !environment)
		return -ENOMEM;
	fill(environment, self->config, message);
	hook.environment = environment->list;
	return hook_start(&self->hook, &hook, self->event);
}

static bool is_waiting(const struct notifier *self)
{
	int enabled = SD_EVENT_OFF;

	return sd_event_source_get_enabled(self->retry, &enabled) > 0;
}

static void run_next(struct notifier *self)
{
	const struct message *message;
	int r;

	if (self->hook || is_waiting(self))
		return;
	hook_close(TAKE_PTR(self->ended));
	message = queue_take(&self->queue, clock_ns(CLOCK_MONOTONIC));
	if (!message)
		return;
	r = start(self, message);
	if (r < 0)
		finish(self, strerror(-r), "");
}

static int on_retry(sd_event_source *timer, uint64_t time_us, void *context)
{
	(void)timer;
	(void)time_us;
	run_next(context);
	return 0;
}

/* --- what the agent tells -------------------------------------------------------------------- */

static void exec_notify(struct notifier *self, const struct view_alert *alert, bool entered)
{
	struct message_moment moment = {
		.now_ns = clock_ns(CLOCK_MONOTONIC),
		.epoch = clock_ns(CLOCK_REALTIME),
		.host = self->host,
	};
	CLEANUP(message_unrefp) struct message *message = NULL;

	if (message_new(&message, alert, entered, &moment) < 0) {
		self->queue.dropped++;
		return;
	}
	queue_push(&self->queue, message);
	run_next(self);
}

static void exec_publish(struct notifier *self, const struct view *view)
{
	(void)view;
	queue_expire(&self->queue, clock_ns(CLOCK_MONOTONIC));
	run_next(self);
}

static void exec_count(const struct notifier *self, struct view_notifier *ret)
{
	ret->delivered = self->delivered;
	ret->failed = self->failed;
	ret->dropped = self->queue.dropped;
	ret->waiting = self->queue.count;
}

/* --- life ------------------------------------------------------------------------------------ */

static void exec_close(struct notifier *self)
{
	if (!self)
		return;
	hook_close(self->hook);
	hook_close(self->ended);
	sd_event_source_disable_unref(self->retry);
	queue_done(&self->queue);
	sd_event_unref(self->event);
	free(self);
}

static int check_argv(const struct notifier_config *config)
{
	const char *program = config->argv ? config->argv[0] : NULL;

	if (!program || *program != '/') {
		log_error("notifier %s: its program must be an absolute path", config->name);
		return -EINVAL;
	}
	if (access(program, X_OK) < 0) {
		int r = -errno;

		log_error("notifier %s: cannot run %s: %s", config->name, program, strerror(-r));
		return r;
	}
	return 0;
}

static int open_parts(struct notifier *self)
{
	const struct notifier_config *config = self->config;
	int r = queue_init(&self->queue, config->queue_max ? config->queue_max : EXEC_QUEUE_MAX,
			   config->max_age_ns ? config->max_age_ns : EXEC_MAX_AGE_NS);

	if (r == 0)
		r = sd_event_add_time_relative(self->event, &self->retry, CLOCK_MONOTONIC, 0, 0,
					       on_retry, self);
	if (r >= 0)
		r = sd_event_source_set_enabled(self->retry, SD_EVENT_OFF);
	if (r < 0)
		log_error("notifier %s: cannot start: %s", config->name, strerror(-r));
	return r < 0 ? r : 0;
}

static int exec_open(struct notifier **ret, const struct notifier_config *config,
		     struct sd_event *event)
{
	struct notifier *self;
	int r = check_argv(config);

	if (r < 0)
		return r;
	self = calloc(1, sizeof(*self));
	if (!self) {
		log_error("notifier %s: cannot start: out of memory", config->name);
		return -ENOMEM;
	}
	self->config = config;
	self->event = sd_event_ref(event);
	gethostname(self->host, sizeof(self->host) - 1);
	r = open_parts(self);
	if (r < 0) {
		exec_close(self);
		return r;
	}
	*ret = self;
	return 0;
}

const struct notifier_ops exec_notifier = {
	.type = "exec",
	.open = exec_open,
	.notify = exec_notify,
	.publish = exec_publish,
	.count = exec_count,
	.close = exec_close,
};
