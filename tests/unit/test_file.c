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
#include <unistd.h>

#include "tests/unit/scratch.h"
#include "user/base/file.h"
#include "user/base/util.h"

struct folder {
	void *scratch;
	char file[PATH_MAX];
};

static int make_folder(void **state)
{
	struct folder *folder = calloc(1, sizeof(*folder));

	*state = folder;
	if (!folder || scratch_setup(&folder->scratch) < 0)
		return -1;
	scratch_path(folder->file, folder->scratch, "file");
	return 0;
}

static int remove_folder(void **state)
{
	struct folder *folder = *state;
	int r = scratch_teardown(&folder->scratch);

	free(folder);
	return r;
}

static void put(const struct folder *folder, const char *text)
{
	CLEANUP(file_closep) FILE *out = fopen(folder->file, "we");

	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, strlen(text), out), strlen(text));
}

static void a_file_is_read_whole_and_terminated(void **state)
{
	const struct folder *folder = *state;
	CLEANUP(freep) char *text = NULL;
	struct stat status;
	size_t size = 0;

	put(folder, "hello\n");
	assert_int_equal(file_read(&text, &size, &status, folder->file, 6), 0);
	assert_int_equal(size, 6);
	assert_string_equal(text, "hello\n");
	assert_int_equal(status.st_size, 6);
}

static void an_empty_file_is_an_empty_text(void **state)
{
	const struct folder *folder = *state;
	CLEANUP(freep) char *text = NULL;
	size_t size = 7;

	put(folder, "");
	assert_int_equal(file_read(&text, &size, NULL, folder->file, 6), 0);
	assert_int_equal(size, 0);
	assert_string_equal(text, "");
}

static void what_cannot_be_read_leaves_the_results(void **state)
{
	const struct folder *folder = *state;
	char *text = NULL;
	size_t size = 7;

	assert_int_equal(file_read(&text, &size, NULL, folder->file, 5), -ENOENT);
	put(folder, "hello\n");
	assert_int_equal(file_read(&text, &size, NULL, folder->file, 5), -EFBIG);
	assert_int_equal(file_read(&text, &size, NULL, folder->scratch, 5), -EISDIR);
	assert_int_equal(unlink(folder->file), 0);
	assert_int_equal(mkfifo(folder->file, 0600), 0);
	assert_int_equal(file_read(&text, &size, NULL, folder->file, 5), -EINVAL);
	assert_null(text);
	assert_int_equal(size, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_file_is_read_whole_and_terminated, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(an_empty_file_is_an_empty_text, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(what_cannot_be_read_leaves_the_results, make_folder,
						remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
