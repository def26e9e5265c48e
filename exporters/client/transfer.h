/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One POST at a time to one receiver, by libcurl: http and https only, no redirect, no proxy, no
 * file but those of the configuration, an answer of bounded length.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include <curl/curl.h>

#include "exporters/client/url.h"

struct notifier_config;
struct ports;

enum client_outcome {
	CLIENT_TAKEN,
	CLIENT_FAILED, /* worth another attempt */
	CLIENT_REFUSED /* the receiver says that the message itself is wrong */
};

#define TRANSFER_REASON_MAX 384
#define TRANSFER_ANSWER_MAX 65536 /* bytes, headers included */

struct transfer {
	const struct notifier_config *config; /* borrowed */
	struct ports *ports;                  /* borrowed */
	struct client_url url;
	CURL *easy;
	struct curl_slist *headers;
	struct curl_slist *resolve;
	char *body;
	size_t received;
	size_t excerpt_length;
	char excerpt[128]; /* the begin of the answer */
	char error[CURL_ERROR_SIZE];
	char address[INET6_ADDRSTRLEN]; /* that answered last; "": none */
	bool unresolved;                /* the name could not be resolved: use address */
};

/* url is taken over. context: what transfer_context returns. -ENOMEM. */
int transfer_init(struct transfer *ret, const struct notifier_config *config, struct ports *ports,
		  struct client_url *url, void *context);
void transfer_done(struct transfer *transfer); /* a zeroed one is fine */

/* Takes body over and makes easy ready to be added. A negative errno after writing to reason why a
 * secret cannot be read; -ENOMEM. */
int transfer_prepare(struct transfer *transfer, char *body, char reason[TRANSFER_REASON_MAX]);

/* What came of it; reason: one line unless it was taken. */
enum client_outcome transfer_judge(struct transfer *transfer, CURLcode result,
				   char reason[TRANSFER_REASON_MAX]);

/* Did it fail for something that another attempt at once would not meet: a source port that has a
 * connection to this receiver already, or a name that cannot be resolved now but could before? */
bool transfer_may_repeat(struct transfer *transfer, CURLcode result);

void *transfer_context(CURL *easy);
