/* SPDX-License-Identifier: Apache-2.0 */
/* Asks a running agent over HTTP. */
#pragma once

#include <jansson.h>

#define API_REASON_MAX 256

/* A document of the agent at "HOST:PORT", "unix:PATH" or an http:// or https:// URL without a path;
 * the caller drops the reference. Negative errno, and reason says what failed, on what, and what
 * would help; *ret is untouched then. Waits no longer than ten seconds. */
int api_get(json_t **ret, const char *address, const char *path, char reason[API_REASON_MAX]);
