// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"
#include "user/host/procfs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	uint64_t start = procfs_parse_start(text);

	claim(!start || strchr(text, ')'));
	free(text);
	return 0;
}
