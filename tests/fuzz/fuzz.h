/* SPDX-License-Identifier: Apache-2.0 */
/* What every fuzz target needs. A target is one file, fuzz_WHAT.c, with seeds in seeds/WHAT/. */
#pragma once

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libFuzzer calls it with each input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A claim that must hold whatever the input; a breach is a crash that libFuzzer keeps. */
#define claim(condition) claim_that(condition, #condition, __FILE__, __LINE__)

static inline void claim_that(bool holds, const char *condition, const char *file, int line)
{
	if (holds)
		return;
	fprintf(stderr, "%s:%d: %s\n", file, line, condition);
	abort();
}

static inline bool same_bytes(const void *a, const void *b, size_t size)
{
	return memcmp(a, b, size) == 0;
}

/* A terminated copy that ends where the input ends, so that reading beyond is seen. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	claim(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

/* How many descriptors are open, of the first: more than before means that one has leaked. */
static inline size_t fuzz_open_files(void)
{
	size_t count = 0;

	for (int fd = 0; fd < 64; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}
