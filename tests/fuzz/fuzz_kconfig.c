// SPDX-License-Identifier: Apache-2.0
/* A kernel's list of options, line by line. */
#include "tests/fuzz/fuzz.h"
#include "user/host/kconfig.h"

static bool has_line(const char *text, const char *line)
{
	size_t length = strlen(line);

	for (const char *at = strstr(text, line); at; at = strstr(at + 1, line))
		if ((at == text || at[-1] == '\n') && (!at[length] || at[length] == '\n'))
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	char *rest = strdup(text);
	char *copy = rest;
	struct kconfig kconfig = { .known = false };
	char *line;

	claim(copy);
	while ((line = strsep(&rest, "\n")))
		kconfig_take(&kconfig, line);
	for (int i = 0; i < KCONFIG__COUNT; i++) {
		char expected[128];

		snprintf(expected, sizeof(expected), "%s=y", kconfig_name(i));
		claim(kconfig.set[i] == has_line(text, expected));
		claim(kconfig.known || !kconfig.set[i]);
	}
	free(copy);
	free(text);
	return 0;
}
