// SPDX-License-Identifier: Apache-2.0
/* Who took whose port; and how verdicts come, stand and go, whatever they are. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/cases.h"
#include "user/core/verdict.h"

/* --- listen collision ------------------------------------------------------------------------ */

static void listen_and_leave(struct books *books, uint64_t id, uint16_t port)
{
	take(books, .id = id, .port = port, .path = PATH_EXPLICIT, .nowhere = true, .pid = 12,
	     .comm = "router");
	take(books, .id = id, .port = port, .path = PATH_LISTEN, .nowhere = true, .pid = 12,
	     .comm = "router");
	pass(books, 10 * SECOND);
	release(books, .id = id);
}

static void who_took_a_listeners_port_is_named(void **state)
{
	struct books books = case_open();
	const struct view_verdict *v;

	(void)state;
	listen_and_leave(&books, 1, 40500);
	pass(&books, SECOND);
	no_verdict(&books);
	take(&books, .id = 2, .port = 40500, .comm = "blackbox", .remote_port = 514);
	pass(&books, SECOND);
	v = only_verdict(&books, "listen_collision");
	assert_string_equal(v->subject, "host tcp port 40500");
	assert_string_equal(v->text,
			    "Port 40500, which router[12] had asked for by number, went to a "
			    "connection of blackbox[100] to 10.0.1.1:514 1.0 s after it was "
			    "left: until that one ends, a service gets EADDRINUSE there.");
	assert_string_equal(
		v->remedy,
		"`sysctl -w net.ipv4.ip_local_reserved_ports=40500` keeps connections off "
		"port 40500, of those to come: 999 instead of 1000 ports are theirs.");
	release(&books, .id = 2);
	pass(&books, SECOND);
	no_verdict(&books);
	books_close(&books);
}

static void reserved_ports_stay_reserved(void **state)
{
	struct netns_facts facts = case_facts();
	struct books books = case_open();

	(void)state;
	facts.reserved[8080 / 8] = 1;
	tell(&books, &facts);
	listen_and_leave(&books, 1, 40500);
	take(&books, .id = 2, .port = 40500);
	pass(&books, SECOND);
	assert_non_null(strstr(only_verdict(&books, "listen_collision")->remedy,
			       "ip_local_reserved_ports=$(sysctl -n "
			       "net.ipv4.ip_local_reserved_ports),40500`"));
	books_close(&books);
}

static void a_port_that_its_service_got_back_is_no_collision(void **state)
{
	struct books books = case_open();

	(void)state;
	listen_and_leave(&books, 1, 40500);
	take(&books, .id = 2, .port = 40500, .path = PATH_EXPLICIT, .nowhere = true);
	release(&books, .id = 2);
	take(&books, .id = 3, .port = 40500);
	listen_and_leave(&books, 4, 40600); /* long ago */
	pass(&books, 61 * SECOND);
	take(&books, .id = 5, .port = 40600);
	pass(&books, SECOND);
	no_verdict(&books);
	books_close(&books);
}

static void a_listener_whose_port_the_kernel_chose_does_not_want_it_back(void **state)
{
	struct books books = case_open();

	(void)state;
	take(&books, .id = 1, .port = 40500, .path = PATH_LISTEN, .nowhere = true);
	release(&books, .id = 1);
	take(&books, .id = 2, .port = 40500);
	pass(&books, SECOND);
	no_verdict(&books);
	books_close(&books);
}

static void a_namespace_takes_its_vacancies_with_it(void **state)
{
	struct books books = case_open();

	(void)state;
	listen_and_leave(&books, 1, 40500);
	take(&books, .id = 2, .port = 40500);
	ledger_drop_netns(books.ledger, EVENT_NETNS);
	pass(&books, SECOND);
	no_verdict(&books);
	books_close(&books);
}

/* --- how verdicts stand ---------------------------------------------------------------------- */

static void what_swings_about_a_threshold_does_not_flap(void **state)
{
	struct traffic traffic = { .first_id = 1 };
	struct books books = case_open();
	unsigned int changes = 0;
	bool before = false;

	(void)state;
	opens(&books, &traffic, 795);
	for (unsigned int t = 0; t < 120; t++) {
		bool now;

		if (t % 2)
			closes(&books, &traffic, 10);
		else
			opens(&books, &traffic, 10);
		pass(&books, SECOND);
		now = look(&books)->verdicts_count;
		changes += now != before;
		before = now;
	}
	assert_int_equal(changes, 1);
	books_close(&books);
}

