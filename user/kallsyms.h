/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has the compiler split a function we hook? A call to "name.part.0", ".isra.0" or ".constprop.0"
 * does not pass the hook of "name" (udp_lib_unhash in 7.2), and nothing else would tell.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

#define KALLSYMS_NAME_MAX 128

/* Called for each symbol that is a part of one of the functions. */
typedef void kallsyms_found(void *context, const char *function, const char *part);

/* Reads a file as /proc/kallsyms is. functions ends with NULL. The number of parts found. */
size_t kallsyms_find_parts(FILE *file, const char *const *functions, kallsyms_found *found,
			   void *context);
