/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl's transfers on our event loop: nothing here waits. */
#pragma once

#include <curl/curl.h>

struct multi;
struct sd_event;

/* The transfer has ended, and easy is out of the multi: it may be added again at once. */
typedef void multi_ended(void *context, CURL *easy, CURLcode result);

/* connections: how many idle ones are kept. event is borrowed. A negative errno on failure. */
int multi_open(struct multi **ret, struct sd_event *event, long connections, multi_ended *ended,
	       void *context);

/* Transfers under way must have been removed; not from within multi_ended. NULL is fine. */
void multi_close(struct multi *multi);

/* 0 or -ENOMEM. easy is borrowed until it ended or is removed. */
int multi_add(struct multi *multi, CURL *easy);
void multi_remove(struct multi *multi, CURL *easy);
