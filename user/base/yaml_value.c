// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "user/base/units.h"
#include "user/base/util.h"
#include "user/base/yaml_tree.h"

#define KEY_MAX 48 /* longer ones are like no other */
#define LIST_MAX 256
#define SHOWN_MAX 64

/* --- keys nobody took */

static size_t least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* How many letters to change, add or remove to make b of a. */
static size_t distance(const char *a, const char *b)
{
	size_t row[KEY_MAX + 1];
	size_t n = strlen(b);

	if (strlen(a) > KEY_MAX || n > KEY_MAX)
		return KEY_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t above = row[j];

			row[j] =
				least(row[j - 1] + 1, above + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[n];
}

static const struct yaml_asked *most_like(const struct yaml_node *mapping, const char *key)
{
	const struct yaml_asked *best = NULL;
	size_t best_distance = 3;

	for (const struct yaml_asked *asked = mapping->asked; asked; asked = asked->next) {
		size_t d = distance(asked->key, key);

		if (d < best_distance && d < strlen(key)) {
			best = asked;
			best_distance = d;
		}
	}
	return best;
}

static bool asked_later(const struct yaml_asked *asked)
{
	for (const struct yaml_asked *later = asked->next; later; later = later->next)
		if (strcmp(later->key, asked->key) == 0)
			return true;
	return false;
}

/* "a, b, c" as far as it fits. */
static const char *known_keys(char ret[LIST_MAX], const struct yaml_node *mapping)
{
	size_t n = 0;

	ret[0] = '\0';
	for (const struct yaml_asked *asked = mapping->asked; asked; asked = asked->next) {
		size_t length = strlen(asked->key);

		if (asked_later(asked) || n + length + sizeof(", ...") > LIST_MAX)
			continue;
		n += (size_t)snprintf(ret + n, LIST_MAX - n, "%s%s", n ? ", " : "", asked->key);
	}
	return ret;
}

static void complain_of_key(struct yaml *yaml, const struct yaml_node *mapping,
			    const struct yaml_node *node)
{
	const struct yaml_asked *like = most_like(mapping, node->key);
	char list[LIST_MAX];

	if (like)
		yaml_complain_at(yaml, node->key_place, "there is no key \"%.*s\"; write \"%s\"",
				 SHOWN_MAX, node->key, like->key);
	else
		yaml_complain_at(yaml, node->key_place,
				 "there is no key \"%.*s\"; remove it, there are: %s", SHOWN_MAX,
				 node->key, known_keys(list, mapping));
}

void yaml_finish(struct yaml *yaml, struct yaml_node *mapping)
{
	if (!mapping || mapping->kind != YAML_IS_MAPPING)
		return;
	for (const struct yaml_node *node = mapping->first; node; node = node->next)
		if (!node->taken)
			complain_of_key(yaml, mapping, node);
}

/* --- values */

static const char *kind_name(enum yaml_kind kind)
{
	static const char *const names[] = {
		[YAML_IS_MAPPING] = "a mapping",
		[YAML_IS_SEQUENCE] = "a list",
		[YAML_IS_SCALAR] = "one value",
	};

	return names[kind];
}

/* "\"key\"" and so on: what a complaint begins with. */
static void complain_of_kind(struct yaml *yaml, const struct yaml_node *node, const char *wanted)
{
	yaml_complain(yaml, node, "\"%.*s\" is %s; write %s", SHOWN_MAX, yaml_key(node),
		      yaml_is_null(node) ? "empty" : kind_name(node->kind), wanted);
}

static bool is_kind(struct yaml *yaml, const struct yaml_node *node, enum yaml_kind kind,
		    const char *wanted)
{
	if (!node)
		return false;
	if (node->kind == kind && !yaml_is_null(node))
		return true;
	complain_of_kind(yaml, node, wanted);
	return false;
}

bool yaml_as_mapping(struct yaml *yaml, struct yaml_node *node)
{
	return is_kind(yaml, node, YAML_IS_MAPPING, "lines of \"key: value\"");
}

bool yaml_as_sequence(struct yaml *yaml, struct yaml_node *node)
{
	return is_kind(yaml, node, YAML_IS_SEQUENCE, "lines that begin with \"- \"");
}

bool yaml_as_string(struct yaml *yaml, struct yaml_node *node, const char **ret)
{
	if (!is_kind(yaml, node, YAML_IS_SCALAR, "one text"))
		return false;
	*ret = node->text;
	return true;
}

static void complain_of_value(struct yaml *yaml, const struct yaml_node *node, const char *wanted)
{
	yaml_complain(yaml, node, "\"%.*s\" is \"%.*s\"; write %s", SHOWN_MAX, yaml_key(node),
		      SHOWN_MAX, node->text, wanted);
}

/* The text of a value without quotes; NULL, and complained of if there is any value. */
static const char *plain_text(struct yaml *yaml, const struct yaml_node *node, const char *wanted)
{
	if (!is_kind(yaml, node, YAML_IS_SCALAR, wanted))
		return NULL;
	if (node->plain)
		return node->text;
	yaml_complain(yaml, node, "\"%.*s\" is quoted text; write %s without quotes", SHOWN_MAX,
		      yaml_key(node), wanted);
	return NULL;
}

bool yaml_as_bool(struct yaml *yaml, struct yaml_node *node, bool *ret)
{
	static const char *const words[] = { "false", "true", "no", "yes", "off", "on" };
	const char *text = plain_text(yaml, node, "true or false");

	if (!text)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcasecmp(text, words[i]) == 0) {
			*ret = i % 2;
			return true;
		}
	}
	complain_of_value(yaml, node, "true or false");
	return false;
}

