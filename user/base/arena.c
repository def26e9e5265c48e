// SPDX-License-Identifier: Apache-2.0
#include "user/base/arena.h"

#include <stdarg.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES 16384

struct chunk {
	struct chunk *next;
	size_t used;
	size_t size;
	alignas(max_align_t) char bytes[];
};

struct arena {
	struct chunk *chunks; /* newest first */
};

struct arena *arena_new(void)
{
	return calloc(1, sizeof(struct arena));
}

void arena_free(struct arena *arena)
{
	struct chunk *next;

	if (!arena)
		return;
	for (struct chunk *chunk = arena->chunks; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	free(arena);
}

static struct chunk *chunk_with(struct arena *arena, size_t bytes)
{
	struct chunk *chunk = arena->chunks;
	size_t size = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;

	if (chunk && chunk->size - chunk->used >= bytes)
		return chunk;
	chunk = malloc(sizeof(*chunk) + size);
	if (!chunk)
		return NULL;
	*chunk = (struct chunk){ .next = arena->chunks, .size = size };
	arena->chunks = chunk;
	return chunk;
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
	struct chunk *chunk;
	size_t bytes;
	void *memory;

	if (__builtin_mul_overflow(count, size, &bytes) || bytes > PTRDIFF_MAX / 2)
		return NULL;
	bytes = (bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	chunk = chunk_with(arena, bytes);
	if (!chunk)
		return NULL;
	memory = chunk->bytes + chunk->used;
	chunk->used += bytes;
	return memset(memory, 0, bytes);
}

char *arena_strdup(struct arena *arena, const char *s)
{
	size_t size;
	char *copy;

	if (!s)
		return NULL;
	size = strlen(s) + 1;
	copy = arena_alloc(arena, size, 1);
	return copy ? memcpy(copy, s, size) : NULL;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	char *text;
	int length;

	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0)
		return NULL;
	text = arena_alloc(arena, (size_t)length + 1, 1);
	if (!text)
		return NULL;
	va_start(args, format);
	vsnprintf(text, (size_t)length + 1, format, args);
	va_end(args);
	return text;
}
