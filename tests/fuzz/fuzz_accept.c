// SPDX-License-Identifier: Apache-2.0
#include "exporters/http/accept.h"
#include "tests/fuzz/fuzz.h"

static const char *const types[] = {
	"text/plain; version=0.0.4; charset=utf-8",
	"application/openmetrics-text; version=1.0.0; charset=utf-8",
	"application/json",
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	size_t chosen = accept_choose(text, types, 3);

	claim(chosen < 3);
	/* fewer forms never make a later one better */
	claim(accept_choose(text, types, 1) == 0);
	if (chosen < 2)
		claim(accept_choose(text, types, 2) == chosen);
	/* who never speaks of gzip, nor of all, does not get it */
	if (!strcasestr(text, "gzip") && !strchr(text, '*'))
		claim(!accept_gzip(text));
	else
		accept_gzip(text);
	free(text);
	return 0;
}
