// SPDX-License-Identifier: Apache-2.0
/* How much metrics may say, as the settings have it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/settings.h"
#include "user/base/util.h"

static void what_is_not_said_has_a_default(void **state)
{
	static const char *const texts[] = { "", "limits:\n", "limits: {top: 7}\n" };
	const struct view_limits usual = VIEW_LIMITS_DEFAULT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct config *config = read_good_settings(texts[i]);

		assert_int_equal(config->limits.namespaces, usual.namespaces);
		assert_int_equal(config->limits.processes, usual.processes);
		assert_int_equal(config->limits.shares, usual.shares);
		config_free(config);
	}
}

static void each_limit_can_be_said(void **state)
{
	struct config *config = read_good_settings(
		"limits: {top: 7, namespaces: 8, processes: 9, destination_owners: 10}\n");

	(void)state;
	assert_int_equal(config->agent.top, 7);
	assert_int_equal(config->limits.namespaces, 8);
	assert_int_equal(config->limits.processes, 9);
	assert_int_equal(config->limits.shares, 10);
	config_free(config);
}

static void what_is_wrong_is_told_with_its_place(void **state)
{
	(void)state;
	assert_one_error("limits:\n  namespaces: 0\n", "2:15:", "0", "1");
	assert_one_error("limits:\n  processes: many\n", "2:14:", "many", "number");
	assert_one_error("limits:\n  owners: 3\n", "2:3:", "owners", "destination_owners");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_said_has_a_default),
		cmocka_unit_test(each_limit_can_be_said),
		cmocka_unit_test(what_is_wrong_is_told_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
