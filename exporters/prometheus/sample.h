/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Families and their samples, in the text format 0.0.4 and in OpenMetrics 1.0.0. A sample is the
 * same line in both, so that a series keeps its name whatever the scraper asks for; only what is
 * said about a family differs.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SAMPLE_BOUND_MAX 32

enum sample_format { SAMPLE_TEXT, SAMPLE_OPENMETRICS };

struct label {
	const char *name;
	const char *value;
};

/* prefix and name as its samples have them: of a counter with _total, of an info with _info. The
 * last word of the name, that suffix apart, is the unit if it is one. */
struct sample_family {
	const char *prefix; /* "portgauge_" */
	const char *name;
	const char *type; /* counter, gauge, histogram; info, which the text format calls a gauge */
	const char *help; /* printable, without line breaks */
};

/* HELP, TYPE and, where the format has it, UNIT. */
void sample_head(FILE *out, enum sample_format format, const struct sample_family *family);

/* name is a portgauge_ family's, without that. suffix: "", or "_bucket", "_sum", "_count". */
void sample_count(FILE *out, const char *name, const char *suffix, const struct label *labels,
		  size_t labels_count, uint64_t value);
void sample_number(FILE *out, const char *name, const char *suffix, const struct label *labels,
		   size_t labels_count, double value);

/* The value of a bucket's label le, as OpenMetrics wants it: "0.5", "1.0", "1e-06", "+Inf". */
const char *sample_bound(char ret[SAMPLE_BOUND_MAX], double bound);
