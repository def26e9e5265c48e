// SPDX-License-Identifier: Apache-2.0
/* Command lines from anybody: what is shown is short and printable, and no value of an option. */
#include "tests/fuzz/fuzz.h"
#include "user/base/text.h"
#include "user/host/command_line.h"

static void judge(const char *shown, size_t max)
{
	claim(memchr(shown, 0, max));
	while (*shown) {
		size_t length = text_printable_length(shown);

		claim(length > 0);
		shown += length;
	}
}

/* What follows an equals sign in an argument never gets out; only a program may have one. */
static void keeps_values(const char *shown, const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;

	if (memchr(shown, '=', strcspn(shown, " ")))
		return;
	for (size_t at = 0; at < size;) {
		size_t length = strnlen(text + at, size - at);
		const char *equals = length ? memchr(text + at, '=', length) : NULL;

		if (at && equals && length - (size_t)(equals - (text + at)) > 1)
			claim(!memmem(shown, strlen(shown), equals,
				      length - (size_t)(equals - (text + at))));
		at += length + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *arguments = malloc(size ? size : 1); /* no zero behind it */
	char *path = fuzz_text(data, size);
	char shown[COMMAND_LINE_MAX];
	char end[COMMAND_PATH_MAX];

	claim(arguments);
	if (size)
		memcpy(arguments, data, size);
	command_line_show(shown, arguments, size);
	judge(shown, sizeof(shown));
	keeps_values(shown, data, size);
	command_path_show(end, path);
	judge(end, sizeof(end));
	free(arguments);
	free(path);
	return 0;
}
