/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Label values. What is written is the printable form (text_printable), so two names that differ
 * only in bytes nobody can read are one value: compare them here, or a series appears twice.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct line;

/* Between the quotes: escaped, printable. NULL is "". */
void label_write(struct line *line, const char *value);

bool label_equal(const char *a, const char *b);

/* Equal values have equal hashes. */
uint64_t label_hash(uint64_t seed, const char *value);
