/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

/* Packs a body; *ret is freed by the caller. -ENOMEM. */
int gzip_pack(char **ret, size_t *ret_size, const char *body, size_t size);
