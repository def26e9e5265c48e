// SPDX-License-Identifier: Apache-2.0
/* leak and udp_leak: who opens and never closes, and who only looks so. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/cases.h"

/* Five a second, for so long. */
static struct traffic leaked(struct books *books, unsigned int seconds)
{
	struct traffic traffic = { .first_id = 1 };

	for (unsigned int t = 0; t < seconds; t++) {
		opens(books, &traffic, 5);
		pass(books, SECOND);
		look(books);
	}
	return traffic;
}

static void who_opens_and_never_closes_leaks(void **state)
{
	struct books books = case_open();
	const struct view_verdict *v;

	(void)state;
	leaked(&books, 60);
	v = only_verdict(&books, "leak");
	assert_int_equal(v->severity, SEVERITY_WARNING);
	assert_string_equal(v->subject, "host tcp client[100] -> 10.0.1.1:5432");
	assert_string_equal(
		v->text,
		"client[100] has 300 connections to 10.0.1.1:5432 open, 150 more than 30 s ago (150 "
		"opened, 0 closed): 300 of 1000 ports there are used, and at this pace none is left "
		"in 140 s.");
	assert_string_equal(
		v->remedy,
		"In client[100], close connections to 10.0.1.1:5432 when they are done with: its 300 "
		"would leave 0 of 1000 ports used; ending the process gives them back within about "
		"60 s.");
	assert_int_equal(v->pid, 100);
	assert_string_equal(v->process, "client");
	assert_true(v->has_destination);
	assert_int_equal(v->remote_port, 5432);
	assert_int_equal(v->netns, EVENT_NETNS);
	assert_int_equal(v->protocol, IPPROTO_TCP);
	books_close(&books);
}

static void a_leak_is_told_of_before_the_ports_are_gone(void **state)
{
	struct books books = case_open();
	unsigned int seconds = 0;
	struct traffic traffic = { .first_id = 1 };

	(void)state;
	while (!find_verdict(&books, "leak")) {
		opens(&books, &traffic, 20);
		pass(&books, SECOND);
		seconds++;
		assert_true(seconds < 40);
	}
	assert_true(destination(&books)->saturation < 0.8);
	books_close(&books);
}

static void a_leak_that_has_all_ports_is_still_a_leak(void **state)
{
	struct books books = case_open();
	struct traffic traffic = { .first_id = 1 };
	const struct view_verdict *v;

	(void)state;
	for (unsigned int t = 0; t < 300; t++) {
		if (traffic.opened < CASE_SIZE)
			opens(&books, &traffic, 20);
		else
			refuse(&books, .port = 0);
		pass(&books, SECOND);
		look(&books);
	}
	v = only_verdict(&books, "leak");
	assert_int_equal(v->severity, SEVERITY_CRITICAL);
	assert_string_equal(
		v->text, "client[100] has 1000 connections to 10.0.1.1:5432 open and closed 0 in "
			 "the last 30 s: 1000 of 1000 ports there are used.");
	books_close(&books);
}

static void a_slow_leak_shows_within_the_hour(void **state)
{
	struct books books = case_open();
	struct traffic traffic = { .first_id = 1 };

	(void)state;
	for (unsigned int t = 0; t < 3600; t++) {
		if (t % 16 == 0)
			opens(&books, &traffic, 1);
		pass(&books, SECOND);
	}
	assert_non_null(strstr(only_verdict(&books, "leak")->text, "more than 1800 s ago"));
	books_close(&books);
}

static void a_leak_among_others_traffic_names_the_leaker(void **state)
{
	struct books books = case_open();
	struct traffic busy = { .first_id = 20000,
				.first_port = 500,
				.ports = 500,
				.saying = { .pid = 7, .comm = "busy" } };
	struct traffic leaker = { .first_id = 1 };
	const struct view_verdict *v;

	(void)state;
	for (unsigned int t = 0; t < 60; t++) {
		opens(&books, &leaker, 5);
		opens(&books, &busy, 50);
		pass(&books, SECOND);
		closes(&books, &busy, 50);
		look(&books);
	}
	v = only_verdict(&books, "leak");
	assert_int_equal(v->pid, 100);
	books_close(&books);
}

