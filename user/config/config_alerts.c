// SPDX-License-Identifier: Apache-2.0
/* What is worth an alert: the rules. */
#include <stdlib.h>
#include <string.h>

#include "user/base/units.h"
#include "user/base/util.h"
#include "user/config/config_parts.h"

#define NS_PER_SECOND 1000000000ULL
#define NAME_BYTES_MAX 63
#define LABELS_MAX 16
#define URL_BYTES_MAX 2048
#define TIME_MAX_NS (86400 * NS_PER_SECOND)

/* One entry of the list. */
struct entry {
	struct config *config;
	struct yaml *yaml;
	struct yaml_node *node;
	struct alert_rule *into;
	bool known;                    /* it changes a default rule */
	const struct alert_kind *kind; /* what its metric allows */
};

/* Of a rule whose metric is wrong: what else is wrong with it is to be told all the same. */
static const struct alert_kind any_kind = {
	.name = "the metric",
	.has_netns = true,
	.has_protocol = true,
	.has_destination = true,
	.has_owner = true,
};

/* --- thresholds ------------------------------------------------------------------------------ */

static bool parse_number(const char *text, double *ret)
{
	char *end;

	*ret = strtod(text, &end);
	/* neither "inf" nor "0x1p3" */
	return end != text && !*end && strspn(text, "+-.eE0123456789") == strlen(text);
}

static bool parse_percent(const char *text, double *ret)
{
	size_t length = strlen(text);
	char number[32];

	if (length < 2 || length > sizeof(number) || text[length - 1] != '%')
		return false;
	memcpy(number, text, length - 1);
	number[length - 1] = '\0';
	if (!parse_number(number, ret))
		return false;
	*ret /= 100;
	return true;
}

static bool parse_ratio(const char *text, double *ret)
{
	return (parse_percent(text, ret) || parse_number(text, ret)) && *ret > 0 && *ret <= 1;
}

static bool parse_seconds(const char *text, double *ret)
{
	uint64_t ns;

	if (units_duration(text, &ns) == 0)
		*ret = (double)ns / (double)NS_PER_SECOND;
	else if (!parse_number(text, ret))
		return false;
	return *ret > 0 && *ret <= (double)TIME_MAX_NS / (double)NS_PER_SECOND;
}

static bool parse_count(const char *text, double *ret)
{
	return parse_number(text, ret) && *ret > 0 && *ret <= 1e12;
}

static bool parse_threshold(const struct alert_kind *kind, const char *text, double *ret)
{
	if (kind == &any_kind)
		return parse_percent(text, ret) || parse_seconds(text, ret) ||
		       parse_count(text, ret);
	if (kind->is_ratio)
		return parse_ratio(text, ret);
	return kind->is_seconds ? parse_seconds(text, ret) : parse_count(text, ret);
}

/* True: it is there and right. */
static bool read_threshold(const struct entry *entry, const char *key, double *ret)
{
	const struct alert_kind *kind = entry->kind;
	struct yaml_node *node = yaml_take(entry->yaml, entry->node, key);
	const char *text;
	double value;

	if (!yaml_as_string(entry->yaml, node, &text))
		return false;
	if (parse_threshold(kind, text, &value)) {
		*ret = value;
		return true;
	}
	yaml_complain(entry->yaml, node, "\"%s\" of %s is \"%s\"; write %s", key, kind->name, text,
		      kind->is_ratio     ? "a share like 80% or 0.8, up to 100%"
		      : kind->is_seconds ? "a duration like 10m, or a number of seconds like 0.001"
					 : "a number above 0");
	return false;
}

static bool is_worse(const struct alert_kind *kind, double a, double b)
{
	return kind->less_is_worse ? a < b : a > b;
}

static void read_thresholds(const struct entry *entry)
{
	struct alert_rule *into = entry->into;
	bool had_enter = yaml_take(entry->yaml, entry->node, "enter");
	bool has_enter = read_threshold(entry, "enter", &into->enter);
	bool has_leave;

	if (!had_enter && !entry->known && entry->kind != &any_kind)
		yaml_complain(
			entry->yaml, entry->node,
			"a rule about %s needs \"enter\"; from which value on is it an alert?",
			entry->kind->name);
	if (has_enter && !entry->known)
		into->leave = into->enter;
	has_leave = read_threshold(entry, "leave", &into->leave);
	if ((has_enter || has_leave) && entry->kind != &any_kind &&
	    is_worse(entry->kind, into->leave, into->enter))
		yaml_complain(entry->yaml, entry->node,
			      "\"leave\" %g is worse than \"enter\" %g; an alert ends nearer to "
			      "normal than it begins",
			      into->leave, into->enter);
}

