// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "tests/unit/capture.h"
#include "user/agent.h"
#include "user/commands/options.h"
#include "user/base/util.h"

#define ARGS_MAX 16
#define EVERYTHING                                                                           \
	(OPTIONS_SOURCE | OPTIONS_RECONCILE | OPTIONS_TOP | OPTIONS_JSON | OPTIONS_REFUSED | \
	 OPTIONS_WEB | OPTIONS_CONTROL | OPTIONS_FILTER | OPTIONS_RECORD | OPTIONS_REPLAY |  \
	 OPTIONS_CHECK | OPTIONS_CONNECT | OPTIONS_RECORDING)

/* Arguments in writable memory, as main gets them. */
struct line {
	char text[1024];
	char *argv[ARGS_MAX];
	int argc;
};

/* Words are separated by single spaces. */
static struct line *split(struct line *line, const char *text)
{
	char *rest = line->text;
	char *word;

	line->argc = 0;
	snprintf(line->text, sizeof(line->text), "%s", text);
	while ((word = strsep(&rest, " ")))
		line->argv[line->argc++] = word;
	line->argv[line->argc] = NULL;
	return line;
}

static int parse(struct options *ret, struct line *line, const char *text, unsigned int takes)
{
	split(line, text);
	return options_parse(ret, line->argc, line->argv, takes, "Does it.");
}

static struct options parse_good(struct line *line, const char *text)
{
	struct options options;

	assert_int_equal(parse(&options, line, text, EVERYTHING), 0);
	return options;
}

static void without_options_there_are_defaults(void **state)
{
	struct options options;
	struct line line;

	(void)state;
	options = parse_good(&line, "run");
	assert_null(options.source);
	assert_int_equal(options.ring_bytes, 1048576);
	assert_int_equal(options.max_holds, 262144);
	assert_int_equal(options.reconcile_ns, 10 * UINT64_C(1000000000));
	assert_int_equal(options.top, 0);
	assert_false(options.json);
	assert_false(options.refused);
	assert_int_equal(options.listen_count, 1);
	assert_string_equal(options.listen[0], "127.0.0.1:9817");
	assert_null(options.control);
}

static void each_option_is_taken(void **state)
{
	struct options options;
	struct line line;

	(void)state;
	options =
		parse_good(&line, "run --source=tracepoint --ring-size 65536 --max-holds=7 "
				  "--reconcile 60 --top=5 --json --refused --control=/tmp/c.sock");
	assert_string_equal(options.source, "tracepoint");
	assert_int_equal(options.ring_bytes, 65536);
	assert_int_equal(options.max_holds, 7);
	assert_int_equal(options.reconcile_ns, 60 * UINT64_C(1000000000));
	assert_int_equal(options.top, 5);
	assert_true(options.json);
	assert_true(options.refused);
	assert_string_equal(options.control, "/tmp/c.sock");
}

static void each_option_of_the_web_is_taken(void **state)
{
	struct options options;
	struct line line;

	(void)state;
	options = parse_good(&line, "run --web.config.file=web.yml --web.telemetry-path /m");
	assert_string_equal(options.web_config_file, "web.yml");
	assert_string_equal(options.telemetry_path, "/m");
	assert_false(options.systemd_socket || options.disable_ui);
	options = parse_good(&line, "run --web.systemd-socket --web.disable-ui");
	assert_true(options.systemd_socket && options.disable_ui);
	assert_null(options.web_config_file);
	assert_null(options.telemetry_path);
}

static void each_option_for_an_incident_is_taken(void **state)
{
	struct options options;
	struct line line;

	(void)state;
	options = parse_good(&line, "trace --pid 7 --process=curl --netns blue --protocol udp "
				    "--port 53 --destination=[::1]:53");
	assert_string_equal(options.pid, "7");
	assert_string_equal(options.process, "curl");
	assert_string_equal(options.netns, "blue");
	assert_string_equal(options.protocol, "udp");
	assert_string_equal(options.port, "53");
	assert_string_equal(options.destination, "[::1]:53");
	options = parse_good(&line, "replay --at +90s --summary --max-size 64KiB "
				    "--connect unix:/run/p --warning .5 --critical 1");
	assert_string_equal(options.at, "+90s");
	assert_true(options.summary);
	assert_int_equal(options.max_bytes, 65536);
	assert_string_equal(options.connect, "unix:/run/p");
	assert_true(options.warning == 0.5 && options.critical == 1);
	options = parse_good(&line, "check");
	assert_int_equal(options.max_bytes, 1 << 30);
	assert_true(options.warning == 0.8 && options.critical == 0.95);
}

static void the_ends_of_each_range_are_taken(void **state)
{
	static const char *const good[] = {
		"run --ring-size 4096", "run --ring-size 1073741824",
		"run --max-holds 1",    "run --max-holds 16777216",
		"run --reconcile 0",    "run --reconcile 86400",
		"run --top 1",          "run --top 100000",
	};
	struct line line;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		parse_good(&line, good[i]);
}

