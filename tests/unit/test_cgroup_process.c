// SPDX-License-Identifier: Apache-2.0
/* The process that stands for a cgroup, in a made-up /proc. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>

#include "tests/unit/process_files.h"
#include "user/host/cgroup_process.h"

static int find(const char *root, const char *processes, struct abi_owner *ret)
{
	char path[PATH_MAX];

	scratch_write(root, "nginx.service/cgroup.procs", processes);
	snprintf(path, sizeof(path), "%s/nginx.service", root);
	return cgroup_process(ret, root, path);
}

static void the_first_of_one_name_stands_for_all(void **state)
{
	struct abi_owner owner = { 0 };

	make_process(*state, 30, "nginx", 0);
	make_process(*state, 20, "nginx", 0);
	assert_int_equal(find(*state, "30\n20\n", &owner), 0);
	assert_int_equal(owner.tgid, 20);
	assert_string_equal(owner.comm, "nginx");
	assert_int_equal(find(*state, "30\n99\n", &owner), 0); /* 99 has just ended */
	assert_int_equal(owner.tgid, 30);
}

static void nobody_stands_for_many_names(void **state)
{
	struct abi_owner owner = { .tgid = 7 };

	make_process(*state, 20, "nginx", 0);
	make_process(*state, 30, "php-fpm", 0);
	assert_int_equal(find(*state, "20\n30\n", &owner), -ENOENT);
	assert_int_equal(owner.tgid, 7);
}

static void process_1_stands_for_nobody(void **state)
{
	struct abi_owner owner;

	make_process(*state, 1, "systemd", 0);
	assert_int_equal(find(*state, "1\n", &owner), -ENOENT);
}

static void what_cannot_be_read_has_nobody(void **state)
{
	struct abi_owner owner;
	char many[4096] = "";

	assert_int_equal(cgroup_process(&owner, *state, "/nowhere"), -ENOENT);
	assert_int_equal(find(*state, "", &owner), -ENOENT);
	assert_int_equal(find(*state, "x\n-3\n\n", &owner), -ENOENT);
	make_process(*state, 20, "nginx", 0);
	for (int i = 0; i < 1000; i++)
		strcat(many, "20\n");
	assert_int_equal(find(*state, many, &owner), -ENOENT); /* too many to ask */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(the_first_of_one_name_stands_for_all),
		scratch_test(nobody_stands_for_many_names),
		scratch_test(process_1_stands_for_nobody),
		scratch_test(what_cannot_be_read_has_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
