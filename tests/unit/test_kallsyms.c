// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "user/host/kallsyms.h"

static bool hooked(const char *function)
{
	return !strcmp(function, "udp_lib_unhash") || !strcmp(function, "inet_put_port");
}

struct parts {
	size_t count;
	char newest[KALLSYMS_NAME_MAX];
	char function[KALLSYMS_NAME_MAX];
};

static void remember(void *context, const char *function, const char *part)
{
	struct parts *parts = context;

	parts->count++;
	snprintf(parts->newest, sizeof(parts->newest), "%s", part);
	snprintf(parts->function, sizeof(parts->function), "%s", function);
}

static struct parts find(const char *text)
{
	struct parts parts = { 0 };
	size_t count;
	FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");

	assert_non_null(file);
	count = kallsyms_find_parts(file, hooked, remember, &parts);
	assert_int_equal(count, parts.count);
	fclose(file);
	return parts;
}

static void a_split_function_is_found(void **state)
{
	struct parts parts = find("0000000000000000 T inet_put_port\n"
				  "0000000000000000 t udp_lib_unhash.part.0\n"
				  "0000000000000000 T udp_lib_unhash\n");

	(void)state;
	assert_int_equal(parts.count, 1);
	assert_string_equal(parts.newest, "udp_lib_unhash.part.0");
	assert_string_equal(parts.function, "udp_lib_unhash");
}

static void whole_functions_and_longer_names_are_not(void **state)
{
	(void)state;
	assert_int_equal(find("0 T udp_lib_unhash\n"
			      "0 T udp_lib_unhash_fast\n"
			      "0 t my_udp_lib_unhash.part.0\n")
				 .count,
			 0);
}

static void the_cold_half_of_a_function_is_no_part(void **state)
{
	(void)state;
	assert_int_equal(find("0 t inet_put_port.cold\n0 t inet_put_port.cold.3\n").count, 0);
}

static void modules_and_broken_lines_do_no_harm(void **state)
{
	(void)state;
	assert_int_equal(find("0 t inet_put_port.isra.0\t[ipv4]\n").count, 1);
	assert_int_equal(find("\n0\n0 t\n 0 t  inet_put_port.isra.0").count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_split_function_is_found),
		cmocka_unit_test(whole_functions_and_longer_names_are_not),
		cmocka_unit_test(the_cold_half_of_a_function_is_no_part),
		cmocka_unit_test(modules_and_broken_lines_do_no_harm),
	};

	return cmocka_run_group_tests_name("kallsyms", tests, NULL, NULL);
}
