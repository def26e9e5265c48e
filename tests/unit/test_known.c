// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "exporters/alertmanager/known.h"
#include "exporters/message/message.h"

#define RESEND 60
#define RETENTION 900
#define MAX_AGE 3600
#define MAX 8

static struct known *make(size_t receivers, size_t alerts_max)
{
	struct known_config config = { receivers, alerts_max, RESEND, RETENTION, MAX_AGE };
	struct known *known = NULL;

	assert_int_equal(known_new(&known, &config), 0);
	return known;
}

/* The alert of this subject begins or ends at now. */
static bool take(struct known *known, const char *subject, bool firing, uint64_t now)
{
	struct view_alert alert = { .rule = "Rule", .subject = subject, .since = now };
	struct message_moment moment = { .now_ns = now, .epoch = now };
	struct message *message = NULL;
	bool taken;

	assert_int_equal(message_new(&message, &alert, firing, &moment), 0);
	taken = known_take(known, message, now);
	message_unref(message);
	return taken;
}

/* How many are due; they are told. */
static size_t tell(struct known *known, size_t receiver, uint64_t now)
{
	const struct message *messages[MAX];
	size_t count = known_due(known, receiver, now, messages, MAX);

	assert_int_equal(known_told(known, receiver, now), count);
	return count;
}

static void what_fires_is_told_once_and_again_after_a_while(void **state)
{
	struct known *known = make(1, 10);

	(void)state;
	assert_true(take(known, "a", true, 1));
	assert_int_equal(known_waiting(known), 1);
	assert_int_equal(tell(known, 0, 1), 1);
	assert_int_equal(known_waiting(known), 0);
	assert_int_equal(tell(known, 0, RESEND), 0);
	assert_int_equal(tell(known, 0, RESEND + 1), 1);
	assert_int_equal(tell(known, 0, RESEND + 2), 0);
	known_free(known);
}

static void each_receiver_has_its_own_pace(void **state)
{
	struct known *known = make(2, 10);

	(void)state;
	take(known, "a", true, 1);
	assert_int_equal(tell(known, 0, 1), 1);
	take(known, "b", true, 2);
	assert_int_equal(known_waiting(known), 3);
	assert_int_equal(tell(known, 1, 2), 2);
	assert_int_equal(tell(known, 0, 2), 1);
	assert_int_equal(known_waiting(known), 0);
	known_free(known);
}

static void what_failed_is_due_again(void **state)
{
	struct known *known = make(1, 10);
	const struct message *messages[MAX];

	(void)state;
	take(known, "a", true, 1);
	assert_int_equal(known_due(known, 0, 1, messages, MAX), 1);
	known_untold(known, 0);
	assert_int_equal(known_told(known, 0, 1), 0);
	assert_int_equal(known_due(known, 0, 1, messages, MAX), 1);
	assert_int_equal(known_told(known, 0, 1), 1);
	known_free(known);
}

static void an_end_is_told_and_repeated_until_it_is_old(void **state)
{
	struct known *known = make(1, 10);
	const struct message *messages[MAX];
	size_t told = 0;

	(void)state;
	take(known, "a", true, 1);
	tell(known, 0, 1);
	take(known, "a", false, 10);
	assert_int_equal(known_due(known, 0, 10, messages, MAX), 1);
	assert_false(messages[0]->firing);
	assert_int_equal(messages[0]->ended, 10);
	for (uint64_t now = 10; now < 10 + 2 * RETENTION; now++) {
		known_look_begin(known);
		known_look_end(known, now, now);
		told += tell(known, 0, now);
	}
	assert_int_equal(told, RETENTION / RESEND);
	assert_int_equal(known_dropped(known), 0);
	known_free(known);
}

/* Its end comes while its beginning is under way: both are told. */
static void what_changes_under_way_is_told_again(void **state)
{
	struct known *known = make(1, 10);
	const struct message *messages[MAX];

	(void)state;
	take(known, "a", true, 1);
	assert_int_equal(known_due(known, 0, 1, messages, MAX), 1);
	take(known, "a", false, 2);
	assert_int_equal(known_told(known, 0, 3), 1);
	assert_int_equal(known_due(known, 0, 3, messages, MAX), 1);
	assert_false(messages[0]->firing);
	known_free(known);
}

static void it_began_when_it_began(void **state)
{
	struct known *known = make(1, 10);
	const struct message *messages[MAX];

	(void)state;
	take(known, "a", true, 5);
	take(known, "a", true, 9);
	assert_int_equal(known_due(known, 0, 9, messages, MAX), 1);
	assert_int_equal(messages[0]->alert.since, 5);
	take(known, "a", false, 20);
	take(known, "a", true, 30);
	known_untold(known, 0);
	assert_int_equal(known_due(known, 0, 30, messages, MAX), 1);
	assert_int_equal(messages[0]->alert.since, 30);
	assert_true(messages[0]->firing);
	known_free(known);
}

