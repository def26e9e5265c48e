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

static char *logfmt(const struct view_alert *alert, bool entered)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	journal_logfmt(out, alert, entered);
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
	assert_int_equal(journal_fields(fields, &saturation, true), JOURNAL_FIELDS);
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
	assert_int_equal(journal_fields(fields, &hostile, true), JOURNAL_FIELDS - 1);
	assert_field(fields, 2, "PRIORITY=2");
	assert_field(fields, 3, "PORTGAUGE_RULE=a b\"=?");
	journal_fields_done(fields);
}

static void what_ended_is_a_notice(void **state)
{
	struct iovec fields[JOURNAL_FIELDS];

	(void)state;
	assert_int_equal(journal_fields(fields, &hostile, false), JOURNAL_FIELDS - 1);
	assert_field(fields, 2, "PRIORITY=5");
	assert_field(fields, 4, "PORTGAUGE_SEVERITY=critical");
	assert_field(fields, 6, "PORTGAUGE_STATE=resolved");
	journal_fields_done(fields);
}

static void without_a_journal_it_writes_to_standard_error(void **state)
{
	struct exporter *exporter = NULL;
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	char text[512] = "";
	char *expected = logfmt(&saturation, true);

	(void)state;
	assert_non_null(file);
	unsetenv("JOURNAL_STREAM");
	assert_int_equal(journal_exporter.open(&exporter, NULL, NULL), 0);
	dup2(fileno(file), STDERR_FILENO);
	journal_exporter.notify(exporter, &saturation, true);
	dup2(saved, STDERR_FILENO);
	close(saved);
	journal_exporter.close(exporter);
	rewind(file);
	assert_int_equal(fread(text, 1, sizeof(text) - 1, file), strlen(expected));
	assert_string_equal(text, expected);
	fclose(file);
	free(expected);
}

static void it_wants_transitions_and_no_views(void **state)
{
	(void)state;
	assert_null(journal_exporter.publish);
	assert_string_equal(journal_exporter.name, "journal");
	journal_exporter.close(NULL);
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
		cmocka_unit_test(without_a_journal_it_writes_to_standard_error),
		cmocka_unit_test(it_wants_transitions_and_no_views),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
