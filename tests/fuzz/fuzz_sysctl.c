// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"
#include "user/host/sysctl.h"

static void try_range(const char *text)
{
	uint16_t first = 7;
	uint16_t last = 8;

	if (sysctl_parse_range(text, &first, &last) < 0)
		claim(first == 7 && last == 8);
	else
		claim(first && first <= last);
}

static void try_reserved(const char *text)
{
	static uint8_t before[65536 / 8];
	static uint8_t bitmap[65536 / 8];

	memset(before, 0x5a, sizeof(before));
	memcpy(bitmap, before, sizeof(bitmap));
	if (sysctl_parse_reserved(text, bitmap) < 0)
		claim(same_bytes(bitmap, before, sizeof(bitmap)));
}

static void try_number(const char *text)
{
	uint32_t value = 7;

	if (sysctl_parse_number(text, &value) < 0)
		claim(value == 7);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);

	try_range(text);
	try_reserved(text);
	try_number(text);
	free(text);
	return 0;
}