bool yaml_as_integer(struct yaml *yaml, struct yaml_node *node, int64_t min, int64_t max,
		     int64_t *ret)
{
	char wanted[96];
	const char *text;
	long long value;
	char *end;

	snprintf(wanted, sizeof(wanted), "a whole number from %" PRId64 " to %" PRId64, min, max);
	text = plain_text(yaml, node, wanted);
	if (!text)
		return false;
	errno = 0;
	value = strtoll(text, &end, 10);
	/* strtoll would also take leading blanks, "+1" and "007" */
	if (errno || *end || end == text || strspn(text, "-0123456789") != strlen(text) ||
	    value < min || value > max) {
		complain_of_value(yaml, node, wanted);
		return false;
	}
	*ret = value;
	return true;
}

bool yaml_as_number(struct yaml *yaml, struct yaml_node *node, double min, double max, double *ret)
{
	char wanted[96];
	const char *text;
	double value;
	char *end;

	snprintf(wanted, sizeof(wanted), "a number from %.15g to %.15g", min, max);
	text = plain_text(yaml, node, wanted);
	if (!text)
		return false;
	errno = 0;
	value = strtod(text, &end);
	/* neither "inf" nor "0x1p3" */
	if (errno || *end || end == text || strspn(text, "+-.eE0123456789") != strlen(text) ||
	    !(value >= min && value <= max)) {
		complain_of_value(yaml, node, wanted);
		return false;
	}
	*ret = value;
	return true;
}

bool yaml_as_duration(struct yaml *yaml, struct yaml_node *node, uint64_t min_ns, uint64_t max_ns,
		      uint64_t *ret_ns)
{
	char lower[UNITS_TEXT_MAX];
	char upper[UNITS_TEXT_MAX];
	char wanted[2 * UNITS_TEXT_MAX + 64];
	const char *text;
	uint64_t value;

	snprintf(wanted, sizeof(wanted), "a duration like 1m30s from %s to %s",
		 units_duration_text(lower, min_ns), units_duration_text(upper, max_ns));
	text = plain_text(yaml, node, wanted);
	if (!text)
		return false;
	if (units_duration(text, &value) < 0 || value < min_ns || value > max_ns) {
		complain_of_value(yaml, node, wanted);
		return false;
	}
	*ret_ns = value;
	return true;
}

bool yaml_as_size(struct yaml *yaml, struct yaml_node *node, uint64_t min_bytes, uint64_t max_bytes,
		  uint64_t *ret_bytes)
{
	char lower[UNITS_TEXT_MAX];
	char upper[UNITS_TEXT_MAX];
	char wanted[2 * UNITS_TEXT_MAX + 64];
	const char *text;
	uint64_t value;

	snprintf(wanted, sizeof(wanted), "a size like 64KiB from %s to %s",
		 units_size_text(lower, min_bytes), units_size_text(upper, max_bytes));
	text = plain_text(yaml, node, wanted);
	if (!text)
		return false;
	if (units_size(text, &value) < 0 || value < min_bytes || value > max_bytes) {
		complain_of_value(yaml, node, wanted);
		return false;
	}
	*ret_bytes = value;
	return true;
}

bool yaml_as_choice(struct yaml *yaml, struct yaml_node *node, const char *const *words,
		    size_t count, size_t *ret)
{
	char wanted[LIST_MAX] = "one of ";
	size_t n = strlen(wanted);
	const char *text;

	for (size_t i = 0; i < count && n < sizeof(wanted); i++)
		n += (size_t)snprintf(wanted + n, sizeof(wanted) - n, "%s%s", i ? ", " : "",
				      words[i]);
	if (!is_kind(yaml, node, YAML_IS_SCALAR, wanted))
		return false;
	text = node->text;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(text, words[i]) == 0) {
			*ret = i;
			return true;
		}
	}
	complain_of_value(yaml, node, wanted);
	return false;
}
