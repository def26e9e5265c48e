/* SPDX-License-Identifier: Apache-2.0 */
/* A line that is put together before the stream gets it: calls of a stream cost more than the few
 * bytes each of them brings. Longer lines go out in pieces. */
#pragma once

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define LINE_ROOM 512

struct line {
	FILE *out;
	size_t length;
	char text[LINE_ROOM];
};

static inline void line_flush(struct line *line)
{
	fwrite_unlocked(line->text, 1, line->length, line->out);
	line->length = 0;
}

static inline void line_put(struct line *line, const char *bytes, size_t size)
{
	if (size > LINE_ROOM - line->length)
		line_flush(line);
	if (size > LINE_ROOM) {
		fwrite_unlocked(bytes, 1, size, line->out);
		return;
	}
	memcpy(line->text + line->length, bytes, size);
	line->length += size;
}

static inline void line_puts(struct line *line, const char *text)
{
	line_put(line, text, strlen(text));
}

static inline void line_putc(struct line *line, char c)
{
	line_put(line, &c, 1);
}
