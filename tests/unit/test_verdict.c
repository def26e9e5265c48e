// SPDX-License-Identifier: Apache-2.0
/* The other verdicts: each on its case with its numbers and its one remedy, none on look-alikes. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/cases.h"

/* --- churn ----------------------------------------------------------------------------------- */

/* So many a second open and close, and stay in TIME_WAIT for a minute. */
static void churn(struct books *books, struct traffic *traffic, unsigned int seconds,
		  uint32_t a_second, uint8_t tw_flags)
{
	for (unsigned int t = 0; t < seconds; t++) {
		opens(books, traffic, a_second);
		waits(books, traffic, a_second, tw_flags);
		if (traffic->closed - traffic->ended > 60 * a_second)
			ends(books, traffic, a_second);
		pass(books, SECOND);
		look(books);
	}
}

static void what_opens_and_closes_too_fast_churns(void **state)
{
	struct traffic traffic = { .first_id = 1 };
	struct books books = case_open();
	const struct view_verdict *v;

	(void)state;
	churn(&books, &traffic, 100, 10, HOLD_TW_TIMESTAMPS);
	v = only_verdict(&books, "churn");
	assert_int_equal(v->severity, SEVERITY_INFO);
	assert_string_equal(v->subject, "host tcp -> 10.0.1.1:5432");
	assert_string_equal(
		v->text,
		"10.0 connections a second are opened to 10.0.1.1:5432 and closed on this side "
		"first, most by client[100]: 600 of 1000 ports are used, 600 of them in TIME_WAIT, "
		"which lasts 60 s, so that these ports bear no more than 16.7 a second.");
	assert_string_equal(
		v->remedy,
		"`sysctl -w net.ipv4.tcp_tw_reuse=1` lets a new connection to the same destination "
		"have a port that is in TIME_WAIT for 2 s, for these connections have TCP "
		"timestamps: the same 1000 ports then bear at least 500.0 connects a second instead "
		"of 16.7.");
	assert_true(v->has_destination);
	assert_int_equal(v->pid, 100);
	books_close(&books);
}

/* At this rate the minute will end badly. */
static void churn_is_told_of_by_its_rate(void **state)
{
	struct traffic traffic = { .first_id = 1 };
	struct books books = case_open();

	(void)state;
	churn(&books, &traffic, 25, 16, HOLD_TW_TIMESTAMPS);
	assert_int_equal(destination(&books)->used, 400);
	assert_int_equal(only_verdict(&books, "churn")->severity, SEVERITY_WARNING);
	books_close(&books);
}

static void without_timestamps_no_setting_helps(void **state)
{
	struct traffic traffic = { .first_id = 1 };
	struct books books = case_open();

	(void)state;
	churn(&books, &traffic, 70, 16, 0);
	assert_string_equal(
		only_verdict(&books, "churn")->remedy,
		"In client[100], keep connections to 10.0.1.1:5432 open and send at least 2 requests "
		"over each: 16.0 new connections a second become 8.0, of 16.7 that 1000 ports bear.");
	books_close(&books);
}

static void in_another_namespace_the_command_goes_there(void **state)
{
	struct netns_facts facts = case_facts();
	struct books books = case_open();
	struct traffic traffic = { .first_id = 1 };

	(void)state;
	strcpy(facts.name, "shop");
	tell(&books, &facts);
	churn(&books, &traffic, 70, 16, HOLD_TW_TIMESTAMPS);
	assert_non_null(strstr(only_verdict(&books, "churn")->remedy,
			       "`nsenter -t 100 -n sysctl -w net.ipv4.tcp_tw_reuse=1` "));
	books_close(&books);
}

