// SPDX-License-Identifier: Apache-2.0
/* The settings that are options as well, from text and from files. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/capture.h"
#include "tests/unit/scratch.h"
#include "tests/unit/settings.h"
#include "user/base/util.h"
#include "user/commands/options.h"
#include "user/commands/settings.h"
#include "user/config/config_file.h"

#define SECOND UINT64_C(1000000000)
#define EXAMPLE "docs/portgauge.yaml"

/* --- text ------------------------------------------------------------------------------------ */

static void nothing_is_set_without_a_word(void **state)
{
	static const char *const texts[] = { "", "# nothing\n", "web:\n", "limits: {}\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct config *config = read_good_settings(texts[i]);

		assert_null(config->agent.source);
		assert_int_equal(config->agent.ring_bytes, 0);
		assert_int_equal(config->agent.max_holds, 0);
		assert_false(config->agent.has_reconcile);
		assert_null(config->agent.control);
		assert_int_equal(config->agent.top, 0);
		assert_int_equal(config->web.listen_addresses_count, 0);
		assert_null(config->web.telemetry_path);
		assert_null(config->web.config_file);
		assert_false(config->web.systemd_socket);
		assert_false(config->web.disable_ui);
		config_free(config);
	}
}

static void everything_can_be_set(void **state)
{
	struct config *config = read_good_settings(
		"source: kprobe\nring_size: 2MiB\nmax_holds: 1000\nreconcile: 1m\n"
		"control: /run/x.sock\nlimits: {top: 7}\n"
		"web:\n  listen_addresses: [\":80\", \"[::1]:81\"]\n  config_file: /etc/web.yml\n"
		"  systemd_socket: true\n  telemetry_path: /m\n  disable_ui: true\n");

	(void)state;
	assert_string_equal(config->agent.source, "kprobe");
	assert_int_equal(config->agent.ring_bytes, 2 << 20);
	assert_int_equal(config->agent.max_holds, 1000);
	assert_true(config->agent.has_reconcile);
	assert_int_equal(config->agent.reconcile_ns, 60 * SECOND);
	assert_string_equal(config->agent.control, "/run/x.sock");
	assert_int_equal(config->agent.top, 7);
	assert_int_equal(config->web.listen_addresses_count, 2);
	assert_string_equal(config->web.listen_addresses[1], "[::1]:81");
	assert_string_equal(config->web.config_file, "/etc/web.yml");
	assert_true(config->web.systemd_socket);
	assert_string_equal(config->web.telemetry_path, "/m");
	assert_true(config->web.disable_ui);
	config_free(config);
}

