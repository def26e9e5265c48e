// SPDX-License-Identifier: Apache-2.0
#define SD_JOURNAL_SUPPRESS_LOCATION
#include "exporters/journal/journal.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "exporters/message/message.h"
#include "user/base/clock.h"
#include "user/base/log.h"
#include "user/base/text.h"
#include "user/base/util.h"
#include "user/core/view.h"

#define SOCKET "/run/systemd/journal/socket"

struct notifier {
	bool native; /* the journal's own protocol */
	const char *name;
	uint64_t delivered;
	uint64_t failed;
};

/* Labels and annotations that have words of their own in every line and entry. */
static const char *const said[] = {
	"alert", "alertname", "level", "rule", "severity", "state", "subject", "summary", "value",
};

static bool is_said(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(said); i++)
		if (strcmp(said[i], name) == 0)
			return true;
	return false;
}

static const char *state(const struct message *message)
{
	return message->firing ? "firing" : "resolved";
}

static const char *known(const char *s)
{
	return *s ? s : "unknown";
}

/* What ended is news, and no longer a reason to wake anybody. */
static int priority(const struct message *message)
{
	if (!message->firing)
		return LOG_NOTICE;
	switch (message->alert.severity) {
	case SEVERITY_CRITICAL:
		return LOG_CRIT;
	case SEVERITY_WARNING:
		return LOG_WARNING;
	default:
		return LOG_INFO;
	}
}

/* --- on standard error ----------------------------------------------------------------------- */

static bool is_bare(const char *s)
{
	for (; *s; s++)
		if (*s <= ' ' || *s > '~' || *s == '"' || *s == '=' || *s == '\\')
			return false;
	return true;
}

/* A message's strings are printable. */
static void put_quoted(FILE *out, const char *s)
{
	fputc('"', out);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fputc('\\', out);
		fputc(*s, out);
	}
	fputc('"', out);
}

static void put_others(FILE *out, const struct message *message, const struct view_label *labels,
		       size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (is_said(labels[i].name) || (labels == message->alert.annotations &&
						message_label(message, labels[i].name)))
			continue;
		fprintf(out, " %s=", labels[i].name);
		put_quoted(out, labels[i].value);
	}
}

void journal_logfmt(FILE *out, const struct message *message)
{
	const struct view_alert *alert = &message->alert;
	const char *rule = known(alert->rule);
	char value[TEXT_NUMBER_MAX];

	fprintf(out, "level=%s alert=", view_severity_name(alert->severity));
	if (is_bare(rule))
		fputs(rule, out);
	else
		put_quoted(out, rule);
	fprintf(out, " state=%s subject=", state(message));
	put_quoted(out, known(alert->subject));
	if (!isnan(alert->value))
		fprintf(out, " value=%s", text_number(value, alert->value));
	fputs(" summary=", out);
	put_quoted(out, known(alert->summary));
	put_others(out, message, alert->labels, alert->labels_count);
	put_others(out, message, alert->annotations, alert->annotations_count);
	fputc('\n', out);
}

/* One write, so that no other thread's line comes between. */
static int send_logfmt(const struct message *message)
{
	CLEANUP(freep) char *line = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&line, &size);

	if (!out)
		return -ENOMEM;
	journal_logfmt(out, message);
	if (fclose(out) != 0)
		return -ENOMEM;
	return write(STDERR_FILENO, line, size) < 0 ? -errno : 0;
}

/* --- in the journal -------------------------------------------------------------------------- */

/* Appends to fields; *count < 0 is an error of one before. */
static void __attribute__((format(printf, 3, 4)))
add(struct iovec *fields, int *count, const char *format, ...)
{
	va_list args;
	char *text;
	int n;

	if (*count < 0)
		return;
	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0) {
		*count = -ENOMEM;
		return;
	}
	fields[(*count)++] = (struct iovec){ .iov_base = text, .iov_len = (size_t)n };
}

static void put_upper(char *ret, const char *s)
{
	do
		*ret++ = (char)toupper((unsigned char)*s);
	while (*s++);
}

