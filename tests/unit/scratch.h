/* SPDX-License-Identifier: Apache-2.0 */
/* A directory of a test's own, removed with all that is in it. Include after cmocka.h. */
#pragma once

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A cmocka setup: *state becomes the directory's path. */
static inline int scratch_setup(void **state)
{
	char *path = strdup("/tmp/portgauge-test-XXXXXX");

	*state = path;
	return path && mkdtemp(path) ? 0 : -1;
}

static inline int scratch_remove(const char *path, const struct stat *st, int type,
				 struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static inline int scratch_teardown(void **state)
{
	int r = nftw(*state, scratch_remove, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);

	free(*state);
	return r;
}

/* Makes every directory on the way to a name below the scratch directory; ret is the whole path. */
static inline const char *scratch_path(char ret[PATH_MAX], const char *scratch, const char *name)
{
	assert_true(snprintf(ret, PATH_MAX, "%s/%s", scratch, name) < PATH_MAX);
	for (char *slash = ret + strlen(scratch) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(ret, 0700);
		*slash = '/';
	}
	return ret;
}

static inline void scratch_write(const char *scratch, const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *file = fopen(scratch_path(path, scratch, name), "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static inline uint64_t scratch_inode(const char *scratch, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	assert_int_equal(stat(scratch_path(path, scratch, name), &st), 0);
	return st.st_ino;
}

#define scratch_test(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)
