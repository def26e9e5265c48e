// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <systemd/sd-event.h>

#include "exporters/notifier.h"
#include "tests/unit/capture.h"
#include "user/base/arena.h"
#include "user/base/util.h"
#include "user/core/view.h"
#include "user/notifiers.h"

/* A type that counts, and opens only what is not called "bad". */
struct notifier {
	const struct notifier_config *config;
	uint64_t notified;
	uint64_t published;
};

static int open_counting(struct notifier **ret, const struct notifier_config *config,
			 struct sd_event *event)
{
	assert_non_null(event);
	if (strcmp(config->name, "bad") == 0)
		return -EINVAL;
	*ret = calloc(1, sizeof(**ret));
	(*ret)->config = config;
	return 0;
}

static void notify_counting(struct notifier *self, const struct view_alert *alert, bool entered)
{
	(void)alert;
	self->notified += entered ? 1 : 10;
}

static void publish_counting(struct notifier *self, const struct view *view)
{
	(void)view;
	self->published++;
}

static void count_counting(const struct notifier *self, struct view_notifier *ret)
{
	ret->delivered = self->notified;
	ret->failed = self->published;
	ret->dropped = self->config->queue_max;
	ret->waiting = self->config->argv ? strlen(self->config->argv[0]) : 0;
}

static void close_counting(struct notifier *self)
{
	free(self);
}

static const struct notifier_ops counting = {
	.type = "counting",
	.open = open_counting,
	.notify = notify_counting,
	.publish = publish_counting,
	.count = count_counting,
	.close = close_counting,
};

static const struct notifier_ops deaf = {
	.type = "deaf",
	.open = open_counting,
	.notify = notify_counting,
	.count = count_counting,
	.close = close_counting,
};

static const struct notifier_ops *const table[] = { &counting, &deaf, NULL };

struct board {
	sd_event *event;
	struct notifiers *notifiers;
};

static int set_up(void **state)
{
	struct board *board = calloc(1, sizeof(*board));

	*state = board;
	assert_true(sd_event_new(&board->event) >= 0);
	return notifiers_new(&board->notifiers, table, board->event);
}

static int tear_down(void **state)
{
	struct board *board = *state;

	notifiers_free(board->notifiers);
	sd_event_unref(board->event);
	free(board);
	return 0;
}

/* "name:delivered/failed " of each. */
static const char *counts(struct board *board, char ret[256])
{
	struct arena *arena = arena_new();
	struct view view = { .arena = arena };
	size_t used = 0;

	assert_int_equal(notifiers_publish(board->notifiers, &view), 0);
	*ret = '\0';
	for (size_t i = 0; i < view.notifiers_count; i++)
		used += (size_t)snprintf(ret + used, 256 - used, "%s:%d/%d ",
					 view.notifiers[i].name, (int)view.notifiers[i].delivered,
					 (int)view.notifiers[i].failed);
	arena_free(arena);
	return ret;
}

static void each_is_told_and_counted_in_order(void **state)
{
	static const struct notifier_config configs[] = { { .name = "b", .type = "deaf" },
							  { .name = "a", .type = "counting" } };
	static const struct view_alert alert = { .rule = "Rule" };
	struct board *board = *state;
	char text[256];

	assert_int_equal(notifiers_replace(board->notifiers, configs, 2), 0);
	notifiers_notify(board->notifiers, &alert, true);
	notifiers_notify(board->notifiers, &alert, false);
	assert_string_equal(counts(board, text), "b:11/0 a:11/1 ");
}

static void there_may_be_none(void **state)
{
	struct board *board = *state;
	char text[256];

	assert_string_equal(counts(board, text), "");
	assert_int_equal(notifiers_replace(board->notifiers, NULL, 0), 0);
	assert_string_equal(counts(board, text), "");
	notifiers_free(NULL);
}

static void what_is_as_it_was_goes_on(void **state)
{
	const char *urls[] = { "http://a/", "http://b/" };
	const char *argv[] = { "/bin/true", "x", NULL };
	struct notifier_config configs[] = {
		{ .name = "a", .type = "counting", .urls = urls, .urls_count = 2, .argv = argv },
		{ .name = "b", .type = "counting", .password_file = "/p" },
		{ .name = "c", .type = "counting" },
	};
	static const struct view_alert alert = { .rule = "Rule" };
	struct board *board = *state;
	char text[256];

	assert_int_equal(notifiers_replace(board->notifiers, configs, 3), 0);
	notifiers_notify(board->notifiers, &alert, true);
	configs[1].password_file = "/q";
	assert_int_equal(notifiers_replace(board->notifiers, configs, 2), 0);
	assert_string_equal(counts(board, text), "a:1/1 b:0/1 ");
	urls[1] = "http://c/";
	assert_int_equal(notifiers_replace(board->notifiers, configs, 2), 0);
	assert_string_equal(counts(board, text), "a:0/1 b:0/2 ");
	argv[1] = "y";
	assert_int_equal(notifiers_replace(board->notifiers, configs, 2), 0);
	assert_string_equal(counts(board, text), "a:0/1 b:0/3 ");
}

/* The words of a configuration may go once it has been taken. */
static void configurations_are_copied(void **state)
{
	char name[] = "a";
	char program[] = "/bin/true";
	const char *argv[] = { program, NULL };
	struct notifier_config config = { .name = name, .type = "counting", .argv = argv };
	struct arena *arena = arena_new();
	struct view view = { .arena = arena };
	struct board *board = *state;

	assert_int_equal(notifiers_replace(board->notifiers, &config, 1), 0);
	*name = 'x';
	*program = '\0';
	assert_int_equal(notifiers_publish(board->notifiers, &view), 0);
	assert_string_equal(view.notifiers[0].name, "a");
	assert_int_equal(view.notifiers[0].waiting, strlen("/bin/true"));
	arena_free(arena);
}

static void a_bad_one_changes_nothing(void **state)
{
	static const struct notifier_config good[] = { { .name = "a", .type = "counting" },
						       { .name = "b", .type = "counting" } };
	static const struct notifier_config bad[] = { { .name = "a", .type = "counting" },
						      { .name = "n", .type = "counting" },
						      { .name = "bad", .type = "counting" } };
	static const struct view_alert alert = { .rule = "Rule" };
	struct board *board = *state;
	char text[256];

	assert_int_equal(notifiers_replace(board->notifiers, good, 2), 0);
	notifiers_notify(board->notifiers, &alert, true);
	assert_int_equal(notifiers_replace(board->notifiers, bad, 3), -EINVAL);
	assert_string_equal(counts(board, text), "a:1/1 b:1/1 ");
}

static void a_type_must_be_known(void **state)
{
	static const struct notifier_config config = { .name = "a", .type = "pigeon" };
	struct capture capture = capture_start(STDERR_FILENO);
	struct board *board = *state;
	char text[256];
	int r = notifiers_replace(board->notifiers, &config, 1);

	capture_end(&capture, text, sizeof(text));
	assert_int_equal(r, -EINVAL);
	assert_one_line(text, "notifier a: there is no type 'pigeon'");
}

#define board_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		board_test(each_is_told_and_counted_in_order),
		board_test(there_may_be_none),
		board_test(what_is_as_it_was_goes_on),
		board_test(configurations_are_copied),
		board_test(a_bad_one_changes_nothing),
		board_test(a_type_must_be_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
