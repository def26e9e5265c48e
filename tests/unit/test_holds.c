// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "user/core/holds.h"
#include "user/core/ledger_types.h"

#define DESTINATIONS 4
#define MANY 5000
#define STEPS 100000

/* Shares toward each destination, and one toward none. */
struct scene {
	struct holds holds;
	struct destination destinations[DESTINATIONS];
	struct share shares[DESTINATIONS];
	struct share nowhere;
};

static void scene_open(struct scene *scene)
{
	memset(scene, 0, sizeof(*scene));
	for (int i = 0; i < DESTINATIONS; i++)
		scene->shares[i].key.destination = &scene->destinations[i];
}

static struct hold *add(struct scene *scene, uint64_t id, struct share *share, uint16_t port)
{
	struct hold *hold =
		holds_add(&scene->holds, &(struct hold){ .id = id, .share = share, .port = port });

	assert_non_null(hold);
	return hold;
}

static void an_empty_table_has_nothing(void **state)
{
	struct scene scene;

	(void)state;
	scene_open(&scene);
	assert_null(holds_find(&scene.holds, 1));
	assert_null(holds_find_port(&scene.holds, &scene.destinations[0], 1));
	assert_int_equal(scene.holds.count, 0);
	assert_true(holds_end(&scene.holds) <= 1);
	holds_done(&scene.holds);
}

static void a_hold_is_found_by_id_and_keeps_what_it_says(void **state)
{
	const struct hold given = { .id = 7,
				    .taken_ns = 99,
				    .port = 40000,
				    .path = PATH_BIND,
				    .state = HOLD_ACTIVE,
				    .flags = HOLD_OWNER_KNOWN,
				    .marks = MARK_FOUND };
	struct scene scene;
	struct hold hold = given;

	(void)state;
	scene_open(&scene);
	hold.share = &scene.nowhere;
	assert_non_null(holds_add(&scene.holds, &hold));
	assert_memory_equal(holds_find(&scene.holds, 7), &hold, sizeof(hold));
	assert_null(holds_find(&scene.holds, 8));
	holds_done(&scene.holds);
}

static void a_port_is_found_only_toward_its_destination(void **state)
{
	struct scene scene;

	(void)state;
	scene_open(&scene);
	add(&scene, 1, &scene.shares[0], 40000);
	add(&scene, 2, &scene.shares[1], 40000);
	add(&scene, 3, &scene.nowhere, 40001);
	assert_int_equal(holds_find_port(&scene.holds, &scene.destinations[0], 40000)->id, 1);
	assert_int_equal(holds_find_port(&scene.holds, &scene.destinations[1], 40000)->id, 2);
	assert_null(holds_find_port(&scene.holds, &scene.destinations[2], 40000));
	assert_null(holds_find_port(&scene.holds, &scene.destinations[0], 40001));
	holds_done(&scene.holds);
}

static void a_removed_hold_is_not_found_again(void **state)
{
	struct scene scene;

	(void)state;
	scene_open(&scene);
	add(&scene, 1, &scene.shares[0], 40000);
	holds_remove(&scene.holds, holds_find(&scene.holds, 1));
	assert_null(holds_find(&scene.holds, 1));
	assert_null(holds_find_port(&scene.holds, &scene.destinations[0], 40000));
	assert_int_equal(scene.holds.count, 0);
	holds_done(&scene.holds);
}

static void all_are_found_after_growing(void **state)
{
	struct scene scene;

	(void)state;
	scene_open(&scene);
	for (uint64_t id = 1; id <= MANY; id++)
		add(&scene, id, &scene.shares[id % DESTINATIONS], (uint16_t)(id / DESTINATIONS));
	assert_int_equal(scene.holds.count, MANY);
	for (uint64_t id = 1; id <= MANY; id++) {
		const struct hold *hold = holds_find(&scene.holds, id);

		assert_non_null(hold);
		assert_ptr_equal(
			holds_find_port(&scene.holds, hold->share->key.destination, hold->port),
			hold);
	}
	holds_done(&scene.holds);
}

