// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"
#include "user/host/kallsyms.h"

static bool is_hooked(const char *function)
{
	claim(strlen(function) < KALLSYMS_NAME_MAX && !strpbrk(function, ". \t\n"));
	return strcmp(function, "udp_lib_unhash") == 0 || strlen(function) > 20;
}

static void see_part(void *context, const char *function, const char *part)
{
	size_t *count = context;

	claim(strncmp(part, function, strlen(function)) == 0 && part[strlen(function)] == '.');
	++*count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *file = size ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL;
	size_t seen = 0;

	if (!file)
		return 0;
	claim(kallsyms_find_parts(file, is_hooked, see_part, &seen) == seen);
	fclose(file);
	return 0;
}
