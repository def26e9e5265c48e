// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>

#include "exporters/http/listen.h"
#include "user/base/util.h"

static void addresses_are_parsed(void **state)
{
	static const struct {
		const char *text;
		int family;
		uint16_t port;
		bool every;
	} good[] = {
		{ "127.0.0.1:9817", AF_INET, 9817, false },
		{ "0.0.0.0:1", AF_INET, 1, false },
		{ "localhost:65535", AF_INET, 65535, false },
		{ ":9817", AF_INET6, 9817, true },
		{ "[::]:0", AF_INET6, 0, false },
		{ "[2001:db8::1]:80", AF_INET6, 80, false },
		{ "[fe80::1%lo]:80", AF_INET6, 80, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct listen_address address;

		assert_int_equal(listen_parse(&address, good[i].text), 0);
		assert_int_equal(address.any.sa_family, good[i].family);
		assert_int_equal(address.every, good[i].every);
		assert_int_equal(ntohs(good[i].family == AF_INET ? address.v4.sin_port
								 : address.v6.sin6_port),
				 good[i].port);
	}
}

static void malformed_addresses_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		":",
		"9817",
		"127.0.0.1",
		"127.0.0.1:",
		"127.0.0.1:x",
		"127.0.0.1:65536",
		"127.0.0.1:-1",
		"127.0.0.1:+1",
		"127.0.0.1: 1",
		"127.0.0.1:1 ",
		"127.0.0.1:000001",
		"127.1:80",
		"0x7f000001:80",
		"::1:80",
		"[::1]",
		"[::1]80",
		"[::1:80",
		"::1]:80",
		"[]:80",
		"[127.0.0.1]:80",
		"[fe80::1%nosuchif]:80",
		"example.org:80",
		"LOCALHOST:1",
		"http://127.0.0.1:80",
		"1.2.3.4.5:80",
		"[::1]:80:90",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct listen_address address = { .every = true };

		if (listen_parse(&address, bad[i]) != -EINVAL)
			fail_msg("\"%s\" was taken", bad[i]);
		assert_true(address.every); /* untouched on failure */
	}
}

static void a_socket_listens_and_is_not_inherited(void **state)
{
	struct listen_address address;
	struct listen_file file;
	int fd;

	(void)state;
	assert_int_equal(listen_parse(&address, "127.0.0.1:0"), 0);
	fd = listen_open(&address, &file);
	assert_true(fd >= 0);
	assert_int_not_equal(listen_port(fd), 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	close(fd);
	assert_int_equal(listen_port(fd), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_parsed),
		cmocka_unit_test(malformed_addresses_are_refused),
		cmocka_unit_test(a_socket_listens_and_is_not_inherited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
