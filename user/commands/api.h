/* SPDX-License-Identifier: Apache-2.0 */
/* Asks a running agent over HTTP. */
#pragma once

#include <jansson.h>

#define API_REASON_MAX 256

struct api;

/* The agent at "HOST:PORT", "unix:PATH" or an http:// or https:// URL without a path, which is
 * borrowed. Connects nowhere yet; keeps a connection from one question to the next. -ENOMEM. */
int api_open(struct api **ret, const char *address);
void api_close(struct api *api); /* NULL is fine */

/* Begins to ask for a document, which takes no longer than ten seconds; what was asked before is
 * forgotten. path is borrowed. -ENOMEM. */
int api_ask(struct api *api, const char *path);

/* Waits no longer than wait_ms. -EAGAIN: it is not there yet, call again. Otherwise as api_get. */
int api_take(struct api *api, json_t **ret, int wait_ms, char reason[API_REASON_MAX]);

/* A document of the agent at "HOST:PORT", "unix:PATH" or an http:// or https:// URL without a path;
 * the caller drops the reference. Negative errno, and reason says what failed, on what, and what
 * would help; *ret is untouched then. Waits no longer than ten seconds. */
int api_get(json_t **ret, const char *address, const char *path, char reason[API_REASON_MAX]);