/* A process for each connection: none of them has many. */
static void a_leak_of_many_processes_is_one_of_the_destination(void **state)
{
	struct books books = case_open();
	struct traffic traffic = { .first_id = 1 };
	const struct view_verdict *v;

	(void)state;
	for (unsigned int t = 0; t < 60; t++) {
		for (unsigned int i = 0; i < 5; i++) {
			traffic.saying.pid = 1000 + t * 5 + i;
			opens(&books, &traffic, 1);
		}
		pass(&books, SECOND);
		look(&books);
	}
	v = only_verdict(&books, "leak");
	assert_string_equal(v->subject, "host tcp -> 10.0.1.1:5432");
	assert_non_null(strstr(v->text, "Together with others, client[1000] has 300 connections"));
	assert_non_null(strstr(v->remedy, "In client[1000] and its like, close connections"));
	books_close(&books);
}

static void a_leak_is_over_when_half_of_it_is_closed(void **state)
{
	struct books books = case_open();
	struct traffic traffic = leaked(&books, 60);

	(void)state;
	only_verdict(&books, "leak");
	closes(&books, &traffic, 160);
	pass(&books, SECOND);
	no_verdict(&books);
	books_close(&books);
}

static void a_leak_is_over_a_minute_after_it_stopped(void **state)
{
	struct books books = case_open();

	(void)state;
	leaked(&books, 60);
	for (unsigned int t = 0; t < 50; t++) {
		pass(&books, SECOND);
		only_verdict(&books, "leak");
	}
	for (unsigned int t = 0; t < 60; t++)
		pass(&books, SECOND), look(&books);
	no_verdict(&books);
	books_close(&books);
}

/* After a leaker ended, all it had is in TIME_WAIT: that is no churn. */
static void the_end_of_a_leaker_is_no_churn(void **state)
{
	struct books books = case_open();
	struct traffic traffic = leaked(&books, 120);

	(void)state;
	waits(&books, &traffic, traffic.opened, HOLD_TW_TIMESTAMPS);
	for (unsigned int t = 0; t < 60; t++) {
		pass(&books, SECOND);
		no_verdict(&books);
	}
	books_close(&books);
}

static void the_end_of_a_leaker_that_was_refused_is_no_churn(void **state)
{
	struct books books = case_open();
	struct traffic traffic = leaked(&books, 200);

	(void)state;
	for (unsigned int t = 0; t < 22; t++) {
		refuse(&books, .remote_port = 5432);
		pass(&books, SECOND);
		only_verdict(&books, "leak");
	}
	waits(&books, &traffic, traffic.opened, HOLD_TW_TIMESTAMPS);
	for (unsigned int t = 0; t < 60; t++) {
		pass(&books, SECOND);
		assert_null(find_verdict(&books, "churn"));
	}
	books_close(&books);
}

/* --- look-alikes ----------------------------------------------------------------------------- */

static void a_pool_of_connections_that_is_filled_is_no_leak(void **state)
{
	struct books books = case_open();
	struct traffic traffic = { .first_id = 1 };

	(void)state;
	for (unsigned int t = 0; t < 300; t++) {
		if (t < 20)
			opens(&books, &traffic, 20);
		pass(&books, SECOND);
		no_verdict(&books);
	}
	books_close(&books);
}

static void growth_of_those_who_close_is_no_leak(void **state)
{
	struct books books = case_open();
	struct traffic traffic = { .first_id = 1 };

	(void)state;
	for (unsigned int t = 0; t < 100; t++) {
		opens(&books, &traffic, 10);
		if (t >= 5)
			closes(&books, &traffic, 5);
		pass(&books, SECOND);
		no_verdict(&books);
	}
	books_close(&books);
}

