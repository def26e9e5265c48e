/* SPDX-License-Identifier: Apache-2.0 */
/* A moment as somebody who looks at a recording writes it. */
#pragma once

#include <stdint.h>

/* "2026-11-22T12:34:56.789Z" (a space for the T, no Z and no fraction are fine), "12:34[:56.789]"
 * (the first one from begin_ns on), both in UTC, or "+1m30s" after begin_ns. Times are ns since
 * the epoch. -EINVAL: it is none of these; *ret_ns is untouched then. */
int when_parse(const char *text, uint64_t begin_ns, uint64_t *ret_ns);
