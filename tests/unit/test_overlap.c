// SPDX-License-Identifier: Apache-2.0
/* A bind on a port that a connection has already takes nothing from that connection's scope. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "tests/unit/books.h"

#define OTHER_PORT 80

static const struct view_destination *toward(struct books *books, uint16_t remote_port)
{
	const struct view *view = look(books);

	for (size_t i = 0; i < view->destinations_count; i++)
		if (view->destinations[i].remote_port == remote_port &&
		    !view->destinations[i].window)
			return &view->destinations[i];
	return NULL;
}

static void a_destination_keeps_what_it_had_before_the_bind(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000);
	take(&books, .id = 2, .port = 40001);
	take(&books, .id = 3, .port = 40001, .remote_port = OTHER_PORT);
	take(&books, .id = 4, .port = 40000, .path = PATH_BIND, .nowhere = true);
	take(&books, .id = 5, .port = 40050, .path = PATH_BIND, .nowhere = true);
	assert_int_equal(toward(&books, EVENT_REMOTE_PORT)->capacity, 99);
	assert_int_equal(toward(&books, EVENT_REMOTE_PORT)->used, 2);
	assert_int_equal(toward(&books, OTHER_PORT)->capacity, 98);
	release(&books, .id = 1);
	assert_int_equal(toward(&books, EVENT_REMOTE_PORT)->capacity, 98);
	books_close(&books);
}

static void it_keeps_a_port_that_stays_blocked(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000);
	take(&books, .id = 2, .port = 40000, .path = PATH_BIND, .nowhere = true, .sticks = true);
	release(&books, .id = 2);
	assert_int_equal(tcp(&books)->exclusive, 1);
	assert_int_equal(toward(&books, EVENT_REMOTE_PORT)->capacity, 100);
	take(&books, .id = 3, .port = 40001, .remote_port = OTHER_PORT);
	assert_int_equal(toward(&books, OTHER_PORT)->capacity, 99);
	books_close(&books);
}

static void it_does_not_keep_what_is_recyclable(void **state)
{
	struct books books = books_open();
	struct netns_facts facts = usual_facts();

	(void)state;
	facts.tw_reuse = 1;
	tell(&books, &facts);
	take(&books, .id = 1, .port = 40000);
	take(&books, .id = 2, .port = 40000, .path = PATH_BIND, .nowhere = true);
	time_wait(&books, .id = 1, .tw_flags = HOLD_TW_TIMESTAMPS);
	assert_int_equal(toward(&books, EVENT_REMOTE_PORT)->capacity, 100);
	pass(&books, 2 * SECOND);
	assert_int_equal(toward(&books, EVENT_REMOTE_PORT)->recyclable, 1);
	assert_int_equal(toward(&books, EVENT_REMOTE_PORT)->capacity, 99);
	books_close(&books);
}

static void a_window_keeps_its_own_part(void **state)
{
	struct books books = books_open();
	const struct view *view;

	(void)state;
	take(&books, .id = 1, .port = 40010, .own_first = 40010, .own_last = 40019);
	take(&books, .id = 2, .port = 40030);
	take(&books, .id = 3, .port = 40010, .path = PATH_BIND, .nowhere = true);
	take(&books, .id = 4, .port = 40030, .path = PATH_BIND, .nowhere = true);
	view = look(&books);
	for (size_t i = 0; i < view->destinations_count; i++)
		assert_int_equal(view->destinations[i].capacity,
				 view->destinations[i].window ? 10 : 100);
	books_close(&books);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_destination_keeps_what_it_had_before_the_bind),
		cmocka_unit_test(it_keeps_a_port_that_stays_blocked),
		cmocka_unit_test(it_does_not_keep_what_is_recyclable),
		cmocka_unit_test(a_window_keeps_its_own_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
