/* SPDX-License-Identifier: Apache-2.0 */
/* The Authorization header of Basic authentication (RFC 7617). Pure. */
#pragma once

#include <stddef.h>

#define AUTHORIZATION_MAX 512 /* bytes of "user:password" */

struct authorization {
	const char *user; /* both within text; wipe it after use */
	const char *password;
	char text[AUTHORIZATION_MAX + 1];
};

/* header: "Basic dXNlcjpwYXNz". -EINVAL: another scheme, broken base64, no colon or a zero byte;
 * -EMSGSIZE: too long. */
int authorization_parse(struct authorization *ret, const char *header);
