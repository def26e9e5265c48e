// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exporters/journal/journal.h"
#include "exporters/message/message.h"
#include "tests/unit/capture.h"
#include "user/base/util.h"
#include "user/core/view.h"

static const struct view_alert saturation = {
	.rule = "DestinationSaturation",
	.severity = SEVERITY_WARNING,
	.subject = "host tcp 10.0.0.17:5432",
	.summary = "95% of 27962 ports",
	.value = 0.95,
};

static const struct view_alert hostile = {
	.rule = "a b\"=\n",
	.severity = SEVERITY_CRITICAL,
	.subject = "x\" level=info\nlevel=critical \\",
	.summary = "\xff\x1b[2J\xc3\xa9",
	.value = NAN,
};

static const struct view_label saturation_labels[] = {
	{ "alertname", "DestinationSaturation" },
	{ "severity", "warning" },
	{ "netns", "shop" },
	{ "remote", "10.0.0.17" },
};

static const struct view_label saturation_annotations[] = {
	{ "summary", "95% of 27962 ports" }, { "process", "e\"v\\i\nl" },
	{ "remedy", "close what you open" }, { "netns", "said already" },
	{ "state", "not yours to say" },
};

static struct view_alert labelled(void)
{
	struct view_alert alert = saturation;

	alert.labels = saturation_labels;
	alert.labels_count = ARRAY_SIZE(saturation_labels);
	alert.annotations = saturation_annotations;
	alert.annotations_count = ARRAY_SIZE(saturation_annotations);
	return alert;
}

static struct message *copy(const struct view_alert *alert, bool entered)
{
	static const struct message_moment moment = { .now_ns = 1, .epoch = 1 };
	struct message *message = NULL;

	assert_int_equal(message_new(&message, alert, entered, &moment), 0);
	return message;
}

static int fields_of(struct iovec fields[JOURNAL_FIELDS], const struct view_alert *alert,
		     bool entered)
{
	struct message *message = copy(alert, entered);
	int count = journal_fields(fields, message);

	message_unref(message);
	return count;
}

static char *logfmt(const struct view_alert *alert, bool entered)
{
	struct message *message = copy(alert, entered);
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	journal_logfmt(out, message);
	message_unref(message);
	fclose(out);
	return text;
}

static void assert_field(const struct iovec *fields, int index, const char *expected)
{
	assert_int_equal(fields[index].iov_len, strlen(expected));
	assert_memory_equal(fields[index].iov_base, expected, strlen(expected));
}

static void logfmt_has_state_value_and_subject(void **state)
{
	char *text = logfmt(&saturation, true);

	(void)state;
	assert_string_equal(text, "level=warning alert=DestinationSaturation state=firing "
				  "subject=\"host tcp 10.0.0.17:5432\" value=0.95 "
				  "summary=\"95% of 27962 ports\"\n");
	free(text);
	text = logfmt(&saturation, false);
	assert_non_null(strstr(text, " state=resolved "));
	free(text);
}

static void logfmt_is_one_line_whatever_the_names(void **state)
{
	char *text = logfmt(&hostile, true);

	(void)state;
	assert_string_equal(text, "level=critical alert=\"a b\\\"=?\" state=firing "
				  "subject=\"x\\\" level=info?level=critical \\\\\" "
				  "summary=\"??[2J\xc3\xa9\"\n");
	free(text);
}

static void logfmt_survives_an_empty_alert(void **state)
{
	static const struct view_alert empty = { 0 };
	char *text = logfmt(&empty, true);

	(void)state;
	assert_string_equal(text, "level=info alert=unknown state=firing subject=\"unknown\" "
				  "value=0 summary=\"unknown\"\n");
	free(text);
}

static void entry_has_native_fields(void **state)
{
	struct iovec fields[JOURNAL_FIELDS];

	(void)state;
	assert_int_equal(fields_of(fields, &saturation, true), 8);
	assert_field(fields, 0,
		     "MESSAGE=DestinationSaturation firing: host tcp 10.0.0.17:5432: 95% of 27962 "
		     "ports");
	assert_field(fields, 1, "MESSAGE_ID=" JOURNAL_MESSAGE_ID);
	assert_field(fields, 2, "PRIORITY=4");
	assert_field(fields, 3, "PORTGAUGE_RULE=DestinationSaturation");
	assert_field(fields, 4, "PORTGAUGE_SEVERITY=warning");
	assert_field(fields, 5, "PORTGAUGE_SUBJECT=host tcp 10.0.0.17:5432");
	assert_field(fields, 6, "PORTGAUGE_STATE=firing");
	assert_field(fields, 7, "PORTGAUGE_VALUE=0.95");
	journal_fields_done(fields);
	assert_int_equal(strlen(JOURNAL_MESSAGE_ID), 32);
}

