// SPDX-License-Identifier: Apache-2.0
#include "user/base/units.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "user/base/util.h"

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_SECOND (NS_PER_MS * 1000)

struct unit {
	const char *name;
	uint64_t factor;
};

/* Largest first. */
static const struct unit times[] = {
	{ "w", NS_PER_SECOND * 86400 * 7 },
	{ "d", NS_PER_SECOND * 86400 },
	{ "h", NS_PER_SECOND * 3600 },
	{ "m", NS_PER_SECOND * 60 },
	{ "s", NS_PER_SECOND },
	{ "ms", NS_PER_MS },
};

static const struct unit sizes[] = {
	{ "", 1 },
	{ "B", 1 },
	{ "KiB", UINT64_C(1) << 10 },
	{ "MiB", UINT64_C(1) << 20 },
	{ "GiB", UINT64_C(1) << 30 },
	{ "TiB", UINT64_C(1) << 40 },
};

/* The digits at *text, which moves behind them. */
static int take_number(const char **text, uint64_t *ret)
{
	const char *s = *text;
	uint64_t value = 0;

	if (*s < '0' || *s > '9')
		return -EINVAL;
	for (; *s >= '0' && *s <= '9'; s++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*s - '0'), &value))
			return -ERANGE;
	*text = s;
	*ret = value;
	return 0;
}

/* The letters at *text, which moves behind them; the count if there is no such unit. */
static size_t take_unit(const char **text, const struct unit *units, size_t count)
{
	size_t length = strcspn(*text, "0123456789");

	for (size_t i = 0; i < count; i++) {
		if (strlen(units[i].name) == length && strncmp(*text, units[i].name, length) == 0) {
			*text += length;
			return i;
		}
	}
	return count;
}

int units_duration(const char *text, uint64_t *ret_ns)
{
	uint64_t sum = 0;
	uint64_t value;
	size_t next = 0;
	size_t unit;
	int r;

	if (strcmp(text, "0") == 0) {
		*ret_ns = 0;
		return 0;
	}
	do {
		r = take_number(&text, &value);
		if (r < 0)
			return r;
		unit = take_unit(&text, times, ARRAY_SIZE(times));
		if (unit == ARRAY_SIZE(times) || unit < next)
			return -EINVAL;
		if (__builtin_mul_overflow(value, times[unit].factor, &value) ||
		    __builtin_add_overflow(sum, value, &sum))
			return -ERANGE;
		next = unit + 1;
	} while (*text);
	*ret_ns = sum;
	return 0;
}

int units_size(const char *text, uint64_t *ret_bytes)
{
	uint64_t value;
	size_t unit;
	int r;

	r = take_number(&text, &value);
	if (r < 0)
		return r;
	unit = take_unit(&text, sizes, ARRAY_SIZE(sizes));
	if (unit == ARRAY_SIZE(sizes) || *text)
		return -EINVAL;
	if (__builtin_mul_overflow(value, sizes[unit].factor, &value))
		return -ERANGE;
	*ret_bytes = value;
	return 0;
}

const char *units_duration_text(char ret[UNITS_TEXT_MAX], uint64_t ns)
{
	int n = 0;

	snprintf(ret, UNITS_TEXT_MAX, "0");
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		uint64_t value = ns / times[i].factor;

		if (value)
			n += snprintf(ret + n, (size_t)(UNITS_TEXT_MAX - n), "%" PRIu64 "%s", value,
				      times[i].name);
		ns -= value * times[i].factor;
	}
	return ret;
}

const char *units_size_text(char ret[UNITS_TEXT_MAX], uint64_t bytes)
{
	size_t unit = ARRAY_SIZE(sizes) - 1;

	while (unit && (bytes == 0 || bytes % sizes[unit].factor))
		unit--;
	if (sizes[unit].factor == 1)
		unit = 0;
	snprintf(ret, UNITS_TEXT_MAX, "%" PRIu64 "%s", bytes / sizes[unit].factor,
		 sizes[unit].name);
	return ret;
}