/* Who is faster than the ports finds them all in TIME_WAIT, for most of each minute. */
static void churn_that_only_meets_time_wait_is_churn(void **state)
{
	struct traffic traffic = { .first_id = 1 };
	struct books books = case_open();

	(void)state;
	opens(&books, &traffic, CASE_SIZE);
	waits(&books, &traffic, CASE_SIZE, HOLD_TW_TIMESTAMPS);
	for (unsigned int t = 0; t < 20; t++) {
		refuse(&books, .remote_port = 5432);
		pass(&books, SECOND);
		look(&books);
	}
	assert_int_equal(only_verdict(&books, "churn")->severity, SEVERITY_CRITICAL);
	books_close(&books);
}

static void a_pool_that_was_refused_more_and_is_closed_is_no_churn(void **state)
{
	struct traffic traffic = { .first_id = 1 };
	struct books books = case_open();

	(void)state;
	opens(&books, &traffic, CASE_SIZE);
	for (unsigned int t = 0; t < 12; t++) {
		refuse(&books, .remote_port = 5432);
		pass(&books, SECOND);
		look(&books);
	}
	waits(&books, &traffic, CASE_SIZE, HOLD_TW_TIMESTAMPS);
	for (unsigned int t = 0; t < 55; t++) {
		pass(&books, SECOND);
		assert_null(find_verdict(&books, "churn"));
	}
	books_close(&books);
}

static void ports_that_are_reused_do_not_churn(void **state)
{
	struct netns_facts facts = case_facts();
	struct traffic traffic = { .first_id = 1 };
	struct books books = case_open();

	(void)state;
	facts.tw_reuse = 1;
	tell(&books, &facts);
	churn(&books, &traffic, 100, 16, HOLD_TW_TIMESTAMPS);
	no_verdict(&books);
	books_close(&books);
}

static void ports_that_are_free_at_once_do_not_churn(void **state)
{
	struct traffic traffic = { .first_id = 1 };
	struct books books = case_open();

	(void)state;
	for (unsigned int t = 0; t < 100; t++) {
		opens(&books, &traffic, 400);
		pass(&books, SECOND);
		no_verdict(&books);
		closes(&books, &traffic, 400);
	}
	books_close(&books);
}

static void a_rate_that_the_ports_bear_is_no_churn(void **state)
{
	struct traffic traffic = { .first_id = 1 };
	struct books books = case_open();

	(void)state;
	churn(&books, &traffic, 200, 7, HOLD_TW_TIMESTAMPS);
	no_verdict(&books);
	books_close(&books);
}

static void one_picture_full_of_time_wait_is_churn(void **state)
{
	struct books fresh = { .now_ns = BOOKS_START_NS };
	struct netns_facts facts = case_facts();

	(void)state;
	assert_int_equal(ledger_new(&fresh.ledger, 0, fresh.now_ns), 0);
	tell(&fresh, &facts);
	for (uint64_t id = 1; id <= 900; id++)
		take(&fresh, .id = id, .port = (uint16_t)(EVENT_FIRST + id),
		     .event_flags = EVENT_FOUND, .state = HOLD_TIME_WAIT, .nobody = true);
	ledger_advance(fresh.ledger, fresh.now_ns);
	assert_string_equal(
		only_verdict(&fresh, "churn")->text,
		"At least 15.0 connections a second are opened to 10.0.1.1:5432 and closed on this "
		"side first, most by unknown: 900 of 1000 ports are used, 900 of them in "
		"TIME_WAIT, which lasts 60 s, so that these ports bear no more than 16.7 a second.");
	books_close(&fresh);
}

/* --- bind before connect --------------------------------------------------------------------- */

static struct traffic binder(void)
{
	return (struct traffic){ .first_id = 1,
				 .ports = 500,
				 .saying = { .path = PATH_BIND, .comm = "celery" } };
}

static void release_ids(struct books *books, uint64_t first, uint64_t last)
{
	for (uint64_t id = first; id <= last; id++)
		release(books, .id = id);
}

static void destinations_that_a_binder_has_left_do_not_count(void **state)
{
	struct traffic traffic = binder();
	struct books books = case_open();

	(void)state;
	opens(&books, &traffic, 200);
	traffic.saying.remote_port = 443;
	opens(&books, &traffic, 100);
	traffic.saying.remote_port = 80;
	opens(&books, &traffic, 1);
	release_ids(&books, 201, 300);
	pass(&books, SECOND);
	assert_non_null(strstr(only_verdict(&books, "bind_before_connect")->text,
			       "201 connections, to 2 destinations"));
	books_close(&books);
}

