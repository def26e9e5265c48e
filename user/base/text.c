// SPDX-License-Identifier: Apache-2.0
#include "user/base/text.h"

#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const uint8_t v4_mapped[12] = { [10] = 0xff, [11] = 0xff };

static char *put_unsigned(char *ret, uint64_t value)
{
	char digits[20];
	size_t n = 0;

	do
		digits[n++] = (char)('0' + value % 10);
	while (value /= 10);
	while (n)
		*ret++ = digits[--n];
	*ret = '\0';
	return ret;
}

/* A third of a scrape's bytes are addresses: inet_ntop is too slow for IPv4. */
static void put_ipv4(char *ret, const uint8_t address[4])
{
	for (int i = 0; i < 4; i++) {
		ret = put_unsigned(ret, address[i]);
		if (i < 3)
			*ret++ = '.';
	}
}

const char *text_address(char ret[TEXT_ADDRESS_MAX], const uint8_t address[16])
{
	if (memcmp(address, v4_mapped, sizeof(v4_mapped)) == 0)
		put_ipv4(ret, address + sizeof(v4_mapped));
	else if (!inet_ntop(AF_INET6, address, ret, TEXT_ADDRESS_MAX))
		ret[0] = '\0';
	return ret;
}

bool text_parse_address(uint8_t ret[16], const char *text)
{
	memcpy(ret, v4_mapped, sizeof(v4_mapped));
	return inet_pton(AF_INET, text, ret + 12) == 1 || inet_pton(AF_INET6, text, ret) == 1;
}

const char *text_endpoint(char ret[TEXT_ENDPOINT_MAX], const uint8_t address[16], uint16_t port)
{
	char host[TEXT_ADDRESS_MAX];

	text_address(host, address);
	if (strchr(host, ':'))
		snprintf(ret, TEXT_ENDPOINT_MAX, "[%s]:%u", host, port);
	else
		snprintf(ret, TEXT_ENDPOINT_MAX, "%s:%u", host, port);
	return ret;
}

const char *text_time(char ret[TEXT_TIME_MAX], uint64_t time_ns)
{
	time_t seconds = (time_t)(time_ns / 1000000000);
	unsigned int ms = (unsigned int)(time_ns / 1000000 % 1000);
	struct tm tm = { 0 };
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(ret, TEXT_TIME_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(ret + n, TEXT_TIME_MAX - n, ".%03uZ", ms);
	return ret;
}

const char *text_protocol(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	default:
		return "other";
	}
}

const char *text_error(char ret[TEXT_TIME_MAX], uint16_t error)
{
	const char *name = error ? strerrorname_np(error) : NULL;

	if (name)
		snprintf(ret, TEXT_TIME_MAX, "%s", name);
	else
		snprintf(ret, TEXT_TIME_MAX, "E?%u", error);
	return ret;
}

/* value times ten to the power of decimals must fit 63 bits. */
static void put_fixed(char *ret, double value, int decimals)
{
	uint64_t unit = 1;
	uint64_t scaled;
	uint64_t rest;

	for (int i = 0; i < decimals; i++)
		unit *= 10;
	scaled = (uint64_t)(fabs(value) * (double)unit + 0.5);
	if (value < 0 && scaled > 0)
		*ret++ = '-';
	ret = put_unsigned(ret, scaled / unit);

	rest = scaled % unit;
	if (rest == 0)
		return;
	*ret++ = '.';
	while (rest) {
		unit /= 10;
		*ret++ = (char)('0' + rest / unit);
		rest %= unit;
	}
	*ret = '\0';
}

const char *text_number(char ret[TEXT_NUMBER_MAX], double value)
{
	if (isnan(value)) {
		strcpy(ret, "NaN");
	} else if (isinf(value)) {
		strcpy(ret, value > 0 ? "+Inf" : "-Inf");
	} else if (fabs(value) < 1e5) {
		put_fixed(ret, value, 9);
	} else if (fabs(value) < 1e15) {
		/* a double has no more than 15 to 17 digits: more decimals would be noise */
		put_fixed(ret, value, 3);
	} else {
		char *comma;

		snprintf(ret, TEXT_NUMBER_MAX, "%.15g", value);
		comma = strchr(ret, ',');
		if (comma)
			*comma = '.';
	}
	return ret;
}

const char *text_percent(char ret[TEXT_NUMBER_MAX], double ratio)
{
	snprintf(ret, TEXT_NUMBER_MAX, "%.1f%%", floor(ratio * 1000 + 1e-6) / 10);
	return ret;
}

const char *text_duration(char ret[TEXT_NUMBER_MAX], double seconds)
{
	if (seconds < 90)
		snprintf(ret, TEXT_NUMBER_MAX, "%.0f s", seconds);
	else if (seconds < 90 * 60)
		snprintf(ret, TEXT_NUMBER_MAX, "%.0f min", seconds / 60);
	else if (seconds < 36 * 3600)
		snprintf(ret, TEXT_NUMBER_MAX, "%.0f h", seconds / 3600);
	else
		snprintf(ret, TEXT_NUMBER_MAX, "%.0f d", seconds / 86400);
	return ret;
}

const char *text_who(char ret[TEXT_WHO_MAX], const char *process, uint32_t pid)
{
	const char *name = *process ? process : "unknown";

	if (pid)
		snprintf(ret, TEXT_WHO_MAX, "%.16s[%u]", name, pid);
	else
		snprintf(ret, TEXT_WHO_MAX, "%.16s", name);
	return ret;
}

static uint32_t decode(const unsigned char *u, size_t length)
{
	uint32_t c = u[0] & (0xffU >> (length + 1));

	for (size_t i = 1; i < length; i++)
		c = c << 6 | (u[i] & 0x3fU);
	return c;
}

/* What the first byte promises. */
static size_t utf8_promise(unsigned char first)
{
	if (first < 0x80)
		return first ? 1 : 0;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	if (first >= 0xf0 && first <= 0xf4)
		return 4;
	return 0;
}

size_t text_utf8_length(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t length = utf8_promise(u[0]);
	uint32_t c;

	if (length < 2)
		return length;
	for (size_t i = 1; i < length; i++)
		if ((u[i] & 0xc0) != 0x80)
			return 0;

	c = decode(u, length);
	if (length == 3 && (c < 0x800 || (c >= 0xd800 && c <= 0xdfff)))
		return 0; /* overlong, or half of a surrogate pair */
	if (length == 4 && (c < 0x10000 || c > 0x10ffff))
		return 0;
	return length;
}

uint32_t text_character(const char *s)
{
	size_t length = text_utf8_length(s);

	return length < 2 ? (unsigned char)*s : decode((const unsigned char *)s, length);
}

/* Zero width and direction marks, line and paragraph separators, the byte order mark. */
static bool is_invisible(uint32_t c)
{
	return (c >= 0x80 && c <= 0x9f) || c == 0xad || c == 0x61c ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

size_t text_printable_length(const char *s)
{
	unsigned char first = (unsigned char)*s;
	size_t length;

	if (first < 0x80)
		return first >= 0x20 && first != 0x7f;
	length = text_utf8_length(s);
	if (length && is_invisible(decode((const unsigned char *)s, length)))
		return 0;
	return length;
}

const char *text_printable(char *ret, size_t size, const char *s)
{
	size_t n = 0;

	while (s && *s) {
		size_t length = text_printable_length(s);
		size_t step = length ? length : 1;

		if (n + step >= size)
			break;
		memmove(ret + n, length ? s : "?", step);
		n += step;
		s += step;
	}
	ret[n] = '\0';
	return ret;
}
