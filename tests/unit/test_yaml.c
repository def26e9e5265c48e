// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/util.h"
#include "user/base/yaml.h"

static struct yaml *read_text(const char *text)
{
	struct yaml *yaml = NULL;

	assert_int_equal(yaml_read(&yaml, text, strlen(text)), 0);
	return yaml;
}

static struct yaml *read_good(const char *text)
{
	struct yaml *yaml = read_text(text);

	assert_int_equal(yaml_result(yaml), 0);
	return yaml;
}

/* Every error as "line:column: text\n". */
static void assert_errors(const struct yaml *yaml, const char *expected)
{
	char all[4096] = "";
	const struct yaml_error *errors;
	size_t count;
	size_t n = 0;

	errors = yaml_errors(yaml, &count);
	for (size_t i = 0; i < count; i++)
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%u:%u: %s\n", errors[i].line,
				      errors[i].column, errors[i].text);
	assert_string_equal(all, expected);
	assert_int_equal(yaml_result(yaml), count ? -EINVAL : 0);
}

static void values_of_each_type_are_taken(void **state)
{
	CLEANUP(yaml_dropp)
	struct yaml *yaml =
		read_good("text: plain\nquoted: \"true\"\nflag: yes\nwhole: -12\nreal: 0.85\n"
			  "time: 1m30s\nsize: 64KiB\nword: beta\n");
	static const char *const words[] = { "alpha", "beta" };
	struct yaml_node *root = yaml_root(yaml);
	const char *text = NULL;
	const char *quoted = NULL;
	bool flag = false;
	int64_t whole = 0;
	double real = 0;
	uint64_t ns = 0;
	uint64_t bytes = 0;
	size_t word = 7;

	(void)state;
	assert_true(yaml_take_string(yaml, root, "text", &text));
	assert_string_equal(text, "plain");
	assert_true(yaml_take_string(yaml, root, "quoted", &quoted));
	assert_string_equal(quoted, "true");
	assert_true(yaml_take_bool(yaml, root, "flag", &flag));
	assert_true(flag);
	assert_true(yaml_as_integer(yaml, yaml_take(yaml, root, "whole"), -12, 5, &whole));
	assert_int_equal(whole, -12);
	assert_true(yaml_as_number(yaml, yaml_take(yaml, root, "real"), 0, 1, &real));
	assert_true(real == 0.85);
	assert_true(yaml_as_duration(yaml, yaml_take(yaml, root, "time"), 0, UINT64_MAX, &ns));
	assert_int_equal(ns, UINT64_C(90000000000));
	assert_true(yaml_as_size(yaml, yaml_take(yaml, root, "size"), 0, UINT64_MAX, &bytes));
	assert_int_equal(bytes, 65536);
	assert_true(yaml_as_choice(yaml, yaml_take(yaml, root, "word"), words, 2, &word));
	assert_int_equal(word, 1);
	yaml_finish(yaml, root);
	assert_errors(yaml, "");
}

static void what_is_not_there_or_null_changes_nothing(void **state)
{
	CLEANUP(yaml_dropp) struct yaml *yaml = read_good("a:\nb: ~\nc: null\n");
	struct yaml_node *root = yaml_root(yaml);
	const char *text = "before";

	(void)state;
	assert_false(yaml_take_string(yaml, root, "a", &text));
	assert_false(yaml_take_string(yaml, root, "b", &text));
	assert_null(yaml_take_mapping(yaml, root, "c"));
	assert_false(yaml_take_string(yaml, root, "d", &text));
	assert_false(yaml_take_string(yaml, NULL, "d", &text));
	yaml_finish(yaml, root);
	yaml_finish(yaml, NULL);
	assert_errors(yaml, "");
	assert_string_equal(text, "before");
}

