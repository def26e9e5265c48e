// SPDX-License-Identifier: Apache-2.0
/* By which path a port was taken, told from what sock_diag shows. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/objects.h"
#include "user/sources/diag_path.h"

static const uint8_t any[16] = { [10] = 0xff, 0xff };

static uint8_t path_of(struct sockdiag_record record)
{
	const struct diag_listeners none = { 0 };

	return diag_path(&record, &none);
}

#define path(...) path_of(object(__VA_ARGS__))

static void note(struct diag_listeners *listeners, struct sockdiag_record listener)
{
	assert_int_equal(diag_listeners_add(listeners, &listener), 0);
}

static struct sockdiag_record listener_at(uint64_t cookie, uint16_t port, const uint8_t local[16])
{
	struct sockdiag_record record =
		object(.cookie = cookie, .port = port, .state = SOCKDIAG_LISTEN, .nowhere = true);

	memcpy(record.tuple.local, local, 16);
	return record;
}

static void tcp_says_what_it_can(void **state)
{
	(void)state;
	assert_int_equal(path(.port = 1), PATH_CONNECT);
	assert_int_equal(path(.port = 1, .named = true), PATH_EXPLICIT);
	assert_int_equal(path(.port = 1, .state = SOCKDIAG_LISTEN, .nowhere = true), PATH_LISTEN);
	assert_int_equal(path(.port = 1, .state = SOCKDIAG_LISTEN, .named = true), PATH_LISTEN);
	assert_int_equal(path(.port = 1, .state = SOCKDIAG_CLOSE, .nowhere = true), PATH_BIND);
	assert_int_equal(path(.port = 1, .state = SOCKDIAG_CLOSE, .named = true), PATH_EXPLICIT);
	assert_int_equal(path(.port = 1, .state = SOCKDIAG_TIME_WAIT, .remnant = true),
			 PATH_CONNECT);
}

static void udp_says_what_it_can(void **state)
{
	struct sockdiag_record unbound = object(.port = 1, .protocol = IPPROTO_UDP,
						.state = SOCKDIAG_CLOSE, .nowhere = true);

	(void)state;
	assert_int_equal(path_of(unbound), PATH_BIND); /* of one address */
	memcpy(unbound.tuple.local, any, 16);
	assert_int_equal(path_of(unbound), PATH_AUTOBIND);
	memset(unbound.tuple.local, 0, 16);
	assert_int_equal(path_of(unbound), PATH_AUTOBIND);
	assert_int_equal(path(.port = 1, .protocol = IPPROTO_UDP), PATH_AUTOBIND);
	assert_int_equal(path(.port = 1, .protocol = IPPROTO_UDP, .named = true), PATH_EXPLICIT);
}

static void a_connection_to_a_listener_of_its_port_is_a_child(void **state)
{
	struct diag_listeners listeners = { 0 };
	struct sockdiag_record child = object(.port = 40000, .state = SOCKDIAG_ESTABLISHED);

	(void)state;
	note(&listeners, listener_at(1, 40000, any));
	assert_int_equal(diag_path(&child, &listeners), PATH_CHILD);
	child.tuple.port = 40001;
	assert_int_equal(diag_path(&child, &listeners), PATH_CONNECT);
	diag_listeners_done(&listeners);
}

static void a_listener_of_one_address_has_children_of_it_only(void **state)
{
	struct diag_listeners listeners = { 0 };
	struct sockdiag_record child = object(.port = 40000);

	(void)state;
	note(&listeners, listener_at(1, 40000, object(.local = { 10, 0, 0, 9 }).tuple.local));
	assert_null(diag_listeners_find(&listeners, &child.tuple));
	note(&listeners, listener_at(2, 40000, child.tuple.local));
	assert_int_equal(diag_listeners_find(&listeners, &child.tuple)->cookie, 2);
	diag_listeners_done(&listeners);
}

static void a_listener_of_ipv4_has_no_children_of_ipv6(void **state)
{
	struct diag_listeners listeners = { 0 };
	struct sockdiag_record child6 = object(.port = 40000, .v6 = true);
	struct sockdiag_record child4 = object(.port = 40000);

	(void)state;
	note(&listeners, listener_at(1, 40000, any));
	assert_null(diag_listeners_find(&listeners, &child6.tuple));
	note(&listeners, listener_at(2, 40000, (const uint8_t[16]){ 0 }));
	assert_int_equal(diag_listeners_find(&listeners, &child6.tuple)->cookie, 2);
	assert_non_null(diag_listeners_find(&listeners, &child4.tuple)); /* dual stack */
	diag_listeners_done(&listeners);
}

static void listeners_are_forgotten(void **state)
{
	struct diag_listeners listeners = { 0 };
	struct sockdiag_record child = object(.port = 40077);

	(void)state;
	for (uint16_t port = 40000; port < 40100; port++)
		note(&listeners, listener_at(port, port, any));
	assert_int_equal(diag_listeners_find(&listeners, &child.tuple)->cookie, 40077);
	diag_listeners_clear(&listeners);
	assert_null(diag_listeners_find(&listeners, &child.tuple));
	diag_listeners_done(&listeners);
	diag_listeners_done(&listeners);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_says_what_it_can),
		cmocka_unit_test(udp_says_what_it_can),
		cmocka_unit_test(a_connection_to_a_listener_of_its_port_is_a_child),
		cmocka_unit_test(a_listener_of_one_address_has_children_of_it_only),
		cmocka_unit_test(a_listener_of_ipv4_has_no_children_of_ipv6),
		cmocka_unit_test(listeners_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
