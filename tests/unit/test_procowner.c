// SPDX-License-Identifier: Apache-2.0
/* Who a process is, out of a made-up /proc. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>

#include "tests/unit/process_files.h"
#include "user/host/procfs.h"
#include "user/host/procowner.h"
#include "user/base/util.h"

static struct abi_owner read_one(const char *proc, const char *cgroup_root, uint32_t pid)
{
	struct abi_owner owner;

	assert_int_equal(procowner_read(&owner, proc, cgroup_root, pid), 0);
	return owner;
}

static void a_process_is_known_by_pid_and_start(void **state)
{
	struct abi_owner owner;

	make_process(*state, 77, "nginx", 33);
	owner = read_one(*state, NULL, 77);
	assert_int_equal(owner.tgid, 77);
	assert_int_equal(owner.start_ns, 100 * (1000000000 / sysconf(_SC_CLK_TCK)));
	assert_int_equal(owner.uid, 33);
	assert_int_equal(owner.cgroup, 0);
	assert_string_equal(owner.comm, "nginx");
	assert_true(procfs_alive(*state, 77, owner.start_ns));
}

static void a_name_may_be_anything(void **state)
{
	static const char *const names[] = {
		"", ")", "a) S (b", "Uid:\t7", "((()))", "0123456789abcde", "0123456789abcdefghij"
	};

	for (uint32_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct abi_owner owner;
		char wanted[ABI_COMM_LEN];

		make_process(*state, 100 + i, names[i], 33);
		owner = read_one(*state, NULL, 100 + i);
		snprintf(wanted, sizeof(wanted), "%s", names[i]);
		assert_string_equal(owner.comm, wanted);
		assert_int_equal(owner.uid, 33);
		assert_true(owner.start_ns > 0);
	}
}

static void who_is_not_there_is_not_read(void **state)
{
	struct abi_owner owner = { .tgid = 5 };

	assert_int_equal(procowner_read(&owner, *state, NULL, 77), -ENOENT);
	scratch_write(*state, "78/stat", "no process");
	assert_int_equal(procowner_read(&owner, *state, NULL, 78), -EBADMSG);
	assert_int_equal(owner.tgid, 5);
}

static void a_user_that_is_not_told_is_nobody(void **state)
{
	make_process(*state, 77, "nginx", 33);
	scratch_write(*state, "77/status", "Name:\tnginx\n");
	assert_int_equal(read_one(*state, NULL, 77).uid, UINT32_MAX);
}

static void the_cgroup_is_the_inode_of_its_directory(void **state)
{
	make_process(*state, 77, "nginx", 33);
	scratch_write(*state, "root/shop/web/cgroup.procs", "");
	scratch_write(*state, "77/cgroup", "1:cpu:/other\n0::/shop/web\n");
	{
		char root[PATH_MAX];
		struct abi_owner owner = read_one(*state, scratch_path(root, *state, "root"), 77);

		assert_int_equal(owner.cgroup, scratch_inode(*state, "root/shop/web"));
		scratch_write(*state, "77/cgroup", "0::/shop/web");
		assert_int_equal(read_one(*state, root, 77).cgroup, owner.cgroup);
	}
}

static void a_cgroup_that_cannot_be_found_is_0(void **state)
{
	static const char *const texts[] = { "",    "1:cpu:/shop\n", "0::/gone\n",
					     "0::", "0::/file\n",    "x0::/\n" };
	char root[PATH_MAX];

	make_process(*state, 77, "nginx", 33);
	scratch_write(*state, "root/file", "");
	scratch_path(root, *state, "root");
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		scratch_write(*state, "77/cgroup", texts[i]);
		assert_int_equal(read_one(*state, root, 77).cgroup, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(a_process_is_known_by_pid_and_start),
		scratch_test(a_name_may_be_anything),
		scratch_test(who_is_not_there_is_not_read),
		scratch_test(a_user_that_is_not_told_is_nobody),
		scratch_test(the_cgroup_is_the_inode_of_its_directory),
		scratch_test(a_cgroup_that_cannot_be_found_is_0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
