// SPDX-License-Identifier: Apache-2.0
/* The alertmanager and webhook notifiers against receivers of ours. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include <jansson.h>

#include "exporters/alertmanager/alertmanager.h"
#include "exporters/webhook/webhook.h"
#include "tests/unit/capture.h"
#include "tests/unit/receiver.h"
#include "user/base/util.h"
#include "user/core/view.h"

#define ANSWER_400 "HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"
#define SINCE 1795343528117000000ULL

struct desk {
	sd_event *event;
	const struct notifier_ops *ops;
	struct notifier *notifier;
	struct notifier_config config;
	const char *urls[2];
	char texts[2][64];
};

static struct view_alert alert_on(const char *subject)
{
	return (struct view_alert){
		.rule = "PoolSaturation",
		.severity = SEVERITY_CRITICAL,
		.subject = subject,
		.summary = "full",
		.since = SINCE,
	};
}

static int set_up(void **state)
{
	struct desk *desk = calloc(1, sizeof(*desk));

	desk->config = (struct notifier_config){ .name = "on-call", .urls = desk->urls };
	*state = desk;
	return sd_event_new(&desk->event);
}

static int tear_down(void **state)
{
	struct desk *desk = *state;

	if (desk->notifier)
		desk->ops->close(desk->notifier);
	sd_event_unref(desk->event);
	free(desk);
	return 0;
}

static void add_receiver(struct desk *desk, uint16_t port)
{
	size_t i = desk->config.urls_count++;

	snprintf(desk->texts[i], sizeof(desk->texts[i]), "http://127.0.0.1:%u/x", port);
	desk->urls[i] = desk->texts[i];
}

static void open_as(struct desk *desk, const struct notifier_ops *ops)
{
	desk->ops = ops;
	assert_int_equal(ops->open(&desk->notifier, &desk->config, desk->event), 0);
}

static void notify(struct desk *desk, const char *subject, bool entered)
{
	struct view_alert alert = alert_on(subject);

	desk->ops->notify(desk->notifier, &alert, entered);
}

static void publish(struct desk *desk, const struct view_alert *alerts, size_t count)
{
	struct view view = { .alerts = alerts, .alerts_count = count };

	desk->ops->publish(desk->notifier, &view);
}

static struct view_notifier count(const struct desk *desk)
{
	struct view_notifier row = { 0 };

	desk->ops->count(desk->notifier, &row);
	return row;
}

/* The body of a request as JSON. */
static json_t *body(const struct receiver *receiver, size_t request)
{
	const char *text = strstr(receiver->requests[request], "\r\n\r\n");
	json_t *json = json_loads(text + 4, 0, NULL);

	assert_non_null(json);
	return json;
}

static const char *text_in(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	assert_non_null(text);
	return text;
}

static void alertmanager_is_told_of_beginning_and_end(void **state)
{
	struct desk *desk = *state;
	struct view_alert alert = alert_on("shop tcp");
	struct receiver receiver;
	json_t *bodies[2];
	json_t *first;
	json_t *second;

	receiver_start(&receiver, { .bytes = ANSWER_OK });
	add_receiver(desk, receiver.port);
	open_as(desk, &alertmanager_notifier);
	notify(desk, "shop tcp", true);
	publish(desk, &alert, 1);
	RUN_UNTIL(desk->event, count(desk).delivered == 1);
	notify(desk, "shop tcp", false);
	publish(desk, NULL, 0);
	RUN_UNTIL(desk->event, count(desk).delivered == 2);
	bodies[0] = body(&receiver, 0);
	bodies[1] = body(&receiver, 1);
	first = json_array_get(bodies[0], 0);
	second = json_array_get(bodies[1], 0);
	assert_true(
		json_equal(json_object_get(first, "labels"), json_object_get(second, "labels")));
	assert_string_equal(text_in(first, "startsAt"), "2026-11-22T10:32:08.117Z");
	assert_string_equal(text_in(second, "startsAt"), "2026-11-22T10:32:08.117Z");
	assert_true(strcmp(text_in(first, "endsAt"), text_in(second, "endsAt")) > 0);
	json_decref(bodies[0]);
	json_decref(bodies[1]);
	assert_int_equal(count(desk).waiting, 0);
	receiver_stop(&receiver);
}

