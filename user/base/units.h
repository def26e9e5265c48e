/* SPDX-License-Identifier: Apache-2.0 */
/* Durations and sizes as people write them. Pure. */
#pragma once

#include <stdint.h>

#define UNITS_TEXT_MAX 64

/* "500ms", "1m30s", "1h": numbers with w, d, h, m, s or ms, each unit once and the largest first,
 * as Prometheus takes them; also "0". -EINVAL: it is none; -ERANGE: it does not fit. */
int units_duration(const char *text, uint64_t *ret_ns);

/* "65536", "64KiB", "1MiB", "2GiB": a number with B, KiB, MiB, GiB, TiB or nothing. As above. */
int units_size(const char *text, uint64_t *ret_bytes);

/* The other way: "1m30s", "64KiB"; below a millisecond nothing is written. */
const char *units_duration_text(char ret[UNITS_TEXT_MAX], uint64_t ns);
const char *units_size_text(char ret[UNITS_TEXT_MAX], uint64_t bytes);
