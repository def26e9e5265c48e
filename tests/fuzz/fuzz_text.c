// SPDX-License-Identifier: Apache-2.0
/* Names of whoever runs on the host. The first byte says how much room there is for them. */
#include "tests/fuzz/fuzz.h"
#include "user/base/text.h"

static void claim_printable(const char *text)
{
	while (*text) {
		size_t length = text_printable_length(text);

		claim(length && length <= 4);
		claim(text_utf8_length(text) == length);
		text += length;
	}
}

static void try_copy(const char *text, size_t room)
{
	char *copy = malloc(room);

	claim(copy && text_printable(copy, room, text) == copy);
	claim(strlen(copy) < room && strlen(copy) <= strlen(text));
	claim_printable(copy);
	free(copy);
}

/* In place nothing need be cut, and doing it twice changes nothing more. */
static void try_in_place(char *text)
{
	size_t length = strlen(text);
	char *once;

	text_printable(text, length + 1, text);
	claim(strlen(text) == length);
	claim_printable(text);
	once = strdup(text);
	claim(once);
	text_printable(text, length + 1, text);
	claim(strcmp(text, once) == 0);
	free(once);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	text = fuzz_text(data + 1, size - 1);
	for (const char *c = text; *c; c++)
		claim(text_utf8_length(c) <= strlen(c));
	try_copy(text, 1 + data[0]);
	try_in_place(text);
	free(text);
	return 0;
}
