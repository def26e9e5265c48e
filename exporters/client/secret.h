/* SPDX-License-Identifier: Apache-2.0 */
/* A password or token in a file, read whenever it is used, so that it can be replaced. */
#pragma once

#include <stddef.h>

#define SECRET_MAX 4096

/* The first line of a regular file. 0, or a negative errno: -EINVAL: empty, too long, or with
 * control characters. ret is untouched on failure; wipe it with secret_wipe. */
int secret_read(char ret[SECRET_MAX], const char *path);
void secret_wipe(char secret[SECRET_MAX]);
