// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"
#include "user/base/text.h"
#include "user/base/yaml.h"

#define ITEMS_MAX ((size_t)64)

static void claim_errors(const struct yaml *yaml)
{
	const struct yaml_error *errors;
	size_t count;

	errors = yaml_errors(yaml, &count);
	claim((yaml_result(yaml) == 0) == (count == 0));
	for (size_t i = 0; i < count; i++) {
		claim(errors[i].line && errors[i].column && errors[i].text[0]);
		for (const char *s = errors[i].text; *s; s += text_printable_length(s))
			claim(text_printable_length(s));
		claim(!i || errors[i - 1].line < errors[i].line ||
		      (errors[i - 1].line == errors[i].line &&
		       errors[i - 1].column <= errors[i].column));
	}
}

static void take_scalar(struct yaml *yaml, struct yaml_node *node)
{
	static const char *const words[] = { "one", "two" };
	const char *text = NULL;
	int64_t integer = 5;
	double number = 0.5;
	uint64_t n = 5;
	size_t word = 0;
	bool flag;

	if (yaml_as_string(yaml, node, &text))
		claim(strlen(text) <= YAML_BYTES_MAX);
	yaml_as_bool(yaml, node, &flag);
	yaml_as_integer(yaml, node, -10, 10, &integer);
	claim(integer >= -10 && integer <= 10);
	yaml_as_number(yaml, node, 0, 1, &number);
	claim(number >= 0 && number <= 1);
	yaml_as_duration(yaml, node, 1, 1000, &n);
	yaml_as_size(yaml, node, 1, 1000, &n);
	claim(n >= 1 && n <= 1000);
	yaml_as_choice(yaml, node, words, 2, &word);
	claim(word < 2);
}

/* yaml_item walks from the first each time, so not all items of a long list are taken. */
static size_t take_items(struct yaml *yaml, struct yaml_node *node, struct yaml_node **ret_inner)
{
	size_t inner = 0;

	yaml_take(yaml, node, "known");
	yaml_finish(yaml, node);
	for (size_t i = 0; i < yaml_count(node) && i < ITEMS_MAX; i++) {
		struct yaml_node *item = yaml_item(node, i);

		claim(item);
		take_scalar(yaml, item);
		if (yaml_as_mapping(yaml, item) || yaml_as_sequence(yaml, item))
			ret_inner[inner++] = item;
	}
	return inner;
}

static void take_all(struct yaml *yaml)
{
	struct yaml_node *waiting[ITEMS_MAX * YAML_DEPTH_MAX];
	size_t count = 0;

	waiting[count++] = yaml_root(yaml);
	while (count) {
		struct yaml_node *node = waiting[--count];

		claim(count + ITEMS_MAX <= ITEMS_MAX * YAML_DEPTH_MAX);
		count += take_items(yaml, node, waiting + count);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct yaml *yaml = NULL;
	char *text = fuzz_text(data, size);

	claim(yaml_read(&yaml, text, size) == 0);
	free(text); /* the document copies what it needs */
	if (yaml_root(yaml))
		take_all(yaml);
	claim_errors(yaml);
	yaml_drop(yaml);
	return 0;
}
