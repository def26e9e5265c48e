// SPDX-License-Identifier: Apache-2.0
/* Which hold belongs to which object of one port. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/readings.h"
#include "user/verify/verify_match.h"

#define ITEMS_MAX 8

/* Both sides of one port, and what came of them. */
struct port {
	struct verify_reading kernel;
	struct verify_reading ledger;
	struct verify_list kernel_first; /* with the kernel's objects outside */
	struct verify_list ledger_first;
};

static struct verify_items items_of(const struct verify_reading *reading,
				    struct verify_item storage[ITEMS_MAX])
{
	struct verify_items items = { reading->side, storage, reading->count };

	assert_true(reading->count <= ITEMS_MAX);
	for (size_t i = 0; i < reading->count; i++)
		storage[i] = (struct verify_item){
			.entry = &reading->entries[i],
			.early = reading->entries[i].state,
			.late = reading->entries[i].state,
		};
	return items;
}

static void match_sides(struct verify_list *ret, const struct verify_reading *outer,
			const struct verify_reading *inner, bool shows_bound)
{
	struct verify_item storage[2][ITEMS_MAX];
	struct verify_items outside = items_of(outer, storage[0]);
	struct verify_items inside = items_of(inner, storage[1]);

	assert_int_equal(verify_match(ret, &outside, &inside, shows_bound), 0);
}

static struct port match(struct verify_reading kernel, struct verify_reading ledger,
			 bool shows_bound)
{
	struct port port = { .kernel = kernel, .ledger = ledger };

	match_sides(&port.kernel_first, &kernel, &ledger, shows_bound);
	match_sides(&port.ledger_first, &ledger, &kernel, shows_bound);
	return port;
}

static void done(struct port *port)
{
	verify_reading_done(&port->kernel);
	verify_reading_done(&port->ledger);
	verify_list_done(&port->kernel_first);
	verify_list_done(&port->ledger_first);
}

static void all_match(struct verify_reading kernel, struct verify_reading ledger)
{
	struct port port = match(kernel, ledger, true);

	assert_int_equal(port.kernel_first.count, 0);
	assert_int_equal(port.ledger_first.count, 0);
	done(&port);
}

static void is_one(const struct verify_list *list, enum verify_kind kind, uint64_t identity)
{
	assert_int_equal(list->count, 1);
	assert_int_equal(list->differences[0].kind, kind);
	assert_int_equal(list->differences[0].entry.identity, identity);
}

static void connections_match_by_both_ends(void **state)
{
	(void)state;
	all_match(kernel(object(.cookie = 10, .port = 1, .remote_port = 2),
			 object(.cookie = 11, .port = 1, .remote_port = 1)),
		  ledger(record(.id = 1, .port = 1, .remote_port = 1),
			 record(.id = 2, .port = 1, .remote_port = 2)));
}

static void a_connection_elsewhere_is_another(void **state)
{
	struct port port = match(kernel(object(.cookie = 10, .port = 1, .remote_port = 2)),
				 ledger(record(.id = 1, .port = 1, .remote_port = 1)), true);

	(void)state;
	is_one(&port.kernel_first, VERIFY_MISSING, 10);
	is_one(&port.ledger_first, VERIFY_STALE, 1);
	done(&port);
}

static void a_state_that_differs_is_told_once(void **state)
{
	struct port port = match(kernel(object(.cookie = 10, .port = 1, .remnant = true)),
				 ledger(record(.id = 1, .port = 1)), true);

	(void)state;
	is_one(&port.kernel_first, VERIFY_STATE, 10);
	assert_int_equal(port.kernel_first.differences[0].hold.identity, 1);
	assert_int_equal(port.ledger_first.count, 0);
	done(&port);
}

static void two_of_the_same_ends_match_by_their_states(void **state)
{
	(void)state;
	all_match(kernel(object(.cookie = 10, .port = 1),
			 object(.cookie = 11, .port = 1, .remnant = true)),
		  ledger(record(.id = 1, .port = 1, .state = HOLD_TIME_WAIT),
			 record(.id = 2, .port = 1)));
}

static void holds_without_ends_match_any_object(void **state)
{
	(void)state;
	all_match(kernel(object(.cookie = 10, .port = 1, .state = SOCKDIAG_LISTEN, .nowhere = true),
			 object(.cookie = 11, .port = 1), object(.cookie = 12, .port = 1)),
		  ledger(record(.id = 1, .port = 1, .path = PATH_LISTEN, .nowhere = true),
			 record(.id = 2, .port = 1, .path = PATH_CHILD, .nowhere = true),
			 record(.id = 3, .port = 1, .path = PATH_CHILD, .nowhere = true)));
}

static void they_match_by_their_states_first(void **state)
{
	(void)state;
	all_match(kernel(object(.cookie = 10, .port = 1, .remnant = true),
			 object(.cookie = 11, .port = 1)),
		  ledger(record(.id = 1, .port = 1, .path = PATH_CHILD, .nowhere = true),
			 record(.id = 2, .port = 1, .path = PATH_CHILD, .nowhere = true,
				.state = HOLD_TIME_WAIT)));
}

static void a_bound_port_may_be_connected_anywhere(void **state)
{
	(void)state;
	all_match(kernel(object(.cookie = 10, .port = 1, .remote_port = 7)),
		  ledger(record(.id = 1, .port = 1, .path = PATH_BIND, .remote_port = 8)));
	all_match(kernel(object(.cookie = 10, .port = 1, .state = SOCKDIAG_CLOSE, .nowhere = true)),
		  ledger(record(.id = 1, .port = 1, .path = PATH_EXPLICIT)));
}

