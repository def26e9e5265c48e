// SPDX-License-Identifier: Apache-2.0
/* Who is told of alerts, as the settings have it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/settings.h"
#include "user/base/util.h"

#define SECOND UINT64_C(1000000000)
#define LIST "notifiers:\n"

static void without_a_list_the_journal_is_told(void **state)
{
	static const char *const texts[] = { "", "reconcile: 5s\n", "notifiers:\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct config *config = read_good_settings(texts[i]);

		assert_int_equal(config->notifiers_count, 1);
		assert_string_equal(config->notifiers[0].type, "journal");
		assert_string_equal(config->notifiers[0].name, "journal");
		config_free(config);
	}
}

static void an_empty_list_is_nobody(void **state)
{
	struct config *config = read_good_settings("notifiers: []\n");

	(void)state;
	assert_int_equal(config->notifiers_count, 0);
	config_free(config);
}

static void what_is_not_said_has_a_default(void **state)
{
	struct config *config =
		read_good_settings(LIST "- type: alertmanager\n  urls: [http://am:9093]\n"
					"- type: webhook\n  urls: [unix:/run/hook.sock:/alerts]\n"
					"- type: exec\n  command: [/bin/true]\n"
					"- type: journal\n");
	const struct notifier_config *n = config->notifiers;

	(void)state;
	assert_int_equal(config->notifiers_count, 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(n[i].name, n[i].type);
	assert_int_equal(n[0].urls_count, 1);
	assert_string_equal(n[0].urls[0], "http://am:9093");
	assert_int_equal(n[0].resend_ns, 60 * SECOND);
	assert_int_equal(n[0].timeout_ns, 10 * SECOND);
	assert_int_equal(n[0].max_age_ns, 3600 * SECOND);
	assert_int_equal(n[0].queue_max, 1000);
	assert_int_equal(n[0].source_port_first, 0); /* the client knows better */
	assert_int_equal(n[0].source_port_last, 0);
	assert_null(n[0].username);
	assert_null(n[0].argv);
	assert_int_equal(n[1].resend_ns, 0);
	assert_string_equal(n[2].argv[0], "/bin/true");
	assert_null(n[2].argv[1]);
	assert_int_equal(n[2].urls_count, 0);
	assert_int_equal(n[2].queue_max, 1000);
	assert_int_equal(n[3].queue_max, 0);
	config_free(config);
}

