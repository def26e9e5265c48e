/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of this folder only. */
#pragma once

#include "user/base/arena.h"
#include "user/base/yaml.h"
#include "user/config/config.h"

#define CONFIG_SECRETS_MAX (3 * CONFIG_NOTIFIERS_MAX)
#define CONFIG_PATTERNS_MAX 64 /* in one list of a selector */

/* What a config owns. */
struct config_memory {
	struct arena *arena;
	struct yaml *yaml;
	struct config_secret secrets[CONFIG_SECRETS_MAX];
	size_t secrets_count;
	bool exhausted; /* an allocation failed */
};

/* Zeroed rows; NULL, and noted, when there is no memory. */
void *config_rows(struct config *config, size_t count, size_t size);

/* Notes a file that must be secret. */
void config_add_secret(struct config *config, struct yaml_node *node, const char *path);

/* An absolute path, without control characters. */
bool config_take_path(struct yaml *yaml, struct yaml_node *mapping, const char *key,
		      const char **ret);

/* Items of a sequence, min to max of them; else that is complained of. NULL: 0. */
size_t config_list(struct yaml *yaml, struct yaml_node *node, size_t min, size_t max);

/* "10.0.0.2", "10.0.0.0/8", "10.0.0.2:5432", ":5432", "fd00::/8", "[fd00::1]:443". False: it is
 * none of them, and *ret is untouched. */
bool config_parse_target(const char *text, struct alert_target *ret);

/* Each reads its part of the root; root NULL: nothing is set. */
void config_read_notifiers(struct config *config, struct yaml_node *root);
void config_read_alerts(struct config *config, struct yaml_node *root);
