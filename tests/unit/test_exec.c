// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include <jansson.h>

#include "exporters/exec/exec.h"
#include "exporters/exec/hook.h"
#include "tests/unit/capture.h"
#include "tests/unit/receiver.h"
#include "tests/unit/scratch.h"
#include "user/base/util.h"
#include "user/core/view.h"

struct hooked {
	sd_event *event;
	struct notifier *notifier;
	struct notifier_config config;
	const char *argv[6]; /* ends with NULL */
	void *scratch;
	char path[PATH_MAX];
};

/* The program is a shell, the script an argument of it: $1 is a file of the test's. */
static void open_script(struct hooked *hooked, const char *script)
{
	scratch_path(hooked->path, hooked->scratch, "out");
	hooked->argv[0] = "/bin/sh";
	hooked->argv[1] = "-c";
	hooked->argv[2] = script;
	hooked->argv[3] = "hook";
	hooked->argv[4] = hooked->path;
	assert_int_equal(exec_notifier.open(&hooked->notifier, &hooked->config, hooked->event), 0);
}

static int set_up(void **state)
{
	struct hooked *hooked = calloc(1, sizeof(*hooked));
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	hooked->config = (struct notifier_config){ .name = "pager", .argv = hooked->argv };
	*state = hooked;
	if (scratch_setup(&hooked->scratch) < 0)
		return -1;
	return sd_event_new(&hooked->event);
}

static int tear_down(void **state)
{
	struct hooked *hooked = *state;

	exec_notifier.close(hooked->notifier);
	sd_event_unref(hooked->event);
	assert_int_equal(scratch_teardown(&hooked->scratch), 0);
	free(hooked);
	return waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD ? 0 : -1; /* none is left */
}

static void notify(struct hooked *hooked, const char *subject, bool entered)
{
	struct view_alert alert = {
		.rule = "PoolSaturation",
		.severity = SEVERITY_CRITICAL,
		.subject = subject,
		.summary = "$(touch /tmp/x); `id`",
	};

	exec_notifier.notify(hooked->notifier, &alert, entered);
}

static struct view_notifier count(const struct hooked *hooked)
{
	struct view_notifier row = { 0 };

	exec_notifier.count(hooked->notifier, &row);
	return row;
}

static char *written(const struct hooked *hooked)
{
	char *text = calloc(1, 65536);
	FILE *file = fopen(hooked->path, "re");

	assert_non_null(text);
	if (file) {
		assert_true(fread(text, 1, 65535, file) < 65535);
		fclose(file);
	}
	return text;
}

static void a_program_gets_json_and_environment(void **state)
{
	struct hooked *hooked = *state;
	char *text;
	json_t *json;

	open_script(hooked, "cat > \"$1\"; echo >> \"$1\"; env | grep ^PORTGAUGE | sort >> \"$1\"");
	notify(hooked, "shop tcp", true);
	RUN_UNTIL(hooked->event, count(hooked).delivered == 1);
	text = written(hooked);
	json = json_loads(text, JSON_DISABLE_EOF_CHECK, NULL);
	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "version")), "4");
	assert_string_equal(json_string_value(json_object_get(json, "receiver")), "pager");
	assert_string_equal(strchr(text, '\n') + 1, "PORTGAUGE_NOTIFIER=pager\n"
						    "PORTGAUGE_RULE=PoolSaturation\n"
						    "PORTGAUGE_SEVERITY=critical\n"
						    "PORTGAUGE_STATE=firing\n"
						    "PORTGAUGE_SUBJECT=shop tcp\n"
						    "PORTGAUGE_SUMMARY=$(touch /tmp/x); `id`\n");
	json_decref(json);
	free(text);
}

/* ls itself opens the folder that it lists. */
static void it_inherits_no_file(void **state)
{
	struct hooked *hooked = *state;
	struct capture capture = capture_start(STDERR_FILENO);
	char text[512];
	int fd = dup(STDERR_FILENO); /* not close-on-exec */

	hooked->argv[0] = "/bin/ls";
	hooked->argv[1] = "/proc/self/fd";
	assert_int_equal(exec_notifier.open(&hooked->notifier, &hooked->config, hooked->event), 0);
	notify(hooked, "a", true);
	RUN_UNTIL(hooked->event, count(hooked).delivered == 1);
	capture_end(&capture, text, sizeof(text));
	close(fd);
	assert_one_line(text, "notifier pager: /bin/ls wrote: 0 1 2 3\n");
}

static void it_inherits_little_environment(void **state)
{
	struct hooked *hooked = *state;
	char *text;

	setenv("PLANTED_SECRET", "x", 1);
	open_script(hooked, "env | grep -e PLANTED -e ^PATH= > \"$1\"");
	notify(hooked, "a", true);
	RUN_UNTIL(hooked->event, count(hooked).delivered == 1);
	text = written(hooked);
	assert_int_equal(strncmp(text, "PATH=/", 6), 0);
	assert_null(strstr(text, "PLANTED"));
	unsetenv("PLANTED_SECRET");
	free(text);
}

static void they_run_one_at_a_time_in_order(void **state)
{
	struct hooked *hooked = *state;
	char *text;

	open_script(hooked, "echo in $PORTGAUGE_SUBJECT >> \"$1\"; sleep 0.05; echo out >> \"$1\"");
	notify(hooked, "a", true);
	notify(hooked, "b", true);
	notify(hooked, "a", false);
	assert_int_equal(count(hooked).waiting, 3);
	RUN_UNTIL(hooked->event, count(hooked).delivered == 3);
	text = written(hooked);
	assert_string_equal(text, "in a\nout\nin b\nout\nin a\nout\n");
	free(text);
}