/* --- selection ------------------------------------------------------------------------------- */

static void refuse(const struct entry *entry, struct yaml_node *match, const char *key)
{
	struct yaml_node *node = yaml_take(entry->yaml, match, key);

	if (node)
		yaml_complain(entry->yaml, node, "%s knows no %s; remove it", entry->kind->name,
			      key);
}

static void read_patterns(const struct entry *entry, struct yaml_node *match, const char *key,
			  const char *const **ret, size_t *ret_count)
{
	struct yaml_node *list = yaml_take(entry->yaml, match, key);
	size_t count = config_list(entry->yaml, list, 1, CONFIG_PATTERNS_MAX);
	const char **patterns = config_rows(entry->config, count, sizeof(*patterns));
	size_t good = 0;

	for (size_t i = 0; patterns && i < count; i++)
		if (yaml_as_string(entry->yaml, yaml_item(list, i), &patterns[good]))
			good++;
	*ret = patterns;
	*ret_count = good;
}

static void read_targets(const struct entry *entry, struct yaml_node *match)
{
	struct yaml_node *list = yaml_take(entry->yaml, match, "destination");
	size_t count = config_list(entry->yaml, list, 1, CONFIG_PATTERNS_MAX);
	struct alert_target *targets = config_rows(entry->config, count, sizeof(*targets));
	const char *text;
	size_t good = 0;

	for (size_t i = 0; targets && i < count; i++) {
		struct yaml_node *node = yaml_item(list, i);

		if (!yaml_as_string(entry->yaml, node, &text))
			continue;
		if (config_parse_target(text, &targets[good]))
			good++;
		else
			yaml_complain(entry->yaml, node,
				      "'%s' is no destination; write 10.0.0.2, 10.0.0.0/8, "
				      "10.0.0.2:5432, \":5432\" or \"[fd00::/8]:5432\"",
				      text);
	}
	entry->into->select.destinations = targets;
	entry->into->select.destinations_count = good;
}

static void read_match(const struct entry *entry)
{
	static const char *const protocols[] = { "tcp", "udp" };
	const struct alert_kind *kind = entry->kind;
	struct yaml_node *match = yaml_take_mapping(entry->yaml, entry->node, "match");
	struct alert_selector *select = &entry->into->select;
	size_t protocol;

	if (!kind->has_netns)
		refuse(entry, match, "netns");
	read_patterns(entry, match, "netns", &select->netns, &select->netns_count);
	if (!kind->has_protocol)
		refuse(entry, match, "protocol");
	if (yaml_as_choice(entry->yaml, yaml_take(entry->yaml, match, "protocol"), protocols, 2,
			   &protocol))
		select->protocol = protocol ? 17 : 6;
	if (!kind->has_destination)
		refuse(entry, match, "destination");
	read_targets(entry, match);
	if (!kind->has_owner) {
		refuse(entry, match, "process");
		refuse(entry, match, "unit");
	}
	read_patterns(entry, match, "process", &select->processes, &select->processes_count);
	read_patterns(entry, match, "unit", &select->units, &select->units_count);
	yaml_finish(entry->yaml, match);
}

/* --- what its alerts carry ------------------------------------------------------------------- */

static bool is_label_name(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";

	return *text && strchr(letters, *text) && strncmp(text, "__", 2) != 0 &&
	       !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
				  "0123456789")];
}

static bool is_reserved(const char *text)
{
	static const char *const reserved[] = { "alertname", "severity", "host",   "netns",
						"protocol",  "local",    "remote", "remote_port",
						"ports",     "reason" };

	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		if (!strcmp(text, reserved[i]))
			return true;
	return false;
}

static bool read_label(const struct entry *entry, struct yaml_node *node, struct view_label *ret)
{
	ret->name = yaml_key(node);
	if (!is_label_name(ret->name))
		yaml_complain(entry->yaml, node,
			      "'%s' is no name of a label; use letters, digits and '_'", ret->name);
	else if (is_reserved(ret->name))
		yaml_complain(entry->yaml, node,
			      "every alert has a label '%s' already; choose another name",
			      ret->name);
	else
		return yaml_as_string(entry->yaml, node, &ret->value);
	return false;
}

