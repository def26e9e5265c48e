// SPDX-License-Identifier: Apache-2.0
/* Names of far ends: services, listeners, and which namespace an address leads to. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "user/core/addresses.h"
#include "user/core/places.h"
#include "user/host/services.h"

/* --- services -------------------------------------------------------------------------------- */

static int name_service(void *context, uint8_t protocol, uint16_t port, const char *name)
{
	return places_name_service(context, protocol, port, name);
}

static void services_have_the_first_name_of_the_list(void **state)
{
	struct places places = { 0 };

	(void)state;
	assert_int_equal(services_parse("# a list\n"
					"ssh\t\t22/tcp\t\t# SSH\n"
					"domain 53/tcp\n"
					"domain 53/udp nameserver\r\n"
					"http 80/tcp www\n"
					"other 80/tcp",
					name_service, &places),
			 0);
	assert_string_equal(places_service(&places, IPPROTO_TCP, 22), "ssh");
	assert_string_equal(places_service(&places, IPPROTO_UDP, 53), "domain");
	assert_string_equal(places_service(&places, IPPROTO_TCP, 80), "http");
	assert_null(places_service(&places, IPPROTO_UDP, 22));
	assert_null(places_service(&places, IPPROTO_TCP, 81));
	places_done(&places);
}

static int never(void *context, uint8_t protocol, uint16_t port, const char *name)
{
	(void)context;
	fail_msg("%s is %u/%u", name, port, protocol);
	return 0;
}

static void lines_that_make_no_sense_are_passed_over(void **state)
{
	(void)state;
	assert_int_equal(services_parse("\n\n#ssh 22/tcp\nssh\nssh 22\nssh 22/\nssh 22/sctp\n"
					"ssh 0/tcp\nssh 65536/tcp\nssh 000000022/tcp\nssh -1/tcp\n"
					"ssh tcp/22\ns\x1b[31m 22/tcp\n\"s\" 22/tcp\nssh 22/tcpx\n"
					"this-name-is-longer-than-any-service-has 22/tcp\n"
					"ssh 22/TCP\n 22/tcp",
					never, NULL),
			 0);
}

static int refuse(void *context, uint8_t protocol, uint16_t port, const char *name)
{
	(void)protocol;
	(void)port;
	(void)name;
	++*(int *)context;
	return -ENOSPC;
}

static void a_handler_can_stop_the_reading(void **state)
{
	int calls = 0;

	(void)state;
	assert_int_equal(services_parse("a 1/tcp\nb 2/tcp\n", refuse, &calls), -ENOSPC);
	assert_int_equal(calls, 1);
}

static void there_is_an_end_to_names_of_services(void **state)
{
	struct places places = { 0 };
	int r = 0;
	uint32_t port = 1;

	(void)state;
	for (; port <= UINT16_MAX && r == 0; port++)
		r = places_name_service(&places, IPPROTO_TCP, (uint16_t)port, "x");
	assert_int_equal(r, -ENOSPC);
	assert_int_equal(port, PLACES_SERVICES_MAX + 2);
	places_done(&places);
}

/* --- servers --------------------------------------------------------------------------------- */

static struct place_server server(uint32_t netns, uint16_t port, uint32_t pid)
{
	struct place_server ret = {
		.key = { .netns = netns, .port = port, .protocol = IPPROTO_TCP }, .pid = pid
	};

	memcpy(ret.process, "nginx", 6);
	return ret;
}

static void servers_come_change_and_go(void **state)
{
	struct places places = { 0 };
	struct place_server it = server(1, 443, 4711);
	struct place_server gone = server(1, 443, 0);

	(void)state;
	assert_int_equal(places_set_server(&places, &it), 0);
	assert_int_equal(places_server(&places, &it.key)->pid, 4711);
	it.pid = 4712;
	assert_int_equal(places_set_server(&places, &it), 0);
	assert_int_equal(places_server(&places, &it.key)->pid, 4712);
	assert_int_equal(places_set_server(&places, &gone), 0);
	assert_null(places_server(&places, &it.key));
	assert_int_equal(places_set_server(&places, &gone), 0);
	places_done(&places);
}

static void walking_may_take_away_what_it_has_seen(void **state)
{
	struct places places = { 0 };
	const struct place_server *at;
	void *cursor = NULL;
	int seen = 0;

	(void)state;
	assert_null(places_next_server(&places, &cursor));
	cursor = NULL;
	for (uint16_t port = 1; port <= 100; port++) {
		struct place_server it = server(1, port, port);

		assert_int_equal(places_set_server(&places, &it), 0);
	}
	while ((at = places_next_server(&places, &cursor))) {
		struct place_server over = { .key = at->key };

		assert_int_equal(places_set_server(&places, &over), 0);
		seen++;
	}
	assert_int_equal(seen, 100);
	cursor = NULL;
	assert_null(places_next_server(&places, &cursor));
	places_done(&places);
}

