// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/host/sysctl.h"
#include "user/base/util.h"

/* As large as the file can get: every other port by itself. */
#define RESERVED_TEXT_MAX (1 << 19)

static bool is_set(const uint8_t *bitmap, uint32_t port)
{
	return bitmap[port / 8] & 1 << port % 8;
}

static uint32_t set_count(const uint8_t *bitmap)
{
	uint32_t count = 0;

	for (uint32_t port = 0; port < 65536; port++)
		count += is_set(bitmap, port);
	return count;
}

static void range_is_read_as_the_kernel_writes_it(void **state)
{
	static const struct {
		const char *text;
		uint16_t first;
		uint16_t last;
	} cases[] = {
		{ "32768\t60999\n", 32768, 60999 },   { "1\t65535\n", 1, 65535 },
		{ "40000\t40000\n", 40000, 40000 },   { "1024 2048", 1024, 2048 },
		{ "1024  \t 2048 \n\n", 1024, 2048 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint16_t first = 0;
		uint16_t last = 0;

		assert_int_equal(sysctl_parse_range(cases[i].text, &first, &last), 0);
		assert_int_equal(first, cases[i].first);
		assert_int_equal(last, cases[i].last);
	}
}

static void any_other_range_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"\n",
		"32768",
		"32768\n",
		"32768\t\n",
		"\t32768 60999",
		" 32768 60999",
		"32768\n60999",
		"60999\t32768\n",
		"0\t60999\n",
		"0\t0\n",
		"1\t65536\n",
		"65536\t65537\n",
		"-1\t60999\n",
		"+1\t60999\n",
		"1\t+60999\n",
		"1\t-60999\n",
		"0x10\t60999\n",
		"1\t60999x\n",
		"1x\t60999\n",
		"1\t60999\t3\n",
		"1,60999\n",
		"99999999999999999999\t60999\n",
		"1\t99999999999999999999\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint16_t first = 7;
		uint16_t last = 8;

		if (sysctl_parse_range(bad[i], &first, &last) != -EBADMSG)
			fail_msg("\"%s\" was taken", bad[i]);
		assert_int_equal(first, 7); /* untouched on failure */
		assert_int_equal(last, 8);
	}
}

static void reserved_ports_set_their_bits(void **state)
{
	static const struct {
		const char *text;
		uint32_t count;
		uint16_t set[4];
	} cases[] = {
		{ "\n", 0, { 0 } },
		{ "", 0, { 0 } },
		{ "8080\n", 1, { 8080 } },
		{ "8080,9148\n", 2, { 8080, 9148 } },
		{ "8080,9000-9010\n", 12, { 8080, 9000, 9005, 9010 } },
		{ "9000-9000\n", 1, { 9000 } },
		{ "1,1,1-2\n", 2, { 1, 2 } },
		{ "0\n", 1, { 0 } },
		{ "0-65535\n", 65536, { 0, 1, 32768, 65535 } },
		{ "65535", 1, { 65535 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t bitmap[65536 / 8];

		memset(bitmap, 0xff, sizeof(bitmap)); /* what was there before goes */
		assert_int_equal(sysctl_parse_reserved(cases[i].text, bitmap), 0);
		assert_int_equal(set_count(bitmap), cases[i].count);
		for (uint32_t k = 0; k < ARRAY_SIZE(cases[i].set) && k < cases[i].count; k++)
			assert_true(is_set(bitmap, cases[i].set[k]));
	}
}

static void any_other_reserved_ports_are_refused(void **state)
{
	static const char *const bad[] = {
		",",     ",1",      "1,",   "1,\n",  "1,,2",
		"1-",    "-1",      "1--2", "1-2-3", "9010-9000",
		"65536", "1-65536", "1 2",  "1, 2",  " 1",
		"1;2",   "a",       "1a",   "1-2a",  "0x10",
		"+1",    "1,+2",    "1\n2", "1-\n",  "99999999999999999999999",
	};
	uint8_t before[65536 / 8];
	uint8_t bitmap[65536 / 8];

	(void)state;
	memset(before, 0xa5, sizeof(before));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		memcpy(bitmap, before, sizeof(bitmap));
		if (sysctl_parse_reserved(bad[i], bitmap) != -EBADMSG)
			fail_msg("\"%s\" was taken", bad[i]);
		assert_memory_equal(bitmap, before, sizeof(bitmap)); /* untouched on failure */
	}
}

static void the_longest_list_of_reserved_ports_is_read(void **state)
{
	char *text = malloc(RESERVED_TEXT_MAX);
	uint8_t bitmap[65536 / 8];
	size_t length = 0;

	(void)state;
	assert_non_null(text);
	for (unsigned int port = 1; port < 65536; port += 2)
		length += (size_t)snprintf(text + length, RESERVED_TEXT_MAX - length, "%u,", port);
	strcpy(text + length - 1, "\n");
	assert_int_equal(sysctl_parse_reserved(text, bitmap), 0);
	assert_int_equal(set_count(bitmap), 32768);
	assert_true(is_set(bitmap, 65535));
	free(text);
}

static void a_number_is_digits_and_nothing_else(void **state)
{
	static const char *const bad[] = {
		"",   "\n",  "-1",  "+1",         "1 2",
		" 1", "0x1", "1.5", "4294967296", "99999999999999999999"
	};
	uint32_t value;

	(void)state;
	assert_int_equal(sysctl_parse_number("2\n", &value), 0);
	assert_int_equal(value, 2);
	assert_int_equal(sysctl_parse_number("0", &value), 0);
	assert_int_equal(value, 0);
	assert_int_equal(sysctl_parse_number("4294967295\n", &value), 0);
	assert_int_equal(value, UINT32_MAX);
	value = 7;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (sysctl_parse_number(bad[i], &value) != -EBADMSG)
			fail_msg("\"%s\" was taken", bad[i]);
		assert_int_equal(value, 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(range_is_read_as_the_kernel_writes_it),
		cmocka_unit_test(any_other_range_is_refused),
		cmocka_unit_test(reserved_ports_set_their_bits),
		cmocka_unit_test(any_other_reserved_ports_are_refused),
		cmocka_unit_test(the_longest_list_of_reserved_ports_is_read),
		cmocka_unit_test(a_number_is_digits_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
