/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single values, and how rows are put together. Values are new references, NULL when memory ran
 * out; what is unknown becomes null. A document that ran out of memory anywhere is NULL as a whole.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* NULL and "" are unknown. */
json_t *value_text(const char *s);

json_t *value_time(uint64_t time_ns);
json_t *value_number(double number);
json_t *value_count(uint64_t count);
json_t *value_address(const uint8_t address[16]);

/* Both steal value; when it is NULL, or memory runs out, *document is released and becomes NULL.
 * A key that is there already keeps its place. */
void value_put(json_t **document, const char *key, json_t *value);
void value_append(json_t **document, json_t *value);
