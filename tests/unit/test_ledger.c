// SPDX-License-Identifier: Apache-2.0
/* What each way of taking a port does to the books, and what giving it back undoes. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdbool.h>

#include "tests/unit/books.h"
#include "user/base/util.h"

static void assert_pool(struct books *books, uint8_t protocol, uint32_t shared, uint32_t exclusive)
{
	const struct view_pool *row = pool(books, protocol);

	assert_int_equal(row->shared, shared);
	assert_int_equal(row->exclusive, exclusive);
	assert_int_equal(row->used, shared + exclusive);
	assert_true(row->saturation == (double)(shared + exclusive) / row->size);
}

static void assert_empty(struct books *books)
{
	const struct view *view = look(books);

	assert_int_equal(view->destinations_count, 0);
	assert_int_equal(view->owners_count, 0);
	for (size_t i = 0; i < view->pools_count; i++)
		assert_int_equal(view->pools[i].used, 0);
}

/* --- taking ---------------------------------------------------------------------------------- */

static void a_new_ledger_is_empty(void **state)
{
	struct books books = books_open();

	(void)state;
	assert_empty(&books);
	assert_int_equal(tcp(&books)->size, 100);
	assert_int_equal(tcp(&books)->first, EVENT_FIRST);
	assert_int_equal(tcp(&books)->last, EVENT_LAST);
	books_close(&books);
}

static void freeing_no_ledger_is_fine(void **state)
{
	(void)state;
	ledger_free(NULL);
}

static void connect_takes_a_shared_port(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000);
	assert_pool(&books, IPPROTO_TCP, 1, 0);
	assert_pool(&books, IPPROTO_UDP, 0, 0);
	assert_int_equal(destination(&books)->used, 1);
	assert_int_equal(destination(&books)->active, 1);
	assert_int_equal(destination(&books)->capacity, 100);
	assert_true(destination(&books)->saturation == 0.01);
	assert_int_equal(owner(&books, EVENT_PID)->used, 1);
	assert_int_equal(owner(&books, EVENT_PID)->active, 1);
	books_close(&books);
}

static void every_other_way_takes_an_exclusive_port(void **state)
{
	static const uint8_t paths[] = { PATH_BIND, PATH_EXPLICIT, PATH_LISTEN, PATH_CHILD };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct books books = books_open();

		take(&books, .id = 1, .port = 40000, .path = paths[i], .nowhere = true);
		assert_pool(&books, IPPROTO_TCP, 0, 1);
		assert_int_equal(look(&books)->destinations_count, 0);
		assert_int_equal(owner(&books, EVENT_PID)->exclusive, 1);
		assert_int_equal(owner(&books, EVENT_PID)->used, 1);
		assert_int_equal(owner(&books, EVENT_PID)->active, 0);
		books_close(&books);
	}
}

static void udp_is_exclusive_and_has_no_destination(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000, .protocol = IPPROTO_UDP, .path = PATH_AUTOBIND);
	take(&books, .id = 2, .port = 40001, .protocol = IPPROTO_UDP, .path = PATH_BIND);
	assert_pool(&books, IPPROTO_UDP, 0, 2);
	assert_pool(&books, IPPROTO_TCP, 0, 0);
	assert_int_equal(look(&books)->destinations_count, 0);
	books_close(&books);
}

static void a_port_toward_two_destinations_counts_once(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000, .remote_port = 1);
	take(&books, .id = 2, .port = 40000, .remote_port = 2);
	assert_pool(&books, IPPROTO_TCP, 1, 0);
	assert_int_equal(find_destination(&books, 1)->used, 1);
	assert_int_equal(find_destination(&books, 2)->used, 1);
	release(&books, .id = 1);
	assert_pool(&books, IPPROTO_TCP, 1, 0);
	assert_null(find_destination(&books, 1));
	release(&books, .id = 2);
	assert_empty(&books);
	books_close(&books);
}

