// SPDX-License-Identifier: Apache-2.0
/* A part of the destinations there are, as people write it. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "user/config/config_parts.h"

#define TARGET_BYTES_MAX 63
#define V4_BITS 96 /* in front of an IPv4 address that is written as IPv6 */

/* All of text. */
static bool parse_digits(const char *text, unsigned long max, unsigned long *ret)
{
	char *end;

	if (!isdigit((unsigned char)*text) || strlen(text) > 9)
		return false;
	*ret = strtoul(text, &end, 10);
	return !*end && *ret <= max;
}

/* "10.0.0.0/8", "fd00::1". Splits text. */
static bool parse_prefix(char *text, struct alert_target *ret)
{
	char *slash = strchr(text, '/');
	unsigned long bits;
	bool v4;

	if (slash)
		*slash = '\0';
	memset(ret->address, 0, sizeof(ret->address));
	v4 = inet_pton(AF_INET, text, ret->address + 12) == 1;
	if (v4)
		memset(ret->address + 10, 0xff, 2);
	else if (inet_pton(AF_INET6, text, ret->address) != 1)
		return false;
	bits = v4 ? 32 : 128;
	if (slash && !parse_digits(slash + 1, bits, &bits))
		return false;
	ret->bits = (uint8_t)(v4 ? V4_BITS + bits : bits);
	return true;
}

static bool parse_port(const char *text, struct alert_target *ret)
{
	unsigned long port;

	if (!parse_digits(text, UINT16_MAX, &port) || !port)
		return false;
	ret->port = (uint16_t)port;
	return true;
}

/* "[fd00::1]:443", with the port or without. */
static bool parse_bracketed(char *text, struct alert_target *ret)
{
	char *end = strchr(text, ']');

	if (!end)
		return false;
	*end++ = '\0';
	if (*end && (*end != ':' || !parse_port(end + 1, ret)))
		return false;
	return strchr(text + 1, ':') && parse_prefix(text + 1, ret);
}

bool config_parse_target(const char *text, struct alert_target *ret)
{
	struct alert_target target = { .bits = 0 };
	char copy[TARGET_BYTES_MAX + 1];
	char *colon;
	bool good;

	if (!*text || strlen(text) > TARGET_BYTES_MAX)
		return false;
	strcpy(copy, text);
	colon = strchr(copy, ':');
	if (*copy == '[') {
		good = parse_bracketed(copy, &target);
	} else if (colon && !strchr(colon + 1, ':')) {
		*colon = '\0';
		good = parse_port(colon + 1, &target) &&
		       (colon == copy || parse_prefix(copy, &target));
	} else {
		good = parse_prefix(copy, &target);
	}
	if (good)
		*ret = target;
	return good;
}
