/* SPDX-License-Identifier: Apache-2.0 */
/* Where a receiver is: http://host[:port]/path, https://..., or unix:/socket:/path. Pure. */
#pragma once

struct client_url {
	char *url;    /* what libcurl is given */
	char *socket; /* path of a unix socket; NULL: none */
	char *host;   /* as it is resolved; "localhost" for a unix socket */
	char *port;   /* a number */
};

/* suffix: is appended to the path unless it ends with it already; or NULL. -EINVAL: not such a
 * URL, or it holds a name or password, which would be shown in messages; -ENOMEM. *ret is
 * untouched on failure. */
int client_url_parse(struct client_url *ret, const char *text, const char *suffix);
void client_url_done(struct client_url *url); /* a zeroed one is fine */
