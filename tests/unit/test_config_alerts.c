// SPDX-License-Identifier: Apache-2.0
/* Alert rules, as the settings have them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <netinet/in.h>

#include "tests/unit/settings.h"
#include "user/base/util.h"
#include "user/config/config_parts.h"

#define SECOND UINT64_C(1000000000)
#define LIST "alerts:\n  rules:\n"
#define MINE "  - name: Mine\n    severity: warning\n"

static const struct alert_rule *find(const struct config *config, const char *name,
				     enum view_severity severity)
{
	for (size_t i = 0; i < config->rules_count; i++)
		if (!strcmp(config->rules[i].name, name) && config->rules[i].severity == severity)
			return &config->rules[i];
	return NULL;
}

static size_t defaults_count(void)
{
	size_t count;

	alert_default_rules(&count);
	return count;
}

static void without_settings_the_default_rules_hold(void **state)
{
	struct config *config = read_good_settings("");
	const struct alert_rule *defaults;
	size_t count;

	(void)state;
	defaults = alert_default_rules(&count);
	assert_int_equal(config->rules_count, count);
	for (size_t i = 0; i < count; i++)
		assert_memory_equal(&config->rules[i], &defaults[i], sizeof(*defaults));
	config_free(config);
}

static void a_default_rule_is_changed_where_something_is_said(void **state)
{
	struct config *config =
		read_good_settings(LIST "  - name: DestinationSaturation\n    severity: warning\n"
					"    enter: 75%\n    keep_firing_for: 5m\n");
	const struct alert_rule *rule;

	(void)state;
	assert_int_equal(config->rules_count, defaults_count());
	rule = find(config, "DestinationSaturation", SEVERITY_WARNING);
	assert_non_null(rule);
	assert_true(rule->enter == 0.75);
	assert_true(rule->leave == 0.70);
	assert_int_equal(rule->for_ns, 2 * SECOND);
	assert_int_equal(rule->keep_ns, 300 * SECOND);
	assert_int_equal(rule->metric, ALERT_DESTINATION_SATURATION);
	rule = find(config, "DestinationSaturation", SEVERITY_CRITICAL);
	assert_true(rule->enter == 0.95);
	config_free(config);
}

static void rules_can_be_left_out(void **state)
{
	struct config *config = read_good_settings(
		LIST "  - {name: EventsLost, severity: warning, enabled: false}\n");

	(void)state;
	assert_int_equal(config->rules_count, defaults_count() - 1);
	assert_null(find(config, "EventsLost", SEVERITY_WARNING));
	config_free(config);
	config = read_good_settings("alerts: {defaults: false}\n");
	assert_int_equal(config->rules_count, 0);
	config_free(config);
	config = read_good_settings("alerts:\n  defaults: false\n  rules:\n" MINE
				    "    metric: refusals\n    enter: 5\n");
	assert_int_equal(config->rules_count, 1);
	config_free(config);
}

static void everything_can_be_said(void **state)
{
	struct config *config = read_good_settings(
		LIST MINE "    metric: destination_exhaustion\n    enter: 5m\n    leave: 10m\n"
			  "    for: 1m30s\n    labels: {team: shop, tier: \"1\"}\n"
			  "    runbook_url: https://w/x\n"
			  "    match:\n      netns: [a, b*]\n      protocol: udp\n"
			  "      destination: [10.0.0.0/8, \":53\"]\n      process: [p]\n"
			  "      unit: [\"x.service\"]\n");
	const struct alert_rule *rule = find(config, "Mine", SEVERITY_WARNING);

	(void)state;
	assert_int_equal(config->rules_count, defaults_count() + 1);
	assert_non_null(rule);
	assert_int_equal(rule->metric, ALERT_DESTINATION_EXHAUSTION);
	assert_true(rule->enter == 300);
	assert_true(rule->leave == 600);
	assert_int_equal(rule->for_ns, 90 * SECOND);
	assert_int_equal(rule->labels_count, 2);
	assert_string_equal(rule->labels[1].name, "tier");
	assert_string_equal(rule->labels[1].value, "1");
	assert_string_equal(rule->runbook_url, "https://w/x");
	assert_int_equal(rule->select.netns_count, 2);
	assert_string_equal(rule->select.netns[1], "b*");
	assert_int_equal(rule->select.protocol, IPPROTO_UDP);
	assert_int_equal(rule->select.destinations_count, 2);
	assert_int_equal(rule->select.destinations[0].bits, 104);
	assert_int_equal(rule->select.destinations[1].port, 53);
	assert_string_equal(rule->select.processes[0], "p");
	assert_string_equal(rule->select.units[0], "x.service");
	config_free(config);
}

static void thresholds_are_written_in_several_ways(void **state)
{
	static const struct {
		const char *text;
		double enter;
	} cases[] = {
		{ "    metric: pool_saturation\n    enter: 80%\n", 0.8 },
		{ "    metric: pool_saturation\n    enter: 0.8\n", 0.8 },
		{ "    metric: pool_saturation\n    enter: 1\n", 1 },
		{ "    metric: search_time\n    enter: 2ms\n", 0.002 },
		{ "    metric: search_time\n    enter: 0.0005\n", 0.0005 },
		{ "    metric: pool_exhaustion\n    enter: 1h\n", 3600 },
		{ "    metric: refusals\n    enter: 12\n", 12 },
		{ "    metric: events_lost\n    enter: 1\n", 1 },
		{ "    metric: drift\n    enter: 100\n", 100 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct alert_rule *rule;
		struct config *config;
		char text[512];

		snprintf(text, sizeof(text), LIST MINE "%s", cases[i].text);
		config = read_good_settings(text);
		rule = find(config, "Mine", SEVERITY_WARNING);
		assert_true(rule->enter == cases[i].enter);
		assert_true(rule->leave == rule->enter);
		config_free(config);
	}
}

static void a_base_for_runbooks_replaces_the_page(void **state)
{
	struct config *config = read_good_settings(
		"alerts:\n  runbook_base_url: https://wiki/ports\n  rules:\n" MINE
		"    metric: refusals\n    enter: 1\n    runbook_url: https://own/\n");

	(void)state;
	assert_string_equal(find(config, "EventsLost", SEVERITY_WARNING)->runbook_url,
			    "https://wiki/ports#eventslost");
	assert_string_equal(find(config, "Mine", SEVERITY_WARNING)->runbook_url, "https://own/");
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
		{ LIST "  - severity: info\n    metric: drift\n    enter: 1\n", "3:5:", "a name",
		  "add name" },
		{ LIST "  - name: Mine\n    metric: drift\n    enter: 1\n", "3:5:", "a severity",
		  "add severity" },
		{ LIST "  - name: EventsLost\n    severity: grave\n", "4:15:", "grave",
		  "critical" },
		{ LIST "  - name: two words\n    severity: info\n    metric: drift\n    enter: 1\n",
		  "3:11:", "a rule's name", "capital" },
		{ LIST MINE "    enter: 1\n", "3:5:", "needs a metric", "add metric" },
		{ LIST MINE "    metric: drifts\n    enter: 1\n", "5:13:", "drifts", "drift" },
		{ LIST MINE "    metric: drift\n", "3:5:", "needs \"enter\"", "" },
		{ LIST MINE "    metric: drift\n    enter: 80%\n", "6:12:", "80%", "a number" },
		{ LIST MINE "    metric: drift\n    enter: inf\n", "6:12:", "inf", "a number" },
		{ LIST MINE "    metric: drift\n    enter: 0\n", "6:12:", "\"0\"", "above 0" },
		{ LIST MINE "    metric: pool_saturation\n    enter: 101%\n", "6:12:", "101%",
		  "100%" },
		{ LIST MINE "    metric: pool_exhaustion\n    enter: soon\n", "6:12:", "soon",
		  "10m" },
		{ LIST MINE "    metric: drift\n    enter: 5\n    leave: 6\n", "3:5:", "worse",
		  "nearer to normal" },
		{ LIST MINE "    metric: pool_exhaustion\n    enter: 5m\n    leave: 1m\n",
		  "3:5:", "worse", "" },
		{ LIST MINE "    metric: drift\n    enter: 5\n    for: 5\n", "7:10:", "\"5\"",
		  "1m30s" },
		{ LIST MINE "    metric: drift\n    enter: 5\n    four: 5s\n", "7:5:", "four",
		  "for" },
		{ LIST MINE "    metric: drift\n    enter: 5\n    match: {port: [1]}\n",
		  "7:13:", "port", "" },
		{ LIST MINE "    metric: drift\n    enter: 5\n    match: {destination: [\":1\"]}\n",
		  "7:26:", "drift knows no destination", "remove" },
		{ LIST MINE "    metric: events_lost\n    enter: 5\n    match: {unit: [x]}\n",
		  "7:19:", "knows no unit", "remove" },
		{ LIST MINE "    metric: drift\n    enter: 5\n    match: {protocol: sctp}\n",
		  "7:23:", "sctp", "udp" },
		{ LIST MINE "    metric: drift\n    enter: 5\n    labels: {netns: x}\n",
		  "7:21:", "netns", "another" },
		{ LIST MINE "    metric: drift\n    enter: 5\n    labels: {a-b: x}\n",
		  "7:19:", "a-b", "letters" },
		{ LIST MINE "    metric: drift\n    enter: 5\n    runbook_url: wiki\n",
		  "7:18:", "runbook_url", "https://" },
		{ LIST "  - {name: EventsLost, severity: warning, metric: drift}\n",
		  "3:51:", "about events_lost", "another name" },
		{ LIST "  - {name: EventsLost, severity: warning}\n"
		       "  - {name: EventsLost, severity: warning}\n",
		  "4:5:", "there already", "merge" },
		{ "alerts: {defaults: perhaps}\n", "1:20:", "perhaps", "true" },
		{ "alerts: {rule: []}\n", "1:10:", "rule", "rules" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_one_error(cases[i].text, cases[i].place, cases[i].what, cases[i].hint);
}

static void no_mistake_hides_another(void **state)
{
	struct config *config = read_settings(
		LIST "  - name: Mine\n    severity: bad\n    metric: bad\n    enter: bad\n"
		     "    for: bad\n    match: {destination: [bad], protocol: bad}\n"
		     "    labels: {\"-\": bad}\n    bad: bad\n");
	const char *const places[] = { "4:15:", "5:13:", "6:12:", "7:10:",
				       "8:27:", "8:43:", "9:19:", "10:5:" };
	const char *rest;
	char errors[4096];

	(void)state;
	rest = list_errors(config, errors, sizeof(errors));
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (strncmp(rest, places[i], strlen(places[i])) != 0)
			fail_msg("no %s in:\n%s", places[i], errors);
		rest = strchr(rest, '\n') + 1;
	}
	assert_string_equal(rest, "");
	config_free(config);
}

static void there_may_be_so_many_rules(void **state)
{
	char text[16384] = LIST;
	size_t n = strlen(text);
	struct config *config;
	char errors[4096];

	(void)state;
	for (int i = 0; i < CONFIG_RULES_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
				      "  - {name: R%d, severity: info, metric: drift, enter: 1}\n",
				      i);
	config = read_good_settings(text);
	assert_int_equal(config->rules_count, defaults_count() + CONFIG_RULES_MAX);
	config_free(config);
	snprintf(text + n, sizeof(text) - n,
		 "  - {name: More, severity: info, metric: drift, enter: 1}\n");
	config = read_settings(text);
	assert_non_null(strstr(list_errors(config, errors, sizeof(errors)), "at most"));
	config_free(config);
}

/* --- destinations ---------------------------------------------------------------------------- */

