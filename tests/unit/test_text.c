// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <string.h>

#include "user/base/text.h"
#include "user/base/util.h"

#define V4(a, b, c, d)                                                       \
	{                                                                    \
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, (a), (b), (c), (d) \
	}

static const uint8_t v4[16] = V4(10, 0, 200, 255);
static const uint8_t v6[16] = { 0xfd, [15] = 1 };
static const uint8_t zero[16];

static void address_writes_mapped_ipv4_as_ipv4(void **state)
{
	static const uint8_t any[16] = V4(0, 0, 0, 0);
	char text[TEXT_ADDRESS_MAX];

	(void)state;
	assert_string_equal(text_address(text, v4), "10.0.200.255");
	assert_string_equal(text_address(text, any), "0.0.0.0");
}

static void address_writes_ipv6_shortest(void **state)
{
	char text[TEXT_ADDRESS_MAX];

	(void)state;
	assert_string_equal(text_address(text, v6), "fd00::1");
	assert_string_equal(text_address(text, zero), "::");
}

static void address_holds_the_longest(void **state)
{
	static const uint8_t longest[16] = { 0x20, 0x01, 0x1d, 0xb8, 0xab, 0xcd, 0xef, 0x01,
					     0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0 };
	char text[TEXT_ENDPOINT_MAX];

	(void)state;
	assert_string_equal(text_endpoint(text, longest, 65535),
			    "[2001:1db8:abcd:ef01:1234:5678:9abc:def0]:65535");
}

static void endpoint_puts_ipv6_in_brackets(void **state)
{
	char text[TEXT_ENDPOINT_MAX];

	(void)state;
	assert_string_equal(text_endpoint(text, v4, 5432), "10.0.200.255:5432");
	assert_string_equal(text_endpoint(text, v6, 0), "[fd00::1]:0");
}

static void time_is_utc_with_milliseconds(void **state)
{
	char text[TEXT_TIME_MAX];

	(void)state;
	assert_string_equal(text_time(text, 1795344858123999999), "2026-11-22T10:54:18.123Z");
	assert_string_equal(text_time(text, 0), "1970-01-01T00:00:00.000Z");
	assert_string_equal(text_time(text, UINT64_MAX), "2554-07-21T23:34:33.709Z");
}

static void protocol_has_a_name_for_all(void **state)
{
	(void)state;
	assert_string_equal(text_protocol(IPPROTO_TCP), "tcp");
	assert_string_equal(text_protocol(IPPROTO_UDP), "udp");
	assert_string_equal(text_protocol(1), "other");
}

static void error_is_a_name_or_a_marked_number(void **state)
{
	char text[TEXT_TIME_MAX];

	(void)state;
	assert_string_equal(text_error(text, EADDRNOTAVAIL), "EADDRNOTAVAIL");
	assert_string_equal(text_error(text, EAGAIN), "EAGAIN");
	assert_string_equal(text_error(text, 0), "E?0");
	assert_string_equal(text_error(text, 4095), "E?4095");
}

static void number_is_plain_decimal(void **state)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ -0.0, "0" },
		{ 1, "1" },
		{ -2.5, "-2.5" },
		{ 0.1, "0.1" },
		{ 1.0 / 3, "0.333333333" },
		{ 0.000001, "0.000001" },
		{ 0.9999999999, "1" },
		{ 1e-12, "0" },
		{ -1e-12, "0" },
		{ 99999.5, "99999.5" },
		{ 123456789.125, "123456789.125" },
		{ 1795344858.123, "1795344858.123" },
		{ 28232, "28232" },
		{ 1e15, "1e+15" },
		{ INFINITY, "+Inf" },
		{ -INFINITY, "-Inf" },
		{ NAN, "NaN" },
	};
	char text[TEXT_NUMBER_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(text_number(text, cases[i].value), cases[i].text);
}

