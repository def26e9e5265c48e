/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the report. Each writes whole lines with a blank one in front, or nothing. */
#pragma once

#include <stddef.h>
#include <stdio.h>

struct view;

typedef void section_fn(FILE *out, const struct view *view, size_t top);

section_fn section_pools;
section_fn section_destinations;
section_fn section_owners;
section_fn section_refusals;