static void wrong_values_are_all_named_with_their_place(void **state)
{
	CLEANUP(yaml_dropp)
	struct yaml *yaml =
		read_good("flag: maybe\nwhole: 12x\nreal: 2\ntime: 5\nsize: \"1KiB\"\nword: gamma\n"
			  "text: [a]\nlist: a\nmap: 1\nbig: 11\nquoted: 'true'\nhex: 0x10\n");
	static const char *const words[] = { "alpha", "beta" };
	struct yaml_node *root = yaml_root(yaml);
	const char *text = "t";
	bool flag = true;
	int64_t whole = 3;
	double real = 0.5;
	uint64_t n = 9;
	size_t word = 7;

	(void)state;
	yaml_take_mapping(yaml, root, "map");
	yaml_take_sequence(yaml, root, "list");
	yaml_take_string(yaml, root, "text", &text);
	yaml_as_choice(yaml, yaml_take(yaml, root, "word"), words, 2, &word);
	yaml_as_size(yaml, yaml_take(yaml, root, "size"), 1024, 2048, &n);
	yaml_as_duration(yaml, yaml_take(yaml, root, "time"), 1000000, 1000000000, &n);
	yaml_as_number(yaml, yaml_take(yaml, root, "real"), 0, 1, &real);
	yaml_as_integer(yaml, yaml_take(yaml, root, "whole"), 0, 10, &whole);
	yaml_as_integer(yaml, yaml_take(yaml, root, "big"), 0, 10, &whole);
	yaml_as_number(yaml, yaml_take(yaml, root, "hex"), 0, 100, &real);
	yaml_take_bool(yaml, root, "quoted", &flag);
	yaml_take_bool(yaml, root, "flag", &flag);
	yaml_finish(yaml, root);
	assert_errors(yaml,
		      "1:7: \"flag\" is \"maybe\"; write true or false\n"
		      "2:8: \"whole\" is \"12x\"; write a whole number from 0 to 10\n"
		      "3:7: \"real\" is \"2\"; write a number from 0 to 1\n"
		      "4:7: \"time\" is \"5\"; write a duration like 1m30s from 1ms to 1s\n"
		      "5:7: \"size\" is quoted text; write a size like 64KiB from 1KiB to 2KiB "
		      "without quotes\n"
		      "6:7: \"word\" is \"gamma\"; write one of alpha, beta\n"
		      "7:7: \"text\" is a list; write one text\n"
		      "8:7: \"list\" is one value; write lines that begin with \"- \"\n"
		      "9:6: \"map\" is one value; write lines of \"key: value\"\n"
		      "10:6: \"big\" is \"11\"; write a whole number from 0 to 10\n"
		      "11:9: \"quoted\" is quoted text; write true or false without quotes\n"
		      "12:6: \"hex\" is \"0x10\"; write a number from 0 to 100\n");
	assert_true(flag && whole == 3 && real == 0.5 && n == 9 && word == 7);
	assert_string_equal(text, "t");
}

static void unknown_keys_are_named_with_what_was_meant(void **state)
{
	CLEANUP(yaml_dropp)
	struct yaml *yaml = read_good("cert_fle: a\ntls:\n  kye_file: b\n  zzz: c\n");
	struct yaml_node *root = yaml_root(yaml);
	struct yaml_node *tls = yaml_take_mapping(yaml, root, "tls");
	const char *text;

	(void)state;
	yaml_take_string(yaml, root, "cert_file", &text);
	yaml_take_string(yaml, tls, "key_file", &text);
	yaml_take_string(yaml, tls, "key_file", &text);
	yaml_finish(yaml, tls);
	yaml_finish(yaml, root);
	assert_errors(yaml, "1:1: there is no key \"cert_fle\"; write \"cert_file\"\n"
			    "3:3: there is no key \"kye_file\"; write \"key_file\"\n"
			    "4:3: there is no key \"zzz\"; remove it, there are: key_file\n");
}

