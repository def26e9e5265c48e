/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the text format 0.0.4. name is the family's, without the "portgauge_" in front. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct label {
	const char *name;
	const char *value;
};

/* HELP and TYPE. help needs no escaping. */
void sample_head(FILE *out, const char *name, const char *type, const char *help);

/* suffix: "", or "_bucket", "_sum", "_count". */
void sample_count(FILE *out, const char *name, const char *suffix, const struct label *labels,
		  size_t labels_count, uint64_t value);
void sample_number(FILE *out, const char *name, const char *suffix, const struct label *labels,
		   size_t labels_count, double value);