static void both_address_and_port_make_a_destination(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000);
	take(&books, .id = 2, .port = 40001);
	take(&books, .id = 3, .port = 40000, .remote_port = 1);
	take(&books, .id = 4, .port = 40000, .remote = { 10, 0, 1, 2 });
	take(&books, .id = 5, .port = 40000, .local = { 10, 0, 0, 2 });
	assert_int_equal(look(&books)->destinations_count, 4);
	assert_pool(&books, IPPROTO_TCP, 2, 0);
	books_close(&books);
}

static void a_bound_port_is_lost_to_every_destination(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000);
	take(&books, .id = 2, .port = 40001, .path = PATH_BIND, .nowhere = true);
	take(&books, .id = 3, .port = 40002, .path = PATH_LISTEN, .nowhere = true);
	assert_int_equal(destination(&books)->capacity, 98);
	assert_int_equal(destination(&books)->used, 1);
	assert_int_equal(tcp(&books)->size, 100);
	release(&books, .id = 2);
	assert_int_equal(destination(&books)->capacity, 99);
	books_close(&books);
}

static void a_port_bound_twice_is_lost_once(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000);
	take(&books, .id = 2, .port = 40001, .path = PATH_LISTEN, .nowhere = true);
	take(&books, .id = 3, .port = 40001, .path = PATH_CHILD);
	take(&books, .id = 4, .port = 40001, .path = PATH_CHILD, .remote_port = 2);
	assert_pool(&books, IPPROTO_TCP, 1, 1);
	assert_int_equal(destination(&books)->capacity, 99);
	assert_int_equal(owner(&books, EVENT_PID)->exclusive, 1);
	release(&books, .id = 2); /* the listener; its children keep the port */
	assert_int_equal(destination(&books)->capacity, 99);
	release(&books, .id = 3);
	release(&books, .id = 4);
	assert_int_equal(destination(&books)->capacity, 100);
	books_close(&books);
}

static void an_odd_range_gives_one_port_less(void **state)
{
	struct netns_facts facts = usual_facts();
	struct books books = books_open();

	(void)state;
	facts.last = 40004;
	tell(&books, &facts);
	for (uint16_t i = 0; i < 4; i++)
		take(&books, .id = 1 + i, .port = (uint16_t)(40000 + i));
	assert_int_equal(destination(&books)->capacity, 4);
	assert_true(destination(&books)->saturation == 1.0);
	assert_true(tcp(&books)->saturation == 0.8);
	books_close(&books);
}

static void a_port_outside_the_range_counts_nothing(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 39999, .path = PATH_EXPLICIT, .nowhere = true);
	take(&books, .id = 2, .port = 40100);
	assert_pool(&books, IPPROTO_TCP, 0, 0);
	release(&books, .id = 1);
	release(&books, .id = 2);
	assert_empty(&books);
	books_close(&books);
}

/* --- bind, then connect ---------------------------------------------------------------------- */

static void bind_then_connect_is_one_hold(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000, .path = PATH_BIND, .nowhere = true);
	take(&books, .id = 1, .port = 40000, .path = PATH_BIND);
	assert_pool(&books, IPPROTO_TCP, 0, 1);
	assert_int_equal(destination(&books)->exclusive, 1);
	assert_int_equal(destination(&books)->used, 0);
	assert_int_equal(destination(&books)->capacity, 99);
	assert_int_equal(owner(&books, EVENT_PID)->used, 1);
	assert_int_equal(owner(&books, EVENT_PID)->allocations, 1);
	assert_int_equal(allocated(&books, "bind"), 1);
	assert_int_equal(given_back(&books, "bind"), 0);
	release(&books, .id = 1);
	assert_empty(&books);
	assert_int_equal(given_back(&books, "bind"), 1);
	books_close(&books);
}

