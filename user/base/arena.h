/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is freed all at once: a view's rows and strings. Pure. */
#pragma once

#include <stddef.h>

struct arena;

/* NULL: no memory. */
struct arena *arena_new(void);
void arena_free(struct arena *arena); /* NULL is fine */

/* Zeroed; NULL: no memory. Lives until arena_free. count 0 gives a valid pointer. */
void *arena_alloc(struct arena *arena, size_t count, size_t size);

/* A copy; NULL for NULL, and when there is no memory. */
char *arena_strdup(struct arena *arena, const char *s);

char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
