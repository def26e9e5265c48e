// SPDX-License-Identifier: Apache-2.0
/* Alerts with any names and values: what is made of them is JSON, and journal lines stay lines. */
#include <stdbool.h>

#include <jansson.h>

#include "exporters/journal/journal.h"
#include "exporters/message/document.h"
#include "exporters/message/message.h"
#include "tests/fuzz/fuzz.h"

#define LABELS 40

/* The next string of the input, which is cut at every newline. */
static const char *next(char **cursor)
{
	return *cursor ? strsep(cursor, "\n") : NULL;
}

static void check_json(char *document)
{
	json_t *json;

	claim(document);
	json = json_loads(document, JSON_REJECT_DUPLICATES, NULL);
	claim(json);
	json_decref(json);
	free(document);
}

static void check_line(const struct message *message)
{
	char *line = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&line, &size);

	journal_logfmt(out, message);
	fclose(out);
	claim(size && memchr(line, '\n', size) == line + size - 1);
	free(line);
}

static void check_fields(const struct message *message)
{
	struct iovec fields[JOURNAL_FIELDS];
	int count = journal_fields(fields, message);

	claim(count >= 7 && count <= JOURNAL_FIELDS);
	for (int i = 0; i < count; i++)
		claim(memchr(fields[i].iov_base, '=', fields[i].iov_len) &&
		      !memchr(fields[i].iov_base, '\n', fields[i].iov_len));
	journal_fields_done(fields);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message_moment moment = { 0 };
	struct view_label labels[LABELS] = { 0 };
	char *text = fuzz_text(data, size);
	char *cursor = text;
	struct view_alert alert = { .labels = labels, .annotations = labels };
	struct message *message;

	alert.rule = next(&cursor);
	alert.subject = next(&cursor);
	alert.summary = next(&cursor);
	moment.host = next(&cursor);
	while (cursor && alert.labels_count < LABELS) {
		labels[alert.labels_count].name = next(&cursor);
		labels[alert.labels_count++].value = next(&cursor);
	}
	alert.annotations_count = alert.labels_count;
	claim(message_new(&message, &alert, size % 2, &moment) == 0);
	check_json(document_alerts((const struct message *const *)&message, 1, 1));
	check_json(document_webhook(message, "fuzz"));
	check_line(message);
	check_fields(message);
	message_unref(message);
	free(text);
	return 0;
}
