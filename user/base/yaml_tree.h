/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a YAML document, for yaml.c and yaml_value.c only. */
#pragma once

#include "user/base/yaml.h"

enum yaml_kind { YAML_IS_MAPPING, YAML_IS_SEQUENCE, YAML_IS_SCALAR };

struct yaml_place {
	unsigned int line;
	unsigned int column;
};

/* A key that somebody asked a mapping for. */
struct yaml_asked {
	struct yaml_asked *next;
	const char *key;
};

struct yaml_node {
	enum yaml_kind kind;
	bool plain; /* a scalar without quotes */
	bool taken;
	struct yaml_place place;
	const char *key; /* it is the value of; NULL: none */
	struct yaml_place key_place;
	const char *text; /* of a scalar, terminated */
	struct yaml_node *parent;
	struct yaml_node *next;
	struct yaml_node *first;
	struct yaml_node *last;
	size_t count;
	struct yaml_asked *asked;
	struct yaml_node *waiting; /* a key whose value is not read yet */
};

/* Adds an error where there is no node, or at a key. */
void yaml_complain_at(struct yaml *yaml, struct yaml_place place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Nothing, ~ or null, without quotes. */
bool yaml_is_null(const struct yaml_node *node);
