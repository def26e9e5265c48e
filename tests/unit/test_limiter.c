// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "exporters/http/limiter.h"

#define SECOND UINT64_C(1000000000)

static struct limiter_key v4(const char *text)
{
	struct sockaddr_in address = { .sin_family = AF_INET };

	assert_int_equal(inet_pton(AF_INET, text, &address.sin_addr), 1);
	return limiter_key_of((const struct sockaddr *)&address);
}

static struct limiter_key v6(const char *text)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6 };

	assert_int_equal(inet_pton(AF_INET6, text, &address.sin6_addr), 1);
	return limiter_key_of((const struct sockaddr *)&address);
}

static void assert_same(struct limiter_key a, struct limiter_key b, bool same)
{
	assert_true(limiter_key_equal(&a, &b) == same);
}

static void addresses_are_told_apart(void **state)
{
	const struct sockaddr_un local = { .sun_family = AF_UNIX, .sun_path = "/x" };
	struct limiter_key at_local = limiter_key_of((const struct sockaddr *)&local);

	(void)state;
	assert_same(v4("10.0.0.1"), v4("10.0.0.1"), true);
	assert_same(v4("10.0.0.1"), v4("10.0.0.2"), false);
	assert_same(v4("10.0.0.1"), v6("::ffff:10.0.0.1"), true);
	assert_same(v6("fd00:0:0:1::1"), v6("fd00:0:0:1:ffff::2"), true); /* one network */
	assert_same(v6("fd00:0:0:1::1"), v6("fd00:0:0:2::1"), false);
	assert_same(at_local, limiter_key_of(NULL), true);
	assert_same(at_local, v4("10.0.0.1"), false);
}

static void a_burst_passes_and_then_one_each_interval(void **state)
{
	static struct limiter limiter;
	struct limiter_key key = v4("10.0.0.1");
	struct limiter_key other = v4("10.0.0.2");
	uint64_t now = 1000 * SECOND;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_true(limiter_take(&limiter, &key, now, SECOND, 3));
	assert_false(limiter_may_take(&limiter, &key, now, SECOND, 3));
	assert_false(limiter_take(&limiter, &key, now + SECOND - 1, SECOND, 3));
	assert_true(limiter_take(&limiter, &other, now, SECOND, 3));
	assert_true(limiter_may_take(&limiter, &key, now + SECOND, SECOND, 3));
	assert_true(limiter_take(&limiter, &key, now + SECOND, SECOND, 3));
	assert_false(limiter_take(&limiter, &key, now + SECOND, SECOND, 3));
	now += 100 * SECOND; /* no more than a burst is saved up */
	for (int i = 0; i < 3; i++)
		assert_true(limiter_take(&limiter, &key, now, SECOND, 3));
	assert_false(limiter_take(&limiter, &key, now, SECOND, 3));
}

static void without_an_interval_there_is_no_limit(void **state)
{
	static struct limiter limiter;
	struct limiter_key key = v4("10.0.0.1");

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_true(limiter_take(&limiter, &key, 1, 0, 0));
}

static void who_asked_least_is_forgotten_first(void **state)
{
	static struct limiter limiter;
	struct limiter_key busy = v4("10.0.0.1");
	uint64_t now = SECOND;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_true(limiter_take(&limiter, &busy, now, SECOND, 3));
	for (uint32_t i = 0; i < 4 * LIMITER_CLIENTS; i++) {
		struct sockaddr_in address = { .sin_family = AF_INET,
					       .sin_addr = { htonl(0x0b000000 + i) } };
		struct limiter_key key = limiter_key_of((const struct sockaddr *)&address);

		assert_true(limiter_take(&limiter, &key, now, SECOND, 3));
	}
	assert_false(limiter_take(&limiter, &busy, now, SECOND, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_told_apart),
		cmocka_unit_test(a_burst_passes_and_then_one_each_interval),
		cmocka_unit_test(without_an_interval_there_is_no_limit),
		cmocka_unit_test(who_asked_least_is_forgotten_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
