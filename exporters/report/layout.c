// SPDX-License-Identifier: Apache-2.0
#include "exporters/report/layout.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "user/base/text.h"

#define FIT_MAX 40
#define BAR_CELLS 10
#define SENTENCE_MAX 256
#define DATE_LENGTH 10 /* of "2026-11-22T10:54:18.123Z" */
#define CLOCK_LENGTH 8

/* Bytes of the character at s, whether it can be printed or not. */
static size_t step(const char *s)
{
	size_t n = text_printable_length(s);

	return n ? n : 1;
}

static void put_character(FILE *out, const char *s)
{
	size_t n = text_printable_length(s);

	fwrite(n ? s : "?", 1, n ? n : 1, out);
}

static size_t width_of(const char *s)
{
	size_t width = 0;

	for (; *s; s += step(s))
		width++;
	return width;
}

size_t layout_fit(size_t width, const char *s)
{
	size_t wanted = width_of(s);

	if (wanted > FIT_MAX)
		wanted = FIT_MAX;
	return wanted > width ? wanted : width;
}

void layout_cell(FILE *out, const char *s, size_t width)
{
	size_t done = 0;

	for (; *s; s += step(s), done++)
		put_character(out, s);
	for (; done < width; done++)
		fputc(' ', out);
}

const char *layout_gauge(char ret[LAYOUT_SHORT_MAX], double saturation)
{
	char percent[LAYOUT_SHORT_MAX] = "-";
	char bar[BAR_CELLS + 1];
	double cells = saturation * BAR_CELLS;

	for (int i = 0; i < BAR_CELLS; i++)
		bar[i] = i + 0.5 <= cells ? '#' : '.';
	bar[BAR_CELLS] = '\0';
	if (!isnan(saturation))
		text_percent(percent, saturation);
	snprintf(ret, LAYOUT_SHORT_MAX, "[%s] %6.8s", bar, percent);
	return ret;
}

const char *layout_time(char ret[LAYOUT_SHORT_MAX], uint64_t time, uint64_t now)
{
	char today[TEXT_TIME_MAX];
	char full[TEXT_TIME_MAX];

	text_time(today, now);
	text_time(full, time);
	full[DATE_LENGTH] = ' ';
	full[DATE_LENGTH + 1 + CLOCK_LENGTH] = '\0';
	strcpy(ret, strncmp(full, today, DATE_LENGTH) == 0 ? full + DATE_LENGTH + 1 : full);
	return ret;
}

void layout_more(FILE *out, size_t shown, size_t rest, const char *noun)
{
	fprintf(out, "%zu%s %s%s", rest, shown ? " more" : "", noun, rest == 1 ? "" : "s");
}

void layout_begin(struct layout_text *text, FILE *out, size_t first, size_t indent)
{
	*text = (struct layout_text){
		.out = out, .indent = indent, .column = first, .fresh = true
	};
	layout_cell(out, "", first);
}

static void put_word(struct layout_text *text, const char *word, const char *end, size_t width)
{
	if (!text->fresh && text->column + 1 + width > LAYOUT_COLUMNS) {
		fputc('\n', text->out);
		layout_cell(text->out, "", text->indent);
		text->column = text->indent;
	} else if (!text->fresh) {
		fputc(' ', text->out);
		text->column++;
	}
	for (; word < end; word += step(word))
		put_character(text->out, word);
	text->column += width;
	text->fresh = false;
}

void layout_words(struct layout_text *text, const char *s)
{
	while (*s) {
		const char *word;
		size_t width = 0;

		s += strspn(s, " ");
		word = s;
		for (; *s && *s != ' '; s += step(s))
			width++;
		if (width)
			put_word(text, word, s, width);
	}
}

void layout_format(struct layout_text *text, const char *format, ...)
{
	char sentence[SENTENCE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	layout_words(text, sentence);
}

void layout_end(struct layout_text *text)
{
	fputc('\n', text->out);
}
