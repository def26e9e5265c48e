// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "exporters/http/clients.h"
#include "user/base/util.h"

#define SECOND UINT64_C(1000000000)

static struct sockaddr_in address_of(uint32_t host)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = { htonl(host) } };
}

static bool may_come(struct clients *clients, uint32_t host)
{
	struct sockaddr_in address = address_of(host);

	return clients_may_come(clients, (const struct sockaddr *)&address);
}

static void one_address_has_so_many_connections(void **state)
{
	struct sockaddr_in address = address_of(0x0a000001);
	const struct sockaddr_un local = { .sun_family = AF_UNIX };
	struct client list[CLIENTS_PER_ADDRESS] = { 0 };
	struct clients clients;

	(void)state;
	clients_init(&clients);
	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		assert_true(may_come(&clients, 0x0a000001));
		list[i].key = limiter_key_of((const struct sockaddr *)&address);
		clients_add(&clients, &list[i]);
	}
	assert_false(may_come(&clients, 0x0a000001));
	assert_true(may_come(&clients, 0x0a000002));
	assert_true(clients_may_come(&clients, (const struct sockaddr *)&local));
	clients_remove(&clients, &list[5]);
	assert_true(may_come(&clients, 0x0a000001));
	clients_remove(&clients, &list[0]);
	clients_remove(&clients, &list[ARRAY_SIZE(list) - 1]);
	assert_ptr_equal(clients.first, &list[ARRAY_SIZE(list) - 2]);
	clients_done(&clients);
}

/* Whether the other end of a connection has been told that it is over. */
static bool is_over(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

static void whoever_takes_too_long_is_cut_off(void **state)
{
	struct clients clients;
	struct client early = { .since_ns = 10 * SECOND };
	struct client late = { .since_ns = 50 * SECOND };
	int first[2];
	int second[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, first), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, second), 0);
	clients_init(&clients);
	early.fd = first[0];
	late.fd = second[0];
	clients_add(&clients, &early);
	clients_add(&clients, &late);
	clients_expire(&clients, 70 * SECOND, 60 * SECOND);
	assert_false(is_over(first[1]));
	clients_expire(&clients, 70 * SECOND + 1, 60 * SECOND);
	assert_true(is_over(first[1]));
	assert_false(is_over(second[1]));
	clients_remove(&clients, &early);
	clients_remove(&clients, &late);
	assert_null(clients.first);
	clients_expire(&clients, 1000 * SECOND, SECOND); /* nobody is left to cut off */
	assert_false(is_over(second[1]));
	clients_done(&clients);
	for (int i = 0; i < 2; i++) {
		close(first[i]);
		close(second[i]);
	}
}

static void ten_wrong_passwords_are_checked_and_then_one_a_second(void **state)
{
	struct sockaddr_in address = address_of(0x0a000001);
	struct sockaddr_in other = address_of(0x0a000002);
	struct limiter_key key = limiter_key_of((const struct sockaddr *)&address);
	struct limiter_key other_key = limiter_key_of((const struct sockaddr *)&other);
	struct clients clients;

	(void)state;
	clients_init(&clients);
	for (int i = 0; i < 10; i++) {
		assert_true(clients_may_try(&clients, &key, 100 * SECOND));
		clients_failed(&clients, &key, 100 * SECOND);
	}
	assert_false(clients_may_try(&clients, &key, 100 * SECOND));
	assert_true(clients_may_try(&clients, &other_key, 100 * SECOND));
	assert_true(clients_may_try(&clients, &key, 101 * SECOND));
	clients_failed(&clients, &key, 101 * SECOND);
	assert_false(clients_may_try(&clients, &key, 101 * SECOND));
	clients_done(&clients);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_address_has_so_many_connections),
		cmocka_unit_test(whoever_takes_too_long_is_cut_off),
		cmocka_unit_test(ten_wrong_passwords_are_checked_and_then_one_a_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
