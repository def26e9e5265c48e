// SPDX-License-Identifier: Apache-2.0
#include "user/host/sysctl.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Digits only: no sign, no space. Moves *text past them. */
static bool take_number(const char **text, uint32_t max, uint32_t *ret)
{
	unsigned long value;
	char *end;

	if (!isdigit((unsigned char)**text))
		return false;
	errno = 0;
	value = strtoul(*text, &end, 10);
	if (errno || value > max)
		return false;
	*text = end;
	*ret = (uint32_t)value;
	return true;
}

static bool at_end(const char *text)
{
	return text[strspn(text, " \t\n")] == '\0';
}

int sysctl_parse_range(const char *text, uint16_t *ret_first, uint16_t *ret_last)
{
	uint32_t first;
	uint32_t last;

	if (!take_number(&text, UINT16_MAX, &first))
		return -EBADMSG;
	text += strspn(text, " \t");
	if (!take_number(&text, UINT16_MAX, &last) || !at_end(text) || first > last || !first)
		return -EBADMSG;
	*ret_first = (uint16_t)first;
	*ret_last = (uint16_t)last;
	return 0;
}

static void set_bits(uint8_t *bitmap, uint32_t first, uint32_t last)
{
	for (uint32_t port = first; port <= last; port++)
		bitmap[port / 8] |= (uint8_t)(1 << port % 8);
}

int sysctl_parse_reserved(const char *text, uint8_t ret[65536 / 8])
{
	uint8_t bitmap[65536 / 8] = { 0 };
	uint32_t first;
	uint32_t last;

	while (!at_end(text)) {
		if (!take_number(&text, UINT16_MAX, &first))
			return -EBADMSG;
		last = first;
		if (*text == '-' && (text++, !take_number(&text, UINT16_MAX, &last)))
			return -EBADMSG;
		if (first > last)
			return -EBADMSG;
		set_bits(bitmap, first, last);
		if (*text == ',' && !at_end(text + 1))
			text++;
		else if (!at_end(text))
			return -EBADMSG;
	}
	memcpy(ret, bitmap, sizeof(bitmap));
	return 0;
}

int sysctl_parse_number(const char *text, uint32_t *ret)
{
	uint32_t value;

	if (!take_number(&text, UINT32_MAX, &value) || !at_end(text))
		return -EBADMSG;
	*ret = value;
	return 0;
}
