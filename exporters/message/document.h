/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as JSON. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct message;

/* The array that Alertmanager's POST /api/v2/alerts takes. What fires ends at ends_at (ns since the
 * epoch) unless it is said again. Caller frees; NULL: no memory. */
char *document_alerts(const struct message *const *messages, size_t count, uint64_t ends_at);

/* The object that Alertmanager's webhooks send, version "4", about this one alert. receiver: the
 * notifier's name. Caller frees; NULL: no memory. */
char *document_webhook(const struct message *message, const char *receiver);