static void read_labels(const struct entry *entry)
{
	struct yaml_node *mapping = yaml_take_mapping(entry->yaml, entry->node, "labels");
	size_t count = yaml_count(mapping);
	struct view_label *labels;
	size_t good = 0;

	if (count > LABELS_MAX) {
		yaml_complain(entry->yaml, mapping, "a rule may have %d labels at most",
			      LABELS_MAX);
		count = LABELS_MAX;
	}
	labels = config_rows(entry->config, count, sizeof(*labels));
	for (size_t i = 0; labels && i < count; i++)
		good += read_label(entry, yaml_item(mapping, i), &labels[good]);
	entry->into->labels = labels;
	entry->into->labels_count = good;
}

static bool read_url(const struct entry *entry, struct yaml_node *mapping, const char *key,
		     const char **ret)
{
	struct yaml_node *node = yaml_take(entry->yaml, mapping, key);
	const char *url;

	if (!yaml_as_string(entry->yaml, node, &url))
		return false;
	if ((strncmp(url, "http://", 7) && strncmp(url, "https://", 8)) ||
	    strlen(url) > URL_BYTES_MAX || strpbrk(url, " \t\n\r")) {
		yaml_complain(entry->yaml, node, "%s is a URL that starts with https://", key);
		return false;
	}
	*ret = url;
	return true;
}

/* --- rules ----------------------------------------------------------------------------------- */

/* Prometheus's rules are called so: CamelCase. */
static bool is_rule_name(const char *text)
{
	return *text >= 'A' && *text <= 'Z' && strlen(text) <= NAME_BYTES_MAX &&
	       !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789")];
}

static bool read_name(const struct entry *entry)
{
	struct yaml_node *node = yaml_take(entry->yaml, entry->node, "name");

	if (!node)
		yaml_complain(entry->yaml, entry->node,
			      "a rule needs a name; add name: DestinationSaturation, for example");
	if (!yaml_as_string(entry->yaml, node, &entry->into->name))
		return false;
	if (is_rule_name(entry->into->name))
		return true;
	yaml_complain(entry->yaml, node,
		      "a rule's name is at most %d letters and digits, the first a capital",
		      NAME_BYTES_MAX);
	return false;
}

static bool read_severity(const struct entry *entry)
{
	static const char *const words[SEVERITY__COUNT] = { "info", "warning", "critical" };
	struct yaml_node *node = yaml_take(entry->yaml, entry->node, "severity");
	size_t severity;

	if (!node)
		yaml_complain(entry->yaml, entry->node,
			      "a rule needs a severity; add severity: warning or critical");
	if (!yaml_as_choice(entry->yaml, node, words, SEVERITY__COUNT, &severity))
		return false;
	entry->into->severity = (enum view_severity)severity;
	return true;
}

static const struct alert_rule *find_default(const struct alert_rule *rule, bool any_severity)
{
	size_t count;
	const struct alert_rule *defaults = alert_default_rules(&count);

	for (size_t i = 0; i < count; i++)
		if ((any_severity || defaults[i].severity == rule->severity) &&
		    !strcmp(defaults[i].name, rule->name))
			return &defaults[i];
	return NULL;
}

/* True: it is known, from the file or from the default rule. */
static bool read_metric(const struct entry *entry)
{
	struct yaml_node *node = yaml_take(entry->yaml, entry->node, "metric");
	const char *names[ALERT_METRIC__COUNT];
	size_t metric;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		names[i] = alert_kind((enum alert_metric)i)->name;
	if (!node && !entry->known && entry->into->name)
		yaml_complain(entry->yaml, entry->node,
			      "rule '%s' is none of the default ones and needs a metric; add "
			      "metric: destination_saturation, for example",
			      entry->into->name);
	if (!yaml_as_choice(entry->yaml, node, names, ARRAY_SIZE(names), &metric))
		return entry->known;
	if (entry->known && metric != entry->into->metric)
		yaml_complain(entry->yaml, node,
			      "the default rule '%s' is about %s; give yours another name",
			      entry->into->name, alert_kind(entry->into->metric)->name);
	else
		entry->into->metric = (enum alert_metric)metric;
	return true;
}

static void read_times(const struct entry *entry)
{
	yaml_as_duration(entry->yaml, yaml_take(entry->yaml, entry->node, "for"), 0, TIME_MAX_NS,
			 &entry->into->for_ns);
	yaml_as_duration(entry->yaml, yaml_take(entry->yaml, entry->node, "keep_firing_for"), 0,
			 TIME_MAX_NS, &entry->into->keep_ns);
}

/* True: name and severity are there and right. */
static bool read_identity(struct entry *entry)
{
	bool has_name = read_name(entry);
	bool has_severity = read_severity(entry);
	const struct alert_rule *same = NULL;

	if (has_name)
		same = find_default(entry->into, !has_severity);
	if (same)
		*entry->into = *same;
	entry->known = same;
	if (!has_name)
		entry->into->name = NULL;
	return has_name && has_severity;
}

