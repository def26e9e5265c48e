// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "exporters/message/document.h"
#include "exporters/message/message.h"
#include "user/base/text.h"
#include "user/base/util.h"

#define SINCE 1795343528117000000ULL /* 2026-11-22T10:32:08.117Z */
#define MINUTE 60000000000ULL

static const struct view_label labels[] = {
	{ "severity", "warning" },
	{ "remote", "10.0.0.17" },
	{ "alertname", "DestinationSaturation" },
	{ "host", "web-3" },
};

static const struct view_label annotations[] = {
	{ "summary", "95% of 27962 ports" },
	{ "process", "celery" },
};

static const struct view_alert saturation = {
	.rule = "DestinationSaturation",
	.severity = SEVERITY_WARNING,
	.subject = "host tcp 10.0.0.17:5432",
	.summary = "95% of 27962 ports",
	.value = 0.95,
	.since = SINCE,
	.labels = labels,
	.labels_count = ARRAY_SIZE(labels),
	.annotations = annotations,
	.annotations_count = ARRAY_SIZE(annotations),
};

static const struct message_moment moment = { .now_ns = 5,
					      .epoch = SINCE + MINUTE,
					      .host = "elsewhere" };

static struct message *copy(const struct view_alert *alert, bool entered)
{
	struct message *message = NULL;

	assert_int_equal(message_new(&message, alert, entered, &moment), 0);
	return message;
}

static void labels_are_sorted_and_complete(void **state)
{
	struct message *message = copy(&saturation, true);
	static const char *const names[] = { "alertname", "host", "remote", "severity" };

	(void)state;
	assert_int_equal(message->alert.labels_count, 4);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_string_equal(message->alert.labels[i].name, names[i]);
	assert_string_equal(message_label(message, "host"), "web-3");
	assert_null(message_label(message, "planted"));
	assert_true(message->firing);
	assert_int_equal(message->ended, 0);
	assert_int_equal(message->born_ns, 5);
	message_unref(message);
}

static void an_alert_without_labels_gets_those_that_tell_it_apart(void **state)
{
	struct view_alert bare = saturation;
	struct message *message;

	(void)state;
	bare.labels_count = 0;
	bare.annotations_count = 0;
	message = copy(&bare, true);
	assert_int_equal(message->alert.labels_count, 4);
	assert_string_equal(message_label(message, "alertname"), "DestinationSaturation");
	assert_string_equal(message_label(message, "severity"), "warning");
	assert_string_equal(message_label(message, "host"), "elsewhere");
	assert_string_equal(message_label(message, "subject"), "host tcp 10.0.0.17:5432");
	assert_int_equal(message->alert.annotations_count, 1);
	assert_string_equal(message->alert.annotations[0].name, "summary");
	message_unref(message);
}

static void an_instance_needs_no_host(void **state)
{
	static const struct view_label instance[] = { { "instance", "web-3:9817" } };
	struct view_alert alert = saturation;
	struct message *message;

	(void)state;
	alert.labels = instance;
	alert.labels_count = 1;
	message = copy(&alert, true);
	assert_null(message_label(message, "host"));
	assert_string_equal(message_label(message, "instance"), "web-3:9817");
	message_unref(message);
}

/* Computed with github.com/prometheus/common's rule by hand: FNV-1a over name 0xff value 0xff. */
static uint64_t fingerprint_of(const char *bytes, size_t size)
{
	uint64_t hash = 14695981039346656037ULL;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * 1099511628211ULL;
	return hash;
}

static void fingerprint_is_of_the_labels_alone(void **state)
{
	static const char bytes[] = "alertname\xff"
				    "DestinationSaturation\xff"
				    "host\xff"
				    "web-3\xff"
				    "remote\xff"
				    "10.0.0.17\xff"
				    "severity\xff"
				    "warning\xff";
	struct view_alert other = saturation;
	struct message *message = copy(&saturation, true);
	struct message *ended;

	(void)state;
	other.summary = "97%";
	other.annotations_count = 0;
	ended = copy(&other, false);
	assert_int_equal(message->fingerprint, fingerprint_of(bytes, sizeof(bytes) - 1));
	assert_int_equal(ended->fingerprint, message->fingerprint);
	message_unref(message);
	message_unref(ended);
}

static void hostile_strings_become_printable(void **state)
{
	static const struct view_label hostile[] = {
		{ "process", "e\"v\\i\nl\xff{}\xe2\x80\xae" },
		{ "1st", "no name" },
		{ "with space", "no name" },
		{ "", "no name" },
		{ NULL, "no name" },
		{ "empty", "" },
		{ "null", NULL },
		{ "process", "a second one" },
		{ "alertname", "x" },
		{ "severity", "y" },
		{ "host", "z" },
	};
	struct view_alert alert = saturation;
	struct message *message;

	(void)state;
	alert.labels = hostile;
	alert.labels_count = ARRAY_SIZE(hostile);
	alert.subject = "a\nb";
	message = copy(&alert, true);
	assert_int_equal(message->alert.labels_count, 4);
	assert_string_equal(message_label(message, "process"), "e\"v\\i?l?{}???");
	assert_string_equal(message->alert.subject, "a?b");
	message_unref(message);
}

