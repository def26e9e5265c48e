// SPDX-License-Identifier: Apache-2.0
#include "exporters/prometheus/sample.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "exporters/prometheus/label.h"
#include "exporters/prometheus/line.h"
#include "user/base/text.h"
#include "user/base/util.h"

_Static_assert(SAMPLE_BOUND_MAX >= TEXT_NUMBER_MAX, "text_number writes there");

#define TINY 1e-4 /* below it a canonical number has an exponent */

static const char *const units[] = { "seconds", "bytes", "ports", "ratio" };

static bool ends_with(const char *s, size_t length, const char *end)
{
	size_t n = strlen(end);

	return length > n && memcmp(s + length - n, end, n) == 0;
}

/* The name of an OpenMetrics family lacks what only its samples have. */
static size_t base_length(const struct sample_family *family)
{
	size_t length = strlen(family->name);

	if (strcmp(family->type, "counter") == 0 && ends_with(family->name, length, "_total"))
		return length - strlen("_total");
	if (strcmp(family->type, "info") == 0 && ends_with(family->name, length, "_info"))
		return length - strlen("_info");
	return length;
}

static const char *find_unit(const char *name, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (ends_with(name, length, units[i]) && name[length - strlen(units[i]) - 1] == '_')
			return units[i];
	return NULL;
}

/* Only OpenMetrics has quotes escaped here. */
static void put_help(FILE *out, const char *help, bool quotes)
{
	for (; *help; help++) {
		if (*help == '\\' || (quotes && *help == '"'))
			putc_unlocked('\\', out);
		putc_unlocked(*help, out);
	}
	putc_unlocked('\n', out);
}

static void put_openmetrics_head(FILE *out, const struct sample_family *family)
{
	int length = (int)base_length(family);
	const char *unit = find_unit(family->name, (size_t)length);

	fprintf(out, "# TYPE %s%.*s %s\n", family->prefix, length, family->name, family->type);
	if (unit)
		fprintf(out, "# UNIT %s%.*s %s\n", family->prefix, length, family->name, unit);
	fprintf(out, "# HELP %s%.*s ", family->prefix, length, family->name);
	put_help(out, family->help, true);
}

static void put_text_head(FILE *out, const struct sample_family *family)
{
	const char *type = strcmp(family->type, "info") == 0 ? "gauge" : family->type;

	fprintf(out, "# HELP %s%s ", family->prefix, family->name);
	put_help(out, family->help, false);
	fprintf(out, "# TYPE %s%s %s\n", family->prefix, family->name, type);
}

void sample_head(FILE *out, enum sample_format format, const struct sample_family *family)
{
	if (format == SAMPLE_OPENMETRICS)
		put_openmetrics_head(out, family);
	else
		put_text_head(out, family);
}

static void put_series(struct line *line, const char *name, const char *suffix,
		       const struct label *labels, size_t count)
{
	line_puts(line, "portgauge_");
	line_puts(line, name);
	line_puts(line, suffix);
	for (size_t i = 0; i < count; i++) {
		line_putc(line, i ? ',' : '{');
		line_puts(line, labels[i].name);
		line_puts(line, "=\"");
		label_write(line, labels[i].value);
		line_putc(line, '"');
	}
	line_puts(line, count ? "} " : " ");
}

void sample_count(FILE *out, const char *name, const char *suffix, const struct label *labels,
		  size_t labels_count, uint64_t value)
{
	struct line line;
	char digits[24];
	size_t n = sizeof(digits);

	line.out = out;
	line.length = 0;
	put_series(&line, name, suffix, labels, labels_count);
	digits[--n] = '\n';
	do
		digits[--n] = (char)('0' + value % 10);
	while (value /= 10);
	line_put(&line, digits + n, sizeof(digits) - n);
	line_flush(&line);
}

void sample_number(FILE *out, const char *name, const char *suffix, const struct label *labels,
		   size_t labels_count, double value)
{
	struct line line;
	char text[TEXT_NUMBER_MAX];

	line.out = out;
	line.length = 0;
	put_series(&line, name, suffix, labels, labels_count);
	line_puts(&line, text_number(text, value));
	line_putc(&line, '\n');
	line_flush(&line);
}

const char *sample_bound(char ret[SAMPLE_BOUND_MAX], double bound)
{
	char *comma;

	if (isinf(bound) || bound >= TINY)
		text_number(ret, bound);
	else
		snprintf(ret, SAMPLE_BOUND_MAX, "%g", bound);
	comma = strchr(ret, ','); /* of some locales */
	if (comma)
		*comma = '.';
	if (!isinf(bound) && !strpbrk(ret, ".e"))
		strcat(ret, ".0");
	return ret;
}
