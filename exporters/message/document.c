// SPDX-License-Identifier: Apache-2.0
#include "exporters/message/document.h"

#include <inttypes.h>
#include <stdio.h>

#include <jansson.h>

#include "exporters/message/message.h"
#include "user/base/text.h"

#define NOT_ENDED "0001-01-01T00:00:00Z" /* as Go writes a time that is not set */
#define RECEIVER_MAX 256
#define GROUP_KEY_MAX (MESSAGE_VALUE_MAX + 32)

/* Steals value. When it is NULL, or memory runs out, *object is released and becomes NULL. */
static void put(json_t **object, const char *key, json_t *value)
{
	if (json_object_set_new(*object, key, value) == 0)
		return;
	json_decref(*object);
	*object = NULL;
}

static json_t *list(const struct view_label *labels, size_t count)
{
	json_t *object = json_object();

	for (size_t i = 0; i < count; i++)
		put(&object, labels[i].name, json_string(labels[i].value));
	return object;
}

static json_t *labels_of(const struct message *message)
{
	return list(message->alert.labels, message->alert.labels_count);
}

static json_t *annotations_of(const struct message *message)
{
	return list(message->alert.annotations, message->alert.annotations_count);
}

static json_t *time_of(uint64_t time_ns)
{
	char text[TEXT_TIME_MAX];

	return json_string(text_time(text, time_ns));
}

static char *write_and_drop(json_t *document)
{
	char *text = document ? json_dumps(document, JSON_COMPACT) : NULL;

	json_decref(document);
	return text;
}

char *document_alerts(const struct message *const *messages, size_t count, uint64_t ends_at)
{
	json_t *document = json_array();

	for (size_t i = 0; i < count; i++) {
		const struct message *message = messages[i];
		json_t *alert = json_object();

		put(&alert, "labels", labels_of(message));
		put(&alert, "annotations", annotations_of(message));
		put(&alert, "startsAt", time_of(message->alert.since));
		put(&alert, "endsAt", time_of(message->firing ? ends_at : message->ended));
		if (json_array_append_new(document, alert) < 0) {
			json_decref(document);
			return NULL;
		}
	}
	return write_and_drop(document);
}

static json_t *status_of(const struct message *message)
{
	return json_string(message->firing ? "firing" : "resolved");
}

static json_t *alert_of(const struct message *message)
{
	json_t *alert = json_object();
	char fingerprint[17];

	snprintf(fingerprint, sizeof(fingerprint), "%016" PRIx64, message->fingerprint);
	put(&alert, "status", status_of(message));
	put(&alert, "labels", labels_of(message));
	put(&alert, "annotations", annotations_of(message));
	put(&alert, "startsAt", time_of(message->alert.since));
	put(&alert, "endsAt", message->firing ? json_string(NOT_ENDED) : time_of(message->ended));
	put(&alert, "generatorURL", json_string(""));
	put(&alert, "fingerprint", json_string(fingerprint));
	return alert;
}

static json_t *array_of_one(json_t *value)
{
	json_t *array = json_array();

	if (json_array_append_new(array, value) == 0)
		return array;
	json_decref(array);
	return NULL;
}

char *document_webhook(const struct message *message, const char *receiver)
{
	const char *alertname = message_label(message, "alertname");
	json_t *document = json_object();
	json_t *group = json_object();
	char key[GROUP_KEY_MAX];
	char name[RECEIVER_MAX];

	text_printable(name, sizeof(name), receiver);
	snprintf(key, sizeof(key), "{}:{alertname=\"%s\"}", alertname);
	put(&group, "alertname", json_string(alertname));
	put(&document, "version", json_string("4"));
	put(&document, "groupKey", json_string(key));
	put(&document, "truncatedAlerts", json_integer(0));
	put(&document, "status", status_of(message));
	put(&document, "receiver", json_string(name));
	put(&document, "groupLabels", group);
	put(&document, "commonLabels", labels_of(message));
	put(&document, "commonAnnotations", annotations_of(message));
	put(&document, "externalURL", json_string(""));
	put(&document, "alerts", array_of_one(alert_of(message)));
	return write_and_drop(document);
}
