/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of `run`: those of the file, unless the command line has them. */
#pragma once

#include <stdbool.h>

struct config;
struct options;

/* Reads options->config_file, or nothing, and completes options by it; what the command line gave
 * stays. Strings of *ret are borrowed by options. 0, -EINVAL after one line for each mistake, or
 * another negative errno after one line; both results are untouched then. */
int settings_load(struct config **ret, struct options *options);

/* Says, a line each, what has changed and is taken only at a start. True: something has. */
bool settings_need_start(const struct options *before, const struct options *now);