static void destinations_are_written_in_several_ways(void **state)
{
	static const struct {
		const char *text;
		uint8_t first;
		uint8_t last;
		uint8_t bits;
		uint16_t port;
	} cases[] = {
		{ "10.0.0.2", 0, 2, 128, 0 },          { "10.0.0.0/8", 0, 0, 104, 0 },
		{ "0.0.0.0/0", 0, 0, 96, 0 },          { "10.0.0.2:5432", 0, 2, 128, 5432 },
		{ "10.0.0.0/8:80", 0, 0, 104, 80 },    { ":5432", 0, 0, 0, 5432 },
		{ "fd00::1", 0xfd, 1, 128, 0 },        { "fd00::/8", 0xfd, 0, 8, 0 },
		{ "[fd00::1]", 0xfd, 1, 128, 0 },      { "[fd00::1]:443", 0xfd, 1, 128, 443 },
		{ "[fd00::/8]:443", 0xfd, 0, 8, 443 }, { "::/0", 0, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct alert_target target;

		if (!config_parse_target(cases[i].text, &target))
			fail_msg("%s", cases[i].text);
		assert_int_equal(target.address[0], cases[i].first);
		assert_int_equal(target.address[15], cases[i].last);
		assert_int_equal(target.bits, cases[i].bits);
		assert_int_equal(target.port, cases[i].port);
	}
}

static void what_is_no_destination_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"host",
		"10.0.0",
		"10.0.0.2:",
		"10.0.0.2:0",
		"10.0.0.2:65536",
		"10.0.0.2:x",
		"10.0.0.0/33",
		"10.0.0.0/",
		"10.0.0.0/-1",
		"fd00::/129",
		"[fd00::1",
		"[fd00::1]443",
		"[fd00::1]:",
		"[10.0.0.1]:5",
		":",
		":0",
		"1.2.3.4/8/8",
		"10.0.0.2:00000000000000000000000000000000000000000000000000000000000000001",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct alert_target target = { .port = 7 };

		if (config_parse_target(texts[i], &target))
			fail_msg("%s", texts[i]);
		assert_int_equal(target.port, 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_settings_the_default_rules_hold),
		cmocka_unit_test(a_default_rule_is_changed_where_something_is_said),
		cmocka_unit_test(rules_can_be_left_out),
		cmocka_unit_test(everything_can_be_said),
		cmocka_unit_test(thresholds_are_written_in_several_ways),
		cmocka_unit_test(a_base_for_runbooks_replaces_the_page),
		cmocka_unit_test(what_is_wrong_is_told_with_its_place),
		cmocka_unit_test(no_mistake_hides_another),
		cmocka_unit_test(there_may_be_so_many_rules),
		cmocka_unit_test(destinations_are_written_in_several_ways),
		cmocka_unit_test(what_is_no_destination_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
