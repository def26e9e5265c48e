// SPDX-License-Identifier: Apache-2.0
#include "user/base/yaml.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "user/base/arena.h"
#include "user/base/text.h"
#include "user/base/util.h"
#include "user/base/yaml_tree.h"

#define ERROR_MAX 512

struct yaml {
	struct arena *arena;
	struct yaml_node *root;
	struct yaml_error *errors;
	size_t errors_count;
	size_t errors_size;
	size_t nodes;
	bool no_memory;
};

/* --- errors */

/* Sorted by place; equal places stay in the order in which they came. */
static void insert_error(struct yaml *yaml, struct yaml_error error)
{
	size_t i = yaml->errors_count++;

	for (; i > 0; i--) {
		const struct yaml_error *before = &yaml->errors[i - 1];

		if (before->line < error.line ||
		    (before->line == error.line && before->column <= error.column))
			break;
		yaml->errors[i] = *before;
	}
	yaml->errors[i] = error;
}

static bool make_room(struct yaml *yaml)
{
	size_t size = yaml->errors_size ? 2 * yaml->errors_size : 8;
	struct yaml_error *errors;

	if (yaml->errors_count < yaml->errors_size)
		return true;
	errors = reallocarray(yaml->errors, size, sizeof(*errors));
	if (!errors)
		return false;
	yaml->errors = errors;
	yaml->errors_size = size;
	return true;
}

__attribute__((format(printf, 3, 0))) static void
complain_v(struct yaml *yaml, struct yaml_place place, const char *format, va_list args)
{
	char text[ERROR_MAX];
	struct yaml_error error = { place.line, place.column, NULL };

	vsnprintf(text, sizeof(text), format, args);
	error.text = arena_strdup(yaml->arena, text_printable(text, sizeof(text), text));
	if (error.text && make_room(yaml))
		insert_error(yaml, error);
	else
		yaml->no_memory = true;
}

void yaml_complain_at(struct yaml *yaml, struct yaml_place place, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain_v(yaml, place, format, args);
	va_end(args);
}

void yaml_complain(struct yaml *yaml, const struct yaml_node *node, const char *format, ...)
{
	const struct yaml_place start = { 1, 1 };
	va_list args;

	va_start(args, format);
	complain_v(yaml, node ? node->place : start, format, args);
	va_end(args);
}

const struct yaml_error *yaml_errors(const struct yaml *yaml, size_t *ret_count)
{
	*ret_count = yaml->errors_count;
	return yaml->errors;
}

int yaml_result(const struct yaml *yaml)
{
	if (yaml->no_memory)
		return -ENOMEM;
	return yaml->errors_count ? -EINVAL : 0;
}

/* --- reading */

static struct yaml_place place_of(yaml_mark_t mark)
{
	return (struct yaml_place){ (unsigned int)mark.line + 1, (unsigned int)mark.column + 1 };
}

/* libyaml tells only how many bytes it had read when the encoding was wrong. */
static struct yaml_place place_at(const char *text, size_t size, size_t offset)
{
	struct yaml_place place = { 1, 1 };

	for (size_t i = 0; i < offset && i < size; i++) {
		if (text[i] == '\n')
			place = (struct yaml_place){ place.line + 1, 1 };
		else if ((text[i] & 0xc0) != 0x80)
			place.column++;
	}
	return place;
}

static int complain_of_syntax(struct yaml *yaml, const yaml_parser_t *parser, const char *text,
			      size_t size)
{
	const char *problem = parser->problem ? parser->problem : "unreadable";
	struct yaml_place place = place_of(parser->problem_mark);

	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (parser->error == YAML_READER_ERROR)
		place = place_at(text, size, parser->problem_offset);
	if (parser->context)
		yaml_complain_at(yaml, place, "%s: %s; check indentation, colons and quotes",
				 parser->context, problem);
	else
		yaml_complain_at(yaml, place, "%s; check indentation, colons and quotes", problem);
	return -EINVAL;
}

static struct yaml_node *child_of(const struct yaml_node *mapping, const char *key)
{
	for (struct yaml_node *child = mapping->first; child; child = child->next)
		if (strcmp(child->key, key) == 0)
			return child;
	return NULL;
}

/* A duplicate is read, as are its children, but it is not in the tree. */
static void link_child(struct yaml *yaml, struct yaml_node *parent, struct yaml_node *node)
{
	const struct yaml_node *before;

	if (parent->kind == YAML_IS_MAPPING) {
		node->key = parent->waiting->text;
		node->key_place = parent->waiting->place;
		parent->waiting = NULL;
		before = child_of(parent, node->key);
		if (before) {
			yaml_complain_at(yaml, node->key_place,
					 "the key \"%s\" is there since line %u; keep one of them",
					 node->key, before->key_place.line);
			return;
		}
	}
	if (parent->last)
		parent->last->next = node;
	else
		parent->first = node;
	parent->last = node;
	parent->count++;
}

