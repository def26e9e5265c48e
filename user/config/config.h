/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings of `portgauge run`, as a YAML file has them. Pure: it reads a buffer; config_file.h
 * reads files. docs/configuration.md has every key.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exporters/exporter.h"
#include "exporters/notifier.h"
#include "user/alert/alert.h"
#include "user/core/view.h"

struct yaml_error;
struct yaml_node;

#define CONFIG_LISTEN_MAX 8
#define CONFIG_RULES_MAX 64
#define CONFIG_NOTIFIERS_MAX 32

/* What may be said on the command line, too. */
struct config_agent {
	const char *source;  /* NULL: the best that works */
	uint32_t ring_bytes; /* 0: not set, as below */
	uint32_t max_holds;
	const char *control;
	bool has_reconcile;
	uint64_t reconcile_ns;
	size_t top;
};

/* What does not change once it is read; strings and arrays live as long as it. */
struct config {
	struct config_agent agent;
	struct view_limits limits; /* but for the top one, which is the agent's */
	struct web_config web;
	const struct alert_rule *rules; /* the defaults among them */
	size_t rules_count;
	const struct notifier_config *notifiers; /* without any in the file: the journal alone */
	size_t notifiers_count;
	struct config_memory *memory;
};

/* 0 whatever is wrong with the text, see config_errors; then only that and config_free are of use.
 * -ENOMEM: *ret is untouched. */
int config_read(struct config **ret, const char *text, size_t size);
void config_free(struct config *config); /* NULL is fine */
void config_freep(struct config **config);

/* In the order of the text; valid as long as config. */
const struct yaml_error *config_errors(const struct config *config, size_t *ret_count);

/* Files that the settings name. */
enum config_use { CONFIG_READ, CONFIG_SECRET, CONFIG_PROGRAM };

struct config_path {
	const char *path;
	enum config_use use;
	struct yaml_node *node; /* where it stands */
};
const struct config_path *config_paths(const struct config *config, size_t *ret_count);

/* Adds an error at such a place. */
void config_complain(struct config *config, const struct config_path *path, const char *text);
