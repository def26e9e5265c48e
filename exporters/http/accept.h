/* SPDX-License-Identifier: Apache-2.0 */
/* What a client would rather have, by the quality values of RFC 9110. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The index of the content type that the client likes best; the first of equals, and the first of
 * all if it likes none or accept is NULL: a document of the wrong type is more use than an error.
 * Of a type's parameters only the version counts. */
size_t accept_choose(const char *accept, const char *const *types, size_t count);

/* Does the client take gzip (RFC 9110: 12.5.3), and not prefer that nothing is packed? NULL: no. */
bool accept_gzip(const char *accept_encoding);
