// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>

#include "tests/unit/scratch.h"
#include "user/host/cgroup.h"
#include "user/base/util.h"

#define SECOND UINT64_C(1000000000)

/* --- where it is mounted --------------------------------------------------------------------- */

static const char unified[] =
	"22 28 0:21 / /proc rw,nosuid,nodev,noexec,relatime shared:13 - proc proc rw\n"
	"30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 "
	"rw,nsdelegate,memory_recursiveprot\n"
	"31 23 0:27 / /sys/fs/pstore rw shared:5 - pstore pstore rw\n";

static const char hybrid[] =
	"31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
	"32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
	"40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd\n"
	"41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

static const char version1[] =
	"31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
	"32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
	"50 31 0:40 / /mnt/cgroup2 rw,relatime - ext4 /dev/sda1 rw\n"
	"51 31 0:41 / /mnt/other rw,relatime - cgroup2fs cgroup2 rw\n";

/* Optional fields are none or many. */
static const char fields[] = "30 23 0:26 / /cg rw shared:4 master:2 propagate_from:3 unbindable - "
			     "cgroup2 none rw\n";

static void assert_root(const char *scratch, const char *mountinfo, const char *expected)
{
	char path[PATH_MAX];
	char *root = NULL;

	scratch_write(scratch, "mountinfo", mountinfo);
	assert_int_equal(cgroup_find_root(&root, scratch_path(path, scratch, "mountinfo")), 0);
	assert_string_equal(root, expected);
	free(root);
}

static void the_root_is_where_cgroup2_is_mounted(void **state)
{
	assert_root(*state, unified, "/sys/fs/cgroup");
	assert_root(*state, hybrid, "/sys/fs/cgroup/unified");
	assert_root(*state, fields, "/cg");
}

/* The kernel writes a space, a tab, a newline and a backslash as three octal digits. */
static void the_root_is_unescaped(void **state)
{
	assert_root(*state, "30 23 0:26 / /my\\040cg\\134x rw - cgroup2 cgroup2 rw\n", "/my cg\\x");
}

static void the_root_may_be_long(void **state)
{
	char line[5000] = "30 23 0:26 / /";
	char expected[4096] = "/";

	memset(line + strlen(line), 'd', 4000);
	strcat(line, " rw - cgroup2 cgroup2 rw\n");
	memset(expected + 1, 'd', 4000);
	assert_root(*state, line, expected);
}

static void without_cgroup2_there_is_no_root(void **state)
{
	static const char *const none[] = {
		"", "\n", "garbage\n", version1, "30 23 - cgroup2 cgroup2 rw", " - cgroup2 "
	};
	char path[PATH_MAX];
	char *root = path;

	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		scratch_write(*state, "mountinfo", none[i]);
		assert_int_equal(cgroup_find_root(&root, scratch_path(path, *state, "mountinfo")),
				 -ENOENT);
		assert_ptr_equal(root, path); /* untouched on failure */
	}
}

static void without_mountinfo_there_is_an_error(void **state)
{
	char path[PATH_MAX];
	char *root = NULL;

	assert_int_equal(cgroup_find_root(&root, scratch_path(path, *state, "none")), -ENOENT);
	assert_null(root);
}

/* --- what stands behind an id ---------------------------------------------------------------- */

static struct cgroup_table *table_of(const char *root)
{
	struct cgroup_table *table = NULL;

	assert_int_equal(cgroup_table_new(&table, root), 0);
	return table;
}

static void ids_lead_to_paths(void **state)
{
	struct cgroup_table *table = table_of(*state);
	char path[PATH_MAX];

	scratch_write(*state, "system.slice/nginx.service/cgroup.procs", "");
	scratch_write(*state, "user.slice/cgroup.procs", "");
	assert_string_equal(
		cgroup_table_path(table, scratch_inode(*state, "system.slice/nginx.service"), 1),
		"/system.slice/nginx.service");
	assert_string_equal(cgroup_table_path(table, scratch_inode(*state, "system.slice"), 1),
			    "/system.slice");
	assert_string_equal(cgroup_table_path(table, scratch_inode(*state, "user.slice"), 1),
			    "/user.slice");
	assert_string_equal(cgroup_table_path(table, scratch_inode(*state, "."), 1), "/");
	assert_int_equal(access(scratch_path(path, *state, "user.slice/cgroup.procs"), F_OK), 0);
	cgroup_table_free(table);
}

static void files_and_links_are_no_cgroups(void **state)
{
	struct cgroup_table *table = table_of(*state);
	char path[PATH_MAX];

	scratch_write(*state, "a/cgroup.procs", "");
	assert_int_equal(symlink("/", scratch_path(path, *state, "loop")), 0);
	assert_null(cgroup_table_path(table, scratch_inode(*state, "a/cgroup.procs"), SECOND));
	assert_null(cgroup_table_path(table, scratch_inode("/", "etc"), 10 * SECOND));
	cgroup_table_free(table);
}

static void a_new_cgroup_is_found_after_a_while(void **state)
{
	struct cgroup_table *table = table_of(*state);
	uint64_t id;

	assert_null(cgroup_table_path(table, UINT64_MAX, 100 * SECOND));
	scratch_write(*state, "new/cgroup.procs", "");
	id = scratch_inode(*state, "new");
	assert_null(cgroup_table_path(table, id, 100 * SECOND)); /* just walked */
	assert_null(cgroup_table_path(table, id, 101 * SECOND));
	assert_string_equal(cgroup_table_path(table, id, 110 * SECOND), "/new");
	cgroup_table_free(table);
}

static void a_known_cgroup_is_known_until_the_next_walk(void **state)
{
	struct cgroup_table *table = table_of(*state);
	char path[PATH_MAX];
	uint64_t id;

	scratch_write(*state, "old/x", "");
	id = scratch_inode(*state, "old");
	assert_string_equal(cgroup_table_path(table, id, 100 * SECOND), "/old");
	assert_int_equal(unlink(scratch_path(path, *state, "old/x")), 0);
	assert_int_equal(rmdir(scratch_path(path, *state, "old")), 0);
	assert_string_equal(cgroup_table_path(table, id, 200 * SECOND), "/old");
	assert_null(cgroup_table_path(table, UINT64_MAX, 300 * SECOND));
	assert_null(cgroup_table_path(table, id, 300 * SECOND));
	cgroup_table_free(table);
}

static void a_root_that_is_gone_has_no_cgroups(void **state)
{
	char path[PATH_MAX];
	struct cgroup_table *table = table_of(scratch_path(path, *state, "none"));

	assert_null(cgroup_table_path(table, 1, SECOND));
	cgroup_table_free(table);
}

static void freeing_no_table_is_fine(void **state)
{
	(void)state;
	cgroup_table_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(the_root_is_where_cgroup2_is_mounted),
		scratch_test(the_root_is_unescaped),
		scratch_test(the_root_may_be_long),
		scratch_test(without_cgroup2_there_is_no_root),
		scratch_test(without_mountinfo_there_is_an_error),
		scratch_test(ids_lead_to_paths),
		scratch_test(files_and_links_are_no_cgroups),
		scratch_test(a_new_cgroup_is_found_after_a_while),
		scratch_test(a_known_cgroup_is_known_until_the_next_walk),
		scratch_test(a_root_that_is_gone_has_no_cgroups),
		cmocka_unit_test(freeing_no_table_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