static void what_is_wrong_is_told_with_its_place(void **state)
{
	static const struct {
		const char *text;
		const char *place;
		const char *what;
		const char *hint;
	} cases[] = {
		{ "souce: diag\n", "1:1:", "souce", "source" },
		{ "source: magic\n", "1:9:", "magic", "tracepoint" },
		{ "source: diag\nsource: fentry\n", "2:1:", "source", "line 1" },
		{ "ring_size: 3MiB\n", "1:12:", "power of two", "1MiB" },
		{ "ring_size: 1KiB\n", "1:12:", "1KiB", "4KiB" },
		{ "ring_size: 2GiB\n", "1:12:", "2GiB", "1GiB" },
		{ "max_holds: 0\n", "1:12:", "\"0\"", "from 1" },
		{ "max_holds: 16777217\n", "1:12:", "16777217", "16777216" },
		{ "reconcile: 2d\n", "1:12:", "2d", "1d" },
		{ "control: x.sock\n", "1:10:", "x.sock", "'/'" },
		{ "limits: {top: 0}\n", "1:15:", "\"0\"", "from 1" },
		{ "limits: 5\n", "1:9:", "limits", "" },
		{ "web: {listen_addresses: []}\n", "1:25:", "empty", "add an item" },
		{ "web: {listen_addresses: [a,b,c,d,e,f,g,h,i]}\n", "1:42:", "8", "at most" },
		{ "web: {telemetry_path: metrics}\n", "1:23:", "'/'", "/metrics" },
		{ "web: {disable_ui: 1}\n", "1:19:", "disable_ui", "true" },
		{ "- a\n", "1:1:", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_one_error(cases[i].text, cases[i].place, cases[i].what, cases[i].hint);
}

/* --- files ----------------------------------------------------------------------------------- */

static void the_example_is_fine(void **state)
{
	struct config *config = NULL;
	char errors[4096];

	(void)state;
	assert_int_equal(config_load(&config, EXAMPLE), 0);
	assert_string_equal(list_errors(config, errors, sizeof(errors)), "");
	assert_true(config->rules_count > 5);
	assert_int_equal(config->notifiers_count, 3);
	config_free(config);
}

static void what_cannot_be_read_changes_nothing(void **state)
{
	struct config *config = (struct config *)state;

	assert_int_equal(config_load(&config, "/nowhere"), -ENOENT);
	assert_int_equal(config_load(&config, "/"), -EISDIR);
	assert_ptr_equal(config, state);
}

/* Settings that name this file as a password, or as a program. */
static const char *load(const char *scratch, const char *path, bool program, char errors[4096])
{
	struct config *config = NULL;
	char name[PATH_MAX];
	char text[PATH_MAX + 128];

	if (program)
		snprintf(text, sizeof(text), "notifiers: [{type: exec, command: [%s]}]\n", path);
	else
		snprintf(text, sizeof(text),
			 "notifiers:\n- type: webhook\n  urls: [http://a]\n  username: u\n"
			 "  password_file: %s\n",
			 path);
	scratch_write(scratch, "settings", text);
	assert_int_equal(config_load(&config, scratch_path(name, scratch, "settings")), 0);
	list_errors(config, errors, 4096);
	config_free(config);
	return errors;
}

static void files_that_are_named_are_looked_at(void **state)
{
	char errors[4096];
	char name[PATH_MAX];

	scratch_write(*state, "secret", "");
	scratch_path(name, *state, "secret");
	assert_int_equal(chmod(name, 0600), 0);
	assert_string_equal(load(*state, name, false, errors), "");
	assert_int_equal(chmod(name, 0640), 0);
	assert_string_equal(load(*state, name, false, errors), "");
	assert_int_equal(chmod(name, 0604), 0);
	assert_non_null(strstr(load(*state, name, false, errors), "5:18: others may read"));
	assert_int_equal(chmod(name, 0602), 0);
	assert_non_null(strstr(load(*state, name, false, errors), "(mode 0602); chmod"));
	assert_non_null(strstr(load(*state, name, true, errors), "is no program"));
	assert_int_equal(chmod(name, 0700), 0);
	assert_string_equal(load(*state, name, true, errors), "");
	unlink(name);
	assert_non_null(strstr(load(*state, name, false, errors), "No such file"));
	assert_non_null(strstr(load(*state, "/tmp", false, errors), "is no file"));
}

/* --- beside the command line ----------------------------------------------------------------- */

static struct options given(void)
{
	return (struct options){ .ring_bytes = 4096,
				 .max_holds = 5,
				 .reconcile_ns = SECOND,
				 .listen = { ":1" },
				 .listen_count = 1 };
}

/* Completes the options by a file of this content. */
static int complete(const char *scratch, struct options *options, struct config **ret,
		    const char *content)
{
	char name[PATH_MAX];
	int r;

	scratch_write(scratch, "settings", content);
	options->config_file = scratch_path(name, scratch, "settings");
	r = settings_load(ret, options);
	options->config_file = NULL;
	return r;
}

static void settings_take_the_place_of_defaults(void **state)
{
	struct options options = given();
	struct config *config = NULL;

	assert_int_equal(complete(*state, &options, &config,
				  "source: diag\nring_size: 64KiB\n"
				  "max_holds: 9\nreconcile: 0\ncontrol: /c\n"
				  "limits: {top: 3}\n"
				  "web: {listen_addresses: [\":2\", \":3\"],"
				  " telemetry_path: /t, disable_ui: true}\n"),
			 0);
	assert_string_equal(options.source, "diag");
	assert_int_equal(options.ring_bytes, 65536);
	assert_int_equal(options.max_holds, 9);
	assert_int_equal(options.reconcile_ns, 0);
	assert_string_equal(options.control, "/c");
	assert_int_equal(options.top, 3);
	assert_int_equal(options.listen_count, 2);
	assert_string_equal(options.listen[1], ":3");
	assert_string_equal(options.telemetry_path, "/t");
	assert_true(options.disable_ui);
	config_free(config);
}

static void the_command_line_wins(void **state)
{
	struct options options = given();
	struct config *config = NULL;

	options.given = GIVEN_RING_SIZE | GIVEN_MAX_HOLDS | GIVEN_RECONCILE | GIVEN_LISTEN;
	options.source = "fentry";
	options.control = "/mine";
	options.top = 8;
	options.telemetry_path = "/mine";
	assert_int_equal(complete(*state, &options, &config,
				  "source: diag\nring_size: 64KiB\n"
				  "max_holds: 9\nreconcile: 0\ncontrol: /c\n"
				  "limits: {top: 3}\n"
				  "web: {listen_addresses: [\":2\", \":3\"],"
				  " telemetry_path: /t}\n"),
			 0);
	assert_string_equal(options.source, "fentry");
	assert_int_equal(options.ring_bytes, 4096);
	assert_int_equal(options.max_holds, 5);
	assert_int_equal(options.reconcile_ns, SECOND);
	assert_string_equal(options.control, "/mine");
	assert_int_equal(options.top, 8);
	assert_int_equal(options.listen_count, 1);
	assert_string_equal(options.listen[0], ":1");
	assert_string_equal(options.telemetry_path, "/mine");
	config_free(config);
}

static void mistakes_are_a_line_each_and_change_nothing(void **state)
{
	struct capture capture = capture_start(STDERR_FILENO);
	struct options options = given();
	struct config *config = NULL;
	char said[1024];
	int r;

	r = complete(*state, &options, &config, "source: diag\nx: 1\ny: 2\n");
	capture_end(&capture, said, sizeof(said));
	assert_int_equal(r, -EINVAL);
	assert_null(config);
	assert_null(options.source);
	assert_non_null(strstr(said, ":2:1: "));
	assert_non_null(strstr(said, ":3:1: "));
}

static void without_a_file_there_is_nothing_to_add(void **state)
{
	struct options options = given();
	struct config *config = NULL;

	(void)state;
	assert_int_equal(settings_load(&config, &options), 0);
	assert_int_equal(options.ring_bytes, 4096);
	assert_non_null(config->rules);
	config_free(config);
}

static void what_is_taken_at_a_start_only_is_named(void **state)
{
	struct options before = given();
	struct options now = given();
	struct capture capture;
	char said[1024];
	bool need;

	(void)state;
	now.config_file = "f";
	now.reconcile_ns = 5 * SECOND;
	now.top = 3;
	assert_false(settings_need_start(&before, &now));
	now.listen[0] = ":2";
	now.source = "diag";
	capture = capture_start(STDERR_FILENO);
	need = settings_need_start(&before, &now);
	capture_end(&capture, said, sizeof(said));
	assert_true(need);
	assert_non_null(strstr(said, "source has changed, which needs a restart"));
	assert_non_null(strstr(said, "web.listen_addresses has changed"));
	assert_null(strstr(said, "ring_size"));
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_set_without_a_word),
		cmocka_unit_test(everything_can_be_set),
		cmocka_unit_test(what_is_wrong_is_told_with_its_place),
		cmocka_unit_test(the_example_is_fine),
		cmocka_unit_test(what_cannot_be_read_changes_nothing),
		IN_SCRATCH(files_that_are_named_are_looked_at),
		IN_SCRATCH(settings_take_the_place_of_defaults),
		IN_SCRATCH(the_command_line_wins),
		IN_SCRATCH(mistakes_are_a_line_each_and_change_nothing),
		cmocka_unit_test(without_a_file_there_is_nothing_to_add),
		cmocka_unit_test(what_is_taken_at_a_start_only_is_named),
	};

	unsetenv("JOURNAL_STREAM"); /* messages in the form people see */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