static void few_of_many_ports_are_no_leak_yet(void **state)
{
	struct books books = case_open();
	struct traffic traffic = { .first_id = 1 };

	(void)state;
	for (unsigned int t = 0; t < 90; t++) {
		if (t % 2)
			opens(&books, &traffic, 1);
		pass(&books, SECOND);
		no_verdict(&books);
	}
	books_close(&books);
}

static void what_a_resync_repeats_has_not_been_opened(void **state)
{
	struct books books = case_open();
	struct traffic traffic = { .first_id = 1 };
	struct saying again;

	(void)state;
	opens(&books, &traffic, 300);
	for (unsigned int t = 0; t < 120; t++) {
		for (uint64_t id = 1; id <= 300; id++) {
			again = (struct saying){ .id = id,
						 .port = (uint16_t)(EVENT_FIRST + id - 1),
						 .event_flags = EVENT_RESYNC };
			apply(&books, make_taken(&again));
		}
		pass(&books, SECOND);
		no_verdict(&books);
	}
	books_close(&books);
}

/* --- UDP ------------------------------------------------------------------------------------- */

static struct traffic datagrams(void)
{
	return (struct traffic){
		.first_id = 1,
		.saying = { .protocol = IPPROTO_UDP, .path = PATH_AUTOBIND, .comm = "resolver" }
	};
}

static void who_never_closes_udp_sockets_leaks(void **state)
{
	struct books books = case_open();
	struct traffic traffic = datagrams();
	const struct view_verdict *v;

	(void)state;
	for (unsigned int t = 0; t < 60; t++) {
		opens(&books, &traffic, 5);
		pass(&books, SECOND);
		look(&books);
	}
	v = only_verdict(&books, "udp_leak");
	assert_string_equal(v->subject, "host udp resolver[100]");
	assert_string_equal(v->text,
			    "resolver[100] holds 300 UDP ports, 150 more than 30 s ago (150 "
			    "opened, 0 closed): 300 of 1000 ports in host are used, and at "
			    "this pace none is left in 140 s.");
	assert_string_equal(
		v->remedy,
		"In resolver[100], close each UDP socket when its exchange is over: its "
		"300 would leave 0 of 1000 ports used; ending the process gives them back "
		"at once.");
	assert_int_equal(v->pid, 100);
	assert_false(v->has_destination);
	books_close(&books);
}

static void who_closes_udp_sockets_does_not_leak(void **state)
{
	struct books books = case_open();
	struct traffic traffic = datagrams();

	(void)state;
	opens(&books, &traffic, 200);
	for (unsigned int t = 0; t < 100; t++) {
		opens(&books, &traffic, 40);
		closes(&books, &traffic, 38);
		pass(&books, SECOND);
		no_verdict(&books);
	}
	books_close(&books);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_opens_and_never_closes_leaks),
		cmocka_unit_test(a_leak_is_told_of_before_the_ports_are_gone),
		cmocka_unit_test(a_leak_that_has_all_ports_is_still_a_leak),
		cmocka_unit_test(a_slow_leak_shows_within_the_hour),
		cmocka_unit_test(a_leak_among_others_traffic_names_the_leaker),
		cmocka_unit_test(a_leak_of_many_processes_is_one_of_the_destination),
		cmocka_unit_test(a_leak_is_over_when_half_of_it_is_closed),
		cmocka_unit_test(a_leak_is_over_a_minute_after_it_stopped),
		cmocka_unit_test(the_end_of_a_leaker_is_no_churn),
		cmocka_unit_test(the_end_of_a_leaker_that_was_refused_is_no_churn),
		cmocka_unit_test(a_pool_of_connections_that_is_filled_is_no_leak),
		cmocka_unit_test(growth_of_those_who_close_is_no_leak),
		cmocka_unit_test(few_of_many_ports_are_no_leak_yet),
		cmocka_unit_test(what_a_resync_repeats_has_not_been_opened),
		cmocka_unit_test(who_never_closes_udp_sockets_leaks),
		cmocka_unit_test(who_closes_udp_sockets_does_not_leak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
