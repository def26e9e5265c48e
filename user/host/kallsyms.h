/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has the compiler split a function we hook? A call to "name.part.0", ".isra.0" or ".constprop.0"
 * does not pass the hook of "name" (udp_lib_unhash in 7.2), and nothing else would tell.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define KALLSYMS_NAME_MAX 128

/* Do we hook this function? */
typedef bool kallsyms_hooked(const char *function);
/* Called for each symbol that is a part of one that we do. */
typedef void kallsyms_found(void *context, const char *function, const char *part);

/* Reads a file as /proc/kallsyms is. The number of parts found. */
size_t kallsyms_find_parts(FILE *file, kallsyms_hooked *hooked, kallsyms_found *found,
			   void *context);
