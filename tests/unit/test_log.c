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
#include <sys/stat.h>
#include <unistd.h>

#include "user/base/log.h"

struct capture {
	FILE *file;
	int stderr_fd;
	char text[8192];
};

static void capture_begin(struct capture *c)
{
	c->file = tmpfile();
	assert_non_null(c->file);
	fflush(stderr);
	c->stderr_fd = dup(STDERR_FILENO);
	dup2(fileno(c->file), STDERR_FILENO);
}

static const char *capture_end(struct capture *c)
{
	size_t n;

	fflush(stderr);
	dup2(c->stderr_fd, STDERR_FILENO);
	close(c->stderr_fd);
	rewind(c->file);
	n = fread(c->text, 1, sizeof(c->text) - 1, c->file);
	c->text[n] = '\0';
	fclose(c->file);
	return c->text;
}

/* As systemd does for a service: "device:inode" of standard error. */
static void set_journal_stream(const struct capture *c, unsigned int shift)
{
	char stream[64];
	struct stat st;

	fstat(fileno(c->file), &st);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
		 (uintmax_t)st.st_ino + shift);
	setenv("JOURNAL_STREAM", stream, 1);
}

static void line_names_program_and_level(void **state)
{
	struct capture c;

	(void)state;
	unsetenv("JOURNAL_STREAM");
	capture_begin(&c);
	log_error("cannot open %s: %s", "/x", "denied");
	log_warning("late");
	log_info("ready");
	assert_string_equal(capture_end(&c), "portgauge: error: cannot open /x: denied\n"
					     "portgauge: warning: late\n"
					     "portgauge: ready\n");
}

static void journal_gets_priorities(void **state)
{
	struct capture c;

	(void)state;
	capture_begin(&c);
	set_journal_stream(&c, 0);
	log_error("a");
	log_info("b");
	assert_string_equal(capture_end(&c), "<3>a\n<6>b\n");
	unsetenv("JOURNAL_STREAM");
}

static void redirected_stderr_gets_no_priorities(void **state)
{
	struct capture c;

	(void)state;
	capture_begin(&c);
	set_journal_stream(&c, 1);
	log_error("a");
	assert_string_equal(capture_end(&c), "portgauge: error: a\n");
	unsetenv("JOURNAL_STREAM");
}

static void message_is_always_one_line(void **state)
{
	struct capture c;

	(void)state;
	capture_begin(&c);
	log_error("bad name \"%s\"", "a\n<0>forged\x1b[2J\xff");
	assert_string_equal(capture_end(&c), "portgauge: error: bad name \"a?<0>forged?[2J?\"\n");
}

static void long_message_is_not_cut(void **state)
{
	char name[5001];
	struct capture c;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	capture_begin(&c);
	log_info("%s", name);
	assert_int_equal(strlen(capture_end(&c)), strlen("portgauge: \n") + sizeof(name) - 1);
}

static void errno_survives(void **state)
{
	struct capture c;

	(void)state;
	capture_begin(&c);
	errno = EXDEV;
	log_error("x");
	assert_int_equal(errno, EXDEV);
	capture_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(line_names_program_and_level),
		cmocka_unit_test(journal_gets_priorities),
		cmocka_unit_test(redirected_stderr_gets_no_priorities),
		cmocka_unit_test(message_is_always_one_line),
		cmocka_unit_test(long_message_is_not_cut),
		cmocka_unit_test(errno_survives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