static void addresses_replace_the_default_and_add_up(void **state)
{
	struct options options;
	struct line line;

	(void)state;
	options = parse_good(&line, "run --web.listen-address=:1 --web.listen-address [::1]:2");
	assert_int_equal(options.listen_count, 2);
	assert_string_equal(options.listen[0], ":1");
	assert_string_equal(options.listen[1], "[::1]:2");
	options = parse_good(&line, "run --web.listen-address=1 --web.listen-address=2 "
				    "--web.listen-address=3 --web.listen-address=4 "
				    "--web.listen-address=5 --web.listen-address=6 "
				    "--web.listen-address=7 --web.listen-address=8");
	assert_int_equal(options.listen_count, LISTEN_MAX);
}

/* --- mistakes -------------------------------------------------------------------------------- */

/* part: what the message must name. */
static void assert_mistake(const char *text, const char *part)
{
	struct options options = { .top = 4242 };
	struct capture capture;
	struct line line;
	char said[1024];
	int r;

	capture = capture_start(STDERR_FILENO);
	r = parse(&options, &line, text, EVERYTHING);
	capture_end(&capture, said, sizeof(said));
	if (r != -EINVAL)
		fail_msg("\"%s\": %d", text, r);
	assert_one_line(said, part);
	assert_int_equal(options.top, 4242); /* untouched on failure */
}

