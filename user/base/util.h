/* SPDX-License-Identifier: Apache-2.0 */
/* Ownership in one word: CLEANUP frees at the end of the scope, TAKE_* lets the value escape. */
#pragma once

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(function) __attribute__((cleanup(function)))

#define TAKE_PTR(pointer)                               \
	({                                              \
		__typeof__(pointer) taken_ = (pointer); \
		(pointer) = NULL;                       \
		taken_;                                 \
	})

#define TAKE_FD(fd)                \
	({                         \
		int taken_ = (fd); \
		(fd) = -1;         \
		taken_;            \
	})

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

static inline void freep(void *pointer)
{
	free(*(void **)pointer);
}

/* Keeps errno: clean-up must not hide the error it follows. */
static inline void fd_closep(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static inline void file_closep(FILE **file)
{
	if (*file)
		fclose(*file);
}
