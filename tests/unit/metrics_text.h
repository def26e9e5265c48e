/* SPDX-License-Identifier: Apache-2.0 */
/* A view as metrics, and what the text says. */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exporters/prometheus/prometheus.h"

/* Caller frees. Inlined, gcc 12 takes the text for the variable that points to it. */
static __attribute__((noinline, unused)) char *
encode_with(encode_fn *encoder, const struct view *view, const struct view_limits *limits)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	encoder(out, view, limits);
	assert_false(ferror(out));
	fclose(out);
	return text;
}

static inline char *encode(const struct view *view, size_t top)
{
	const struct view_limits limits = { .top = top, .namespaces = 100, .shares = 2 };

	return encode_with(prometheus_metrics, view, &limits);
}

/* Inlined, gcc 12 takes the text for the variable that open_memstream was given. */
static __attribute__((noinline, unused)) bool has_line(const char *text, const char *line)
{
	size_t n = strlen(line);

	for (const char *p = strstr(text, line); p; p = strstr(p + 1, line))
		if ((p == text || p[-1] == '\n') && p[n] == '\n')
			return true;
	return false;
}

static inline void assert_line(const char *text, const char *line)
{
	if (!has_line(text, line))
		fail_msg("no line \"%s\" in:\n%s", line, text);
}

/* The next line; NULL behind the last. */
static inline const char *next_line(const char *line)
{
	line = strchr(line, '\n');
	return line && line[1] ? line + 1 : NULL;
}

/* The sum of every sample whose line begins so. */
static inline double sum_of(const char *text, const char *start)
{
	double sum = 0;

	for (const char *p = text; p && *p; p = next_line(p))
		if (strncmp(p, start, strlen(start)) == 0)
			sum += strtod((const char *)memrchr(p, ' ', strcspn(p, "\n")), NULL);
	return sum;
}

static inline size_t count_lines(const char *text, const char *start)
{
	size_t count = 0;

	for (const char *p = text; p && *p; p = next_line(p))
		count += strncmp(p, start, strlen(start)) == 0;
	return count;
}

static inline int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Splits text; every series may be there once only. */
static inline void assert_series_unique(char *text)
{
	size_t max = count_lines(text, "") + 1;
	char **lines = calloc(max, sizeof(*lines));
	char *rest = NULL;
	size_t count = 0;

	assert_non_null(lines);
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (*line == '#')
			continue;
		*strrchr(line, ' ') = '\0';
		lines[count++] = line;
	}
	qsort(lines, count, sizeof(*lines), compare_lines);
	for (size_t i = 1; i < count; i++)
		assert_string_not_equal(lines[i - 1], lines[i]);
	free(lines);
}
