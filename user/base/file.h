/* SPDX-License-Identifier: Apache-2.0 */
/* A settings file or a secret, read whole. */
#pragma once

#include <stddef.h>
#include <sys/stat.h>

/* Reads a regular file of at most max bytes; *ret is terminated behind its size and freed by the
 * caller. ret_stat (may be NULL) is of what was read: size and times tell later whether it has
 * changed, st_mode who may read it. Negative errno; -EFBIG: longer; -EISDIR, -EINVAL: no file. */
int file_read(char **ret, size_t *ret_size, struct stat *ret_stat, const char *path, size_t max);