static void number_fits_whatever_the_value(void **state)
{
	static const double values[] = {
		1.7976931348623157e308, -1.7976931348623157e308, 4.9e-324,
		999999999999999.9,      -99999.999999999,        999999999999.9996
	};
	char text[TEXT_NUMBER_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		assert_in_range(strlen(text_number(text, values[i])), 1, TEXT_NUMBER_MAX - 1);
}

static void utf8_length_takes_valid_sequences(void **state)
{
	(void)state;
	assert_int_equal(text_utf8_length("a"), 1);
	assert_int_equal(text_utf8_length("\xc3\xa9"), 2);
	assert_int_equal(text_utf8_length("\xe2\x82\xac"), 3);
	assert_int_equal(text_utf8_length("\xf0\x9f\x94\xa5"), 4);
	assert_int_equal(text_utf8_length("\xf4\x8f\xbf\xbf"), 4);
	assert_int_equal(text_utf8_length("\n"), 1);
}

static void utf8_length_refuses_everything_else(void **state)
{
	static const char *const bad[] = {
		"",
		"\x80",
		"\xc0\x80",
		"\xc1\xbf",
		"\xe0\x80\x80",
		"\xed\xa0\x80",
		"\xf0\x80\x80\x80",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xff",
		"\xc3",
		"\xe2\x82",
		"\xf0\x9f\x94",
		"\xc3(",
		"\xe2(\xac",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(text_utf8_length(bad[i]), 0);
}

static void printable_replaces_each_bad_byte(void **state)
{
	static const struct {
		const char *in;
		const char *out;
	} cases[] = {
		{ "nginx", "nginx" },
		{ "caf\xc3\xa9 \xf0\x9f\x94\xa5", "caf\xc3\xa9 \xf0\x9f\x94\xa5" },
		{ "a\nb\tc\x1b[31m\x7f", "a?b?c?[31m?" },
		{ "\xff\xfe", "??" },
		{ "cut\xe2\x82", "cut??" },
		{ "\xc2\x9b"
		  "31m",
		  "??31m" }, /* CSI as one character */
		{ "\xe2\x80\xae"
		  "evil",
		  "???evil" },             /* right-to-left override */
		{ "\xe2\x80\xa8", "???" }, /* line separator */
		{ "", "" },
		{ NULL, "" },
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(text_printable(text, sizeof(text), cases[i].in), cases[i].out);
}

static void printable_never_cuts_a_character(void **state)
{
	char text[4];

	(void)state;
	assert_string_equal(text_printable(text, 4, "ab\xc3\xa9"), "ab");
	assert_string_equal(text_printable(text, 4, "a\xc3\xa9z"), "a\xc3\xa9");
	assert_string_equal(text_printable(text, 1, "abc"), "");
}

static void printable_works_in_place(void **state)
{
	char text[] = "a\xff\xc3\xa9\n";

	(void)state;
	assert_string_equal(text_printable(text, sizeof(text), text), "a?\xc3\xa9?");
}

static void characters_are_decoded(void **state)
{
	(void)state;
	assert_int_equal(text_character("a"), 'a');
	assert_int_equal(text_character("\xc3\xa9x"), 0xe9);
	assert_int_equal(text_character("\xe7\xb6\xb2"), 0x7db2);
	assert_int_equal(text_character("\xf0\x9f\x98\x80"), 0x1f600);
	assert_int_equal(text_character("\xff"), 0xff); /* no character: its byte */
}

static void owners_are_named(void **state)
{
	char text[TEXT_WHO_MAX];

	(void)state;
	assert_string_equal(text_who(text, "nginx", 4711), "nginx[4711]");
	assert_string_equal(text_who(text, "kernel", 0), "kernel");
	assert_string_equal(text_who(text, "", 0), "unknown");
}

static void what_is_written_as_an_address_is_read_as_it(void **state)
{
	static const char *const good[] = { "10.0.200.255", "0.0.0.0", "fd00::1", "::" };
	static const char *const bad[] = { "",          "10.0.0",    "10.0.0.1 ",
					   "fd00::1::", "localhost", "[::1]" };
	char text[TEXT_ADDRESS_MAX];
	uint8_t address[16];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_true(text_parse_address(address, good[i]));
		assert_string_equal(text_address(text, address), good[i]);
	}
	assert_true(text_parse_address(address, "::ffff:10.0.0.1"));
	assert_string_equal(text_address(text, address), "10.0.0.1");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(text_parse_address(address, bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_as_an_address_is_read_as_it),
		cmocka_unit_test(address_writes_mapped_ipv4_as_ipv4),
		cmocka_unit_test(address_writes_ipv6_shortest),
		cmocka_unit_test(address_holds_the_longest),
		cmocka_unit_test(endpoint_puts_ipv6_in_brackets),
		cmocka_unit_test(time_is_utc_with_milliseconds),
		cmocka_unit_test(protocol_has_a_name_for_all),
		cmocka_unit_test(error_is_a_name_or_a_marked_number),
		cmocka_unit_test(number_is_plain_decimal),
		cmocka_unit_test(number_fits_whatever_the_value),
		cmocka_unit_test(utf8_length_takes_valid_sequences),
		cmocka_unit_test(utf8_length_refuses_everything_else),
		cmocka_unit_test(printable_replaces_each_bad_byte),
		cmocka_unit_test(printable_never_cuts_a_character),
		cmocka_unit_test(printable_works_in_place),
		cmocka_unit_test(characters_are_decoded),
		cmocka_unit_test(owners_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