/* NULL: no memory, or a complaint that ends the reading. */
static struct yaml_node *add_node(struct yaml *yaml, struct yaml_node *parent, enum yaml_kind kind,
				  yaml_mark_t mark)
{
	bool is_key = parent && parent->kind == YAML_IS_MAPPING && !parent->waiting;
	struct yaml_node *node;

	if (is_key && kind != YAML_IS_SCALAR) {
		yaml_complain_at(yaml, place_of(mark),
				 "a key is one word here, followed by a colon");
		return NULL;
	}
	if (++yaml->nodes > YAML_NODES_MAX) {
		yaml_complain_at(yaml, place_of(mark), "more than %u values; make it shorter",
				 YAML_NODES_MAX);
		return NULL;
	}
	node = arena_alloc(yaml->arena, 1, sizeof(*node));
	if (!node) {
		yaml->no_memory = true;
		return NULL;
	}
	node->kind = kind;
	node->place = place_of(mark);
	node->parent = parent;
	if (is_key)
		parent->waiting = node;
	else if (parent)
		link_child(yaml, parent, node);
	else
		yaml->root = node;
	return node;
}

static bool set_text(struct yaml *yaml, struct yaml_node *node, const yaml_event_t *event)
{
	const char *value = (const char *)event->data.scalar.value;
	size_t length = event->data.scalar.length;
	char *text = arena_alloc(yaml->arena, length + 1, 1);

	if (!text) {
		yaml->no_memory = true;
		return false;
	}
	if (memchr(value, 0, length))
		yaml_complain(yaml, node, "a zero byte within a value; remove it");
	memcpy(text, value, length); /* arena memory is zeroed */
	node->text = text;
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	return true;
}

static void refuse_extras(struct yaml *yaml, yaml_mark_t mark, const yaml_char_t *anchor,
			  const yaml_char_t *tag)
{
	if (anchor)
		yaml_complain_at(yaml, place_of(mark),
				 "anchors are not taken; remove \"&%s\" and write each value out",
				 (const char *)anchor);
	if (tag)
		yaml_complain_at(yaml, place_of(mark), "tags are not taken; remove \"%s\"",
				 (const char *)tag);
}

/* ret: the node in which reading goes on. */
static bool open_collection(struct yaml *yaml, struct yaml_node **at, enum yaml_kind kind,
			    yaml_mark_t mark)
{
	unsigned int depth = 1;
	struct yaml_node *node;

	for (const struct yaml_node *up = *at; up; up = up->parent)
		depth++;
	if (depth > YAML_DEPTH_MAX) {
		yaml_complain_at(yaml, place_of(mark),
				 "nested deeper than %u levels; make it flatter", YAML_DEPTH_MAX);
		return false;
	}
	node = add_node(yaml, *at, kind, mark);
	if (node)
		*at = node;
	return node != NULL;
}

static bool add_scalar(struct yaml *yaml, struct yaml_node *at, const yaml_event_t *event)
{
	struct yaml_node *node = add_node(yaml, at, YAML_IS_SCALAR, event->start_mark);

	if (!node || !set_text(yaml, node, event))
		return false;
	refuse_extras(yaml, event->start_mark, event->data.scalar.anchor, event->data.scalar.tag);
	return true;
}

/* The value that the alias stands for is not taken; null stands in its place. */
static bool add_alias(struct yaml *yaml, struct yaml_node *at, const yaml_event_t *event)
{
	struct yaml_node *node = add_node(yaml, at, YAML_IS_SCALAR, event->start_mark);

	if (!node)
		return false;
	node->text = "";
	node->plain = true;
	yaml_complain(yaml, node, "aliases are not taken; write out what \"*%s\" stands for",
		      (const char *)event->data.alias.anchor);
	return true;
}

/* false: reading ends here, with an error. */
static bool take_event(struct yaml *yaml, struct yaml_node **at, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (!yaml->nodes)
			return true;
		yaml_complain_at(yaml, place_of(event->start_mark),
				 "a second document; keep one of them");
		return false;
	case YAML_SCALAR_EVENT:
		return add_scalar(yaml, *at, event);
	case YAML_ALIAS_EVENT:
		return add_alias(yaml, *at, event);
	case YAML_SEQUENCE_START_EVENT:
		refuse_extras(yaml, event->start_mark, event->data.sequence_start.anchor,
			      event->data.sequence_start.tag);
		return open_collection(yaml, at, YAML_IS_SEQUENCE, event->start_mark);
	case YAML_MAPPING_START_EVENT:
		refuse_extras(yaml, event->start_mark, event->data.mapping_start.anchor,
			      event->data.mapping_start.tag);
		return open_collection(yaml, at, YAML_IS_MAPPING, event->start_mark);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		*at = (*at)->parent;
		return true;
	default:
		return true;
	}
}

