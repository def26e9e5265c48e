// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exporters/page/page.h"
#include "user/base/util.h"

#define SIZE_MAX_BYTES 122880

static const struct static_file *find(const char *path)
{
	for (size_t i = 0; i < PAGE_FILES; i++)
		if (strcmp(page_files[i].path, path) == 0)
			return &page_files[i];
	fail_msg("no %s", path);
	return NULL;
}

static size_t size_of(const struct static_file *file)
{
	assert_true(file->end > file->bytes);
	return (size_t)(file->end - file->bytes);
}

static bool contains(const struct static_file *file, const char *words)
{
	return memmem(file->bytes, size_of(file), words, strlen(words)) != NULL;
}

/* Tests run at the top of the repository, as make does. */
static void equals(const char *url, const char *path)
{
	const struct static_file *file = find(url);
	size_t size = size_of(file);
	unsigned char *bytes = malloc(size + 1);
	FILE *in = fopen(path, "re");

	assert_non_null(in);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, size + 1, in), size);
	assert_memory_equal(bytes, file->bytes, size);
	fclose(in);
	free(bytes);
}

static void files_are_embedded_byte_by_byte(void **state)
{
	(void)state;
	equals("/", "exporters/page/files/index.html");
	equals("/page/app.mjs", "exporters/page/files/app.mjs");
	equals("/page/style.css", "exporters/page/files/style.css");
	equals("/page/icon.svg", "exporters/page/files/icon.svg");
	equals("/page/uplot.js", "exporters/page/uplot/uPlot.iife.min.js");
	equals("/page/uplot-licence.txt", "exporters/page/uplot/LICENSE");
}

static void each_has_the_type_of_its_name(void **state)
{
	static const struct {
		const char *suffix;
		const char *type;
	} types[] = {
		{ "/", "text/html; charset=utf-8" },
		{ ".css", "text/css; charset=utf-8" },
		{ ".js", "text/javascript; charset=utf-8" },
		{ ".mjs", "text/javascript; charset=utf-8" },
		{ ".svg", "image/svg+xml" },
		{ ".txt", "text/plain; charset=utf-8" },
	};

	(void)state;
	for (size_t i = 0; i < PAGE_FILES; i++) {
		const char *path = page_files[i].path;
		const char *suffix = strrchr(path, '.') ? strrchr(path, '.') : "/";
		const char *type = NULL;

		for (size_t k = 0; k < ARRAY_SIZE(types); k++)
			if (strcmp(types[k].suffix, suffix) == 0)
				type = types[k].type;
		assert_non_null(type);
		assert_string_equal(page_files[i].content_type, type);
	}
}

static void paths_are_unique(void **state)
{
	(void)state;
	for (size_t i = 0; i < PAGE_FILES; i++)
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(page_files[i].path, page_files[k].path);
}

static void the_policy_lets_nothing_in_from_elsewhere(void **state)
{
	static const char *const wanted[] = {
		"default-src 'none';",     "script-src 'self';",   "style-src 'self';",
		"connect-src 'self';",     "base-uri 'none';",     "form-action 'none';",
		"frame-ancestors 'none';", "trusted-types 'none'",
	};
	static const char *const bad[] = { "unsafe", "http", "data:", "blob:", "*" };

	(void)state;
	for (size_t i = 0; i < PAGE_FILES; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(wanted); k++)
			assert_non_null(strstr(page_files[i].policy, wanted[k]));
		for (size_t k = 0; k < ARRAY_SIZE(bad); k++)
			assert_null(strstr(page_files[i].policy, bad[k]));
	}
}

/* Modules but the first are asked for by others. */
static bool is_inner_module(const char *path)
{
	return strstr(path, ".mjs") && strcmp(path, "/page/app.mjs") != 0;
}

/* By relative paths: a proxy may serve the page below a prefix. */
static void the_document_asks_for_every_file_and_nothing_else(void **state)
{
	const struct static_file *index = find("/");

	(void)state;
	for (size_t i = 0; i < PAGE_FILES; i++) {
		const char *path = page_files[i].path;

		if (path[1] && !is_inner_module(path) && !contains(index, path + 1))
			fail_msg("the document does not name %s", path);
	}
	assert_false(contains(index, "\"/"));
	assert_false(contains(index, "http:"));
	assert_false(contains(index, "https:"));
	assert_false(contains(index, "style=\""));
	assert_false(contains(index, "<script>"));
}

static void the_whole_is_small(void **state)
{
	size_t sum = 0;

	(void)state;
	for (size_t i = 0; i < PAGE_FILES; i++)
		sum += size_of(&page_files[i]);
	assert_in_range(sum, 60000, SIZE_MAX_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_embedded_byte_by_byte),
		cmocka_unit_test(each_has_the_type_of_its_name),
		cmocka_unit_test(paths_are_unique),
		cmocka_unit_test(the_policy_lets_nothing_in_from_elsewhere),
		cmocka_unit_test(the_document_asks_for_every_file_and_nothing_else),
		cmocka_unit_test(the_whole_is_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
