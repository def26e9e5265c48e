// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "exporters/http/accept.h"
#include "user/base/util.h"

static const char *const types[] = {
	"text/plain; version=0.0.4; charset=utf-8",
	"application/openmetrics-text; version=1.0.0; charset=utf-8",
};

static void choose_all(const char *const *accepts, size_t count, size_t expected)
{
	for (size_t i = 0; i < count; i++)
		if (accept_choose(accepts[i], types, ARRAY_SIZE(types)) != expected)
			fail_msg("not %zu: %s", expected, accepts[i]);
}

static void prometheus_gets_openmetrics(void **state)
{
	static const char *const accepts[] = {
		/* 2.42 */
		"application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
		"version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		/* 3.x */
		"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
		"application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;"
		"escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
		"application/openmetrics-text",
		"APPLICATION/OpenMetrics-Text ; VERSION=\"1.0.0\"",
		"text/plain;q=0.5, application/*",
		"text/plain;q=0.3, */*;q=0.4",
		"*/*;q=0.1, text/plain;q=0.05",
		"text/plain;q=0, */*;q=0.001",
	};

	(void)state;
	choose_all(accepts, ARRAY_SIZE(accepts), 1);
}

static void everybody_else_gets_the_first(void **state)
{
	static const char *const accepts[] = {
		NULL,
		"",
		"*/*",
		"text/html,application/xhtml+xml,*/*;q=0.8",
		"text/plain",
		"text/*;q=0.2, application/json",
		"application/json",
		"text/plain;q=0",
		"text/plain, application/openmetrics-text",
		"application/openmetrics-text; version=0.0.1, text/plain;q=0.1",
		"application/openmetrics-text; version=2.0.0",
		"application/openmetrics-text;q=0, */*;q=0.1",
		"application/openmetrics-textual",
		"application",
	};

	(void)state;
	choose_all(accepts, ARRAY_SIZE(accepts), 0);
}

static void the_more_exact_range_decides(void **state)
{
	static const char *const text[] = {
		"application/openmetrics-text;version=1.0.0;q=0.1, "
		"application/openmetrics-text;q=0.9, text/plain;q=0.5",
		"application/openmetrics-text;q=0.1, */*;q=0.9",
		"application/*;q=0.1, */*;q=0.9",
	};

	(void)state;
	choose_all(text, ARRAY_SIZE(text), 0);
}

static void unreadable_parts_are_passed_over(void **state)
{
	static const char *const text[] = {
		"application/openmetrics-text;q=2, text/plain;q=0.1",
		"application/openmetrics-text;q=1.5, text/plain;q=0.1",
		"application/openmetrics-text;q=0.1234, text/plain;q=0.1",
		"application/openmetrics-text;q=-1, text/plain;q=0.1",
		"application/openmetrics-text;q=, text/plain;q=0.1",
		"application/openmetrics-text;q=0x1, text/plain;q=0.1",
		"application/openmetrics-text;q=1.001, text/plain;q=0.1",
		"\"application/openmetrics-text, text/plain;q=0",
	};
	static const char *const metrics[] = {
		",,;,=;\"\\\",application/openmetrics-text",
		"text/plain;x=\"application/json;q=1, text/plain\";q=0.1, "
		"application/openmetrics-text;q=0.2",
		"application/openmetrics-text;q=1.000, text/plain;q=0.999",
		"application/openmetrics-text;\tq=1.0 , text/plain;q=0.",
	};

	(void)state;
	choose_all(text, ARRAY_SIZE(text), 0);
	choose_all(metrics + 1, ARRAY_SIZE(metrics) - 1, 1);
	choose_all(metrics, 1, 0); /* all one quoted string */
}

static void gzip_where_it_is_welcome(void **state)
{
	static const char *const yes[] = {
		"gzip",
		"GZIP",
		"x-gzip",
		"gzip, deflate, br",
		"deflate;q=1, gzip;q=0.5",
		"gzip;q=0.001",
		"identity;q=0, gzip",
		"gzip;q=0.5, identity;q=0.5",
		" gzip ",
	};
	static const char *const no[] = {
		NULL,
		"",
		"identity",
		"gzip;q=0",
		"gzip;q=0.000",
		"gzip;q=0, *",
		"gzip;q=0.4, identity;q=0.5",
		"deflate, br",
		"gzipped",
		"gzip;q=bad",
		"*;q=0",
		"\"gzip\"",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		if (!accept_gzip(yes[i]))
			fail_msg("not welcome: %s", yes[i]);
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		if (accept_gzip(no[i]))
			fail_msg("welcome: %s", no[i]);
	assert_true(accept_gzip("*"));
	assert_false(accept_gzip("*;q=0.5, identity"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prometheus_gets_openmetrics),
		cmocka_unit_test(everybody_else_gets_the_first),
		cmocka_unit_test(the_more_exact_range_decides),
		cmocka_unit_test(unreadable_parts_are_passed_over),
		cmocka_unit_test(gzip_where_it_is_welcome),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