static int read_events(struct yaml *yaml, yaml_parser_t *parser, const char *text, size_t size)
{
	struct yaml_node *at = NULL;
	bool more = true;
	bool good = true;

	while (good && more) {
		yaml_event_t event;

		if (!yaml_parser_parse(parser, &event))
			return complain_of_syntax(yaml, parser, text, size);
		more = event.type != YAML_STREAM_END_EVENT;
		good = take_event(yaml, &at, &event);
		yaml_event_delete(&event);
	}
	if (yaml->no_memory)
		return -ENOMEM;
	return good ? 0 : -EINVAL;
}

bool yaml_is_null(const struct yaml_node *node)
{
	static const char *const words[] = { "", "~", "null", "Null", "NULL" };

	if (node->kind != YAML_IS_SCALAR || !node->plain)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(node->text, words[i]) == 0)
			return true;
	return false;
}

/* Half a tree would only give wrong advice. */
static int read_tree(struct yaml *yaml, const char *text, size_t size)
{
	yaml_parser_t parser;
	int r;

	if (size > YAML_BYTES_MAX) {
		yaml_complain(yaml, NULL, "longer than %u bytes; make it shorter", YAML_BYTES_MAX);
		return 0;
	}
	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
	r = read_events(yaml, &parser, text, size);
	yaml_parser_delete(&parser);
	if (r == 0 && yaml->root && yaml->root->kind != YAML_IS_MAPPING &&
	    !yaml_is_null(yaml->root))
		yaml_complain(yaml, yaml->root, "lines of \"key: value\" are wanted here");
	if (r < 0 || (yaml->root && yaml->root->kind != YAML_IS_MAPPING))
		yaml->root = NULL;
	return r == -ENOMEM ? r : 0;
}

int yaml_read(struct yaml **ret, const char *text, size_t size)
{
	CLEANUP(yaml_dropp) struct yaml *yaml = calloc(1, sizeof(*yaml));
	int r;

	if (!yaml)
		return -ENOMEM;
	yaml->arena = arena_new();
	if (!yaml->arena)
		return -ENOMEM;
	r = read_tree(yaml, text, size);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(yaml);
	return 0;
}

void yaml_drop(struct yaml *yaml)
{
	if (!yaml)
		return;
	arena_free(yaml->arena);
	free(yaml->errors);
	free(yaml);
}

void yaml_dropp(struct yaml **yaml)
{
	yaml_drop(*yaml);
}

/* --- the tree */

struct yaml_node *yaml_root(const struct yaml *yaml)
{
	return yaml->root;
}

static void remember(struct yaml *yaml, struct yaml_node *mapping, const char *key)
{
	struct yaml_asked *asked = arena_alloc(yaml->arena, 1, sizeof(*asked));
	struct yaml_asked **end = &mapping->asked;

	if (!asked) {
		yaml->no_memory = true;
		return;
	}
	asked->key = key;
	while (*end)
		end = &(*end)->next;
	*end = asked;
}

struct yaml_node *yaml_take(struct yaml *yaml, struct yaml_node *mapping, const char *key)
{
	struct yaml_node *node;

	if (!mapping || mapping->kind != YAML_IS_MAPPING)
		return NULL;
	remember(yaml, mapping, key);
	node = child_of(mapping, key);
	if (!node)
		return NULL;
	node->taken = true;
	return yaml_is_null(node) ? NULL : node;
}

struct yaml_node *yaml_take_mapping(struct yaml *yaml, struct yaml_node *mapping, const char *key)
{
	struct yaml_node *node = yaml_take(yaml, mapping, key);

	return yaml_as_mapping(yaml, node) ? node : NULL;
}

struct yaml_node *yaml_take_sequence(struct yaml *yaml, struct yaml_node *mapping, const char *key)
{
	struct yaml_node *node = yaml_take(yaml, mapping, key);

	return yaml_as_sequence(yaml, node) ? node : NULL;
}

size_t yaml_count(const struct yaml_node *node)
{
	return node ? node->count : 0;
}

struct yaml_node *yaml_item(struct yaml_node *node, size_t index)
{
	struct yaml_node *child = node ? node->first : NULL;

	while (child && index--)
		child = child->next;
	if (child)
		child->taken = true;
	return child;
}

const char *yaml_key(const struct yaml_node *node)
{
	while (node && !node->key)
		node = node->parent;
	return node ? node->key : "";
}
