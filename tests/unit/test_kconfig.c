// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <zlib.h>

#include "tests/unit/scratch.h"
#include "user/host/kconfig.h"

#define LIST "config"
#define SET "CONFIG_KPROBE_EVENTS=y"

static struct kconfig read_text(const char *scratch, const char *text)
{
	struct kconfig kconfig = { .known = false };
	char path[PATH_MAX];

	scratch_write(scratch, LIST, text);
	kconfig_read_list(&kconfig, scratch_path(path, scratch, LIST));
	return kconfig;
}

static void an_option_is_set_by_its_line_alone(void **state)
{
	struct kconfig kconfig =
		read_text(*state, "# " SET "\nCONFIG_BPF_JIT=m\nX" SET "\n" SET "0\n"
				  "CONFIG_BPF_SYSCALL=y\n");

	assert_true(kconfig.known);
	assert_true(kconfig.set[KCONFIG_BPF_SYSCALL]);
	assert_false(kconfig.set[KCONFIG_BPF_JIT]);
	assert_false(kconfig.set[KCONFIG_KPROBE_EVENTS]);
}

static void the_last_line_needs_no_end(void **state)
{
	assert_true(read_text(*state, "CONFIG_BPF_JIT=y\n" SET).set[KCONFIG_KPROBE_EVENTS]);
}

/* Wherever a reader may cut it, and for any length of what comes before. */
static void the_rest_of_a_long_line_is_no_line(void **state)
{
	char text[2200];

	for (size_t length = 1; length < 2100; length++) {
		struct kconfig kconfig;

		memset(text, 'x', length);
		snprintf(text + length, sizeof(text) - length, "%s\nCONFIG_BPF_JIT=y\n", SET);
		kconfig = read_text(*state, text);
		assert_false(kconfig.set[KCONFIG_KPROBE_EVENTS]);
		assert_true(kconfig.set[KCONFIG_BPF_JIT]);
	}
}

static void a_packed_list_is_read(void **state)
{
	struct kconfig kconfig = { .known = false };
	char path[PATH_MAX];
	gzFile file = gzopen(scratch_path(path, *state, "config.gz"), "we");

	assert_non_null(file);
	assert_true(gzputs(file, "#\n" SET "\n") > 0);
	assert_int_equal(gzclose(file), Z_OK);
	kconfig_read_list(&kconfig, path);
	assert_true(kconfig.known);
	assert_true(kconfig.set[KCONFIG_KPROBE_EVENTS]);
}

static void without_a_list_nothing_is_known(void **state)
{
	struct kconfig kconfig = { .known = false };
	char path[PATH_MAX];

	kconfig_read_list(&kconfig, scratch_path(path, *state, "none"));
	assert_false(kconfig.known);
	assert_false(read_text(*state, "#\nno list\n").known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(an_option_is_set_by_its_line_alone),
		scratch_test(the_last_line_needs_no_end),
		scratch_test(the_rest_of_a_long_line_is_no_line),
		scratch_test(a_packed_list_is_read),
		scratch_test(without_a_list_nothing_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
