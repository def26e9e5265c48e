// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "exporters/client/url.h"
#include "tests/fuzz/fuzz.h"

/* Whatever was understood is a whole URL of one of the two schemes, and shows no password. */
static void check(const struct client_url *url)
{
	claim(strncmp(url->url, "http://", 7) == 0 || strncmp(url->url, "https://", 8) == 0);
	claim(!strchr(url->url, ' ') && !strchr(url->url, '\n'));
	claim(!memchr(url->url, '@', strcspn(url->url + 8, "/?") + 8));
	claim(*url->host && *url->port && strlen(url->port) <= 5);
	claim(!url->socket || url->socket[0] == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const suffixes[] = { NULL, "/api/v2/alerts" };
	char *text = fuzz_text(data, size);

	for (int i = 0; i < 2; i++) {
		struct client_url url;
		struct client_url before;
		int r;

		memset(&url, 0xa5, sizeof(url));
		before = url;
		r = client_url_parse(&url, text, suffixes[i]);
		claim(r == 0 || r == -EINVAL);
		if (r < 0) {
			claim(same_bytes(&url, &before, sizeof(url)));
			continue;
		}
		check(&url);
		client_url_done(&url);
	}
	free(text);
	return 0;
}