static void long_values_end_with_a_whole_character(void **state)
{
	char value[2 * MESSAGE_VALUE_MAX + 1] = "a";
	struct view_label label = { "remedy", value };
	struct view_alert alert = saturation;
	struct message *message;

	(void)state;
	for (size_t i = 1; i + 2 < sizeof(value); i += 2)
		strcpy(value + i, "\xc3\xa9");
	alert.annotations = &label;
	alert.annotations_count = 1;
	message = copy(&alert, true);
	assert_int_equal(strlen(message->alert.annotations[0].value), MESSAGE_VALUE_MAX - 1);
	assert_null(strchr(message->alert.annotations[0].value, '?'));
	message_unref(message);
}

static void document_equals(char *document, const char *expected)
{
	assert_non_null(document);
	assert_string_equal(document, expected);
	free(document);
}

static void alertmanager_gets_an_array(void **state)
{
	struct message *messages[] = { copy(&saturation, true), copy(&saturation, false) };

	(void)state;
	document_equals(
		document_alerts((const struct message *const *)messages, 2, SINCE + 4 * MINUTE),
		"[{\"labels\":{\"alertname\":\"DestinationSaturation\",\"host\":\"web-3\","
		"\"remote\":\"10.0.0.17\",\"severity\":\"warning\"},"
		"\"annotations\":{\"process\":\"celery\",\"summary\":\"95% of 27962 ports\"},"
		"\"startsAt\":\"2026-11-22T10:32:08.117Z\",\"endsAt\":\"2026-11-22T10:36:08.117Z\"},"
		"{\"labels\":{\"alertname\":\"DestinationSaturation\",\"host\":\"web-3\","
		"\"remote\":\"10.0.0.17\",\"severity\":\"warning\"},"
		"\"annotations\":{\"process\":\"celery\",\"summary\":\"95% of 27962 ports\"},"
		"\"startsAt\":\"2026-11-22T10:32:08.117Z\",\"endsAt\":\"2026-11-22T10:33:08.117Z\"}]");
	message_unref(messages[0]);
	message_unref(messages[1]);
}

static void webhook_is_version_4(void **state)
{
	struct message *message = copy(&saturation, false);

	(void)state;
	document_equals(
		document_webhook(message, "on-call"),
		"{\"version\":\"4\",\"groupKey\":\"{}:{alertname=\\\"DestinationSaturation\\\"}\","
		"\"truncatedAlerts\":0,\"status\":\"resolved\",\"receiver\":\"on-call\","
		"\"groupLabels\":{\"alertname\":\"DestinationSaturation\"},"
		"\"commonLabels\":{\"alertname\":\"DestinationSaturation\",\"host\":\"web-3\","
		"\"remote\":\"10.0.0.17\",\"severity\":\"warning\"},"
		"\"commonAnnotations\":{\"process\":\"celery\",\"summary\":\"95% of 27962 ports\"},"
		"\"externalURL\":\"\",\"alerts\":[{\"status\":\"resolved\","
		"\"labels\":{\"alertname\":\"DestinationSaturation\",\"host\":\"web-3\","
		"\"remote\":\"10.0.0.17\",\"severity\":\"warning\"},"
		"\"annotations\":{\"process\":\"celery\",\"summary\":\"95% of 27962 ports\"},"
		"\"startsAt\":\"2026-11-22T10:32:08.117Z\",\"endsAt\":\"2026-11-22T10:33:08.117Z\","
		"\"generatorURL\":\"\",\"fingerprint\":\"321b402847dbd0ec\"}]}");
	message_unref(message);
}

static void what_fires_has_no_end_in_a_webhook(void **state)
{
	struct message *message = copy(&saturation, true);
	char *document = document_webhook(message, "on-call");

	(void)state;
	assert_non_null(strstr(document, "\"endsAt\":\"0001-01-01T00:00:00Z\""));
	assert_non_null(strstr(document, "\"status\":\"firing\",\"receiver\""));
	free(document);
	message_unref(message);
}

static void hostile_strings_are_json(void **state)
{
	static const struct view_label hostile[] = { { "process", "e\"v\\i\nl\xff\xc3{}" } };
	struct view_alert alert = saturation;
	struct message *message;
	char *document;
	json_t *json;

	(void)state;
	alert.rule = "a\"b\\";
	alert.labels = hostile;
	alert.labels_count = 1;
	message = copy(&alert, true);
	document = document_webhook(message, "o\xffn");
	json = json_loads(document, 0, NULL);
	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "receiver")), "o?n");
	assert_string_equal(json_string_value(json_object_get(json_object_get(json, "commonLabels"),
							      "process")),
			    "e\"v\\i?l??{}");
	json_decref(json);
	free(document);
	message_unref(message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_are_sorted_and_complete),
		cmocka_unit_test(an_alert_without_labels_gets_those_that_tell_it_apart),
		cmocka_unit_test(an_instance_needs_no_host),
		cmocka_unit_test(fingerprint_is_of_the_labels_alone),
		cmocka_unit_test(hostile_strings_become_printable),
		cmocka_unit_test(long_values_end_with_a_whole_character),
		cmocka_unit_test(alertmanager_gets_an_array),
		cmocka_unit_test(webhook_is_version_4),
		cmocka_unit_test(what_fires_has_no_end_in_a_webhook),
		cmocka_unit_test(hostile_strings_are_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