/* True: it is a rule, and is to hold. */
static bool read_rule(struct entry *entry)
{
	bool enabled = true;
	bool identified;

	if (!yaml_as_mapping(entry->yaml, entry->node))
		return false;
	yaml_take_bool(entry->yaml, entry->node, "enabled", &enabled);
	identified = read_identity(entry);
	entry->kind = read_metric(entry) ? alert_kind(entry->into->metric) : &any_kind;
	read_thresholds(entry);
	read_times(entry);
	read_match(entry);
	read_labels(entry);
	read_url(entry, entry->node, "runbook_url", &entry->into->runbook_url);
	yaml_finish(entry->yaml, entry->node);
	if (!identified)
		entry->into->name = NULL;
	return identified && enabled;
}

static bool is_same(const struct alert_rule *a, const struct alert_rule *b)
{
	return a->severity == b->severity && !strcmp(a->name, b->name);
}

static struct alert_rule *find(struct alert_rule *rules, size_t count,
			       const struct alert_rule *rule)
{
	for (size_t i = 0; i < count; i++)
		if (rules[i].name && is_same(&rules[i], rule))
			return &rules[i];
	return NULL;
}

/* Every entry of the list; those that nobody can tell apart have no name. */
static size_t read_list(struct config *config, struct yaml_node *list, struct alert_rule *rows,
			bool enabled[CONFIG_RULES_MAX])
{
	struct yaml *yaml = config->memory->yaml;
	size_t count = config_list(yaml, list, 0, CONFIG_RULES_MAX);

	for (size_t i = 0; i < count; i++) {
		struct entry entry = { config, yaml, yaml_item(list, i), &rows[i], false, NULL };

		enabled[i] = read_rule(&entry);
		if (rows[i].name && find(rows, i, &rows[i]))
			yaml_complain(yaml, entry.node,
				      "rule '%s' of this severity is there already; merge them",
				      rows[i].name);
	}
	return count;
}

/* A wiki's page with the same headings in place of docs/alerts.md. */
static void set_runbooks(struct config *config, const char *base, struct alert_rule *rules,
			 size_t count)
{
	for (size_t i = 0; base && i < count; i++) {
		const char *anchor = strchr(alert_kind(rules[i].metric)->runbook, '#');

		if (rules[i].runbook_url)
			continue;
		rules[i].runbook_url = arena_printf(config->memory->arena, "%s%s", base, anchor);
		config->memory->exhausted |= !rules[i].runbook_url;
	}
}

/* Default rules, as far as none of the list stands in their place, then those of the list. */
static size_t merge(struct alert_rule *ret, bool with_defaults, struct alert_rule *listed,
		    const bool *enabled, size_t listed_count)
{
	size_t defaults_count;
	const struct alert_rule *defaults = alert_default_rules(&defaults_count);
	size_t count = 0;

	for (size_t i = 0; with_defaults && i < defaults_count; i++)
		if (!find(listed, listed_count, &defaults[i]))
			ret[count++] = defaults[i];
	for (size_t i = 0; i < listed_count; i++)
		if (enabled[i])
			ret[count++] = listed[i];
	return count;
}

void config_read_alerts(struct config *config, struct yaml_node *root)
{
	struct yaml *yaml = config->memory->yaml;
	struct yaml_node *alerts = yaml_take_mapping(yaml, root, "alerts");
	const struct entry whole = { .config = config, .yaml = yaml };
	struct alert_rule *listed = config_rows(config, CONFIG_RULES_MAX, sizeof(*listed));
	struct alert_rule *rules;
	bool enabled[CONFIG_RULES_MAX] = { false };
	bool with_defaults = true;
	const char *base = NULL;
	size_t defaults_count;
	size_t count = 0;

	alert_default_rules(&defaults_count);
	rules = config_rows(config, CONFIG_RULES_MAX + defaults_count, sizeof(*rules));
	if (!listed || !rules)
		return;
	yaml_take_bool(yaml, alerts, "defaults", &with_defaults);
	read_url(&whole, alerts, "runbook_base_url", &base);
	count = read_list(config, yaml_take(yaml, alerts, "rules"), listed, enabled);
	yaml_finish(yaml, alerts);
	config->rules = rules;
	config->rules_count = merge(rules, with_defaults, listed, enabled, count);
	set_runbooks(config, base, rules, config->rules_count);
}
