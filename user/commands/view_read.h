/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The document of a snapshot (docs/api.md) read back into a view. Pure. What the document does not
 * have stays empty: counters, rules, notifiers, histograms, and rows that stand for others
 * ("other"). Strings are as they stand there; nothing says that they are printable.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct view;

/* ret_bounded, which may be NULL: were there rows that stand for others? -EBADMSG: it is no
 * snapshot of this version; -ENOMEM. Both results are untouched then. A row, or a number of it, of
 * another shape than it should have is left out. */
int view_read(struct view **ret, const json_t *document, bool *ret_bounded);