static void a_failure_is_told_and_made_good(void **state)
{
	struct hooked *hooked = *state;
	struct capture capture = capture_start(STDERR_FILENO);
	char text[512];

	open_script(hooked, "test -e \"$1\" && exit; touch \"$1\"; echo no\necho more >&2; exit 3");
	notify(hooked, "a", true);
	RUN_UNTIL(hooked->event, count(hooked).delivered == 1);
	capture_end(&capture, text, sizeof(text));
	assert_int_equal(count(hooked).failed, 1);
	assert_one_line(text, "notifier pager: /bin/sh: its exit status is 3; trying again later; "
			      "it wrote: no more\n");
}

static void much_output_is_cut(void **state)
{
	struct hooked *hooked = *state;
	struct capture capture = capture_start(STDERR_FILENO);
	char text[4096];

	open_script(hooked, "yes a-long-line | head -c 1000000; echo the end");
	notify(hooked, "a", true);
	RUN_UNTIL(hooked->event, count(hooked).delivered == 1);
	capture_end(&capture, text, sizeof(text));
	assert_one_line(text, "notifier pager: /bin/sh wrote: a-long-line a-long-line");
	assert_in_range(strlen(text), HOOK_OUTPUT_MAX - 20, HOOK_OUTPUT_MAX + 80);
}

/* The process whose number the script wrote. A zombie is somebody else's to reap. */
static bool runs(const struct hooked *hooked)
{
	char *text = written(hooked);
	char path[64];
	char stat[256] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/stat", strtol(text, NULL, 10));
	free(text);
	file = fopen(path, "re");
	if (!file)
		return false;
	assert_true(fread(stat, 1, sizeof(stat) - 1, file) < sizeof(stat));
	fclose(file);
	return *stat && !strstr(stat, ") Z ");
}

/* It is deaf to SIGTERM, and its child has its output open: both go. */
static void what_hangs_is_killed_with_its_children(void **state)
{
	struct hooked *hooked = *state;
	struct capture capture = capture_start(STDERR_FILENO);
	char text[512];

	hooked->config.timeout_ns = 50000000;
	open_script(hooked, "trap '' TERM; sleep 1000 & echo $! > \"$1\"; while :; do wait; done");
	notify(hooked, "a", true);
	RUN_UNTIL(hooked->event, runs(hooked));
	RUN_UNTIL(hooked->event, count(hooked).failed == 1);
	RUN_UNTIL(hooked->event, !runs(hooked));
	capture_end(&capture, text, sizeof(text));
	assert_one_line(text,
			"notifier pager: /bin/sh: it did not end in time; trying again later");
}

static void sigterm_is_asked_first(void **state)
{
	struct hooked *hooked = *state;
	struct capture capture = capture_start(STDERR_FILENO);
	char text[512];
	char *said;

	hooked->config.timeout_ns = 100000000;
	open_script(hooked, "trap 'echo bye >> \"$1\"; exit 1' TERM; while :; do sleep 0.01; done");
	notify(hooked, "a", true);
	RUN_UNTIL(hooked->event, count(hooked).failed == 1);
	capture_end(&capture, text, sizeof(text));
	said = written(hooked);
	assert_string_equal(said, "bye\n");
	free(said);
}

static void closing_kills_what_runs(void **state)
{
	struct hooked *hooked = *state;

	open_script(hooked, "sleep 1000 & echo $! > \"$1\"; wait");
	notify(hooked, "a", true);
	RUN_UNTIL(hooked->event, runs(hooked));
	exec_notifier.close(TAKE_PTR(hooked->notifier));
	for (int i = 0; i < 1000 && runs(hooked); i++)
		usleep(10000);
	assert_false(runs(hooked));
}

/* A child that stays and writes on must not keep the next run waiting. */
static void a_child_that_stays_is_let_go(void **state)
{
	struct hooked *hooked = *state;
	char *text;

	open_script(hooked, "sleep 2 & echo $PORTGAUGE_SUBJECT >> \"$1\"");
	notify(hooked, "a", true);
	notify(hooked, "b", true);
	RUN_UNTIL(hooked->event, count(hooked).delivered == 2);
	text = written(hooked);
	assert_string_equal(text, "a\nb\n");
	free(text);
}

static void refuses_to_open(struct hooked *hooked, const char *program, int error,
			    const char *words)
{
	struct capture capture = capture_start(STDERR_FILENO);
	char text[512];
	int r;

	hooked->argv[0] = program;
	r = exec_notifier.open(&hooked->notifier, &hooked->config, hooked->event);
	capture_end(&capture, text, sizeof(text));
	assert_int_equal(r, error);
	assert_null(hooked->notifier);
	assert_one_line(text, words);
}

static void a_program_must_be_there(void **state)
{
	struct hooked *hooked = *state;

	refuses_to_open(hooked, NULL, -EINVAL,
			"notifier pager: its program must be an absolute path");
	refuses_to_open(hooked, "sh", -EINVAL,
			"notifier pager: its program must be an absolute path");
	refuses_to_open(hooked, "/nonexistent", -ENOENT,
			"notifier pager: cannot run /nonexistent: No such file or directory");
	exec_notifier.close(NULL);
}

#define hook_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		hook_test(a_program_gets_json_and_environment),
		hook_test(it_inherits_no_file),
		hook_test(it_inherits_little_environment),
		hook_test(they_run_one_at_a_time_in_order),
		hook_test(a_failure_is_told_and_made_good),
		hook_test(much_output_is_cut),
		hook_test(what_hangs_is_killed_with_its_children),
		hook_test(sigterm_is_asked_first),
		hook_test(closing_kills_what_runs),
		hook_test(a_child_that_stays_is_let_go),
		hook_test(a_program_must_be_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