static void who_binds_before_connecting_is_named(void **state)
{
	struct traffic traffic = binder();
	struct books books = case_open();
	const struct view_verdict *v;

	(void)state;
	opens(&books, &traffic, 200);
	traffic.saying.remote_port = 443;
	opens(&books, &traffic, 100);
	pass(&books, SECOND);
	v = only_verdict(&books, "bind_before_connect");
	assert_int_equal(v->severity, SEVERITY_INFO);
	assert_string_equal(v->subject, "host tcp celery[100]");
	assert_string_equal(
		v->text,
		"celery[100] has 300 connections, to 2 destinations, whose ports it got by bind(), "
		"so that nobody in host can connect() from them, wherever to: 700 of 1000 ports are "
		"left for connect().");
	assert_string_equal(
		v->remedy,
		"In celery[100], set IP_BIND_ADDRESS_NO_PORT on each socket before bind() to port 0, "
		"so that connect() chooses a port that destinations can share: from 700 to 1000 "
		"ports toward each destination, which bear 16.7 connects a second through TIME_WAIT "
		"instead of 11.7.");
	assert_false(v->has_destination);
	assert_int_equal(v->pid, 100);
	books_close(&books);
}

/* What others lack has its cause in the binds: one verdict, one remedy. */
static void what_binds_leave_too_little_of_is_not_called_narrow(void **state)
{
	struct traffic binds = binder();
	struct traffic connects = { .first_id = 5000,
				    .first_port = 500,
				    .ports = 500,
				    .saying = { .pid = 7, .remote_port = 80 } };
	struct books books = case_open();

	(void)state;
	opens(&books, &binds, 500);
	opens(&books, &connects, 480);
	for (unsigned int t = 0; t < 60; t++)
		pass(&books, SECOND), look(&books);
	assert_int_equal(only_verdict(&books, "bind_before_connect")->severity, SEVERITY_WARNING);
	books_close(&books);
}

static void sockets_that_are_bound_for_another_end_are_no_such_case(void **state)
{
	struct books books = case_open();
	struct traffic waiting = { .first_id = 1,
				   .ports = 100,
				   .saying = { .path = PATH_BIND, .nowhere = true } };
	struct traffic named = { .first_id = 1000,
				 .first_port = 100,
				 .ports = 100,
				 .saying = { .path = PATH_EXPLICIT } };
	struct traffic accepted = {
		.first_id = 2000, .first_port = 200, .ports = 1, .saying = { .path = PATH_CHILD }
	};

	(void)state;
	opens(&books, &waiting, 100);
	opens(&books, &named, 100);
	opens(&books, &accepted, 300);
	pass(&books, SECOND);
	no_verdict(&books);
	books_close(&books);
}

static void nobody_can_change_what_the_kernel_binds(void **state)
{
	struct traffic traffic = binder();
	struct books books = case_open();

	(void)state;
	traffic.saying.kernel = true;
	opens(&books, &traffic, 300);
	pass(&books, SECOND);
	no_verdict(&books);
	books_close(&books);
}

/* --- narrow range, near exhaustion ----------------------------------------------------------- */

static void steady_use_of_a_small_range_calls_for_a_wider_one(void **state)
{
	struct traffic traffic = { .first_id = 1 };
	struct books books = case_open();
	const struct view_verdict *v;

	(void)state;
	opens(&books, &traffic, 850);
	for (unsigned int t = 0; t < 60; t++)
		pass(&books, SECOND), look(&books);
	v = only_verdict(&books, "narrow_range");
	assert_int_equal(v->severity, SEVERITY_WARNING);
	assert_string_equal(v->subject, "host tcp");
	assert_string_equal(
		v->text, "The range 40000-40999 has 1000 ports, where Linux comes with 28232: 850 "
			 "of 1000 ports toward 10.0.1.1:5432 are used, by 850 open connections and "
			 "0 in TIME_WAIT; most by client[100].");
	assert_string_equal(
		v->remedy,
		"`sysctl -w net.ipv4.ip_local_port_range=\"32768 60999\"` widens it: from "
		"1000 to 28232 ports toward each destination, which bear 470.5 connects a "
		"second through TIME_WAIT instead of 16.7.");
	books_close(&books);
}