static void items_and_free_keys_are_walked(void **state)
{
	CLEANUP(yaml_dropp)
	struct yaml *yaml = read_good("list: [a, b]\nlabels:\n  team: x\n  42: y\n");
	struct yaml_node *root = yaml_root(yaml);
	struct yaml_node *list = yaml_take_sequence(yaml, root, "list");
	struct yaml_node *labels = yaml_take_mapping(yaml, root, "labels");
	const char *text;

	(void)state;
	assert_int_equal(yaml_count(list), 2);
	assert_true(yaml_as_string(yaml, yaml_item(list, 1), &text));
	assert_string_equal(text, "b");
	assert_null(yaml_item(list, 2));
	assert_string_equal(yaml_key(yaml_item(list, 0)), "list");
	assert_int_equal(yaml_count(labels), 2);
	assert_string_equal(yaml_key(yaml_item(labels, 0)), "team");
	assert_string_equal(yaml_key(yaml_item(labels, 1)), "42");
	assert_int_equal(yaml_count(NULL), 0);
	assert_null(yaml_item(NULL, 0));
	yaml_finish(yaml, labels);
	yaml_finish(yaml, root);
	assert_errors(yaml, "");
}

static void an_empty_item_is_complained_of(void **state)
{
	CLEANUP(yaml_dropp) struct yaml *yaml = read_good("list:\n- \n");
	struct yaml_node *list = yaml_take_sequence(yaml, yaml_root(yaml), "list");
	const char *text = "before";

	(void)state;
	assert_false(yaml_as_string(yaml, yaml_item(list, 0), &text));
	assert_errors(yaml, "2:2: \"list\" is empty; write one text\n");
}

static void empty_documents_are_fine(void **state)
{
	static const char *const empty[] = { "", "\n", "# nothing\n", "---\n", "---\n...\n", "~" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(empty); i++) {
		CLEANUP(yaml_dropp) struct yaml *yaml = read_good(empty[i]);

		assert_null(yaml_root(yaml));
	}
}

static void the_root_is_a_mapping(void **state)
{
	CLEANUP(yaml_dropp) struct yaml *list = read_text("- a\n");
	CLEANUP(yaml_dropp) struct yaml *word = read_text("hello\n");

	(void)state;
	assert_null(yaml_root(list));
	assert_errors(list, "1:1: lines of \"key: value\" are wanted here\n");
	assert_errors(word, "1:1: lines of \"key: value\" are wanted here\n");
}