static void a_bad_value_is_one_line_and_einval(void **state)
{
	static const struct {
		const char *text;
		const char *part;
	} cases[] = {
		{ "run --ring-size 4095", "run: --ring-size '4095' is not" },
		{ "run --ring-size 5000", "--ring-size '5000'" },
		{ "run --ring-size 2147483648", "--ring-size '2147483648'" },
		{ "run --ring-size 0x1000", "--ring-size '0x1000'" },
		{ "run --ring-size 1M", "--ring-size '1M'" },
		{ "run --ring-size=", "--ring-size ''" },
		{ "run --ring-size -4096", "--ring-size '-4096'" },
		{ "run --max-holds 0", "--max-holds '0'" },
		{ "run --max-holds 16777217", "--max-holds '16777217'" },
		{ "run --max-holds 99999999999999999999", "--max-holds '99999999999999999999'" },
		{ "run --reconcile 86401", "--reconcile '86401'" },
		{ "run --reconcile 1.5", "--reconcile '1.5'" },
		{ "run --reconcile +1", "--reconcile '+1'" },
		{ "run --top 0", "--top '0'" },
		{ "run --top 100001", "--top '100001'" },
		{ "run --top ten", "--top 'ten'" },
		{ "snapshot --top 0", "snapshot: --top '0'" },
		{ "record --max-size 4095", "--max-size '4095'" },
		{ "record --max-size 1G", "--max-size '1G'" },
		{ "record --max-size 99999999TiB", "--max-size '99999999TiB'" },
		{ "check --warning 80", "--warning '80'" },
		{ "check --warning 80%", "--warning '80%'" },
		{ "check --critical nan", "--critical 'nan'" },
		{ "check --critical -1", "--critical '-1'" },
		{ "check --critical=", "--critical ''" },
		{ "check --critical 0.5.1", "--critical '0.5.1'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_mistake(cases[i].text, cases[i].part);
}

static void a_word_too_many_is_one_line_and_einval(void **state)
{
	(void)state;
	assert_mistake("run now", "'now' is not expected");
	assert_mistake("trace --json x", "portgauge trace --help");
	assert_mistake("run -- --json", "'--json' is not expected");
}

static void an_address_too_many_is_one_line_and_einval(void **state)
{
	(void)state;
	assert_mistake("run --web.listen-address=1 --web.listen-address=2 "
		       "--web.listen-address=3 --web.listen-address=4 "
		       "--web.listen-address=5 --web.listen-address=6 "
		       "--web.listen-address=7 --web.listen-address=8 --web.listen-address=9",
		       "--web.listen-address '9' is not one of at most 8");
}

static void a_hostile_value_does_not_forge_a_line(void **state)
{
	(void)state;
	assert_mistake("run --top 1\nportgauge:\x1b[31m", "--top '1?portgauge:?[31m' is not");
}

/* Runs the parser in a child, for what ends the process. Returns its exit status. */
static int run_child(const char *text, unsigned int takes, char *said, size_t size, int fd)
{
	struct capture capture = capture_start(fd);
	struct options options;
	struct line line;
	int status = 0;
	pid_t pid;

	pid = fork();
	if (pid == 0)
		_exit(parse(&options, &line, text, takes) < 0 ? EX_USAGE : 99);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	capture_end(&capture, said, size);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void an_unknown_option_is_one_line_and_a_usage_error(void **state)
{
	static const struct {
		const char *text;
		const char *part;
	} cases[] = {
		{ "run --bogus", "portgauge run: unrecognized option '--bogus'" },
		{ "run -x", "portgauge run: invalid option -- 'x'" },
		{ "run --top", "portgauge run: option '--top' requires an argument" },
		{ "run --json=yes", "portgauge run: option '--json' doesn't allow an argument" },
		{ "run --re 5", "portgauge run: option '--re' is ambiguous" },
	};
	char said[1024];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(
			run_child(cases[i].text, EVERYTHING, said, sizeof(said), STDERR_FILENO),
			EX_USAGE);
		assert_one_line(said, cases[i].part);
	}
}

static void an_option_of_another_command_is_unknown(void **state)
{
	static const struct {
		const char *text;
		unsigned int all_but;
	} cases[] = {
		{ "x --source=a", OPTIONS_SOURCE },
		{ "x --ring-size=4096", OPTIONS_SOURCE },
		{ "x --max-holds=1", OPTIONS_SOURCE },
		{ "x --reconcile=1", OPTIONS_RECONCILE },
		{ "x --top=1", OPTIONS_TOP },
		{ "x --json", OPTIONS_JSON },
		{ "x --refused", OPTIONS_REFUSED },
		{ "x --web.listen-address=:1", OPTIONS_WEB },
		{ "x --web.config.file=a", OPTIONS_WEB },
		{ "x --web.systemd-socket", OPTIONS_WEB },
		{ "x --web.telemetry-path=/", OPTIONS_WEB },
		{ "x --web.disable-ui", OPTIONS_WEB },
	};
	char said[1024];
	struct line line;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		parse_good(&line, cases[i].text);
		assert_int_equal(run_child(cases[i].text, EVERYTHING & ~cases[i].all_but, said,
					   sizeof(said), STDERR_FILENO),
				 EX_USAGE);
		assert_one_line(said, "unrecognized option");
	}
}

static void help_shows_the_commands_options_and_exits(void **state)
{
	char said[8192];

	(void)state;
	assert_int_equal(run_child("trace --help", OPTIONS_JSON | OPTIONS_REFUSED, said,
				   sizeof(said), STDOUT_FILENO),
			 0);
	assert_non_null(strstr(said, "Usage: portgauge trace"));
	assert_non_null(strstr(said, "Does it."));
	assert_non_null(strstr(said, "--json"));
	assert_non_null(strstr(said, "--refused"));
	assert_null(strstr(said, "--ring-size"));
}

/* --- what follows from them ------------------------------------------------------------------ */

static void the_command_line_is_left_as_it_was(void **state)
{
	struct options options;
	struct line line;

	(void)state;
	assert_int_equal(parse(&options, &line, "run --json", EVERYTHING), 0);
	assert_ptr_equal(line.argv[0], line.text);
	assert_string_equal(line.argv[0], "run");
	assert_string_equal(line.argv[1], "--json");
}

static void people_see_fewer_rows_unless_they_ask(void **state)
{
	struct options options = { .top = 0 };

	(void)state;
	assert_int_equal(options_top(&options, true), 10);
	assert_int_equal(options_top(&options, false), 100);
	options.top = 7;
	assert_int_equal(options_top(&options, true), 7);
	assert_int_equal(options_top(&options, false), 7);
}

static void the_agent_gets_what_concerns_it(void **state)
{
	struct agent_config config;
	struct options options;
	struct line line;

	(void)state;
	options = parse_good(&line, "run --source=fentry --ring-size=4096 --max-holds=9");
	config = options_agent(&options);
	assert_string_equal(config.source, "fentry");
	assert_int_equal(config.ring_bytes, 4096);
	assert_int_equal(config.max_holds, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_options_there_are_defaults),
		cmocka_unit_test(each_option_is_taken),
		cmocka_unit_test(each_option_of_the_web_is_taken),
		cmocka_unit_test(each_option_for_an_incident_is_taken),
		cmocka_unit_test(the_ends_of_each_range_are_taken),
		cmocka_unit_test(addresses_replace_the_default_and_add_up),
		cmocka_unit_test(a_bad_value_is_one_line_and_einval),
		cmocka_unit_test(a_word_too_many_is_one_line_and_einval),
		cmocka_unit_test(an_address_too_many_is_one_line_and_einval),
		cmocka_unit_test(a_hostile_value_does_not_forge_a_line),
		cmocka_unit_test(an_unknown_option_is_one_line_and_a_usage_error),
		cmocka_unit_test(an_option_of_another_command_is_unknown),
		cmocka_unit_test(help_shows_the_commands_options_and_exits),
		cmocka_unit_test(the_command_line_is_left_as_it_was),
		cmocka_unit_test(people_see_fewer_rows_unless_they_ask),
		cmocka_unit_test(the_agent_gets_what_concerns_it),
	};

	unsetenv("JOURNAL_STREAM"); /* messages in the form people see */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