/* The search of connect() skips a port of an odd range, and none of the wider one. */
static void a_wider_range_of_even_size_gives_back_the_skipped_port(void **state)
{
	struct netns_facts facts = case_facts();
	struct traffic traffic = { .first_id = 1 };
	struct books books = case_open();

	(void)state;
	facts.last--;
	tell(&books, &facts);
	opens(&books, &traffic, 850);
	for (unsigned int t = 0; t < 60; t++)
		pass(&books, SECOND), look(&books);
	assert_non_null(strstr(only_verdict(&books, "narrow_range")->remedy,
			       "from 998 to 28232 ports toward each destination"));
	books_close(&books);
}

static void a_wide_range_that_is_full_is_widened_further(void **state)
{
	struct books books = books_open();
	struct netns_facts facts = usual_facts();
	const struct view_verdict *v;

	(void)state;
	facts.first = 32768;
	facts.last = 60999;
	facts.reserved[50000 / 8] = 0xff; /* eight of them */
	tell(&books, &facts);
	pass(&books, SECOND);
	for (uint64_t id = 1; id <= 27000; id++)
		take(&books, .id = id, .port = (uint16_t)(32767 + id));
	for (unsigned int t = 0; t < 10; t++)
		pass(&books, SECOND), look(&books);
	only_verdict(&books, "near_exhaustion"); /* too early to know why */
	for (unsigned int t = 0; t < 60; t++)
		pass(&books, SECOND), look(&books);
	v = only_verdict(&books, "narrow_range");
	assert_non_null(strstr(v->remedy, "\"1024 65535\"` widens it: from 28224 to 64504 ports"));
	books_close(&books);
}

static void what_cannot_be_widened_needs_another_address(void **state)
{
	struct books books = books_open();
	struct netns_facts facts = usual_facts();

	(void)state;
	facts.first = 1024;
	facts.last = 65535;
	tell(&books, &facts);
	pass(&books, SECOND);
	for (uint64_t id = 1; id <= 60000; id++)
		take(&books, .id = id, .port = (uint16_t)(1023 + id));
	for (unsigned int t = 0; t < 60; t++)
		pass(&books, SECOND), look(&books);
	assert_string_equal(
		only_verdict(&books, "near_exhaustion")->remedy,
		"Give host a second local address and let client[100] use both in turn, by bind() "
		"with IP_BIND_ADDRESS_NO_PORT set: from 64512 to 129024 ports toward each "
		"destination, which bear 2150.4 connects a second through TIME_WAIT instead of "
		"1075.2.");
	books_close(&books);
}

static void several_full_destinations_make_one_narrow_range(void **state)
{
	struct books books = case_open();
	struct traffic traffic = { .first_id = 1 };
	const struct view_verdict *v;

	(void)state;
	for (uint16_t remote = 1; remote <= 3; remote++) {
		traffic.saying.remote_port = remote;
		opens(&books, &traffic, 900 + remote);
		traffic.first_id += 10000;
		traffic.opened = 0;
	}
	for (unsigned int t = 0; t < 60; t++)
		pass(&books, SECOND), look(&books);
	v = only_verdict(&books, "narrow_range");
	assert_false(v->has_destination); /* it helps them all */
	assert_non_null(strstr(v->text, "903 of 1000 ports toward 10.0.1.1:3 are used"));
	books_close(&books);
}

