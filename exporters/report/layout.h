/* SPDX-License-Identifier: Apache-2.0 */
/* Columns, bars and wrapped sentences. Widths are in characters; text is made printable. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define LAYOUT_COLUMNS 80
#define LAYOUT_SHORT_MAX 32

/* The width of a column that has to hold s too. Stops growing at 40: a longer name pushes its own
 * line and no other. */
size_t layout_fit(size_t width, const char *s);

/* s, then spaces up to width. */
void layout_cell(FILE *out, const char *s, size_t width);

/* "[########..]  78.3%", always 19 wide. Rounded down, so 100.0% means full. NAN: "-". */
const char *layout_gauge(char ret[LAYOUT_SHORT_MAX], double saturation);

/* "3 more pools", or "3 pools" when none was shown. No end of line. */
void layout_more(FILE *out, size_t shown, size_t rest, const char *noun);

/* "10:54:18", with the day in front when it is not the day of now. UTC; both ns since the epoch. */
const char *layout_time(char ret[LAYOUT_SHORT_MAX], uint64_t time, uint64_t now);

/* A sentence that goes on in the next line, indented. Words are separated by spaces. */
struct layout_text {
	FILE *out;
	size_t indent; /* of the lines after the first */
	size_t column;
	bool fresh; /* no word in this line yet */
};

/* first: where the first line begins. */
void layout_begin(struct layout_text *text, FILE *out, size_t first, size_t indent);
void layout_words(struct layout_text *text, const char *s);

/* No more than 255 bytes: for numbers, not for names. */
void layout_format(struct layout_text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void layout_end(struct layout_text *text);