static void alertmanager_is_told_again_while_it_fires(void **state)
{
	struct desk *desk = *state;
	struct view_alert alert = alert_on("shop tcp");
	struct receiver receiver;

	desk->config.resend_ns = 1;
	receiver_start(&receiver, { .bytes = ANSWER_OK });
	add_receiver(desk, receiver.port);
	open_as(desk, &alertmanager_notifier);
	publish(desk, &alert, 1);
	RUN_UNTIL(desk->event, receiver_count(&receiver) >= 1);
	publish(desk, &alert, 1);
	RUN_UNTIL(desk->event, receiver_count(&receiver) >= 2);
	alert.summary = "fuller";
	publish(desk, &alert, 1);
	RUN_UNTIL(desk->event, strstr(receiver.requests[receiver_count(&receiver) - 1], "fuller"));
	receiver_stop(&receiver);
}

/* All that begins within a second goes in one request. */
static void alertmanager_gets_many_at_once(void **state)
{
	struct desk *desk = *state;
	static char subjects[100][8];
	struct view_alert alerts[100];
	struct receiver receiver;
	json_t *json;

	receiver_start(&receiver, { .bytes = ANSWER_OK });
	add_receiver(desk, receiver.port);
	open_as(desk, &alertmanager_notifier);
	for (size_t i = 0; i < 100; i++) {
		snprintf(subjects[i], sizeof(subjects[i]), "s%zu", i);
		alerts[i] = alert_on(subjects[i]);
		desk->ops->notify(desk->notifier, &alerts[i], true);
	}
	publish(desk, alerts, 100);
	RUN_UNTIL(desk->event, count(desk).delivered == 100);
	assert_int_equal(receiver_count(&receiver), 2);
	json = body(&receiver, 0);
	assert_int_equal(json_array_size(json), ALERTMANAGER_BATCH);
	json_decref(json);
	receiver_stop(&receiver);
}

static void alertmanager_of_two_the_living_gets_it(void **state)
{
	struct desk *desk = *state;
	struct view_alert alert = alert_on("shop tcp");
	struct capture capture = capture_start(STDERR_FILENO);
	struct receiver receiver;
	char text[512];

	receiver_start(&receiver, { .bytes = ANSWER_OK });
	add_receiver(desk, 1);
	add_receiver(desk, receiver.port);
	open_as(desk, &alertmanager_notifier);
	publish(desk, &alert, 1);
	RUN_UNTIL(desk->event, count(desk).delivered == 1 && count(desk).failed == 1);
	capture_end(&capture, text, sizeof(text));
	assert_int_equal(count(desk).waiting, 1);
	assert_one_line(text, "notifier on-call: 127.0.0.1:1: ");
	receiver_stop(&receiver);
}

static void alertmanager_without_room_counts_what_it_drops(void **state)
{
	struct desk *desk = *state;

	desk->config.queue_max = 1;
	add_receiver(desk, 1);
	add_receiver(desk, 2);
	open_as(desk, &alertmanager_notifier);
	notify(desk, "a", true);
	notify(desk, "b", true);
	assert_int_equal(count(desk).dropped, 2);
	assert_int_equal(count(desk).waiting, 2);
}

static void webhook_gets_each_in_order(void **state)
{
	struct desk *desk = *state;
	struct receiver receiver;
	json_t *json;

	receiver_start(&receiver, { .bytes = ANSWER_OK });
	add_receiver(desk, receiver.port);
	open_as(desk, &webhook_notifier);
	notify(desk, "a", true);
	notify(desk, "b", true);
	notify(desk, "a", false);
	RUN_UNTIL(desk->event, count(desk).delivered == 3);
	assert_int_equal(strncmp(receiver.requests[0], "POST /x HTTP/1.1", 16), 0);
	json = body(&receiver, 2);
	assert_string_equal(text_in(json, "version"), "4");
	assert_string_equal(text_in(json, "status"), "resolved");
	assert_string_equal(text_in(json_object_get(json, "commonLabels"), "subject"), "a");
	json_decref(json);
	receiver_stop(&receiver);
}

