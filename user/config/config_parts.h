/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of this folder only. */
#pragma once

#include "user/base/arena.h"
#include "user/base/yaml.h"
#include "user/config/config.h"

#define CONFIG_PATHS_MAX (6 * CONFIG_NOTIFIERS_MAX + 1)
#define CONFIG_PATTERNS_MAX 64 /* in one list of a selector */

/* What a config owns. */
struct config_memory {
	struct arena *arena;
	struct yaml *yaml;
	struct config_path paths[CONFIG_PATHS_MAX];
	size_t paths_count;
	bool exhausted; /* an allocation failed */
};

/* Zeroed rows; NULL, and noted, when there is no memory. */
void *config_rows(struct config *config, size_t count, size_t size);

/* A whole path, without control characters. False: there is none, or that was complained of. */
bool config_as_path(struct yaml *yaml, struct yaml_node *node, const char **ret);

/* The same of a file, which is noted. */
void config_take_file(struct config *config, struct yaml_node *mapping, const char *key,
		      enum config_use use, const char **ret);
void config_add_path(struct config *config, struct yaml_node *node, const char *path,
		     enum config_use use);

/* Items of a sequence, min to max of them; else that is complained of. NULL: 0. */
size_t config_list(struct yaml *yaml, struct yaml_node *node, size_t min, size_t max);

/* "10.0.0.2", "10.0.0.0/8", "10.0.0.2:5432", ":5432", "fd00::/8", "[fd00::1]:443". False: it is
 * none of them, and *ret is untouched. */
bool config_parse_target(const char *text, struct alert_target *ret);

/* Each reads its part of the root; root NULL: nothing is set. */
void config_read_notifiers(struct config *config, struct yaml_node *root);
void config_read_alerts(struct config *config, struct yaml_node *root);
