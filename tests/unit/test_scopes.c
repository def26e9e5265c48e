// SPDX-License-Identifier: Apache-2.0
/* Scopes beyond the plain pool: sockets with a range of their own, VRFs, ports that stay blocked.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "tests/unit/books.h"

#define OWN 40010, .own_last = 40019
#define VRF 5

/* The row of sockets that limit themselves to OWN; NULL: there is none. */
static const struct view_destination *window(struct books *books)
{
	const struct view *view = look(books);

	for (size_t i = 0; i < view->destinations_count; i++)
		if (view->destinations[i].window)
			return &view->destinations[i];
	return NULL;
}

static const struct view_destination *whole(struct books *books)
{
	const struct view *view = look(books);

	for (size_t i = 0; i < view->destinations_count; i++)
		if (!view->destinations[i].window)
			return &view->destinations[i];
	return NULL;
}

static const struct view_pool *vrf_pool(struct books *books, uint32_t vrf)
{
	const struct view *view = look(books);

	for (size_t i = 0; i < view->pools_count; i++)
		if (view->pools[i].vrf == vrf && view->pools[i].protocol == IPPROTO_TCP)
			return &view->pools[i];
	return NULL;
}

static void a_range_of_its_own_is_a_scope_of_its_own(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40010, .own_first = OWN);
	take(&books, .id = 2, .port = 40011, .own_first = OWN);
	assert_non_null(window(&books));
	assert_int_equal(window(&books)->first, 40010);
	assert_int_equal(window(&books)->last, 40019);
	assert_int_equal(window(&books)->capacity, 10);
	assert_int_equal(window(&books)->used, 2);
	assert_int_equal(whole(&books)->used, 2);
	assert_int_equal(whole(&books)->capacity, 100);
	books_close(&books);
}

static void others_on_the_ports_of_a_window_count_in_it(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40012); /* before the window is known */
	take(&books, .id = 2, .port = 40010, .own_first = OWN);
	take(&books, .id = 3, .port = 40013);
	take(&books, .id = 4, .port = 40020); /* beside it */
	assert_int_equal(window(&books)->used, 3);
	release(&books, .id = 3);
	assert_int_equal(window(&books)->used, 2);
	assert_int_equal(whole(&books)->used, 3);
	books_close(&books);
}

static void a_window_goes_with_its_last_socket(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40010, .own_first = OWN);
	take(&books, .id = 2, .port = 40011, .own_first = OWN);
	take(&books, .id = 3, .port = 40012);
	release(&books, .id = 1);
	assert_non_null(window(&books));
	release(&books, .id = 2);
	assert_null(window(&books));
	assert_int_equal(whole(&books)->used, 1);
	books_close(&books);
}

static void binds_inside_a_window_take_from_its_capacity(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40010, .own_first = OWN);
	take(&books, .id = 2, .port = 40011, .path = PATH_BIND, .nowhere = true);
	take(&books, .id = 3, .port = 40050, .path = PATH_BIND, .nowhere = true);
	assert_int_equal(window(&books)->capacity, 9);
	assert_int_equal(whole(&books)->capacity, 98);
	books_close(&books);
}

static void a_full_window_is_the_worst_destination(void **state)
{
	struct books books = books_open();

	(void)state;
	for (unsigned int i = 0; i < 10; i++)
		take(&books, .id = i + 1, .port = (uint16_t)(40010 + i), .own_first = OWN);
	refuse(&books, .own_first = OWN);
	assert_true(window(&books)->saturation == 1.0);
	assert_true(tcp(&books)->worst_destination_saturation == 1.0);
	assert_true(look(&books)->refusals[0].saturation == 1.0);
	assert_true(whole(&books)->saturation == 0.1);
	books_close(&books);
}

static void a_time_wait_hold_stays_in_its_window(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40010, .own_first = OWN);
	time_wait(&books, .id = 1);
	assert_int_equal(window(&books)->time_wait, 1);
	assert_int_equal(window(&books)->active, 0);
	release(&books, .id = 1);
	assert_null(window(&books));
	books_close(&books);
}

static void a_vrf_has_a_pool_of_its_own(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000);
	take(&books, .id = 2, .port = 40000, .vrf = VRF);
	take(&books, .id = 3, .port = 40001, .vrf = VRF, .path = PATH_BIND, .nowhere = true);
	assert_int_equal(vrf_pool(&books, 0)->used, 1);
	assert_int_equal(vrf_pool(&books, 0)->exclusive, 0);
	assert_int_equal(vrf_pool(&books, VRF)->used, 2);
	assert_int_equal(vrf_pool(&books, VRF)->exclusive, 1);
	assert_int_equal(vrf_pool(&books, VRF)->size, 100);
	assert_string_equal(vrf_pool(&books, VRF)->netns_name, "host%5");
	books_close(&books);
}

static void facts_reach_the_pools_of_vrfs(void **state)
{
	struct books books = books_open();
	struct netns_facts facts = usual_facts();

	(void)state;
	take(&books, .id = 1, .port = 40000, .vrf = VRF);
	facts.last = EVENT_FIRST + 9;
	facts.reserved[40001 / 8] = 1 << 40001 % 8;
	tell(&books, &facts);
	assert_int_equal(vrf_pool(&books, VRF)->size, 9);
	take(&books, .id = 2, .port = 40002, .vrf = VRF + 1); /* one that comes later */
	assert_int_equal(vrf_pool(&books, VRF + 1)->size, 9);
	ledger_drop_netns(books.ledger, EVENT_NETNS);
	assert_int_equal(look(&books)->pools_count, 0);
	books_close(&books);
}

