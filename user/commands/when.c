// SPDX-License-Identifier: Apache-2.0
#include "user/commands/when.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "user/base/units.h"

#define NS_PER_SECOND 1000000000ULL
#define SECONDS_PER_DAY 86400ULL
#define NS_PER_DAY (SECONDS_PER_DAY * NS_PER_SECOND)

/* Exactly so many digits, as one number; NULL: they are not there. */
static const char *digits(const char *text, int count, unsigned int max, unsigned int *ret)
{
	unsigned int value = 0;

	for (int i = 0; i < count; i++, text++) {
		if (!isdigit((unsigned char)*text))
			return NULL;
		value = value * 10 + (unsigned int)(*text - '0');
	}
	if (value > max)
		return NULL;
	*ret = value;
	return text;
}

/* ".789", up to nine digits of it. */
static const char *fraction(const char *text, uint64_t *ret_ns)
{
	uint64_t unit = NS_PER_SECOND / 10;

	*ret_ns = 0;
	if (*text != '.')
		return text;
	if (!isdigit((unsigned char)*++text))
		return NULL;
	for (; isdigit((unsigned char)*text); text++, unit /= 10)
		*ret_ns += (uint64_t)(*text - '0') * unit;
	return text;
}

/* "12:34[:56[.789]]": ns since midnight. NULL: it is none. */
static const char *time_of_day(const char *text, uint64_t *ret_ns)
{
	unsigned int hours;
	unsigned int minutes = 0;
	unsigned int seconds = 0;
	uint64_t rest_ns = 0;

	text = digits(text, 2, 23, &hours);
	if (!text || *text != ':')
		return NULL;
	text = digits(text + 1, 2, 59, &minutes);
	if (text && *text == ':') {
		text = digits(text + 1, 2, 60, &seconds);
		if (text)
			text = fraction(text, &rest_ns);
	}
	*ret_ns = (hours * 3600ULL + minutes * 60ULL + seconds) * NS_PER_SECOND + rest_ns;
	return text;
}

/* "2026-11-22": ns since the epoch. NULL: it is none. */
static const char *day(const char *text, uint64_t *ret_ns)
{
	unsigned int year;
	unsigned int month;
	unsigned int mday;
	struct tm tm = { 0 };

	text = digits(text, 4, 2261, &year); /* ns in 63 bits end in 2262 */
	if (!text || *text != '-' || year < 1970)
		return NULL;
	text = digits(text + 1, 2, 12, &month);
	if (!text || *text != '-' || !month)
		return NULL;
	text = digits(text + 1, 2, 31, &mday);
	if (!text || !mday)
		return NULL;
	tm.tm_year = (int)year - 1900;
	tm.tm_mon = (int)month - 1;
	tm.tm_mday = (int)mday;
	*ret_ns = (uint64_t)timegm(&tm) * NS_PER_SECOND;
	return tm.tm_mday == (int)mday ? text : NULL; /* else there is no such day */
}

static bool is_end(const char *text)
{
	return text && (!*text || !strcmp(text, "Z"));
}

int when_parse(const char *text, uint64_t begin_ns, uint64_t *ret_ns)
{
	const char *rest;
	uint64_t day_ns;
	uint64_t ns;

	if (*text == '+') {
		if (units_duration(text + 1, &ns) < 0)
			return -EINVAL;
		*ret_ns = begin_ns + ns;
		return 0;
	}
	rest = day(text, &day_ns);
	if (rest && (*rest == 'T' || *rest == ' ') && is_end(time_of_day(rest + 1, &ns))) {
		*ret_ns = day_ns + ns;
		return 0;
	}
	if (!is_end(time_of_day(text, &ns)))
		return -EINVAL;
	ns += begin_ns / NS_PER_DAY * NS_PER_DAY;
	*ret_ns = ns < begin_ns ? ns + NS_PER_DAY : ns;
	return 0;
}
