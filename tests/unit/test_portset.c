// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "user/core/portset.h"

#define PORTS 65536
#define STEPS 200000

static void zeroed_memory_is_an_empty_set(void **state)
{
	struct portset set = { 0 };

	(void)state;
	assert_false(portset_contains(&set, 1));
	assert_false(portset_remove(&set, 1));
	assert_int_equal(set.count, 0);
	portset_done(&set);
}

static void a_port_counts_once_however_many_hold_it(void **state)
{
	struct portset set = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(portset_add(&set, 40000), 0);
	assert_int_equal(set.count, 1);
	assert_true(portset_remove(&set, 40000));
	assert_true(portset_remove(&set, 40000));
	assert_true(portset_contains(&set, 40000));
	assert_int_equal(set.count, 1);
	assert_true(portset_remove(&set, 40000));
	assert_false(portset_contains(&set, 40000));
	assert_int_equal(set.count, 0);
	portset_done(&set);
}

static void removing_what_is_not_there_changes_nothing(void **state)
{
	struct portset set = { 0 };

	(void)state;
	assert_int_equal(portset_add(&set, 40000), 0);
	assert_false(portset_remove(&set, 40001));
	assert_true(portset_contains(&set, 40000));
	assert_int_equal(set.count, 1);
	portset_done(&set);
}

static void every_port_there_is_fits(void **state)
{
	struct portset set = { 0 };

	(void)state;
	for (uint32_t port = 1; port < PORTS; port++)
		assert_int_equal(portset_add(&set, (uint16_t)port), 0);
	assert_int_equal(set.count, PORTS - 1);
	for (uint32_t port = 1; port < PORTS; port++)
		assert_true(portset_contains(&set, (uint16_t)port));
	for (uint32_t port = PORTS - 1; port > 0; port--)
		assert_true(portset_remove(&set, (uint16_t)port));
	assert_int_equal(set.count, 0);
	portset_done(&set);
}

static void done_leaves_an_empty_set(void **state)
{
	struct portset set = { 0 };

	(void)state;
	assert_int_equal(portset_add(&set, 40000), 0);
	portset_done(&set);
	assert_int_equal(set.count, 0);
	assert_false(portset_contains(&set, 40000));
	assert_int_equal(portset_add(&set, 40001), 0);
	assert_true(portset_contains(&set, 40001));
	portset_done(&set);
}

/* As many ports as slots may hold, taken out in every order that a run can be broken in. */
static void removing_from_a_run_hides_no_other(void **state)
{
	(void)state;
	for (uint16_t first = 1; first < 2000; first = (uint16_t)(first + 6)) {
		struct portset set = { 0 };

		for (uint16_t i = 0; i < 6; i++)
			assert_int_equal(portset_add(&set, (uint16_t)(first + i * 64)), 0);
		for (uint16_t i = 0; i < 6; i++) {
			assert_true(portset_remove(&set, (uint16_t)(first + (i * 5 % 6) * 64)));
			for (uint16_t k = (uint16_t)(i + 1); k < 6; k++)
				assert_true(portset_contains(&set,
							     (uint16_t)(first + (k * 5 % 6) * 64)));
		}
		assert_int_equal(set.count, 0);
		portset_done(&set);
	}
}

struct model {
	uint32_t holds[PORTS];
	uint32_t count;
};

static void model_add(struct model *model, uint16_t port)
{
	model->count += model->holds[port]++ == 0;
}

static bool model_remove(struct model *model, uint16_t port)
{
	if (!model->holds[port])
		return false;
	model->count -= --model->holds[port] == 0;
	return true;
}

static void assert_same(const struct portset *set, const struct model *model)
{
	for (uint32_t port = 1; port < PORTS; port++)
		if (portset_contains(set, (uint16_t)port) != !!model->holds[port])
			fail_msg("port %u", port);
}

/* The more ports there are to choose from, the fuller the set gets. */
static void walk(struct portset *set, struct model *model, uint32_t choice)
{
	for (int i = 0; i < STEPS; i++) {
		uint16_t port = (uint16_t)(1 + (uint32_t)rand() % choice);

		if (rand() % 2) {
			assert_int_equal(portset_add(set, port), 0);
			model_add(model, port);
		} else {
			assert_int_equal(portset_remove(set, port), model_remove(model, port));
		}
		assert_int_equal(set->count, model->count);
	}
	assert_same(set, model);
}

static void random_work_agrees_with_a_plain_array(void **state)
{
	struct model *model = calloc(1, sizeof(*model));
	struct portset set = { 0 };

	(void)state;
	srand(1);
	assert_non_null(model);
	walk(&set, model, 5);
	walk(&set, model, 300);
	walk(&set, model, PORTS - 1);
	walk(&set, model, 20);
	portset_done(&set);
	free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zeroed_memory_is_an_empty_set),
		cmocka_unit_test(a_port_counts_once_however_many_hold_it),
		cmocka_unit_test(removing_what_is_not_there_changes_nothing),
		cmocka_unit_test(every_port_there_is_fits),
		cmocka_unit_test(done_leaves_an_empty_set),
		cmocka_unit_test(removing_from_a_run_hides_no_other),
		cmocka_unit_test(random_work_agrees_with_a_plain_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
