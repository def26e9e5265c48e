// SPDX-License-Identifier: Apache-2.0
#include "user/kallsyms.h"

#include <stdlib.h>
#include <string.h>

#include "user/util.h"

/* "ffffffff81a2b3c0 t name\t[module]": the third word, or NULL. */
static const char *symbol_name(char *line)
{
	char *rest = NULL;

	if (!strtok_r(line, " \t\n", &rest) || !strtok_r(NULL, " \t\n", &rest))
		return NULL;
	return strtok_r(NULL, " \t\n", &rest);
}

/* The function of which the symbol is a part; NULL: none of ours. */
static const char *whole(const char *const *functions, const char *symbol)
{
	for (; *functions; functions++) {
		size_t length = strlen(*functions);

		if (!strncmp(symbol, *functions, length) && symbol[length] == '.' &&
		    strncmp(symbol + length, ".cold",
			    5)) /* only reached from the function itself */
			return *functions;
	}
	return NULL;
}

size_t kallsyms_find_parts(FILE *file, const char *const *functions, kallsyms_found *found,
			   void *context)
{
	CLEANUP(freep) char *line = NULL;
	size_t size = 0;
	size_t count = 0;

	while (getline(&line, &size, file) > 0) {
		const char *symbol = symbol_name(line);
		const char *function = symbol ? whole(functions, symbol) : NULL;

		if (!function)
			continue;
		found(context, function, symbol);
		count++;
	}
	return count;
}