static void a_bound_socket_that_listens_changes_its_path(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000, .path = PATH_EXPLICIT, .nowhere = true);
	take(&books, .id = 1, .port = 40000, .path = PATH_LISTEN, .nowhere = true);
	assert_pool(&books, IPPROTO_TCP, 0, 1);
	release(&books, .id = 1);
	assert_int_equal(allocated(&books, "explicit"), 1);
	assert_int_equal(allocated(&books, "listen"), 0);
	assert_int_equal(given_back(&books, "listen"), 1);
	books_close(&books);
}

static void a_child_has_no_destination(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000, .path = PATH_CHILD);
	take(&books, .id = 2, .port = 40001, .path = PATH_LISTEN);
	assert_int_equal(look(&books)->destinations_count, 0);
	assert_pool(&books, IPPROTO_TCP, 0, 2);
	books_close(&books);
}

/* --- giving back, and events that come twice or about nothing -------------------------------- */

static void release_leaves_nothing_behind(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000);
	take(&books, .id = 2, .port = 40001, .path = PATH_BIND, .nowhere = true);
	release(&books, .id = 1);
	release(&books, .id = 2);
	assert_empty(&books);
	books_close(&books);
}

static void events_about_unknown_holds_change_nothing(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000);
	release(&books, .id = 2);
	release(&books, .id = UINT64_MAX);
	release(&books, .id = 0);
	time_wait(&books, .id = 2);
	time_wait(&books, .id = 0);
	assert_pool(&books, IPPROTO_TCP, 1, 0);
	assert_int_equal(destination(&books)->time_wait, 0);
	assert_int_equal(given_back(&books, "connect"), 0);
	books_close(&books);
}

static void a_second_release_changes_nothing(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000);
	release(&books, .id = 1);
	release(&books, .id = 1);
	assert_empty(&books);
	assert_int_equal(given_back(&books, "connect"), 1);
	books_close(&books);
}

static void a_repeated_event_changes_nothing(void **state)
{
	struct books books = books_open();

	(void)state;
	for (int i = 0; i < 3; i++) {
		take(&books, .id = 1, .port = 40000);
		take(&books, .id = 2, .port = 40001, .path = PATH_BIND, .nowhere = true);
	}
	assert_pool(&books, IPPROTO_TCP, 1, 1);
	assert_int_equal(destination(&books)->used, 1);
	assert_int_equal(owner(&books, EVENT_PID)->used, 2);
	assert_int_equal(owner(&books, EVENT_PID)->allocations, 2);
	assert_int_equal(allocated(&books, "connect"), 1);
	assert_int_equal(allocated(&books, "bind"), 1);
	assert_int_equal(given_back(&books, "connect"), 0);
	release(&books, .id = 1);
	release(&books, .id = 2);
	assert_empty(&books);
	books_close(&books);
}

static void a_port_given_again_ends_the_hold_whose_release_was_lost(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000);
	take(&books, .id = 2, .port = 40000);
	assert_int_equal(destination(&books)->used, 1);
	assert_int_equal(given_back(&books, "connect"), 1);
	assert_int_equal(look(&books)->health.drift_total, 1);
	release(&books, .id = 1); /* late: not again */
	assert_int_equal(destination(&books)->used, 1);
	assert_int_equal(given_back(&books, "connect"), 1);
	release(&books, .id = 2);
	assert_empty(&books);
	books_close(&books);
}

/* SO_REUSEADDR or SO_REUSEPORT: a bound port may be held by several sockets. */
static void a_bound_port_ends_no_other_hold(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000, .path = PATH_EXPLICIT);
	take(&books, .id = 2, .port = 40000, .path = PATH_EXPLICIT);
	assert_int_equal(destination(&books)->exclusive, 2);
	release(&books, .id = 1);
	assert_pool(&books, IPPROTO_TCP, 0, 1);
	books_close(&books);
}

/* --- counts ---------------------------------------------------------------------------------- */

