// SPDX-License-Identifier: Apache-2.0
#include "user/host/kallsyms.h"

#include <stdlib.h>
#include <string.h>

#include "user/base/util.h"

/* "ffffffff81a2b3c0 t name\t[module]": the third word, or NULL. */
static const char *symbol_name(char *line)
{
	char *rest = NULL;

	if (!strtok_r(line, " \t\n", &rest) || !strtok_r(NULL, " \t\n", &rest))
		return NULL;
	return strtok_r(NULL, " \t\n", &rest);
}

/* The function of which the symbol is a part; false: it is whole, or reached only from the function
 * itself. */
static bool part_of(char ret[KALLSYMS_NAME_MAX], const char *symbol)
{
	size_t length = strcspn(symbol, ".");

	if (!symbol[length] || !strncmp(symbol + length, ".cold", 5) || length >= KALLSYMS_NAME_MAX)
		return false;
	memcpy(ret, symbol, length);
	ret[length] = '\0';
	return true;
}

size_t kallsyms_find_parts(FILE *file, kallsyms_hooked *hooked, kallsyms_found *found,
			   void *context)
{
	CLEANUP(freep) char *line = NULL;
	char function[KALLSYMS_NAME_MAX];
	size_t size = 0;
	size_t count = 0;

	while (getline(&line, &size, file) > 0) {
		const char *symbol = symbol_name(line);

		if (!symbol || !part_of(function, symbol) || !hooked(function))
			continue;
		found(context, function, symbol);
		count++;
	}
	return count;
}
