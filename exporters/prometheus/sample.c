// SPDX-License-Identifier: Apache-2.0
#include "exporters/prometheus/sample.h"

#include "exporters/prometheus/label.h"
#include "user/base/text.h"

void sample_head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP portgauge_%s %s\n# TYPE portgauge_%s %s\n", name, help, name, type);
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