static void allocations_and_releases_are_counted_by_path(void **state)
{
	struct books books = books_open();

	(void)state;
	for (uint16_t i = 0; i < 5; i++)
		take(&books, .id = 1 + i, .port = (uint16_t)(40000 + i));
	for (uint64_t id = 1; id <= 3; id++)
		release(&books, .id = id);
	take(&books, .id = 10, .port = 40010, .path = PATH_LISTEN, .nowhere = true);
	assert_int_equal(allocated(&books, "connect"), 5);
	assert_int_equal(given_back(&books, "connect"), 3);
	assert_int_equal(allocated(&books, "listen"), 1);
	assert_int_equal(given_back(&books, "listen"), 0);
	assert_int_equal(owner(&books, EVENT_PID)->allocations, 6);
	books_close(&books);
}

static void events_are_counted_by_kind(void **state)
{
	struct books books = books_open();
	const struct view *view;

	(void)state;
	take(&books, .id = 1, .port = 40000);
	take(&books, .id = 1, .port = 40000);
	time_wait(&books, .id = 1);
	release(&books, .id = 1);
	release(&books, .id = 99);
	refuse(&books, .path = PATH_CONNECT);
	view = look(&books);
	assert_int_equal(view->health.events_count, 4);
	assert_string_equal(view->health.events[0].name, "taken");
	assert_int_equal(view->health.events[0].count, 2);
	assert_int_equal(view->health.events[1].count, 1);
	assert_int_equal(view->health.events[2].count, 2);
	assert_int_equal(view->health.events[3].count, 1);
	books_close(&books);
}

static const struct view_histogram *histogram(const struct view_histogram *rows, size_t count,
					      const char *path)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(rows[i].path, path))
			return &rows[i];
	return NULL;
}

static void search_times_fall_into_their_buckets(void **state)
{
	struct books books = books_open();
	const struct view_histogram *row;
	const struct view *view;

	(void)state;
	take(&books, .id = 1, .port = 40000, .search_ns = 1000); /* the first bound, included */
	take(&books, .id = 2, .port = 40001, .search_ns = 1001);
	take(&books, .id = 3, .port = 40002, .search_ns = 5 * SECOND); /* beyond the last bound */
	take(&books, .id = 4, .port = 40003);                          /* not measured */
	refuse(&books, .path = PATH_BIND, .search_ns = 1);
	view = look(&books);
	row = histogram(view->searches, view->searches_count, "connect");
	assert_int_equal(row->count, 3);
	assert_int_equal(row->buckets[0], 1);
	assert_int_equal(row->buckets[1], 1);
	assert_int_equal(row->buckets[VIEW_HISTOGRAM_BUCKETS - 1], 1);
	assert_true(row->sum > 5.000001 && row->sum < 5.00001);
	assert_int_equal(histogram(view->searches, view->searches_count, "bind")->count, 1);
	assert_null(histogram(view->searches, view->searches_count, "listen"));
	books_close(&books);
}

static void the_life_of_a_hold_includes_its_time_wait(void **state)
{
	struct books books = books_open();
	const struct view_histogram *row;

	(void)state;
	take(&books, .id = 1, .port = 40000);
	pass(&books, SECOND);
	time_wait(&books, .id = 1);
	pass(&books, 60 * SECOND);
	release(&books, .id = 1);
	row = histogram(look(&books)->lifetimes, look(&books)->lifetimes_count, "connect");
	assert_int_equal(row->count, 1);
	assert_true(row->sum == 61.0);
	assert_int_equal(row->buckets[9], 1); /* over 60, up to 120 s */
	assert_true(row->bounds[8] == 60 && row->bounds[9] == 120);
	books_close(&books);
}

