/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A YAML document as a tree whose nodes know where they stand, and a list of all that is wrong with
 * it. Pure: it reads a buffer.
 *
 * What a settings file does not need is an error: anchors, aliases, tags, a second document, keys
 * that are no plain words, duplicate keys, deep nesting.
 *
 * Whoever reads settings takes each key that it knows out of a mapping, and then lets yaml_finish
 * complain of the rest:
 *
 *	yaml_read(&yaml, text, size);
 *	yaml_take_bool(yaml, yaml_root(yaml), "enabled", &config.enabled);
 *	yaml_finish(yaml, yaml_root(yaml));
 *	return yaml_result(yaml);
 *
 * Nothing has to be checked in between: taking from nothing takes nothing, a value that is wrong is
 * complained of and leaves *ret as it was, and yaml_result tells in the end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define YAML_BYTES_MAX 262144U
#define YAML_DEPTH_MAX 16U
#define YAML_NODES_MAX 10000U

struct yaml;
struct yaml_node; /* lives as long as its document, as do all strings */

struct yaml_error {
	unsigned int line;   /* from 1 */
	unsigned int column; /* from 1, in characters */
	const char *text;    /* one printable line: what is wrong; what to do */
};

/* 0 whatever is wrong with the text, which ends up among the errors; -ENOMEM. Copies what it needs.
 * Give it back with yaml_drop. */
int yaml_read(struct yaml **ret, const char *text, size_t size);
void yaml_drop(struct yaml *yaml); /* NULL is fine; yaml_free is libyaml's */
void yaml_dropp(struct yaml **yaml);

/* The outermost mapping; NULL if the document is empty or is wrong. */
struct yaml_node *yaml_root(const struct yaml *yaml);

/* 0, -EINVAL if there is any error, -ENOMEM. */
int yaml_result(const struct yaml *yaml);

/* In the order of the text. Valid until the next call that may complain. */
const struct yaml_error *yaml_errors(const struct yaml *yaml, size_t *ret_count);

/* Adds an error at a node; "what is wrong; what to do". */
void yaml_complain(struct yaml *yaml, const struct yaml_node *node, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The value of a key, which is now known; the string key must outlive the document. NULL if there
 * is none, or it is null, or mapping is NULL.
 */
struct yaml_node *yaml_take(struct yaml *yaml, struct yaml_node *mapping, const char *key);

/* The same, if it is of that kind; else it is complained of. */
struct yaml_node *yaml_take_mapping(struct yaml *yaml, struct yaml_node *mapping, const char *key);
struct yaml_node *yaml_take_sequence(struct yaml *yaml, struct yaml_node *mapping, const char *key);

/* Complains of each key that nobody took, and names the known one that is like it. */
void yaml_finish(struct yaml *yaml, struct yaml_node *mapping);

/* Items of a sequence, or values of a mapping whose keys are free (labels, headers, users), which
 * are taken by this. 0 and NULL for NULL and scalars. */
size_t yaml_count(const struct yaml_node *node);
struct yaml_node *yaml_item(struct yaml_node *node, size_t index);

/* The key that a node is the value of; "" for the root, for items their sequence's. */
const char *yaml_key(const struct yaml_node *node);

/* true if there is a value and it is of that type and in these bounds, both inclusive. NULL: false.
 * A string may be written without quotes; all others must be. */
bool yaml_as_mapping(struct yaml *yaml, struct yaml_node *node);
bool yaml_as_sequence(struct yaml *yaml, struct yaml_node *node);
bool yaml_as_string(struct yaml *yaml, struct yaml_node *node, const char **ret);
bool yaml_as_bool(struct yaml *yaml, struct yaml_node *node, bool *ret);
bool yaml_as_integer(struct yaml *yaml, struct yaml_node *node, int64_t min, int64_t max,
		     int64_t *ret);
bool yaml_as_number(struct yaml *yaml, struct yaml_node *node, double min, double max, double *ret);
bool yaml_as_duration(struct yaml *yaml, struct yaml_node *node, uint64_t min_ns, uint64_t max_ns,
		      uint64_t *ret_ns);
bool yaml_as_size(struct yaml *yaml, struct yaml_node *node, uint64_t min_bytes, uint64_t max_bytes,
		  uint64_t *ret_bytes);
/* One of words; *ret is its index. */
bool yaml_as_choice(struct yaml *yaml, struct yaml_node *node, const char *const *words,
		    size_t count, size_t *ret);

/* Shorthands for the two commonest. */
static inline bool yaml_take_string(struct yaml *yaml, struct yaml_node *mapping, const char *key,
				    const char **ret)
{
	return yaml_as_string(yaml, yaml_take(yaml, mapping, key), ret);
}

static inline bool yaml_take_bool(struct yaml *yaml, struct yaml_node *mapping, const char *key,
				  bool *ret)
{
	return yaml_as_bool(yaml, yaml_take(yaml, mapping, key), ret);
}