/* The journal takes names of up to 64 characters. */
static void add_others(struct iovec *fields, int *count, const struct view_label *labels,
		       size_t labels_count)
{
	for (size_t i = 0; i < labels_count; i++) {
		char name[65 - sizeof("PORTGAUGE_")];

		if (is_said(labels[i].name) || strlen(labels[i].name) >= sizeof(name))
			continue;
		put_upper(name, labels[i].name);
		add(fields, count, "PORTGAUGE_%s=%s", name, labels[i].value);
	}
}

int journal_fields(struct iovec ret[JOURNAL_FIELDS], const struct message *message)
{
	const struct view_alert *alert = &message->alert;
	char value[TEXT_NUMBER_MAX];
	int count = 0;

	memset(ret, 0, JOURNAL_FIELDS * sizeof(*ret));
	add(ret, &count, "MESSAGE=%s %s: %s: %s", known(alert->rule), state(message),
	    known(alert->subject), known(alert->summary));
	add(ret, &count, "MESSAGE_ID=%s", JOURNAL_MESSAGE_ID);
	add(ret, &count, "PRIORITY=%d", priority(message));
	add(ret, &count, "PORTGAUGE_RULE=%s", known(alert->rule));
	add(ret, &count, "PORTGAUGE_SEVERITY=%s", view_severity_name(alert->severity));
	add(ret, &count, "PORTGAUGE_SUBJECT=%s", known(alert->subject));
	add(ret, &count, "PORTGAUGE_STATE=%s", state(message));
	if (!isnan(alert->value))
		add(ret, &count, "PORTGAUGE_VALUE=%s", text_number(value, alert->value));
	add_others(ret, &count, alert->labels, alert->labels_count);
	add_others(ret, &count, alert->annotations, alert->annotations_count);
	if (count < 0)
		journal_fields_done(ret);
	return count;
}

void journal_fields_done(struct iovec fields[JOURNAL_FIELDS])
{
	for (size_t i = 0; i < JOURNAL_FIELDS; i++) {
		free(fields[i].iov_base);
		fields[i] = (struct iovec){ 0 };
	}
}

static int send_native(const struct message *message)
{
	struct iovec fields[JOURNAL_FIELDS];
	int count = journal_fields(fields, message);
	int r;

	if (count < 0)
		return count;
	r = sd_journal_sendv(fields, count);
	journal_fields_done(fields);
	return r;
}

/* --- the notifier ---------------------------------------------------------------------------- */

static int send_message(const struct notifier *self, const struct message *message)
{
	int r = self->native ? send_native(message) : -ENOTCONN;

	return r < 0 ? send_logfmt(message) : r;
}

static void journal_notify(struct notifier *self, const struct view_alert *alert, bool entered)
{
	struct message_moment moment = {
		.now_ns = clock_ns(CLOCK_MONOTONIC),
		.epoch = clock_ns(CLOCK_REALTIME),
	};
	CLEANUP(message_unrefp) struct message *message = NULL;
	int r = message_new(&message, alert, entered, &moment);

	if (r == 0)
		r = send_message(self, message);
	if (r >= 0) {
		self->delivered++;
		return;
	}
	self->failed++;
	log_error("notifier %s: cannot log alert %s: %s", self->name,
		  alert->rule ? alert->rule : "unknown", strerror(-r));
}

/* It is not made again: an attempt that failed is a message given up. */
static void journal_count(const struct notifier *self, struct view_notifier *ret)
{
	ret->delivered = self->delivered;
	ret->failed = self->failed;
	ret->dropped = self->failed;
	ret->waiting = 0;
}

static int journal_open(struct notifier **ret, const struct notifier_config *config,
			struct sd_event *event)
{
	struct notifier *self = calloc(1, sizeof(*self));

	(void)event;
	if (!self) {
		log_error("notifier %s: cannot start: out of memory", config->name);
		return -ENOMEM;
	}
	self->name = config->name;
	self->native = getenv("JOURNAL_STREAM") && access(SOCKET, W_OK) == 0;
	*ret = self;
	return 0;
}

static void journal_close(struct notifier *self)
{
	free(self);
}

const struct notifier_ops journal_notifier = {
	.type = "journal",
	.open = journal_open,
	.notify = journal_notify,
	.count = journal_count,
	.close = journal_close,
};