/* A hold that was there before us has no known beginning. */
static void the_life_of_a_found_hold_is_not_measured(void **state)
{
	struct books books = books_open();

	(void)state;
	take(&books, .id = 1, .port = 40000, .event_flags = EVENT_FOUND);
	pass(&books, SECOND);
	take(&books, .id = 1, .port = 40000); /* repeated: it stays found */
	release(&books, .id = 1);
	assert_int_equal(look(&books)->lifetimes_count, 0);
	books_close(&books);
}

/* --- describe -------------------------------------------------------------------------------- */

static void describe_names_what_a_hold_is(void **state)
{
	struct books books = books_open();
	struct hold_description hold;

	(void)state;
	take(&books, .id = 7, .port = 40000, .comm = "curl", .pid = 42);
	time_wait(&books, .id = 7);
	assert_true(ledger_describe(books.ledger, 7, &hold));
	assert_int_equal(hold.tuple.port, 40000);
	assert_int_equal(hold.tuple.netns, EVENT_NETNS);
	assert_int_equal(hold.tuple.remote_port, EVENT_REMOTE_PORT);
	assert_int_equal(hold.tuple.remote[15], 1);
	assert_int_equal(hold.protocol, IPPROTO_TCP);
	assert_int_equal(hold.path, PATH_CONNECT);
	assert_int_equal(hold.state, HOLD_TIME_WAIT);
	assert_int_equal(hold.pid, 42);
	assert_string_equal(hold.process, "curl");
	assert_string_equal(hold.netns_name, "host");
	assert_int_equal(hold.taken_ns, BOOKS_START_NS);
	books_close(&books);
}

static void describe_knows_no_other_hold(void **state)
{
	struct books books = books_open();
	struct hold_description hold = { .pid = 4242 };

	(void)state;
	take(&books, .id = 7, .port = 40000, .path = PATH_BIND, .nowhere = true);
	assert_false(ledger_describe(books.ledger, 8, &hold));
	assert_false(ledger_describe(books.ledger, 0, &hold));
	assert_int_equal(hold.pid, 4242);
	assert_true(ledger_describe(books.ledger, 7, &hold));
	assert_int_equal(hold.tuple.remote_port, 0);
	books_close(&books);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_ledger_is_empty),
		cmocka_unit_test(freeing_no_ledger_is_fine),
		cmocka_unit_test(connect_takes_a_shared_port),
		cmocka_unit_test(every_other_way_takes_an_exclusive_port),
		cmocka_unit_test(udp_is_exclusive_and_has_no_destination),
		cmocka_unit_test(a_port_toward_two_destinations_counts_once),
		cmocka_unit_test(both_address_and_port_make_a_destination),
		cmocka_unit_test(a_bound_port_is_lost_to_every_destination),
		cmocka_unit_test(a_port_bound_twice_is_lost_once),
		cmocka_unit_test(an_odd_range_gives_one_port_less),
		cmocka_unit_test(a_port_outside_the_range_counts_nothing),
		cmocka_unit_test(bind_then_connect_is_one_hold),
		cmocka_unit_test(a_bound_socket_that_listens_changes_its_path),
		cmocka_unit_test(a_child_has_no_destination),
		cmocka_unit_test(release_leaves_nothing_behind),
		cmocka_unit_test(events_about_unknown_holds_change_nothing),
		cmocka_unit_test(a_second_release_changes_nothing),
		cmocka_unit_test(a_repeated_event_changes_nothing),
		cmocka_unit_test(a_port_given_again_ends_the_hold_whose_release_was_lost),
		cmocka_unit_test(a_bound_port_ends_no_other_hold),
		cmocka_unit_test(allocations_and_releases_are_counted_by_path),
		cmocka_unit_test(events_are_counted_by_kind),
		cmocka_unit_test(search_times_fall_into_their_buckets),
		cmocka_unit_test(the_life_of_a_hold_includes_its_time_wait),
		cmocka_unit_test(the_life_of_a_found_hold_is_not_measured),
		cmocka_unit_test(describe_names_what_a_hold_is),
		cmocka_unit_test(describe_knows_no_other_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
