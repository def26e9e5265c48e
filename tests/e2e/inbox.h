/* SPDX-License-Identifier: Apache-2.0 */
/* A receiver of notifications, with a thread of its own, that keeps all it gets. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

struct inbox;

/* How it behaves. */
enum inbox_manner {
	INBOX_FRIENDLY,
	INBOX_BUSY,    /* 503 */
	INBOX_GARBAGE, /* what is no HTTP */
	INBOX_SILENT,
};

/* Listens on 127.0.0.1 of a namespace (NULL: here), or on a unix socket. */
struct inbox *inbox_open(const char *netns, uint16_t port, enum inbox_manner manner);
struct inbox *inbox_open_unix(const char *path);
void inbox_close(struct inbox *inbox); /* NULL is fine */

/* Requests so far, whatever was answered. */
size_t inbox_count(struct inbox *inbox);
/* Local port that a request came from. */
uint16_t inbox_source(struct inbox *inbox, size_t request);
/* Its body. Caller drops the reference; fails the test if it is no JSON. */
json_t *inbox_body(struct inbox *inbox, size_t request);