static void freed_entries_are_used_before_the_table_grows(void **state)
{
	struct scene scene;
	uint32_t end;

	(void)state;
	scene_open(&scene);
	for (uint64_t id = 1; id <= 100; id++)
		add(&scene, id, &scene.nowhere, 1);
	end = holds_end(&scene.holds);
	for (uint64_t id = 101; id <= MANY; id++) {
		holds_remove(&scene.holds, holds_find(&scene.holds, id - 100));
		add(&scene, id, &scene.nowhere, 1);
	}
	assert_int_equal(holds_end(&scene.holds), end);
	assert_int_equal(scene.holds.count, 100);
	holds_done(&scene.holds);
}

static void a_walk_sees_each_hold_once_and_may_remove_it(void **state)
{
	struct scene scene;
	uint64_t sum = 0;

	(void)state;
	scene_open(&scene);
	for (uint64_t id = 1; id <= 1000; id++)
		add(&scene, id, &scene.shares[0], (uint16_t)id);
	for (uint32_t i = 1; i < holds_end(&scene.holds); i++) {
		struct hold *hold = holds_at(&scene.holds, i);

		sum += hold->id;
		if (hold->id)
			holds_remove(&scene.holds, hold);
	}
	assert_int_equal(sum, 1000 * 1001 / 2);
	assert_int_equal(scene.holds.count, 0);
	holds_done(&scene.holds);
}

static void done_leaves_an_empty_table(void **state)
{
	struct scene scene;

	(void)state;
	scene_open(&scene);
	add(&scene, 1, &scene.nowhere, 1);
	holds_done(&scene.holds);
	assert_null(holds_find(&scene.holds, 1));
	add(&scene, 2, &scene.nowhere, 1);
	assert_non_null(holds_find(&scene.holds, 2));
	holds_done(&scene.holds);
}

/* What should be there: the share and port of each id; share NULL: gone. */
struct model {
	struct share *share;
	uint16_t port;
};

static void step(struct scene *scene, struct model *model, uint64_t id)
{
	struct hold *hold = holds_find(&scene->holds, id);

	assert_int_equal(!!hold, !!model[id].share);
	if (hold) {
		assert_ptr_equal(hold->share, model[id].share);
		assert_int_equal(hold->port, model[id].port);
		holds_remove(&scene->holds, hold);
		model[id].share = NULL;
		return;
	}
	/* a destination and port belong to one id only, so that the answer is one */
	model[id].share = rand() % 5 ? &scene->shares[id % DESTINATIONS] : &scene->nowhere;
	model[id].port = (uint16_t)(1 + id / DESTINATIONS);
	add(scene, id, model[id].share, model[id].port);
}

static void assert_same(const struct scene *scene, const struct model *model)
{
	uint32_t count = 0;

	for (uint64_t id = 1; id <= MANY; id++) {
		const struct destination *destination = &scene->destinations[id % DESTINATIONS];
		const struct hold *by_id = holds_find(&scene->holds, id);
		const struct hold *by_port = holds_find_port(&scene->holds, destination,
							     (uint16_t)(1 + id / DESTINATIONS));
		bool somewhere = model[id].share && model[id].share != &scene->nowhere;

		count += model[id].share != NULL;
		assert_int_equal(!!by_id, !!model[id].share);
		assert_ptr_equal(by_port, somewhere ? by_id : NULL);
	}
	assert_int_equal(scene->holds.count, count);
}

static void random_work_agrees_with_a_plain_array(void **state)
{
	struct model *model = calloc(MANY + 1, sizeof(*model));
	struct scene scene;

	(void)state;
	srand(2);
	assert_non_null(model);
	scene_open(&scene);
	for (int i = 1; i <= STEPS; i++) {
		step(&scene, model, 1 + (uint64_t)rand() % MANY);
		if (i % (STEPS / 20) == 0)
			assert_same(&scene, model);
	}
	holds_done(&scene.holds);
	free(model);
}

/* --- lists ----------------------------------------------------------------------------------- */

