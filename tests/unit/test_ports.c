// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>

#include "exporters/client/ports.h"
#include "tests/unit/scratch.h"

static void source_ports_inside_the_range_are_seen(void **state)
{
	static const uint16_t first = 40000;
	struct ports ports;
	uint16_t range[2] = { 0 };
	char path[PATH_MAX];

	scratch_write(*state, "range", "40000\t40999\n");
	scratch_path(path, *state, "range");
	assert_int_equal(ports_init(&ports, first - 10, first - 1), 0);
	assert_false(ports_overlap(&ports, path, range));
	assert_int_equal(ports_init(&ports, first - 10, first), 0);
	assert_true(ports_overlap(&ports, path, range));
	assert_int_equal(range[0], 40000);
	assert_int_equal(range[1], 40999);
	assert_false(ports_overlap(&ports, "/nonexistent", range));
	scratch_write(*state, "range", "nonsense\n");
	assert_false(ports_overlap(&ports, path, range));
}

static void a_range_has_an_order(void **state)
{
	struct ports ports = { .first = 7 };

	(void)state;
	assert_int_equal(ports_init(&ports, 6, 5), -EINVAL);
	assert_int_equal(ports_init(&ports, 0, 5), -EINVAL);
	assert_int_equal(ports.first, 7);
	assert_int_equal(ports_init(&ports, 0, 0), 0);
	assert_int_equal(ports.first, PORTS_FIRST);
	assert_int_equal(ports.last, PORTS_LAST);
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in6 address = { 0 };
	socklen_t length = sizeof(address);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	return ntohs(address.sin6_port); /* stands where IPv4 has it, too */
}

static void ports_are_taken_in_turn(void **state)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct ports ports;

	(void)state;
	assert_int_equal(ports_init(&ports, 29921, 29922), 0);
	for (uint16_t i = 0; i < 6; i++) {
		int fd = socket(families[i / 3], SOCK_STREAM | SOCK_CLOEXEC, 0);

		assert_true(fd >= 0);
		assert_int_equal(ports_bind(&ports, fd, families[i / 3]), 0);
		assert_int_equal(port_of(fd), 29921 + i % 2);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(source_ports_inside_the_range_are_seen,
						scratch_setup, scratch_teardown),
		cmocka_unit_test(a_range_has_an_order),
		cmocka_unit_test(ports_are_taken_in_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
