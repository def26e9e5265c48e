// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "tests/fuzz/fuzz.h"
#include "user/base/yaml.h"
#include "user/config/config.h"

static void check_errors(const struct config *config)
{
	const struct yaml_error *errors;
	size_t count;

	errors = config_errors(config, &count);
	for (size_t i = 0; i < count; i++) {
		claim(errors[i].line > 0 && errors[i].column > 0);
		claim(*errors[i].text && !strchr(errors[i].text, '\n'));
		claim(!i || errors[i - 1].line <= errors[i].line);
	}
}

/* What the alert engine relies on. */
static void check_rules(const struct config *config)
{
	for (size_t i = 0; i < config->rules_count; i++) {
		const struct alert_rule *rule = &config->rules[i];

		claim(*rule->name && rule->severity < SEVERITY__COUNT);
		claim(rule->metric < ALERT_METRIC__COUNT);
		claim(rule->enter > 0);
		if (alert_kind(rule->metric)->less_is_worse)
			claim(rule->leave >= rule->enter);
		else
			claim(rule->leave > 0 && rule->leave <= rule->enter);
		for (size_t k = 0; k < rule->labels_count; k++)
			claim(*rule->labels[k].name && rule->labels[k].value);
		for (size_t k = 0; k < rule->select.destinations_count; k++)
			claim(rule->select.destinations[k].bits <= 128);
		for (size_t k = 0; k < i; k++)
			claim(strcmp(config->rules[k].name, rule->name) ||
			      config->rules[k].severity != rule->severity);
	}
}

/* What notifiers rely on. */
static void check_notifiers(const struct config *config)
{
	for (size_t i = 0; i < config->notifiers_count; i++) {
		const struct notifier_config *notifier = &config->notifiers[i];

		claim(*notifier->name && *notifier->type);
		claim(notifier->source_port_first <= notifier->source_port_last);
		claim(!notifier->username == !notifier->password_file);
		claim(!notifier->argv || notifier->argv[0][0] == '/');
		if (strcmp(notifier->type, "journal") != 0)
			claim(notifier->timeout_ns && notifier->queue_max && notifier->max_age_ns);
		for (size_t k = 0; k < notifier->urls_count; k++)
			claim(*notifier->urls[k]);
		for (size_t k = 0; k < i; k++)
			claim(strcmp(config->notifiers[k].name, notifier->name) != 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct config *config = NULL;
	size_t errors;

	claim(config_read(&config, text, size) == 0);
	free(text);
	check_errors(config);
	config_errors(config, &errors);
	if (!errors) {
		claim(!(config->agent.ring_bytes & (config->agent.ring_bytes - 1)));
		check_rules(config);
		check_notifiers(config);
	}
	config_free(config);
	return 0;
}
