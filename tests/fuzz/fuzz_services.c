// SPDX-License-Identifier: Apache-2.0
#include <netinet/in.h>

#include "tests/fuzz/fuzz.h"
#include "user/host/services.h"

static int judge(void *context, uint8_t protocol, uint16_t port, const char *name)
{
	size_t length = strnlen(name, SERVICE_NAME_MAX);

	(void)context;
	claim(protocol == IPPROTO_TCP || protocol == IPPROTO_UDP);
	claim(port > 0);
	claim(length > 0 && length < SERVICE_NAME_MAX);
	for (size_t i = 0; i < length; i++)
		claim(name[i] > ' ' && name[i] < 127 && name[i] != '"');
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);

	claim(services_parse(text, judge, NULL) == 0);
	free(text);
	return 0;
}