static void webhook_drops_the_oldest_of_a_full_queue(void **state)
{
	struct desk *desk = *state;
	struct capture capture = capture_start(STDERR_FILENO);
	char text[512];

	desk->config.queue_max = 3;
	add_receiver(desk, 1);
	open_as(desk, &webhook_notifier);
	for (int i = 0; i < 10; i++)
		notify(desk, "a", i % 2 == 0);
	RUN_UNTIL(desk->event, count(desk).failed > 0);
	capture_end(&capture, text, sizeof(text));
	assert_int_equal(count(desk).dropped, 7);
	assert_int_equal(count(desk).waiting, 3);
	assert_int_equal(count(desk).delivered, 0);
}

static void webhook_gives_up_what_is_too_old(void **state)
{
	struct desk *desk = *state;
	struct capture capture = capture_start(STDERR_FILENO);
	char text[512];

	desk->config.max_age_ns = 1000000;
	add_receiver(desk, 1);
	open_as(desk, &webhook_notifier);
	notify(desk, "a", true);
	RUN_UNTIL(desk->event, count(desk).failed > 0);
	usleep(2000);
	publish(desk, NULL, 0);
	capture_end(&capture, text, sizeof(text));
	assert_int_equal(count(desk).dropped, 1);
	assert_int_equal(count(desk).waiting, 0);
}

static void webhook_does_not_repeat_what_is_refused(void **state)
{
	struct desk *desk = *state;
	struct capture capture = capture_start(STDERR_FILENO);
	struct receiver receiver;
	char text[512];

	receiver_start(&receiver, { .bytes = ANSWER_400 }, { .bytes = ANSWER_OK });
	add_receiver(desk, receiver.port);
	open_as(desk, &webhook_notifier);
	notify(desk, "a", true);
	notify(desk, "b", true);
	RUN_UNTIL(desk->event, count(desk).delivered == 1);
	capture_end(&capture, text, sizeof(text));
	assert_int_equal(count(desk).dropped, 1);
	assert_int_equal(count(desk).failed, 1);
	assert_int_equal(receiver_count(&receiver), 2);
	receiver_stop(&receiver);
}

static void both_close_with_something_under_way(void **state)
{
	struct desk *desk = *state;
	struct view_alert alert = alert_on("shop tcp");
	struct receiver receiver;

	receiver_start(&receiver, { .bytes = NULL });
	add_receiver(desk, receiver.port);
	open_as(desk, &webhook_notifier);
	notify(desk, "a", true);
	RUN_UNTIL(desk->event, receiver_count(&receiver) == 1);
	webhook_notifier.close(TAKE_PTR(desk->notifier));
	open_as(desk, &alertmanager_notifier);
	publish(desk, &alert, 1);
	alertmanager_notifier.close(TAKE_PTR(desk->notifier));
	alertmanager_notifier.close(NULL);
	webhook_notifier.close(NULL);
	receiver_stop(&receiver);
}

static void both_refuse_a_bad_url(void **state)
{
	static const struct notifier_ops *const types[] = { &alertmanager_notifier,
							    &webhook_notifier };
	struct desk *desk = *state;

	desk->urls[0] = "ftp://am/";
	desk->config.urls_count = 1;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct capture capture = capture_start(STDERR_FILENO);
		char text[512];
		int r = types[i]->open(&desk->notifier, &desk->config, desk->event);

		capture_end(&capture, text, sizeof(text));
		assert_int_equal(r, -EINVAL);
		assert_null(desk->notifier);
		assert_one_line(text, "notifier on-call: its URL number 1 is none");
	}
}

#define notify_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		notify_test(alertmanager_is_told_of_beginning_and_end),
		notify_test(alertmanager_is_told_again_while_it_fires),
		notify_test(alertmanager_gets_many_at_once),
		notify_test(alertmanager_of_two_the_living_gets_it),
		notify_test(alertmanager_without_room_counts_what_it_drops),
		notify_test(webhook_gets_each_in_order),
		notify_test(webhook_drops_the_oldest_of_a_full_queue),
		notify_test(webhook_gives_up_what_is_too_old),
		notify_test(webhook_does_not_repeat_what_is_refused),
		notify_test(both_close_with_something_under_way),
		notify_test(both_refuse_a_bad_url),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
