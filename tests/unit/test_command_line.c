// SPDX-License-Identifier: Apache-2.0
/* What may be shown of a command line, and above all what may not. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "user/base/util.h"
#include "user/host/command_line.h"

/* arguments: separated by '|', as zero bytes would. */
static void shows(const char *arguments, const char *expected)
{
	char ret[COMMAND_LINE_MAX];
	char bytes[1024];
	size_t size = strlen(arguments);

	assert_true(size < sizeof(bytes));
	memcpy(bytes, arguments, size + 1);
	for (size_t i = 0; i < size; i++)
		if (bytes[i] == '|')
			bytes[i] = '\0';
	command_line_show(ret, bytes, size + 1);
	assert_string_equal(ret, expected);
}

static void programs_and_their_options_are_named(void **state)
{
	(void)state;
	shows("/usr/sbin/nginx", "nginx");
	shows("postgres|-D|/var/lib/postgresql", "postgres ...");
	shows("/usr/bin/envoy|--config-path|/etc/envoy.yaml|--log-level=debug",
	      "envoy --config-path --log-level ...");
	shows("app|--verbose", "app --verbose");
	shows("-bash", "-bash");
}

static void interpreters_say_what_they_run(void **state)
{
	(void)state;
	shows("/usr/bin/python3.11|/srv/shop/worker.py|--queue|orders",
	      "python3.11 worker.py --queue ...");
	shows("python3|-u|-m|celery.bin|worker", "python3 -m celery.bin ...");
	shows("java|-Xmx2g|-Dpw=hunter2|-jar|/opt/app.jar|--port=80",
	      "java -jar app.jar --port ...");
	shows("java|-cp|/opt/lib/a.jar:/opt/b.jar|com.shop.Main|hunter2", "java com.shop.Main ...");
	shows("node|--require|./trace.js|server.js", "node server.js");
	shows("/bin/sh|/usr/local/bin/run.sh|hunter2", "sh run.sh ...");
}

static void no_secret_is_ever_shown(void **state)
{
	static const char *const hostile[] = {
		"mysql|-uroot|-phunter2",
		"mysql|-u|root|-p|hunter2",
		"curl|-u|me:hunter2|https://x:hunter2@host/?token=hunter2",
		"redis-cli|-a|hunter2",
		"app|--password=hunter2",
		"app|--password|hunter2",
		"app|--password|--hunter",
		"app|--api-token|--hunter",
		"app|-p|--hunter",
		"env|PASSWORD=hunter2|app",
		"app|hunter2",
		"app|--|--hunter",
		"sh|-c|echo hunter2",
		"bash|-lc|hunter2",
		"bash|-s|hunter2",
		"sh|-|hunter2",
		"python3|-c|hunter2",
		"python3|-",
		"perl|-ne|hunter2",
		"node|--eval|hunter2",
		"node|--eval=hunter2",
		"php|-r|hunter2",
		"php|--run|hunter2",
		"ruby|-ehunter2",
		"python3|-Wignore|-chunter2",
		"java|-Dpassword=hunter2|Main",
		"python3|a script(hunter2)",
		"nginx: hunter2",
		"/opt/my app/run|hunter2",
		"psql|postgres://shop:hunter2@db/shop",
		"app|--hunter2",
		"app|--Hunter",
		"||app|hunter2",
	};
	char ret[COMMAND_LINE_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		char bytes[256];
		size_t size = strlen(hostile[i]);

		memcpy(bytes, hostile[i], size + 1);
		for (size_t c = 0; c < size; c++)
			if (bytes[c] == '|')
				bytes[c] = '\0';
		command_line_show(ret, bytes, size + 1);
		if (strcasestr(ret, "hunter"))
			fail_msg("%s: shown as \"%s\"", hostile[i], ret);
		assert_int_not_equal(ret[0], '\0');
	}
}

static void a_title_gives_the_name_of_its_program(void **state)
{
	(void)state;
	shows("nginx: worker process", "nginx: ...");
	shows("postgres: shop db 10.0.0.1(5432) idle||||", "postgres: ...");
}

static void kernel_threads_have_none(void **state)
{
	char ret[COMMAND_LINE_MAX] = "before";

	(void)state;
	command_line_show(ret, "", 0);
	assert_string_equal(ret, "");
	shows("", "");
	shows("|||", "");
}

static void long_ones_are_cut_and_hostile_ones_are_printable(void **state)
{
	char bytes[4096];
	char ret[COMMAND_LINE_MAX];

	(void)state;
	memset(bytes, 'a', sizeof(bytes)); /* no zero at the end */
	command_line_show(ret, bytes, sizeof(bytes));
	assert_true(strlen(ret) < sizeof(ret));
	shows("\x1b[31mapp\n|--x-y", "?[31mapp? --x-y");
	shows("app|--aaaaaaaaaaaaaaaaaaaaaaaaaaaa|--bbbbbbbbbbbbbbbbbbbbbbbbbbbb|"
	      "--cccccccccccccccccccccccccccc|--dddddddddddddddddd",
	      "app --aaaaaaaaaaaaaaaaaaaaaaaaaaaa --bbbbbbbbbbbbbbbbbbbbbbbbbbbb ...");
}

static void paths_keep_their_end(void **state)
{
	char ret[COMMAND_PATH_MAX];

	(void)state;
	command_path_show(ret, "/usr/bin/java");
	assert_string_equal(ret, "/usr/bin/java");
	command_path_show(ret, "/nix/store/0123456789abcdef0123456789abcdef-jdk/lib/openjdk/more/"
			       "and/more/of/it/bin/java");
	assert_string_equal(ret, ".../lib/openjdk/more/and/more/of/it/bin/java");
	command_path_show(ret, "");
	assert_string_equal(ret, "");
	command_path_show(ret, "/a\n");
	assert_string_equal(ret, "/a?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_and_their_options_are_named),
		cmocka_unit_test(interpreters_say_what_they_run),
		cmocka_unit_test(no_secret_is_ever_shown),
		cmocka_unit_test(a_title_gives_the_name_of_its_program),
		cmocka_unit_test(kernel_threads_have_none),
		cmocka_unit_test(long_ones_are_cut_and_hostile_ones_are_printable),
		cmocka_unit_test(paths_keep_their_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
