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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exporters/http/listen.h"
#include "tests/unit/scratch.h"
#include "user/base/local_socket.h"
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
		{ "unix:/run/a:1", AF_UNIX, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct listen_address address;

		assert_int_equal(listen_parse(&address, good[i].text), 0);
		assert_int_equal(address.any.sa_family, good[i].family);
		assert_int_equal(address.every, good[i].every);
		if (good[i].family == AF_UNIX) {
			assert_string_equal(address.local.sun_path, "/run/a:1");
			continue;
		}
		assert_int_equal(ntohs(good[i].family == AF_INET ? address.v4.sin_port
								 : address.v6.sin6_port),
				 good[i].port);
	}
}

static void malformed_addresses_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"unix:",
		"unix:run/relative",
		("unix:/a/path/that/is/much/too/long/for/the/address/of/a/unix/socket/which/has/room/"
		 "for/a/hundred/and/seven/letters"),
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
	struct local_socket file;
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

struct folder {
	void *scratch;
	char socket[PATH_MAX];
	struct listen_address address;
};

static int make_folder(void **state)
{
	struct folder *folder = calloc(1, sizeof(*folder));
	char text[PATH_MAX + 8];

	*state = folder;
	if (!folder || scratch_setup(&folder->scratch) < 0)
		return -1;
	scratch_path(folder->socket, folder->scratch, "socket");
	snprintf(text, sizeof(text), "unix:%s", folder->socket);
	return listen_parse(&folder->address, text);
}

static int remove_folder(void **state)
{
	struct folder *folder = *state;
	int r = scratch_teardown(&folder->scratch);

	free(folder);
	return r;
}

static void a_unix_socket_is_for_owner_and_group(void **state)
{
	const struct folder *folder = *state;
	struct local_socket file = { 0 };
	struct stat status;
	int fd = listen_open(&folder->address, &file);

	assert_true(fd >= 0);
	assert_int_equal(listen_port(fd), 0);
	assert_int_equal(lstat(folder->socket, &status), 0);
	assert_true(S_ISSOCK(status.st_mode));
	assert_int_equal(status.st_mode & 07777, 0660);
	local_socket_remove(&file);
	assert_int_equal(access(folder->socket, F_OK), -1);
	local_socket_remove(&file); /* nothing there: nothing to do */
	close(fd);
}

static void a_dead_agents_socket_is_replaced(void **state)
{
	const struct folder *folder = *state;
	struct local_socket file = { 0 };
	int fd = listen_open(&folder->address, &file);

	assert_true(fd >= 0);
	close(fd); /* it is gone, and its file is not */
	fd = listen_open(&folder->address, &file);
	assert_true(fd >= 0);
	close(fd);
}

static void a_successors_socket_is_not_removed(void **state)
{
	const struct folder *folder = *state;
	struct local_socket file = { 0 };
	struct local_socket newer = { 0 };
	int fd = listen_open(&folder->address, &file);
	int newer_fd;

	assert_true(fd >= 0);
	assert_int_equal(unlink(folder->socket), 0);
	newer_fd = listen_open(&folder->address, &newer);
	assert_true(newer_fd >= 0);
	local_socket_remove(&file);
	assert_int_equal(access(folder->socket, F_OK), 0);
	close(fd);
	close(newer_fd);
}

static void a_living_agents_socket_and_other_files_are_left_alone(void **state)
{
	const struct folder *folder = *state;
	struct local_socket file = { 0 };
	struct local_socket second = { 0 };
	int fd = listen_open(&folder->address, &file);

	assert_true(fd >= 0);
	assert_int_equal(listen_open(&folder->address, &second), -EADDRINUSE);
	assert_string_equal(second.path, "");
	assert_int_equal(access(folder->socket, F_OK), 0);
	close(fd);
	unlink(folder->socket);
	fd = open(folder->socket, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(listen_open(&folder->address, &second), -ENOTSOCK);
	assert_int_equal(access(folder->socket, F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_parsed),
		cmocka_unit_test(malformed_addresses_are_refused),
		cmocka_unit_test(a_socket_listens_and_is_not_inherited),
		cmocka_unit_test_setup_teardown(a_unix_socket_is_for_owner_and_group, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(a_dead_agents_socket_is_replaced, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(a_successors_socket_is_not_removed, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(
			a_living_agents_socket_and_other_files_are_left_alone, make_folder,
			remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
