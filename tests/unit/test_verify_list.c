// SPDX-License-Identifier: Apache-2.0
/* Lists of differences: what persists is what two of them have in common. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/readings.h"
#include "user/verify/verify_list.h"

static void add(struct verify_list *list, enum verify_kind kind, uint16_t port, uint64_t identity)
{
	const struct verify_entry entry = {
		.tuple = { .netns = EVENT_NETNS, .port = port },
		.protocol = IPPROTO_TCP,
		.identity = identity,
	};

	assert_int_equal(verify_list_add(list, kind, &entry, NULL), 0);
}

static struct verify_list common(struct verify_list *first, struct verify_list *second)
{
	struct verify_list list = { 0 };

	assert_int_equal(verify_list_common(&list, first, second), 0);
	verify_list_done(first);
	verify_list_done(second);
	return list;
}

static void only_what_both_have_is_common(void **state)
{
	struct verify_list first = { 0 };
	struct verify_list second = { 0 };
	struct verify_list list;

	(void)state;
	add(&first, VERIFY_STALE, 40002, 3);
	add(&first, VERIFY_MISSING, 40001, 1);
	add(&first, VERIFY_MISSING, 40009, 9);
	add(&second, VERIFY_MISSING, 40000, 7);
	add(&second, VERIFY_MISSING, 40001, 1);
	add(&second, VERIFY_STALE, 40002, 3);
	list = common(&first, &second);
	assert_int_equal(list.count, 2);
	assert_int_equal(list.differences[0].entry.identity, 1);
	assert_int_equal(list.differences[1].entry.identity, 3);
	verify_list_done(&list);
}

static void another_kind_port_or_object_is_not_the_same(void **state)
{
	struct verify_list first = { 0 };
	struct verify_list second = { 0 };
	struct verify_list list;

	(void)state;
	add(&first, VERIFY_MISSING, 40000, 1);
	add(&first, VERIFY_MISSING, 40001, 2);
	add(&first, VERIFY_MISSING, 40002, 3);
	add(&second, VERIFY_STATE, 40000, 1);
	add(&second, VERIFY_MISSING, 40001, 9);
	add(&second, VERIFY_MISSING, 40003, 3);
	list = common(&first, &second);
	assert_int_equal(list.count, 0);
	verify_list_done(&list);
}

static void nothing_has_nothing_in_common(void **state)
{
	struct verify_list first = { 0 };
	struct verify_list second = { 0 };
	struct verify_list list;

	(void)state;
	add(&first, VERIFY_MISSING, 40000, 1);
	list = common(&first, &second);
	assert_int_equal(list.count, 0);
	list = common(&second, &first);
	assert_int_equal(list.count, 0);
}

static void a_list_can_be_appended(void **state)
{
	struct verify_list first = { 0 };
	struct verify_list second = { 0 };

	(void)state;
	for (uint16_t i = 0; i < 300; i++)
		add(i % 2 ? &first : &second, VERIFY_MISSING, (uint16_t)(40000 + i), i);
	assert_int_equal(verify_list_append(&first, &second), 0);
	assert_int_equal(first.count, 300);
	assert_int_equal(first.differences[150].entry.identity, 0);
	assert_int_equal(first.differences[299].entry.identity, 298);
	verify_list_done(&first);
	verify_list_done(&second);
}

static void a_state_difference_keeps_both_sides(void **state)
{
	const struct verify_entry object = { .identity = 1, .tuple.port = 40000 };
	const struct verify_entry hold = { .identity = 2, .tuple.port = 40000 };
	struct verify_list first = { 0 };
	struct verify_list second = { 0 };
	struct verify_list list;

	(void)state;
	assert_int_equal(verify_list_add(&first, VERIFY_STATE, &object, &hold), 0);
	assert_int_equal(verify_list_add(&second, VERIFY_STATE, &object, &hold), 0);
	list = common(&first, &second);
	assert_int_equal(list.count, 1);
	assert_int_equal(list.differences[0].entry.identity, 1);
	assert_int_equal(list.differences[0].hold.identity, 2);
	verify_list_done(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_both_have_is_common),
		cmocka_unit_test(another_kind_port_or_object_is_not_the_same),
		cmocka_unit_test(nothing_has_nothing_in_common),
		cmocka_unit_test(a_list_can_be_appended),
		cmocka_unit_test(a_state_difference_keeps_both_sides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
