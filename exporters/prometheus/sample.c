// SPDX-License-Identifier: Apache-2.0
#include "exporters/prometheus/sample.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "exporters/prometheus/label.h"
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

static void put_series(FILE *out, const char *name, const char *suffix, const struct label *labels,
		       size_t count)
{
	fputs_unlocked("portgauge_", out);
	fputs_unlocked(name, out);
	fputs_unlocked(suffix, out);
	for (size_t i = 0; i < count; i++) {
		putc_unlocked(i ? ',' : '{', out);
		fputs_unlocked(labels[i].name, out);
		fputs_unlocked("=\"", out);
		label_write(out, labels[i].value);
		putc_unlocked('"', out);
	}
	fputs_unlocked(count ? "} " : " ", out);
}

void sample_count(FILE *out, const char *name, const char *suffix, const struct label *labels,
		  size_t labels_count, uint64_t value)
{
	char digits[24];
	size_t n = sizeof(digits);

	put_series(out, name, suffix, labels, labels_count);
	digits[--n] = '\n';
	do
		digits[--n] = (char)('0' + value % 10);
	while (value /= 10);
	fwrite_unlocked(digits + n, 1, sizeof(digits) - n, out);
}

void sample_number(FILE *out, const char *name, const char *suffix, const struct label *labels,
		   size_t labels_count, double value)
{
	char text[TEXT_NUMBER_MAX];

	put_series(out, name, suffix, labels, labels_count);
	fputs_unlocked(text_number(text, value), out);
	putc_unlocked('\n', out);
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
