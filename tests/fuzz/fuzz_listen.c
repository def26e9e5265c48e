// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "exporters/http/listen.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct listen_address address;
	struct listen_address before;
	int r;

	memset(&address, 0xa5, sizeof(address));
	before = address;
	r = listen_parse(&address, text);
	claim(r == 0 || r == -EINVAL);
	if (r < 0)
		claim(same_bytes(&address, &before, sizeof(address)));
	else
		claim(address.any.sa_family == AF_INET || address.any.sa_family == AF_INET6 ||
		      address.any.sa_family == AF_UNIX);
	if (r == 0 && address.any.sa_family == AF_UNIX)
		claim(address.local.sun_path[0] == '/' &&
		      memchr(address.local.sun_path, 0, sizeof(address.local.sun_path)));
	free(text);
	return 0;
}