static size_t list_length(const struct holds *holds, uint32_t first, uint64_t sum_of_ids)
{
	size_t count = 0;

	for (uint32_t i = first; i; i = holds_at(holds, i)->next) {
		sum_of_ids -= holds_at(holds, i)->id;
		count++;
	}
	assert_int_equal(sum_of_ids, 0);
	return count;
}

static void a_hold_leaves_its_list_from_wherever_it_is(void **state)
{
	static const uint64_t orders[][3] = { { 1, 2, 3 }, { 2, 1, 3 }, { 3, 2, 1 } };
	struct scene scene;
	uint32_t first = 0;

	(void)state;
	scene_open(&scene);
	for (size_t i = 0; i < 3; i++) {
		for (uint64_t id = 1; id <= 3; id++)
			holds_link(&scene.holds, &first,
				   add(&scene, id, &scene.nowhere, (uint16_t)id));
		assert_int_equal(list_length(&scene.holds, first, 6), 3);
		for (size_t k = 0; k < 3; k++) {
			struct hold *hold = holds_find(&scene.holds, orders[i][k]);

			holds_unlink(&scene.holds, &first, hold);
			holds_remove(&scene.holds, hold);
			assert_int_equal(list_length(&scene.holds, first,
						     k == 0   ? 6 - orders[i][0]
						     : k == 1 ? orders[i][2]
							      : 0),
					 2 - k);
		}
		assert_int_equal(first, 0);
	}
	holds_done(&scene.holds);
}

static void lists_are_the_same_after_growing(void **state)
{
	struct scene scene;
	uint32_t first[2] = { 0, 0 };

	(void)state;
	scene_open(&scene);
	for (uint32_t id = 1; id <= MANY; id++)
		holds_link(&scene.holds, &first[id % 2],
			   add(&scene, id, &scene.nowhere, (uint16_t)id));
	assert_int_equal(list_length(&scene.holds, first[0], (uint64_t)MANY / 2 * (MANY / 2 + 1)),
			 MANY / 2);
	assert_int_equal(list_length(&scene.holds, first[1], (uint64_t)MANY / 2 * (MANY / 2)),
			 MANY / 2);
	holds_done(&scene.holds);
}

static void add_port(void *context, const struct hold *hold)
{
	uint32_t *sum = context;

	*sum += hold->port;
}

static void a_visit_sees_every_hold_on_its_ports_and_no_other(void **state)
{
	static const uint16_t range[] = { 11, 65535 };
	struct scene scene;
	uint32_t sum = 0;

	(void)state;
	scene_open(&scene);
	holds_visit_ports(&scene.holds, &scene.destinations[0], range, add_port, &sum);
	assert_int_equal(sum, 0);
	add(&scene, 1, &scene.shares[0], 10);
	add(&scene, 2, &scene.shares[0], 11);
	add(&scene, 3, &scene.shares[0], 11); /* the kernel may have two */
	add(&scene, 4, &scene.shares[1], 12);
	add(&scene, 5, &scene.nowhere, 13);
	add(&scene, 6, &scene.shares[0], 65535);
	holds_visit_ports(&scene.holds, &scene.destinations[0], range, add_port, &sum);
	assert_int_equal(sum, 11 + 11 + 65535);
	holds_done(&scene.holds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_table_has_nothing),
		cmocka_unit_test(a_hold_is_found_by_id_and_keeps_what_it_says),
		cmocka_unit_test(a_port_is_found_only_toward_its_destination),
		cmocka_unit_test(a_removed_hold_is_not_found_again),
		cmocka_unit_test(all_are_found_after_growing),
		cmocka_unit_test(freed_entries_are_used_before_the_table_grows),
		cmocka_unit_test(a_walk_sees_each_hold_once_and_may_remove_it),
		cmocka_unit_test(done_leaves_an_empty_table),
		cmocka_unit_test(random_work_agrees_with_a_plain_array),
		cmocka_unit_test(a_hold_leaves_its_list_from_wherever_it_is),
		cmocka_unit_test(lists_are_the_same_after_growing),
		cmocka_unit_test(a_visit_sees_every_hold_on_its_ports_and_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