static void a_full_udp_pool_is_a_narrow_range(void **state)
{
	struct traffic traffic = { .first_id = 1,
				   .saying = { .protocol = IPPROTO_UDP, .path = PATH_AUTOBIND } };
	struct books books = case_open();
	const struct view_verdict *v;

	(void)state;
	opens(&books, &traffic, 900);
	for (unsigned int t = 0; t < 60; t++)
		pass(&books, SECOND), look(&books);
	v = only_verdict(&books, "narrow_range");
	assert_string_equal(v->subject, "host udp");
	assert_string_equal(v->remedy, "`sysctl -w net.ipv4.ip_local_port_range=\"32768 60999\"` "
				       "widens it: from 1000 to 28232 ports.");
	books_close(&books);
}

/* connect() shares ports: a pool can be full of them and serve every destination. */
static void a_pool_full_of_shared_ports_is_healthy(void **state)
{
	struct books books = case_open();
	struct traffic traffic = { .first_id = 1 };

	(void)state;
	for (uint16_t remote = 1; remote <= 10; remote++) {
		traffic.saying.remote_port = remote;
		opens(&books, &traffic, 100);
	}
	for (unsigned int t = 0; t < 60; t++)
		pass(&books, SECOND), look(&books);
	assert_true(tcp(&books)->saturation == 1.0);
	no_verdict(&books);
	books_close(&books);
}

static void a_window_that_is_full_is_narrow(void **state)
{
	struct traffic traffic = { .first_id = 1,
				   .ports = 20,
				   .saying = { .own_first = 40000, .own_last = 40019 } };
	struct books books = case_open();
	const struct view_verdict *v;

	(void)state;
	opens(&books, &traffic, 18);
	pass(&books, SECOND);
	v = only_verdict(&books, "narrow_range");
	assert_string_equal(v->text,
			    "18 of the 20 ports that sockets have whose IP_LOCAL_PORT_RANGE is "
			    "40000-40019 are used toward 10.0.1.1:5432, where others have 1000.");
	assert_string_equal(v->remedy,
			    "Give these sockets a wider IP_LOCAL_PORT_RANGE, or none: from "
			    "20 to 1000 ports toward 10.0.1.1:5432.");
	books_close(&books);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_opens_and_closes_too_fast_churns),
		cmocka_unit_test(churn_is_told_of_by_its_rate),
		cmocka_unit_test(without_timestamps_no_setting_helps),
		cmocka_unit_test(in_another_namespace_the_command_goes_there),
		cmocka_unit_test(churn_that_only_meets_time_wait_is_churn),
		cmocka_unit_test(a_pool_that_was_refused_more_and_is_closed_is_no_churn),
		cmocka_unit_test(ports_that_are_reused_do_not_churn),
		cmocka_unit_test(ports_that_are_free_at_once_do_not_churn),
		cmocka_unit_test(a_rate_that_the_ports_bear_is_no_churn),
		cmocka_unit_test(one_picture_full_of_time_wait_is_churn),
		cmocka_unit_test(who_binds_before_connecting_is_named),
		cmocka_unit_test(destinations_that_a_binder_has_left_do_not_count),
		cmocka_unit_test(what_binds_leave_too_little_of_is_not_called_narrow),
		cmocka_unit_test(sockets_that_are_bound_for_another_end_are_no_such_case),
		cmocka_unit_test(nobody_can_change_what_the_kernel_binds),
		cmocka_unit_test(steady_use_of_a_small_range_calls_for_a_wider_one),
		cmocka_unit_test(a_wider_range_of_even_size_gives_back_the_skipped_port),
		cmocka_unit_test(a_wide_range_that_is_full_is_widened_further),
		cmocka_unit_test(what_cannot_be_widened_needs_another_address),
		cmocka_unit_test(several_full_destinations_make_one_narrow_range),
		cmocka_unit_test(a_full_udp_pool_is_a_narrow_range),
		cmocka_unit_test(a_pool_full_of_shared_ports_is_healthy),
		cmocka_unit_test(a_window_that_is_full_is_narrow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
