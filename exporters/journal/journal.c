// SPDX-License-Identifier: Apache-2.0
#define SD_JOURNAL_SUPPRESS_LOCATION
#include "exporters/journal/journal.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "user/base/log.h"
#include "user/base/text.h"
#include "user/base/util.h"
#include "user/core/view.h"

#define SOCKET "/run/systemd/journal/socket"

struct exporter {
	bool native; /* the journal's own protocol */
};

static const char *state(bool entered)
{
	return entered ? "firing" : "resolved";
}

static const char *known(const char *s)
{
	return s ? s : "unknown";
}

/* What ended is news, and no longer a reason to wake anybody. */
static int priority(const struct view_alert *alert, bool entered)
{
	if (!entered)
		return LOG_NOTICE;
	switch (alert->severity) {
	case SEVERITY_CRITICAL:
		return LOG_CRIT;
	case SEVERITY_WARNING:
		return LOG_WARNING;
	default:
		return LOG_INFO;
	}
}

static bool is_bare(const char *s)
{
	for (; *s; s++)
		if (*s <= ' ' || *s > '~' || *s == '"' || *s == '=' || *s == '\\')
			return false;
	return true;
}

static void put_quoted(FILE *out, const char *s)
{
	fputc('"', out);
	while (*s) {
		size_t n = text_printable_length(s);

		if (*s == '"' || *s == '\\')
			fputc('\\', out);
		fwrite(n ? s : "?", 1, n ? n : 1, out);
		s += n ? n : 1;
	}
	fputc('"', out);
}

void journal_logfmt(FILE *out, const struct view_alert *alert, bool entered)
{
	char value[TEXT_NUMBER_MAX];
	const char *rule = known(alert->rule);

	fprintf(out, "level=%s alert=", view_severity_name(alert->severity));
	if (*rule && is_bare(rule))
		fputs(rule, out);
	else
		put_quoted(out, rule);
	fprintf(out, " state=%s subject=", state(entered));
	put_quoted(out, known(alert->subject));
	if (!isnan(alert->value))
		fprintf(out, " value=%s", text_number(value, alert->value));
	fputs(" summary=", out);
	put_quoted(out, known(alert->summary));
	fputc('\n', out);
}

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
	text_printable(text, (size_t)n + 1, text);
	fields[(*count)++] = (struct iovec){ .iov_base = text, .iov_len = strlen(text) };
}

int journal_fields(struct iovec ret[JOURNAL_FIELDS], const struct view_alert *alert, bool entered)
{
	char value[TEXT_NUMBER_MAX];
	int count = 0;

	memset(ret, 0, JOURNAL_FIELDS * sizeof(*ret));
	add(ret, &count, "MESSAGE=%s %s: %s: %s", known(alert->rule), state(entered),
	    known(alert->subject), known(alert->summary));
	add(ret, &count, "MESSAGE_ID=%s", JOURNAL_MESSAGE_ID);
	add(ret, &count, "PRIORITY=%d", priority(alert, entered));
	add(ret, &count, "PORTGAUGE_RULE=%s", known(alert->rule));
	add(ret, &count, "PORTGAUGE_SEVERITY=%s", view_severity_name(alert->severity));
	add(ret, &count, "PORTGAUGE_SUBJECT=%s", known(alert->subject));
	add(ret, &count, "PORTGAUGE_STATE=%s", state(entered));
	if (!isnan(alert->value))
		add(ret, &count, "PORTGAUGE_VALUE=%s", text_number(value, alert->value));
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

static int send_native(const struct view_alert *alert, bool entered)
{
	struct iovec fields[JOURNAL_FIELDS];
	int count = journal_fields(fields, alert, entered);
	int r;

	if (count < 0)
		return count;
	r = sd_journal_sendv(fields, count);
	journal_fields_done(fields);
	return r;
}

/* One write, so that no other thread's line comes between. */
static int send_logfmt(const struct view_alert *alert, bool entered)
{
	CLEANUP(freep) char *line = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&line, &size);

	if (!out)
		return -ENOMEM;
	journal_logfmt(out, alert, entered);
	if (fclose(out) != 0)
		return -ENOMEM;
	return write(STDERR_FILENO, line, size) < 0 ? -errno : 0;
}

static void journal_notify(struct exporter *self, const struct view_alert *alert, bool entered)
{
	int r = self->native ? send_native(alert, entered) : -ENOTCONN;

	if (r < 0)
		r = send_logfmt(alert, entered);
	if (r < 0)
		log_error("cannot log alert %s: %s", known(alert->rule), strerror(-r));
}

static int journal_open(struct exporter **ret, const struct exporter_config *config,
			struct sd_event *event)
{
	struct exporter *self = calloc(1, sizeof(*self));

	(void)config;
	(void)event;
	if (!self) {
		log_error("cannot start the journal notifier: out of memory");
		return -ENOMEM;
	}
	self->native = getenv("JOURNAL_STREAM") && access(SOCKET, W_OK) == 0;
	*ret = self;
	return 0;
}

static void journal_close(struct exporter *self)
{
	free(self);
}

const struct exporter_ops journal_exporter = {
	.name = "journal",
	.open = journal_open,
	.notify = journal_notify,
	.close = journal_close,
};
