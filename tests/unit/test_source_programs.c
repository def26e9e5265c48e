// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>
#include <string.h>

#include "user/sources/source_programs.h"

static const struct source_program *const tables[] = { common_programs, fentry_programs,
						       kprobe_programs, tracepoint_programs };

static void every_program_is_found_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct source_program *program = tables[i]; program->name; program++)
			assert_ptr_equal(source_programs_find(tables[i], program->name), program);
	assert_null(source_programs_find(fentry_programs, "no_such_program"));
}

static void a_source_has_no_program_that_all_have(void **state)
{
	(void)state;
	for (size_t i = 1; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct source_program *program = tables[i]; program->name; program++)
			assert_null(source_programs_find(common_programs, program->name));
}

static void every_function_of_a_table_is_hooked(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct source_program *program = tables[i]; program->name; program++)
			if (program->function)
				assert_true(source_programs_hook(tables[i], program->function));
	assert_true(source_programs_hook(fentry_programs, "inet_sock_destruct"));
	assert_false(source_programs_hook(kprobe_programs, "inet_sock_destruct"));
	assert_false(source_programs_hook(tracepoint_programs, "inet_put_port"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_program_is_found_once),
		cmocka_unit_test(a_source_has_no_program_that_all_have),
		cmocka_unit_test(every_function_of_a_table_is_hooked),
	};

	return cmocka_run_group_tests_name("source_programs", tests, NULL, NULL);
}
