// SPDX-License-Identifier: Apache-2.0
#include "exporters/http/authorization.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct authorization before;
	struct authorization got;
	char *text = fuzz_text(data, size);

	memset(&before, 0x5a, sizeof(before));
	got = before;
	if (authorization_parse(&got, text) < 0) {
		claim(same_bytes(&got, &before, sizeof(got)));
	} else {
		claim(got.user == got.text);
		claim(got.password == got.text + strlen(got.user) + 1);
		claim(!strchr(got.user, ':'));
		/* three bytes of four letters */
		claim(4 * (strlen(got.user) + 1 + strlen(got.password)) <= 3 * size);
	}
	free(text);
	return 0;
}
