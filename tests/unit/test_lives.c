// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "user/core/lives.h"

#define INODE 4026532000U

static void the_first_one_is_no_successor(void **state)
{
	struct lives lives = { 0 };

	(void)state;
	assert_false(lives_meet(&lives, INODE, 5));
	assert_false(lives_meet(&lives, INODE + 1, 6));
	assert_false(lives_meet(&lives, INODE, 5));
	lives_done(&lives);
}

static void another_under_the_same_number_is_told_once(void **state)
{
	struct lives lives = { 0 };

	(void)state;
	assert_false(lives_meet(&lives, INODE, 5));
	assert_true(lives_meet(&lives, INODE, 9));
	assert_false(lives_meet(&lives, INODE, 9));
	assert_false(lives_meet(&lives, INODE + 1, 5));
	assert_false(lives_meet(&lives, INODE, 9));
	assert_true(lives_meet(&lives, INODE, 5)); /* numbers have no order */
	lives_done(&lives);
}

static void an_unknown_life_tells_nothing(void **state)
{
	struct lives lives = { 0 };

	(void)state;
	assert_false(lives_meet(&lives, INODE, 0));
	assert_false(lives_meet(&lives, INODE, 5));
	assert_false(lives_meet(&lives, INODE, 0));
	assert_false(lives_meet(&lives, INODE, 5));
	lives_done(&lives);
}

static void nobody_succeeds_one_that_was_forgotten(void **state)
{
	struct lives lives = { 0 };

	(void)state;
	assert_false(lives_meet(&lives, INODE, 5));
	lives_forget(&lives, INODE);
	lives_forget(&lives, INODE);
	assert_false(lives_meet(&lives, INODE, 9));
	assert_true(lives_meet(&lives, INODE, 5));
	lives_done(&lives);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_one_is_no_successor),
		cmocka_unit_test(another_under_the_same_number_is_told_once),
		cmocka_unit_test(an_unknown_life_tells_nothing),
		cmocka_unit_test(nobody_succeeds_one_that_was_forgotten),
	};

	return cmocka_run_group_tests_name("lives", tests, NULL, NULL);
}
