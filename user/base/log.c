// SPDX-License-Identifier: Apache-2.0
#include "user/base/log.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/base/text.h"
#include "user/base/util.h"

/* JOURNAL_STREAM alone is not enough: it is inherited by whoever redirects standard error. */
static bool journal_reads(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char ours[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return false;
	snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(stream, ours) == 0;
}

static const char *level_word(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return "error: ";
	case LOG_LEVEL_WARNING:
		return "warning: ";
	default:
		return "";
	}
}

/* One call, so that lines of several threads never mix. */
static void put_line(enum log_level level, char *message)
{
	text_printable(message, strlen(message) + 1, message);
	if (journal_reads())
		fprintf(stderr, "<%d>%s\n", (int)level, message);
	else
		fprintf(stderr, "portgauge: %s%s\n", level_word(level), message);
}

void log_writev(enum log_level level, const char *format, va_list args)
{
	CLEANUP(freep) char *message = NULL;
	char fallback[] = "out of memory while writing a message";
	int saved = errno;

	if (vasprintf(&message, format, args) < 0) {
		message = NULL;
		put_line(level, fallback);
	} else {
		put_line(level, message);
	}
	errno = saved;
}

void log_write(enum log_level level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_writev(level, format, args);
	va_end(args);
}