static void a_remedy_does_not_wait(void **state)
{
	static const struct view_label annotations[] = { { "summary", "full" },
							 { "remedy", "close" } };
	struct view_alert alert = { .rule = "Rule", .annotations = annotations };
	struct message_moment moment = { .now_ns = 1 };
	struct known *known = make(1, 10);
	struct message *message = NULL;

	(void)state;
	for (size_t count = 1; count <= 2; count++) {
		alert.annotations_count = count;
		assert_int_equal(message_new(&message, &alert, true, &moment), 0);
		known_take(known, message, 1);
		message_unref(message);
		assert_int_equal(tell(known, 0, 1), 1);
		assert_int_equal(tell(known, 0, 1), 0);
	}
	alert.annotations_count = 1;
	assert_int_equal(message_new(&message, &alert, true, &moment), 0);
	known_take(known, message, 1);
	message_unref(message);
	assert_int_equal(tell(known, 0, 1), 0);
	known_free(known);
}

static void a_look_tells_what_began_and_ended_unseen(void **state)
{
	struct known *known = make(1, 10);
	const struct message *messages[MAX];

	(void)state;
	known_look_begin(known);
	take(known, "a", true, 1);
	take(known, "b", true, 1);
	known_look_end(known, 1, 1);
	assert_int_equal(tell(known, 0, 1), 2);
	known_look_begin(known);
	take(known, "b", true, 2);
	known_look_end(known, 2, 222);
	assert_int_equal(known_due(known, 0, 2, messages, MAX), 1);
	assert_string_equal(messages[0]->alert.subject, "a");
	assert_false(messages[0]->firing);
	assert_int_equal(messages[0]->ended, 222);
	known_free(known);
}

static void the_end_of_what_nobody_knew_is_nothing(void **state)
{
	struct known *known = make(1, 10);

	(void)state;
	assert_true(take(known, "a", false, 1));
	assert_int_equal(known_waiting(known), 0);
	known_free(known);
}

static void a_second_end_changes_nothing(void **state)
{
	struct known *known = make(1, 10);
	const struct message *messages[MAX];

	(void)state;
	take(known, "a", true, 1);
	take(known, "a", false, 2);
	take(known, "a", false, 7);
	assert_int_equal(known_due(known, 0, 7, messages, MAX), 1);
	assert_int_equal(messages[0]->ended, 2);
	known_free(known);
}

static void without_room_the_first_that_ended_goes(void **state)
{
	struct known *known = make(2, 3);

	(void)state;
	take(known, "a", true, 1);
	take(known, "b", true, 1);
	take(known, "c", true, 1);
	assert_false(take(known, "d", true, 2));
	tell(known, 0, 2);
	take(known, "b", false, 3);
	take(known, "a", false, 4);
	assert_true(take(known, "d", true, 5));
	assert_int_equal(known_dropped(known), 2); /* the end of b, for both */
	assert_true(take(known, "c", true, 6));
	assert_int_equal(known_dropped(known), 2);
	known_free(known);
}

/* Receiver 1 is dead the whole time. */
static void an_end_that_was_never_told_is_dropped_in_the_end(void **state)
{
	struct known *known = make(2, 10);

	(void)state;
	take(known, "a", true, 1);
	tell(known, 0, 1);
	take(known, "a", false, 2);
	tell(known, 0, 2);
	known_look_begin(known);
	known_look_end(known, 1 + MAX_AGE, 0);
	assert_int_equal(known_dropped(known), 0);
	assert_int_equal(known_waiting(known), 1);
	known_look_begin(known);
	known_look_end(known, 2 + MAX_AGE, 0);
	assert_int_equal(known_dropped(known), 1);
	assert_int_equal(known_waiting(known), 0);
	known_free(known);
}

static void a_batch_is_bounded(void **state)
{
	struct known *known = make(1, 100);
	char subject[] = "a";

	(void)state;
	for (; *subject <= 't'; (*subject)++)
		take(known, subject, true, 1);
	assert_int_equal(tell(known, 0, 1), MAX);
	assert_int_equal(tell(known, 0, 1), MAX);
	assert_int_equal(tell(known, 0, 1), 4);
	known_free(known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fires_is_told_once_and_again_after_a_while),
		cmocka_unit_test(each_receiver_has_its_own_pace),
		cmocka_unit_test(what_failed_is_due_again),
		cmocka_unit_test(an_end_is_told_and_repeated_until_it_is_old),
		cmocka_unit_test(what_changes_under_way_is_told_again),
		cmocka_unit_test(it_began_when_it_began),
		cmocka_unit_test(a_remedy_does_not_wait),
		cmocka_unit_test(a_look_tells_what_began_and_ended_unseen),
		cmocka_unit_test(the_end_of_what_nobody_knew_is_nothing),
		cmocka_unit_test(a_second_end_changes_nothing),
		cmocka_unit_test(without_room_the_first_that_ended_goes),
		cmocka_unit_test(an_end_that_was_never_told_is_dropped_in_the_end),
		cmocka_unit_test(a_batch_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