static void a_verdict_goes_when_what_it_is_about_went(void **state)
{
	struct traffic traffic = { .first_id = 1 };
	struct books books = case_open();

	(void)state;
	opens(&books, &traffic, 990);
	pass(&books, SECOND);
	assert_int_equal(only_verdict(&books, "near_exhaustion")->severity, SEVERITY_CRITICAL);
	closes(&books, &traffic, 500);
	pass(&books, SECOND);
	no_verdict(&books);
	books_close(&books);
}

static void severity_falls_later_than_it_rises(void **state)
{
	struct traffic traffic = { .first_id = 1 };
	struct books books = case_open();

	(void)state;
	opens(&books, &traffic, 900);
	pass(&books, SECOND);
	assert_int_equal(only_verdict(&books, "near_exhaustion")->severity, SEVERITY_WARNING);
	opens(&books, &traffic, 60);
	pass(&books, SECOND);
	assert_int_equal(only_verdict(&books, "near_exhaustion")->severity, SEVERITY_CRITICAL);
	closes(&books, &traffic, 60);
	pass(&books, SECOND);
	assert_int_equal(only_verdict(&books, "near_exhaustion")->severity, SEVERITY_CRITICAL);
	for (unsigned int t = 0; t < 20; t++)
		pass(&books, SECOND), look(&books);
	assert_int_equal(only_verdict(&books, "near_exhaustion")->severity, SEVERITY_WARNING);
	books_close(&books);
}

static void the_worst_are_told_gravest_first_and_no_more(void **state)
{
	struct books books = case_open();
	struct traffic traffic = { .first_id = 1, .saying = { .comm = "many" } };
	const struct view *view;

	(void)state;
	for (uint32_t netns = 2; netns < 32; netns++) {
		traffic.saying.netns = netns;
		traffic.saying.last = (uint16_t)(EVENT_FIRST + CASE_SIZE - 1);
		opens(&books, &traffic, 800 + 6 * netns);
	}
	pass(&books, SECOND);
	view = look(&books);
	assert_int_equal(view->verdicts_count, 20);
	assert_int_equal(view->verdicts[0].netns, 31);
	assert_int_equal(view->verdicts[19].netns, 12);
	for (size_t i = 1; i < 20; i++)
		assert_true(view->verdicts[i].severity <= view->verdicts[i - 1].severity);
	books_close(&books);
}

static void hostile_names_cannot_forge_a_line(void **state)
{
	struct traffic traffic = { .first_id = 1, .saying = { .comm = "a\nb\x1b[0m\xff" } };
	struct books books = case_open();

	(void)state;
	opens(&books, &traffic, 900);
	pass(&books, SECOND);
	assert_non_null(strstr(only_verdict(&books, "near_exhaustion")->text, "a?b?[0m?[100]"));
	books_close(&books);
}

static void every_verdict_has_a_name(void **state)
{
	(void)state;
	for (unsigned int v = VERDICT_NONE + 1; v < VERDICT__COUNT; v++)
		assert_string_not_equal(verdict_name((enum verdict)v), "none");
	assert_string_equal(verdict_name(VERDICT__COUNT), "none");
}

static void healthy_traffic_has_no_verdict(void **state)
{
	struct books books = case_open();
	struct traffic web = { .first_id = 1, .ports = 400, .saying = { .remote_port = 443 } };
	struct traffic database = { .first_id = 100000, .first_port = 400, .ports = 100 };
	struct traffic names = { .first_id = 200000,
				 .saying = { .protocol = IPPROTO_UDP, .path = PATH_AUTOBIND } };

	(void)state;
	opens(&books, &database, 100);
	for (unsigned int t = 0; t < 300; t++) {
		opens(&books, &web, 5);
		opens(&books, &names, 30);
		pass(&books, SECOND);
		no_verdict(&books);
		waits(&books, &web, 5, HOLD_TW_TIMESTAMPS);
		if (web.closed - web.ended > 300)
			ends(&books, &web, 5);
		closes(&books, &names, 30);
	}
	books_close(&books);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_took_a_listeners_port_is_named),
		cmocka_unit_test(reserved_ports_stay_reserved),
		cmocka_unit_test(a_port_that_its_service_got_back_is_no_collision),
		cmocka_unit_test(a_listener_whose_port_the_kernel_chose_does_not_want_it_back),
		cmocka_unit_test(a_namespace_takes_its_vacancies_with_it),
		cmocka_unit_test(what_swings_about_a_threshold_does_not_flap),
		cmocka_unit_test(a_verdict_goes_when_what_it_is_about_went),
		cmocka_unit_test(severity_falls_later_than_it_rises),
		cmocka_unit_test(the_worst_are_told_gravest_first_and_no_more),
		cmocka_unit_test(hostile_names_cannot_forge_a_line),
		cmocka_unit_test(every_verdict_has_a_name),
		cmocka_unit_test(healthy_traffic_has_no_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
