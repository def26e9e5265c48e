// SPDX-License-Identifier: Apache-2.0
/* Choosing a source: the order of the table, names, and what is told of each attempt. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "user/host/privilege.h"
#include "user/sources/source.h"
#include "user/base/util.h"

/* Sources that work or fail in a known way; opened[] counts. */
enum { WORKS, ALSO_WORKS, DENIED, MISSING, KINDS };

static unsigned int opened[KINDS];
static struct source_config seen;
static struct source handed[KINDS];

static int open_works(struct source **ret, const struct source_config *config,
		      char reason[SOURCE_REASON_MAX])
{
	(void)reason;
	opened[WORKS]++;
	seen = *config;
	*ret = &handed[WORKS];
	return 0;
}

static int open_also_works(struct source **ret, const struct source_config *config,
			   char reason[SOURCE_REASON_MAX])
{
	(void)config;
	(void)reason;
	opened[ALSO_WORKS]++;
	*ret = &handed[ALSO_WORKS];
	return 0;
}

static int open_denied(struct source **ret, const struct source_config *config,
		       char reason[SOURCE_REASON_MAX])
{
	(void)ret;
	(void)config;
	opened[DENIED]++;
	snprintf(reason, SOURCE_REASON_MAX, "denied");
	return -EPERM;
}

static int open_missing(struct source **ret, const struct source_config *config,
			char reason[SOURCE_REASON_MAX])
{
	(void)ret;
	(void)config;
	opened[MISSING]++;
	snprintf(reason, SOURCE_REASON_MAX, "missing");
	return -ENOTSUP;
}

static const struct source_ops works = { .name = "works", .open = open_works };
static const struct source_ops also_works = { .name = "also", .open = open_also_works };
static const struct source_ops denied = { .name = "denied", .open = open_denied };
static const struct source_ops missing = { .name = "missing", .open = open_missing };

/* One call of source_open and all that came back. */
struct outcome {
	int r;
	struct source *source;
	struct source_attempt attempts[SOURCES_MAX];
	size_t count;
};

static struct outcome try(const struct source_ops *const *table, const char *name)
{
	const struct source_config config = { .ring_bytes = 4096, .max_holds = 7 };
	struct outcome outcome = { 0 };

	memset(opened, 0, sizeof(opened));
	memset(outcome.attempts, 0xff, sizeof(outcome.attempts));
	outcome.r = source_open(&outcome.source, table, name, &config, outcome.attempts,
				&outcome.count);
	return outcome;
}

static void the_first_that_works_wins(void **state)
{
	static const struct source_ops *const table[] = { &denied, &missing, &works, &also_works,
							  NULL };
	struct outcome outcome = try(table, NULL);

	(void)state;
	assert_int_equal(outcome.r, 0);
	assert_ptr_equal(outcome.source, &handed[WORKS]);
	assert_int_equal(opened[DENIED], 1);
	assert_int_equal(opened[MISSING], 1);
	assert_int_equal(opened[ALSO_WORKS], 0);
	assert_int_equal(seen.ring_bytes, 4096);
	assert_int_equal(seen.max_holds, 7);
}

static void each_attempt_has_its_entry_in_order(void **state)
{
	static const struct source_ops *const table[] = { &denied, &works, &missing, NULL };
	struct outcome outcome = try(table, NULL);

	(void)state;
	assert_int_equal(outcome.count, 3);
	assert_ptr_equal(outcome.attempts[0].ops, &denied);
	assert_true(outcome.attempts[0].tried);
	assert_int_equal(outcome.attempts[0].error, -EPERM);
	assert_string_equal(outcome.attempts[0].reason, "denied");
	assert_true(outcome.attempts[1].tried);
	assert_int_equal(outcome.attempts[1].error, 0);
	assert_string_equal(outcome.attempts[1].reason, "");
	assert_ptr_equal(outcome.attempts[2].ops, &missing);
	assert_false(outcome.attempts[2].tried);
	assert_int_equal(outcome.attempts[2].error, 0);
}