static void unknown_value_is_left_out(void **state)
{
	struct iovec fields[JOURNAL_FIELDS];

	(void)state;
	assert_int_equal(fields_of(fields, &hostile, true), 7);
	assert_field(fields, 2, "PRIORITY=2");
	assert_field(fields, 3, "PORTGAUGE_RULE=a b\"=?");
	journal_fields_done(fields);
}

static void what_ended_is_a_notice(void **state)
{
	struct iovec fields[JOURNAL_FIELDS];

	(void)state;
	assert_int_equal(fields_of(fields, &hostile, false), 7);
	assert_field(fields, 2, "PRIORITY=5");
	assert_field(fields, 4, "PORTGAUGE_SEVERITY=critical");
	assert_field(fields, 6, "PORTGAUGE_STATE=resolved");
	journal_fields_done(fields);
}

static void labels_and_annotations_are_said_once(void **state)
{
	struct view_alert alert = labelled();
	char *text = logfmt(&alert, true);

	(void)state;
	assert_string_equal(text, "level=warning alert=DestinationSaturation state=firing "
				  "subject=\"host tcp 10.0.0.17:5432\" value=0.95 "
				  "summary=\"95% of 27962 ports\" netns=\"shop\" "
				  "remote=\"10.0.0.17\" process=\"e\\\"v\\\\i?l\" "
				  "remedy=\"close what you open\"\n");
	free(text);
}

static void labels_and_annotations_become_fields(void **state)
{
	struct iovec fields[JOURNAL_FIELDS];
	struct view_alert alert = labelled();

	(void)state;
	assert_int_equal(fields_of(fields, &alert, true), 13);
	assert_field(fields, 8, "PORTGAUGE_NETNS=shop");
	assert_field(fields, 9, "PORTGAUGE_REMOTE=10.0.0.17");
	assert_field(fields, 10, "PORTGAUGE_NETNS=said already");
	assert_field(fields, 11, "PORTGAUGE_PROCESS=e\"v\\i?l");
	assert_field(fields, 12, "PORTGAUGE_REMEDY=close what you open");
	journal_fields_done(fields);
}

/* 32 of each is all a message takes: as many fields fit. */
static void as_many_fields_as_a_message_has_fit(void **state)
{
	static char names[80][8];
	struct view_label many[80];
	struct view_alert alert = saturation;
	struct iovec fields[JOURNAL_FIELDS];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(many); i++) {
		snprintf(names[i], sizeof(names[i]), "n%zu", i);
		many[i] = (struct view_label){ names[i], "v" };
	}
	alert.labels = many;
	alert.labels_count = ARRAY_SIZE(many);
	alert.annotations = many;
	alert.annotations_count = ARRAY_SIZE(many);
	assert_in_range(fields_of(fields, &alert, true), 60, JOURNAL_FIELDS);
	journal_fields_done(fields);
}

static void without_a_journal_it_writes_to_standard_error(void **state)
{
	static const struct notifier_config config = { .name = "journal", .type = "journal" };
	struct notifier *notifier = NULL;
	struct view_notifier row = { 0 };
	struct capture capture;
	char text[512];
	char *expected = logfmt(&saturation, true);

	(void)state;
	unsetenv("JOURNAL_STREAM");
	assert_int_equal(journal_notifier.open(&notifier, &config, NULL), 0);
	capture = capture_start(STDERR_FILENO);
	journal_notifier.notify(notifier, &saturation, true);
	capture_end(&capture, text, sizeof(text));
	journal_notifier.count(notifier, &row);
	journal_notifier.close(notifier);
	assert_string_equal(text, expected);
	assert_int_equal(row.delivered, 1);
	assert_int_equal(row.failed + row.dropped + row.waiting, 0);
	free(expected);
}

static void it_wants_transitions_and_no_views(void **state)
{
	(void)state;
	assert_null(journal_notifier.publish);
	assert_string_equal(journal_notifier.type, "journal");
	journal_notifier.close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logfmt_has_state_value_and_subject),
		cmocka_unit_test(logfmt_is_one_line_whatever_the_names),
		cmocka_unit_test(logfmt_survives_an_empty_alert),
		cmocka_unit_test(entry_has_native_fields),
		cmocka_unit_test(unknown_value_is_left_out),
		cmocka_unit_test(what_ended_is_a_notice),
		cmocka_unit_test(labels_and_annotations_are_said_once),
		cmocka_unit_test(labels_and_annotations_become_fields),
		cmocka_unit_test(as_many_fields_as_a_message_has_fit),
		cmocka_unit_test(without_a_journal_it_writes_to_standard_error),
		cmocka_unit_test(it_wants_transitions_and_no_views),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
