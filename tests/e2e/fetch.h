/* SPDX-License-Identifier: Apache-2.0 */
/* A GET to something that listens on 127.0.0.1 of some namespace. */
#pragma once

#include <stdint.h>

/* A connection that is made; -1: nobody listens. */
int fetch_connect(const char *netns, uint16_t port);

/* The body; NULL if nobody answers, or the status is not 200. In another namespace than the test's
 * (netns: NULL is that) the connection takes no ephemeral port, there may be none. Caller frees. */
char *fetch(const char *netns, uint16_t port, const char *path);
/* The same with more headers, each with its CRLF; NULL also if the answer's do not have wanted. */
char *fetch_with(const char *netns, uint16_t port, const char *path, const char *headers,
		 const char *wanted);