static void one_too_few_is_missing(void **state)
{
	struct port port =
		match(kernel(object(.cookie = 10, .port = 1, .remote_port = 1),
			     object(.cookie = 11, .port = 1, .remote_port = 2),
			     object(.cookie = 12, .port = 1, .remote_port = 3)),
		      ledger(record(.id = 1, .port = 1, .path = PATH_CHILD, .nowhere = true),
			     record(.id = 2, .port = 1, .path = PATH_CHILD, .nowhere = true)),
		      true);

	(void)state;
	is_one(&port.kernel_first, VERIFY_MISSING, 12);
	assert_int_equal(port.ledger_first.count, 0);
	done(&port);
}

static void one_too_many_is_stale(void **state)
{
	struct port port =
		match(kernel(object(.cookie = 10, .port = 1)),
		      ledger(record(.id = 1, .port = 1, .path = PATH_CHILD, .nowhere = true),
			     record(.id = 2, .port = 1, .path = PATH_CHILD, .nowhere = true)),
		      true);

	(void)state;
	assert_int_equal(port.kernel_first.count, 0);
	is_one(&port.ledger_first, VERIFY_STALE, 2);
	done(&port);
}

static void a_connection_of_connect_does_not_stand_for_a_child(void **state)
{
	struct port port = match(kernel(object(.cookie = 10, .port = 1, .remote_port = 9)),
				 ledger(record(.id = 1, .port = 1)), true);

	(void)state;
	is_one(&port.kernel_first, VERIFY_MISSING, 10);
	is_one(&port.ledger_first, VERIFY_STALE, 1);
	done(&port);
}

static struct port bound_only(struct holds_dump_record hold, bool shows_bound)
{
	return match(nothing_of(VERIFY_KERNEL), ledger_of(&hold, 1), shows_bound);
}

static void what_the_kernel_does_not_list_is_not_verifiable(void **state)
{
	struct holds_dump_record named = record(.id = 1, .port = 1, .path = PATH_EXPLICIT);
	struct holds_dump_record bound =
		record(.id = 2, .port = 1, .path = PATH_BIND, .nowhere = true);
	struct port port = bound_only(named, false);

	(void)state;
	is_one(&port.ledger_first, VERIFY_UNSEEN, 1); /* it keeps its port after its connection */
	done(&port);
	port = bound_only(bound, false);
	is_one(&port.ledger_first, VERIFY_UNSEEN, 2);
	done(&port);
}

static void what_it_would_list_is_stale(void **state)
{
	const struct holds_dump_record holds[] = {
		record(.id = 1, .port = 1, .path = PATH_BIND),
		record(.id = 2, .port = 1, .path = PATH_EXPLICIT, .state = HOLD_TIME_WAIT),
		record(.id = 3, .port = 1, .path = PATH_EXPLICIT, .protocol = IPPROTO_UDP),
		record(.id = 4, .port = 1),
		record(.id = 5, .port = 1, .path = PATH_CHILD, .nowhere = true),
	};
	struct port port;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(holds); i++) {
		port = bound_only(holds[i], false);
		is_one(&port.ledger_first, VERIFY_STALE, i + 1);
		done(&port);
	}
	port = bound_only(record(.id = 9, .port = 1, .path = PATH_BIND, .nowhere = true), true);
	is_one(&port.ledger_first, VERIFY_STALE, 9);
	done(&port);
}

/* One that became TIME_WAIT between the two readings of its side. */
static void a_change_meanwhile_agrees_with_either_state(void **state)
{
	struct verify_reading outer = kernel(object(.cookie = 10, .port = 1, .remnant = true));
	struct verify_reading inner[2] = {
		ledger(record(.id = 1, .port = 1)),
		ledger(record(.id = 1, .port = 1, .state = HOLD_TIME_WAIT)),
	};
	struct verify_list list = { 0 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct verify_item storage[2][ITEMS_MAX];
		struct verify_items outside = items_of(&outer, storage[0]);
		struct verify_items inside = items_of(&inner[i], storage[1]);

		storage[0][0].early = HOLD_ACTIVE;
		assert_int_equal(verify_match(&list, &outside, &inside, true), 0);
		assert_int_equal(list.count, 0);
		verify_reading_done(&inner[i]);
	}
	verify_reading_done(&outer);
	verify_list_done(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connections_match_by_both_ends),
		cmocka_unit_test(a_connection_elsewhere_is_another),
		cmocka_unit_test(a_state_that_differs_is_told_once),
		cmocka_unit_test(two_of_the_same_ends_match_by_their_states),
		cmocka_unit_test(holds_without_ends_match_any_object),
		cmocka_unit_test(they_match_by_their_states_first),
		cmocka_unit_test(a_bound_port_may_be_connected_anywhere),
		cmocka_unit_test(one_too_few_is_missing),
		cmocka_unit_test(one_too_many_is_stale),
		cmocka_unit_test(a_connection_of_connect_does_not_stand_for_a_child),
		cmocka_unit_test(what_the_kernel_does_not_list_is_not_verifiable),
		cmocka_unit_test(what_it_would_list_is_stale),
		cmocka_unit_test(a_change_meanwhile_agrees_with_either_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