static void everything_can_be_said(void **state)
{
	static const struct config_path expected[] = {
		{ "/etc/portgauge/password", CONFIG_SECRET, NULL },
		{ "/etc/ssl/ca.pem", CONFIG_READ, NULL },
		{ "/etc/c.pem", CONFIG_READ, NULL },
		{ "/etc/k.pem", CONFIG_SECRET, NULL },
		{ "/etc/token", CONFIG_SECRET, NULL },
		{ "/usr/bin/page", CONFIG_PROGRAM, NULL },
	};
	struct config *config = read_good_settings(
		LIST "- name: on-call\n  type: alertmanager\n"
		     "  urls: [\"https://a.example/am\", \"https://b.example/am\"]\n"
		     "  username: portgauge\n  password_file: /etc/portgauge/password\n"
		     "  ca_file: /etc/ssl/ca.pem\n  cert_file: /etc/c.pem\n"
		     "  key_file: /etc/k.pem\n  source_ports: 1024-1030\n  resend_interval: 30s\n"
		     "  timeout: 5s\n  max_age: 2h\n  queue_size: 50\n"
		     "- name: hook\n  type: webhook\n  urls: [http://h/]\n"
		     "  bearer_token_file: /etc/token\n  source_ports: 700\n"
		     "- name: page\n  type: exec\n  command: [/usr/bin/page, \"--to\", \"7\"]\n");
	const struct notifier_config *n = config->notifiers;
	const struct config_path *paths;
	size_t count;

	(void)state;
	assert_string_equal(n[0].name, "on-call");
	assert_int_equal(n[0].urls_count, 2);
	assert_string_equal(n[0].urls[1], "https://b.example/am");
	assert_string_equal(n[0].username, "portgauge");
	assert_string_equal(n[0].password_file, "/etc/portgauge/password");
	assert_string_equal(n[0].ca_file, "/etc/ssl/ca.pem");
	assert_string_equal(n[0].cert_file, "/etc/c.pem");
	assert_string_equal(n[0].key_file, "/etc/k.pem");
	assert_int_equal(n[0].source_port_first, 1024);
	assert_int_equal(n[0].source_port_last, 1030);
	assert_int_equal(n[0].resend_ns, 30 * SECOND);
	assert_int_equal(n[0].timeout_ns, 5 * SECOND);
	assert_int_equal(n[0].max_age_ns, 7200 * SECOND);
	assert_int_equal(n[0].queue_max, 50);
	assert_string_equal(n[1].bearer_token_file, "/etc/token");
	assert_int_equal(n[1].source_port_first, 700);
	assert_int_equal(n[1].source_port_last, 700);
	assert_string_equal(n[2].argv[2], "7");
	assert_null(n[2].argv[3]);

	paths = config_paths(config, &count);
	assert_int_equal(count, ARRAY_SIZE(expected));
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(paths[i].path, expected[i].path);
		assert_int_equal(paths[i].use, expected[i].use);
	}
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
		{ LIST "- name: x\n", "2:3:", "needs a type", "alertmanager" },
		{ LIST "- type: pager\n", "2:9:", "pager", "webhook" },
		{ LIST "- type: webhook\n", "2:3:", "needs urls", "urls: [" },
		{ LIST "- type: webhook\n  urls: []\n", "3:9:", "empty", "add an item" },
		{ LIST "- type: webhook\n  urls: http://a\n", "3:9:", "urls", "lines that begin" },
		{ LIST "- type: webhook\n  urls: [ftp://a]\n", "3:10:", "starts with", "unix:/" },
		{ LIST "- type: webhook\n  urls: [\"http://u:p@a/\"]\n", "3:10:", "password",
		  "password_file" },
		{ LIST "- type: webhook\n  urls: [\"http://\"]\n", "3:10:", "names no host", "" },
		{ LIST "- type: webhook\n  urls: [\"http://a b\"]\n", "3:10:", "spaces", "%20" },
		{ LIST "- type: webhook\n  urls: [\"unix:/s:x\"]\n", "3:10:", "second colon", "/" },
		{ LIST "- type: webhook\n  urls: [http://a]\n  command: [/x]\n", "4:3:", "command",
		  "" },
		{ LIST "- type: webhook\n  urls: [http://a]\n  url: [http://b]\n", "4:3:", "url",
		  "urls" },
		{ LIST "- type: journal\n  timeout: 1s\n", "3:3:", "timeout", "" },
		{ LIST "- type: exec\n", "2:3:", "needs a command", "command: [" },
		{ LIST "- type: exec\n  command: [page]\n", "3:13:", "whole path", "/" },
		{ LIST "- type: exec\n  command: [/page]\n  timeout: 5\n", "4:12:", "\"5\"",
		  "1m30s" },
		{ LIST "- type: exec\n  command: [/page]\n  queue_size: 0\n", "4:15:", "\"0\"",
		  "from 1" },
		{ LIST "- type: webhook\n  urls: [http://a]\n  username: u\n",
		  "2:3:", "come together", "password_file" },
		{ LIST "- type: webhook\n  urls: [http://a]\n  cert_file: /c\n",
		  "2:3:", "come together", "key_file" },
		{ LIST "- type: webhook\n  urls: [http://a]\n  ca_file: ca.pem\n",
		  "4:12:", "whole path", "'/'" },
		{ LIST "- type: webhook\n  urls: [http://a]\n  source_ports: 9-8\n",
		  "4:17:", "FIRST-LAST", "20000" },
		{ LIST "- type: webhook\n  urls: [http://a]\n  source_ports: 1-65536\n",
		  "4:17:", "FIRST-LAST", "65535" },
		{ LIST "- type: journal\n- type: journal\n", "3:3:", "another", "name" },
		{ LIST "- type: journal\n  name: a/b\n", "3:9:", "name", "letters" },
		{ "notifiers: journal\n", "1:12:", "notifiers", "lines that begin" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_one_error(cases[i].text, cases[i].place, cases[i].what, cases[i].hint);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_list_the_journal_is_told),
		cmocka_unit_test(an_empty_list_is_nobody),
		cmocka_unit_test(what_is_not_said_has_a_default),
		cmocka_unit_test(everything_can_be_said),
		cmocka_unit_test(what_is_wrong_is_told_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
