/* SPDX-License-Identifier: Apache-2.0 */
/* Settings from a file, and what can be said of the files that they name. */
#pragma once

struct config;

/* 0 whatever is wrong with the content, see config_errors; among the errors is each file
 * that the settings name and that is not there, is no program, or is no secret though it should be.
 * A negative errno if the file cannot be read: *ret is untouched. */
int config_load(struct config **ret, const char *path);