static void a_refusal_on_an_interface_makes_no_vrf(void **state)
{
	struct books books = books_open();

	(void)state;
	refuse(&books, .vrf = 77);
	assert_null(vrf_pool(&books, 77));
	assert_int_equal(tcp(&books)->refused_recently, 1);
	take(&books, .id = 1, .port = 40000, .vrf = VRF);
	refuse(&books, .vrf = VRF);
	assert_int_equal(vrf_pool(&books, VRF)->refused_recently, 1);
	books_close(&books);
}

/* Up to 6.16 the bind bucket remembers; from 6.17 it does not, and nothing sticks. */
static void a_once_bound_port_stays_blocked_while_someone_is_on_it(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000, .sticks = true);
	take(&books, .id = 2, .port = 40000, .path = PATH_EXPLICIT, .nowhere = true,
	     .sticks = true);
	assert_int_equal(tcp(&books)->exclusive, 1);
	release(&books, .id = 2);
	assert_int_equal(tcp(&books)->exclusive, 1);
	release(&books, .id = 1);
	take(&books, .id = 3, .port = 40001, .sticks = true);
	assert_int_equal(destination(&books)->capacity, 100);
	assert_int_equal(tcp(&books)->exclusive, 0);
	books_close(&books);
}

/* Port 40000 was bound while hold 1 was on it, which is there still. */
static void stick(struct books *books)
{
	take(books, .id = 1, .port = 40000, .sticks = true);
	take(books, .id = 2, .port = 40000, .path = PATH_EXPLICIT, .nowhere = true, .sticks = true);
	release(books, .id = 2);
}

static void a_stuck_port_stays_so_when_the_range_changes(void **state)
{
	struct netns_facts facts = usual_facts();
	struct books books = books_open();

	(void)state;
	stick(&books);
	facts.last = EVENT_FIRST + 9;
	tell(&books, &facts);
	assert_int_equal(tcp(&books)->exclusive, 1);
	release(&books, .id = 1);
	assert_int_equal(tcp(&books)->exclusive, 0);
	books_close(&books);
}

static void a_newer_kernel_frees_it_with_the_last_binder(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000);
	take(&books, .id = 2, .port = 40000, .path = PATH_EXPLICIT, .nowhere = true);
	release(&books, .id = 2);
	assert_int_equal(destination(&books)->capacity, 100);
	books_close(&books);
}

static void binding_a_stuck_port_again_counts_it_once(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000, .sticks = true);
	for (uint64_t id = 2; id < 5; id++) {
		take(&books, .id = id, .port = 40000, .path = PATH_EXPLICIT, .nowhere = true,
		     .sticks = true);
		assert_int_equal(tcp(&books)->exclusive, 1);
		release(&books, .id = id);
		assert_int_equal(tcp(&books)->exclusive, 1);
	}
	time_wait(&books, .id = 1);
	assert_int_equal(tcp(&books)->exclusive, 1);
	release(&books, .id = 1);
	assert_int_equal(tcp(&books)->exclusive, 0);
	assert_int_equal(tcp(&books)->used, 0);
	books_close(&books);
}

/* The same socket may connect anew: on its port a bucket stays, on another one it finds its own. */
static void a_stuck_port_stays_so_only_for_who_stays_on_it(void **state)
{
	struct books books = books_open();

	(void)state;
	stick(&books);
	take(&books, .id = 1, .port = 40000, .sticks = true, .pid = 7);
	assert_int_equal(tcp(&books)->exclusive, 1);
	take(&books, .id = 1, .port = 40001, .sticks = true, .pid = 7);
	assert_int_equal(tcp(&books)->used, 1);
	assert_int_equal(tcp(&books)->exclusive, 0);
	release(&books, .id = 1);
	assert_int_equal(tcp(&books)->exclusive, 0);
	books_close(&books);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_range_of_its_own_is_a_scope_of_its_own),
		cmocka_unit_test(others_on_the_ports_of_a_window_count_in_it),
		cmocka_unit_test(a_window_goes_with_its_last_socket),
		cmocka_unit_test(binds_inside_a_window_take_from_its_capacity),
		cmocka_unit_test(a_full_window_is_the_worst_destination),
		cmocka_unit_test(a_time_wait_hold_stays_in_its_window),
		cmocka_unit_test(a_vrf_has_a_pool_of_its_own),
		cmocka_unit_test(facts_reach_the_pools_of_vrfs),
		cmocka_unit_test(a_refusal_on_an_interface_makes_no_vrf),
		cmocka_unit_test(a_once_bound_port_stays_blocked_while_someone_is_on_it),
		cmocka_unit_test(a_stuck_port_stays_so_when_the_range_changes),
		cmocka_unit_test(a_newer_kernel_frees_it_with_the_last_binder),
		cmocka_unit_test(binding_a_stuck_port_again_counts_it_once),
		cmocka_unit_test(a_stuck_port_stays_so_only_for_who_stays_on_it),
	};

	return cmocka_run_group_tests_name("scopes", tests, NULL, NULL);
}
