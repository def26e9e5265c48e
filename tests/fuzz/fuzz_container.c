// SPDX-License-Identifier: Apache-2.0
/* Files and names that runtimes leave: names come out of them, printable and terminated. */
#include "tests/fuzz/fuzz.h"
#include "user/base/text.h"
#include "user/host/container_names.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UID "6f1c1b9e-3a7d-4c0e-9b1a-2d6c0f9e8a71"

static void judge_name(const char *name)
{
	claim(memchr(name, 0, CONTAINER_NAME_MAX));
	while (*name) {
		size_t length = text_printable_length(name);

		claim(length > 0);
		name += length;
	}
}

static void judge(const struct container_names *names, bool known)
{
	claim(known == (names->container[0] || names->pod[0] || names->pod_namespace[0]));
	judge_name(names->container);
	judge_name(names->pod);
	judge_name(names->pod_namespace);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct container_names names[4] = { 0 };

	judge(&names[0], container_parse_link(&names[0], text, ID));
	judge(&names[1], container_parse_pod(&names[1], text, UID));
	judge(&names[2], container_parse_config(&names[2], text, size));
	judge(&names[3], container_parse_storage(&names[3], text, size, ID));
	free(text);
	return 0;
}