static void a_namespace_takes_its_servers_along(void **state)
{
	struct places places = { 0 };
	struct place_server one = server(1, 443, 1);
	struct place_server two = server(2, 443, 2);

	(void)state;
	places_set_server(&places, &one);
	places_set_server(&places, &two);
	places_drop_netns(&places, 1);
	assert_null(places_server(&places, &one.key));
	assert_non_null(places_server(&places, &two.key));
	places_done(&places);
}

static void there_is_an_end_to_servers(void **state)
{
	struct places places = { 0 };

	(void)state;
	for (uint32_t i = 1; i <= PLACES_SERVERS_MAX; i++) {
		struct place_server it = server(i, 443, 1);

		assert_int_equal(places_set_server(&places, &it), 0);
	}
	assert_int_equal(places_set_server(&places, &(struct place_server){ .pid = 1 }), -ENOSPC);
	places_done(&places);
}

/* --- addresses ------------------------------------------------------------------------------- */

static const uint8_t *address(const char *text)
{
	static struct in6_addr ret;
	char mapped[64];

	snprintf(mapped, sizeof(mapped), "%s%s", strchr(text, ':') ? "" : "::ffff:", text);
	assert_int_equal(inet_pton(AF_INET6, mapped, &ret), 1);
	return ret.s6_addr;
}

static void an_address_leads_to_the_one_namespace_that_has_it(void **state)
{
	struct addresses addresses = { 0 };

	(void)state;
	addresses_add(&addresses, 1, address("10.0.0.1"));
	addresses_add(&addresses, 2, address("10.0.0.2"));
	addresses_add(&addresses, 2, address("fd00::2"));
	assert_int_equal(addresses_find(&addresses, 1, address("10.0.0.1")), 1);
	assert_int_equal(addresses_find(&addresses, 1, address("10.0.0.2")), 2);
	assert_int_equal(addresses_find(&addresses, 7, address("fd00::2")), 2);
	assert_int_equal(addresses_find(&addresses, 1, address("10.0.0.3")), 0);
	addresses_clear(&addresses);
	assert_int_equal(addresses_find(&addresses, 1, address("10.0.0.2")), 0);
	addresses_done(&addresses);
}

static void a_namespace_reaches_its_own_address_first(void **state)
{
	struct addresses addresses = { 0 };

	(void)state;
	addresses_add(&addresses, 2, address("10.0.0.1"));
	addresses_add(&addresses, 1, address("10.0.0.1"));
	assert_int_equal(addresses_find(&addresses, 1, address("10.0.0.1")), 1);
	assert_int_equal(addresses_find(&addresses, 2, address("10.0.0.1")), 2);
	addresses_done(&addresses);
}

static void what_several_have_leads_nowhere(void **state)
{
	struct addresses addresses = { 0 };

	(void)state;
	addresses_add(&addresses, 2, address("10.0.0.1"));
	addresses_add(&addresses, 2, address("10.0.0.1")); /* twice, on two links */
	assert_int_equal(addresses_find(&addresses, 1, address("10.0.0.1")), 2);
	addresses_add(&addresses, 3, address("10.0.0.1"));
	assert_int_equal(addresses_find(&addresses, 1, address("10.0.0.1")), 0);
	addresses_done(&addresses);
}

static void loopback_and_links_stay_at_home(void **state)
{
	struct addresses addresses = { 0 };

	(void)state;
	addresses_add(&addresses, 2, address("127.0.0.1"));
	addresses_add(&addresses, 2, address("::1"));
	addresses_add(&addresses, 2, address("fe80::1"));
	assert_int_equal(addresses_find(&addresses, 1, address("127.8.8.8")), 1);
	assert_int_equal(addresses_find(&addresses, 1, address("::1")), 1);
	assert_int_equal(addresses_find(&addresses, 1, address("fe80::1")), 0);
	assert_int_equal(addresses_find(&addresses, 2, address("fe80::1")), 2);
	addresses_done(&addresses);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(services_have_the_first_name_of_the_list),
		cmocka_unit_test(lines_that_make_no_sense_are_passed_over),
		cmocka_unit_test(a_handler_can_stop_the_reading),
		cmocka_unit_test(there_is_an_end_to_names_of_services),
		cmocka_unit_test(servers_come_change_and_go),
		cmocka_unit_test(walking_may_take_away_what_it_has_seen),
		cmocka_unit_test(a_namespace_takes_its_servers_along),
		cmocka_unit_test(there_is_an_end_to_servers),
		cmocka_unit_test(an_address_leads_to_the_one_namespace_that_has_it),
		cmocka_unit_test(a_namespace_reaches_its_own_address_first),
		cmocka_unit_test(what_several_have_leads_nowhere),
		cmocka_unit_test(loopback_and_links_stay_at_home),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
