/* SPDX-License-Identifier: Apache-2.0 */
/* The lists of a snapshot. All return a new reference, or NULL when memory ran out. */
#pragma once

#include <jansson.h>
#include <stddef.h>

struct view;

json_t *rows_pools(const struct view *view, size_t top);
json_t *rows_destinations(const struct view *view, size_t top);
json_t *rows_owners(const struct view *view, size_t top);
json_t *rows_refusals(const struct view *view, size_t top);
json_t *rows_verdicts(const struct view *view);
json_t *rows_alerts(const struct view *view);