static void when_none_works_the_last_error_is_told(void **state)
{
	static const struct source_ops *const table[] = { &missing, &denied, NULL };
	struct outcome outcome = try(table, NULL);

	(void)state;
	assert_int_equal(outcome.r, -EPERM);
	assert_null(outcome.source);
	assert_int_equal(outcome.count, 2);
	assert_int_equal(outcome.attempts[0].error, -ENOTSUP);
}

static void only_the_source_named_is_tried(void **state)
{
	static const struct source_ops *const table[] = { &works, &denied, &also_works, NULL };
	struct outcome outcome = try(table, "also");

	(void)state;
	assert_int_equal(outcome.r, 0);
	assert_ptr_equal(outcome.source, &handed[ALSO_WORKS]);
	assert_int_equal(opened[WORKS] + opened[DENIED], 0);
	assert_int_equal(outcome.count, 3);
	assert_false(outcome.attempts[0].tried);

	outcome = try(table, "denied");
	assert_int_equal(outcome.r, -EPERM);
	assert_null(outcome.source);
	assert_int_equal(opened[WORKS] + opened[ALSO_WORKS], 0);
}

static void a_name_nobody_has_is_enoent(void **state)
{
	static const struct source_ops *const table[] = { &works, &denied, NULL };
	static const char *const names[] = { "", "work", "workss", "WORKS" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct outcome outcome = try(table, names[i]);

		assert_int_equal(outcome.r, -ENOENT);
		assert_null(outcome.source);
		assert_int_equal(opened[WORKS] + opened[DENIED], 0);
	}
}

static void an_empty_table_is_enoent(void **state)
{
	static const struct source_ops *const table[] = { NULL };
	struct outcome outcome = try(table, NULL);

	(void)state;
	assert_int_equal(outcome.r, -ENOENT);
	assert_int_equal(outcome.count, 0);
}

/* The caller has room for so many attempts and no more. */
static void a_table_beyond_the_bound_is_cut(void **state)
{
	static const struct source_ops *const table[SOURCES_MAX + 3] = {
		&denied, &denied, &denied, &denied, &denied,
		&denied, &denied, &denied, &works,  &works,
	};
	struct outcome outcome = try(table, NULL);

	(void)state;
	assert_int_equal(outcome.r, -EPERM);
	assert_int_equal(outcome.count, SOURCES_MAX);
}

static void the_real_table_is_complete(void **state)
{
	const struct source_ops *const *table = source_table();
	size_t count = 0;

	(void)state;
	for (; table[count]; count++) {
		const struct source_ops *ops = table[count];

		assert_true(ops->name && *ops->name && ops->sees && *ops->sees);
		assert_null(strchr(ops->sees, '\n'));
		assert_true(ops->open && ops->close && ops->fd && ops->drain);
		assert_true(ops->find_files && ops->find_netns && ops->sweep && ops->losses);
		assert_int_equal(source_privileges(table, ops->name), ops->privileges);
		assert_true(ops->privileges == PRIVILEGE_BPF || ops->privileges == PRIVILEGE_DIAG);
		ops->close(NULL);
		for (size_t i = 0; i < count; i++)
			assert_string_not_equal(table[i]->name, ops->name);
	}
	assert_in_range(count, 1, SOURCES_MAX);
	assert_string_equal(table[count - 1]->name, "diag"); /* the last resort */
}

static void without_a_name_the_privileges_are_those_of_the_better_sources(void **state)
{
	(void)state;
	assert_int_equal(source_privileges(source_table(), NULL), PRIVILEGE_BPF);
	assert_int_equal(source_privileges(source_table(), "nobody's"), PRIVILEGE_BPF);
	assert_int_equal(source_privileges(source_table(), "diag"), PRIVILEGE_DIAG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_that_works_wins),
		cmocka_unit_test(each_attempt_has_its_entry_in_order),
		cmocka_unit_test(when_none_works_the_last_error_is_told),
		cmocka_unit_test(only_the_source_named_is_tried),
		cmocka_unit_test(a_name_nobody_has_is_enoent),
		cmocka_unit_test(an_empty_table_is_enoent),
		cmocka_unit_test(a_table_beyond_the_bound_is_cut),
		cmocka_unit_test(the_real_table_is_complete),
		cmocka_unit_test(without_a_name_the_privileges_are_those_of_the_better_sources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
