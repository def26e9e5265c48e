// SPDX-License-Identifier: Apache-2.0
#include "exporters/http/authorization.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

static int sextet(char c)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(letters, c) : NULL;

	return at ? (int)(at - letters) : -1;
}

/* Four letters, of which the last pad ones are '='. Fills 3 - pad bytes. */
static int decode_quad(char *ret, const char *s, size_t pad)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < 4; i++) {
		int value = i < 4 - pad ? sextet(s[i]) : 0;

		if (value < 0)
			return -EINVAL;
		bits = bits << 6 | (uint32_t)value;
	}
	for (size_t i = 0; i < 3 - pad; i++)
		ret[i] = (char)(bits >> (16 - 8 * i));
	return 0;
}

/* The number of bytes, or a negative errno. */
static int decode_base64(char ret[AUTHORIZATION_MAX], const char *s)
{
	size_t n = strlen(s);
	size_t size = 0;

	if (n == 0 || n % 4)
		return -EINVAL;
	if (n / 4 * 3 > AUTHORIZATION_MAX)
		return -EMSGSIZE;
	for (size_t i = 0; i < n; i += 4) {
		size_t pad = 0;

		if (i + 4 == n && s[n - 1] == '=')
			pad = s[n - 2] == '=' ? 2 : 1;
		if (decode_quad(ret + size, s + i, pad) < 0)
			return -EINVAL;
		size += 3 - pad;
	}
	return (int)size;
}

int authorization_parse(struct authorization *ret, const char *header)
{
	struct authorization parsed = { 0 };
	char *colon;
	int n;

	if (strncasecmp(header, "Basic ", 6) != 0)
		return -EINVAL;
	header += 6;
	header += strspn(header, " ");
	n = decode_base64(parsed.text, header);
	if (n < 0)
		return n;
	colon = strchr(parsed.text, ':');
	if (!colon || strlen(parsed.text) != (size_t)n)
		return -EINVAL;
	*colon = '\0';
	memcpy(ret->text, parsed.text, sizeof(ret->text));
	ret->user = ret->text;
	ret->password = ret->text + (colon - parsed.text) + 1;
	explicit_bzero(&parsed, sizeof(parsed));
	return 0;
}
