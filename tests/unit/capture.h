/* SPDX-License-Identifier: Apache-2.0 */
/* What is written to a descriptor while something runs. Include after cmocka.h. */
#pragma once

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct capture {
	int fd;
	int saved;
	FILE *file;
};

static inline struct capture capture_start(int fd)
{
	struct capture capture = { fd, dup(fd), tmpfile() };

	assert_non_null(capture.file);
	fflush(NULL);
	assert_true(dup2(fileno(capture.file), fd) >= 0);
	return capture;
}

/* Ends it; ret is what was written, as far as it fits. */
static inline void capture_end(struct capture *capture, char *ret, size_t size)
{
	size_t n;

	fflush(NULL);
	dup2(capture->saved, capture->fd);
	close(capture->saved);
	rewind(capture->file);
	n = fread(ret, 1, size - 1, capture->file);
	ret[n] = '\0';
	fclose(capture->file);
}

static inline void assert_one_line(const char *text, const char *part)
{
	const char *newline = strchr(text, '\n');

	if (!newline || newline[1])
		fail_msg("not one line: \"%s\"", text);
	if (!strstr(text, part))
		fail_msg("no \"%s\" in \"%s\"", part, text);
}
