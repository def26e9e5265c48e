// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "exporters/http/authorization.h"
#include "user/base/util.h"

static void user_and_password_are_read(void **state)
{
	static const struct {
		const char *header;
		const char *user;
		const char *password;
	} cases[] = {
		{ "Basic dXNlcjpwYXNz", "user", "pass" },
		{ "bAsIc   dXNlcjpwYXNz", "user", "pass" },
		{ "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame" },
		{ "Basic dGVzdDoxMjPCow==", "test", "123\xc2\xa3" },
		{ "Basic YTpiOmM=", "a", "b:c" },
		{ "Basic Og==", "", "" },
		{ "Basic YTo=", "a", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct authorization got;

		assert_int_equal(authorization_parse(&got, cases[i].header), 0);
		assert_string_equal(got.user, cases[i].user);
		assert_string_equal(got.password, cases[i].password);
	}
}

static void anything_else_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"Basic",
		"Basic ",
		"Bearer dXNlcjpwYXNz",
		"BasicdXNlcjpwYXNz",
		"Basic dXNlcjpwYXN",   /* a letter is missing */
		"Basic dXNlcjpwYXNz=", /* one too many */
		"Basic dXNlcjpwYXN!",
		"Basic dXNl=jpwYXNz",
		"Basic =XNlcjpwYXNz",
		"Basic YTpi====",
		"Basic dXNlcg==", /* no colon */
		"Basic YQBiOmM=", /* a zero byte in the name */
		"Basic YTpiAGM=", /* and in the password */
		"Basic dXNlcjpwYXNz ",
		"Basic dXNlcjpwYXNz, Basic dXNlcjpwYXNz",
	};
	struct authorization before;
	struct authorization got;

	(void)state;
	memset(&before, 0x5a, sizeof(before));
	got = before;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (authorization_parse(&got, bad[i]) != -EINVAL)
			fail_msg("taken: %s", bad[i]);
	assert_memory_equal(&got, &before, sizeof(got)); /* untouched on failure */
}

static void length_is_bounded(void **state)
{
	char header[1024] = "Basic ";
	struct authorization got;

	(void)state;
	/* "AAAA" is three zero bytes; "OkFB" is ":AA" */
	for (size_t i = 0; i < AUTHORIZATION_MAX / 3; i++)
		strcat(header, i ? "QUFB" : "OkFB");
	assert_int_equal(authorization_parse(&got, header), 0);
	assert_int_equal(strlen(got.password), AUTHORIZATION_MAX / 3 * 3 - 1);
	strcat(header, "QUFB");
	assert_int_equal(authorization_parse(&got, header), -EMSGSIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(user_and_password_are_read),
		cmocka_unit_test(anything_else_is_refused),
		cmocka_unit_test(length_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
