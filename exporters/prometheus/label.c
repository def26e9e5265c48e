// SPDX-License-Identifier: Apache-2.0
#include "exporters/prometheus/label.h"

#include <stddef.h>
#include <string.h>

#include "exporters/prometheus/line.h"
#include "user/base/text.h"

#define FNV_PRIME 0x100000001b3ULL

static bool is_plain(char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

void label_write(struct line *line, const char *value)
{
	const char *p = value ? value : "";

	while (*p) {
		size_t n = 0;

		while (is_plain(p[n]))
			n++;
		line_put(line, p, n);
		p += n;
		if (!*p)
			break;
		n = text_printable_length(p);
		if (*p == '"' || *p == '\\')
			line_putc(line, '\\');
		line_put(line, n ? p : "?", n ? n : 1);
		p += n ? n : 1;
	}
}

/* The bytes of the next character as written; *s moves behind it. Empty at the end. */
static size_t next(const char **s, const char **ret)
{
	size_t n;

	if (!**s)
		return 0;
	n = text_printable_length(*s);
	*ret = n ? *s : "?";
	*s += n ? n : 1;
	return n ? n : 1;
}

bool label_equal(const char *a, const char *b)
{
	a = a ? a : "";
	b = b ? b : "";
	if (strcmp(a, b) == 0)
		return true;
	for (;;) {
		const char *x = NULL;
		const char *y = NULL;
		size_t n = next(&a, &x);

		if (n != next(&b, &y))
			return false;
		if (n == 0)
			return true;
		if (memcmp(x, y, n) != 0)
			return false;
	}
}

/* FNV-1a */
uint64_t label_hash(uint64_t seed, const char *value)
{
	uint64_t hash = seed ^ 0xcbf29ce484222325;
	const char *p = value ? value : "";

	for (;;) {
		const char *bytes = NULL;
		size_t n;

		while (is_plain(*p)) /* as good as always */
			hash = (hash ^ (unsigned char)*p++) * FNV_PRIME;
		n = next(&p, &bytes);
		if (n == 0)
			return hash;
		for (size_t i = 0; i < n; i++)
			hash = (hash ^ (unsigned char)bytes[i]) * FNV_PRIME;
	}
}