static void broken_text_is_one_error_with_its_place(void **state)
{
	static const struct {
		const char *text;
		const char *error;
	} cases[] = {
		{ "a: 1\n\tb: 2\n",
		  "2:1: while scanning a plain scalar: found a tab character that "
		  "violates indentation; check indentation, colons and quotes\n" },
		{ "a: [1\n", "2:1: while parsing a flow sequence: did not find expected ',' or "
			     "']'; check indentation, colons and quotes\n" },
		{ "a: 1\n b: 2\n", "2:3: mapping values are not allowed in this context; check "
				   "indentation, colons and quotes\n" },
		{ "a: 1\nb: \xff\n",
		  "2:4: invalid leading UTF-8 octet; check indentation, colons and quotes\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(yaml_dropp) struct yaml *yaml = read_text(cases[i].text);

		assert_null(yaml_root(yaml));
		assert_errors(yaml, cases[i].error);
	}
}

static void duplicate_keys_name_the_first(void **state)
{
	CLEANUP(yaml_dropp) struct yaml *yaml = read_text("a: 1\nb: 2\na: {x: 3}\n");
	int64_t value = 0;

	(void)state;
	yaml_as_integer(yaml, yaml_take(yaml, yaml_root(yaml), "a"), 0, 9, &value);
	yaml_take(yaml, yaml_root(yaml), "b");
	yaml_finish(yaml, yaml_root(yaml));
	assert_int_equal(value, 1);
	assert_errors(yaml, "3:1: the key \"a\" is there since line 1; keep one of them\n");
}

static void what_settings_do_not_need_is_refused(void **state)
{
	static const struct {
		const char *text;
		const char *error;
	} cases[] = {
		{ "a: &x 1\nb: *x\n",
		  "1:4: anchors are not taken; remove \"&x\" and write each value out\n"
		  "2:4: aliases are not taken; write out what \"*x\" stands for\n" },
		{ "a: !!str 1\n", "1:4: tags are not taken; remove \"tag:yaml.org,2002:str\"\n" },
		{ "a: 1\n---\nb: 2\n", "2:1: a second document; keep one of them\n" },
		{ "[a]: 1\n", "1:1: a key is one word here, followed by a colon\n" },
		{ "? {b: c}\n: 1\n", "1:3: a key is one word here, followed by a colon\n" },
		{ "a: \"b\\0c\"\n", "1:4: a zero byte within a value; remove it\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(yaml_dropp) struct yaml *yaml = read_text(cases[i].text);

		assert_errors(yaml, cases[i].error);
	}
}

/* Nine levels of ten references each are a thousand million values; none is made. */
static void a_bomb_of_aliases_stays_small(void **state)
{
	char text[2048] = "a0: &a0 [x]\n";
	CLEANUP(yaml_dropp) struct yaml *yaml = NULL;
	size_t n = strlen(text);
	size_t count;

	(void)state;
	for (int i = 1; i < 10; i++) {
		n += (size_t)snprintf(text + n, sizeof(text) - n, "a%d: &a%d [", i, i);
		for (int j = 0; j < 10; j++)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "*a%d,", i - 1);
		n += (size_t)snprintf(text + n, sizeof(text) - n, "]\n");
	}
	yaml = read_text(text);
	yaml_errors(yaml, &count);
	assert_int_equal(count, 100);
}

static void depth_and_size_are_bounded(void **state)
{
	char deep[64];
	char *wide = calloc(1, YAML_BYTES_MAX + 2);
	CLEANUP(yaml_dropp) struct yaml *many = NULL;
	CLEANUP(yaml_dropp) struct yaml *long_one = NULL;
	CLEANUP(yaml_dropp) struct yaml *nested = NULL;

	(void)state;
	assert_non_null(wide);
	snprintf(deep, sizeof(deep), "a: [[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]");
	nested = read_text(deep);
	assert_errors(nested, "1:19: nested deeper than 16 levels; make it flatter\n");
	strcpy(wide, "a: [");
	for (size_t i = 0; i < YAML_NODES_MAX; i++)
		strcpy(wide + 4 + 2 * i, "x,");
	many = read_text(wide);
	assert_errors(many, "1:19999: more than 10000 values; make it shorter\n");
	memset(wide, '#', YAML_BYTES_MAX + 1);
	long_one = read_text(wide);
	assert_errors(long_one, "1:1: longer than 262144 bytes; make it shorter\n");
	free(wide);
}

static void hostile_text_is_shown_printable_and_cut(void **state)
{
	char text[400] = "a: ";
	CLEANUP(yaml_dropp) struct yaml *escaped = read_text("\"k\\n\\e[1m\": 1\n");
	CLEANUP(yaml_dropp) struct yaml *yaml = NULL;
	const struct yaml_error *errors;
	bool flag;
	size_t count;

	(void)state;
	yaml_finish(escaped, yaml_root(escaped));
	assert_errors(escaped, "1:1: there is no key \"k??[1m\"; remove it, there are: \n");
	memset(text + 3, 'x', 300);
	yaml = read_good(text);
	yaml_take_bool(yaml, yaml_root(yaml), "a", &flag);
	errors = yaml_errors(yaml, &count);
	assert_int_equal(count, 1);
	assert_true(strlen(errors[0].text) < 120);
	yaml_drop(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_of_each_type_are_taken),
		cmocka_unit_test(what_is_not_there_or_null_changes_nothing),
		cmocka_unit_test(wrong_values_are_all_named_with_their_place),
		cmocka_unit_test(unknown_keys_are_named_with_what_was_meant),
		cmocka_unit_test(items_and_free_keys_are_walked),
		cmocka_unit_test(an_empty_item_is_complained_of),
		cmocka_unit_test(empty_documents_are_fine),
		cmocka_unit_test(the_root_is_a_mapping),
		cmocka_unit_test(broken_text_is_one_error_with_its_place),
		cmocka_unit_test(duplicate_keys_name_the_first),
		cmocka_unit_test(what_settings_do_not_need_is_refused),
		cmocka_unit_test(a_bomb_of_aliases_stays_small),
		cmocka_unit_test(depth_and_size_are_bounded),
		cmocka_unit_test(hostile_text_is_shown_printable_and_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
