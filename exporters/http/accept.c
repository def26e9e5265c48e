// SPDX-License-Identifier: Apache-2.0
#include "exporters/http/accept.h"

#include <string.h>
#include <strings.h>

#define QUALITY_MAX 1000U
#define UNKNOWN (QUALITY_MAX + 1)

struct span {
	const char *s;
	size_t n;
};

/* "text/plain; version=0.0.4; q=0.5" */
struct item {
	struct span name;
	struct span version;  /* n 0: none */
	unsigned int quality; /* thousandths; UNKNOWN: unreadable */
};

static struct span trim(struct span span)
{
	while (span.n && strchr(" \t", span.s[0])) {
		span.s++;
		span.n--;
	}
	while (span.n && strchr(" \t", span.s[span.n - 1]))
		span.n--;
	return span;
}

/* What stands before the separator, which may be quoted; rest moves behind it. */
static struct span cut(struct span *rest, char separator)
{
	struct span head = { rest->s, 0 };
	bool quoted = false;

	while (head.n < rest->n && (quoted || rest->s[head.n] != separator)) {
		if (rest->s[head.n] == '"')
			quoted = !quoted;
		else if (quoted && rest->s[head.n] == '\\' && head.n + 1 < rest->n)
			head.n++;
		head.n++;
	}
	rest->s += head.n;
	rest->n -= head.n;
	if (rest->n) {
		rest->s++;
		rest->n--;
	}
	return trim(head);
}

static bool is(struct span span, const char *word)
{
	return span.n == strlen(word) && strncasecmp(span.s, word, span.n) == 0;
}

static bool same(struct span a, struct span b)
{
	return a.n == b.n && strncasecmp(a.s, b.s, a.n) == 0;
}

/* "0", "1", "0.5", "1.000": at most three decimals. */
static unsigned int parse_quality(struct span span)
{
	unsigned int quality = 0;
	unsigned int unit = QUALITY_MAX;

	if (span.n == 0 || span.n > 5 || (span.s[0] != '0' && span.s[0] != '1') ||
	    (span.n > 1 && span.s[1] != '.'))
		return UNKNOWN;
	for (size_t i = 0; i < span.n; i++) {
		if (i == 1)
			continue;
		if (span.s[i] < '0' || span.s[i] > '9')
			return UNKNOWN;
		quality += (unsigned int)(span.s[i] - '0') * unit;
		unit /= 10;
	}
	return quality <= QUALITY_MAX ? quality : UNKNOWN;
}

static struct span unquote(struct span span)
{
	if (span.n >= 2 && span.s[0] == '"' && span.s[span.n - 1] == '"')
		return (struct span){ span.s + 1, span.n - 2 };
	return span;
}

static struct item parse_item(struct span rest)
{
	struct item item = { .name = cut(&rest, ';'), .quality = QUALITY_MAX };

	while (rest.n) {
		struct span value = cut(&rest, ';');
		struct span name = cut(&value, '=');

		value = trim(value);
		if (is(name, "q"))
			item.quality = parse_quality(value);
		else if (is(name, "version"))
			item.version = unquote(value);
	}
	return item;
}

/* How exactly a range names a type: 1 for all, up to 4; 0: it does not. */
static unsigned int matches(const struct item *range, const struct item *type)
{
	struct span type_rest = type->name;
	struct span range_rest = range->name;
	struct span major;

	if (range->version.n && !same(range->version, type->version))
		return 0;
	if (same(range->name, type->name))
		return range->version.n ? 4 : 3;
	if (is(range->name, "*/*"))
		return 1;
	major = cut(&range_rest, '/');
	return same(major, cut(&type_rest, '/')) && is(range_rest, "*") ? 2 : 0;
}

/* The quality that the most exact range gives the type; the best of equally exact ones. */
static unsigned int quality_of(const char *accept, const char *type_text)
{
	struct span rest = { accept, strlen(accept) };
	struct item type = parse_item((struct span){ type_text, strlen(type_text) });
	unsigned int exactness = 0;
	unsigned int quality = 0;

	while (rest.n) {
		struct item range = parse_item(cut(&rest, ','));
		unsigned int e = matches(&range, &type);

		if (!e || range.quality == UNKNOWN || e < exactness)
			continue;
		if (e > exactness || range.quality > quality)
			quality = range.quality;
		exactness = e;
	}
	return quality;
}

size_t accept_choose(const char *accept, const char *const *types, size_t count)
{
	unsigned int best_quality = 0;
	size_t best = 0;

	for (size_t i = 0; accept && i < count; i++) {
		unsigned int quality = quality_of(accept, types[i]);

		if (quality > best_quality) {
			best_quality = quality;
			best = i;
		}
	}
	return best;
}

/* The quality that a list gives an encoding; UNKNOWN if it does not speak of it. */
static unsigned int encoding_quality(const char *list, const char *name)
{
	struct span rest = { list, strlen(list) };
	unsigned int any = UNKNOWN;

	while (rest.n) {
		struct item item = parse_item(cut(&rest, ','));

		if (is(item.name, name))
			return item.quality;
		if (is(item.name, "*"))
			any = item.quality;
	}
	return any;
}

bool accept_gzip(const char *accept_encoding)
{
	unsigned int gzip;
	unsigned int identity;

	if (!accept_encoding)
		return false;
	gzip = encoding_quality(accept_encoding, "gzip");
	if (gzip == UNKNOWN)
		gzip = encoding_quality(accept_encoding, "x-gzip");
	if (gzip == UNKNOWN || gzip == 0)
		return false;
	identity = encoding_quality(accept_encoding, "identity");
	return identity == UNKNOWN || gzip >= identity;
}
