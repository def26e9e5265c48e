// SPDX-License-Identifier: Apache-2.0
/* Who is told of alerts. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/util.h"
#include "user/config/config_parts.h"

#define NS_PER_SECOND 1000000000ULL
#define URLS_MAX 16
#define URL_BYTES_MAX 2048
#define ARGUMENTS_MAX 64
#define NAME_BYTES_MAX 63
#define TIMEOUT_DEFAULT_NS (10 * NS_PER_SECOND)
#define RESEND_DEFAULT_NS (60 * NS_PER_SECOND)
#define MAX_AGE_DEFAULT_NS (3600 * NS_PER_SECOND)
#define MAX_AGE_MAX_NS (7 * 86400ULL * NS_PER_SECOND)
#define QUEUE_DEFAULT 1000
#define QUEUE_MAX 100000

enum type { TYPE_JOURNAL, TYPE_ALERTMANAGER, TYPE_WEBHOOK, TYPE_EXEC, TYPE__COUNT };

static const char *const types[TYPE__COUNT] = {
	[TYPE_JOURNAL] = "journal",
	[TYPE_ALERTMANAGER] = "alertmanager",
	[TYPE_WEBHOOK] = "webhook",
	[TYPE_EXEC] = "exec",
};

static const struct notifier_config the_journal = { .name = "journal", .type = "journal" };

/* One entry of the list. */
struct entry {
	struct config *config;
	struct yaml *yaml;
	struct yaml_node *node;
	struct notifier_config *into;
};

static bool is_name(const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789_.-");

	return length && length <= NAME_BYTES_MAX && !text[length];
}

static void read_name(const struct entry *entry)
{
	struct yaml_node *node = yaml_take(entry->yaml, entry->node, "name");
	const char *name;

	if (!yaml_as_string(entry->yaml, node, &name))
		return;
	if (is_name(name))
		entry->into->name = name;
	else
		yaml_complain(entry->yaml, node,
			      "a notifier's name is at most %d letters, digits, '_', '.' and '-'",
			      NAME_BYTES_MAX);
}

/* After the scheme. */
static bool has_userinfo(const char *rest)
{
	size_t authority = strcspn(rest, "/?#");

	return memchr(rest, '@', authority);
}

static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text == 0x7f)
			return false;
	return true;
}

/* What is wrong with it; NULL: nothing. */
static const char *blame_url(const char *url)
{
	const char *rest;

	if (strlen(url) > URL_BYTES_MAX)
		return "the URL is too long";
	if (!is_plain(url))
		return "a URL has no spaces and only ASCII characters; encode them as %20";
	if (!strncmp(url, "unix:/", 6)) {
		rest = strchr(url + 6, ':');
		return rest && rest[1] != '/'
			       ? "what follows the second colon starts with '/': unix:/socket:/path"
			       : NULL;
	}
	if (!strncmp(url, "http://", 7))
		rest = url + 7;
	else if (!strncmp(url, "https://", 8))
		rest = url + 8;
	else
		return "a URL starts with http://, https:// or unix:/";
	if (!*rest || strchr("/?#:", *rest))
		return "the URL names no host";
	if (has_userinfo(rest))
		return "a URL has no user and password; use username and password_file";
	return NULL;
}

static void read_urls(const struct entry *entry)
{
	struct yaml_node *list = yaml_take(entry->yaml, entry->node, "urls");
	size_t count = config_list(entry->yaml, list, 1, URLS_MAX);
	const char **urls = config_rows(entry->config, count, sizeof(*urls));
	size_t good = 0;

	if (!list && entry->into->type)
		yaml_complain(entry->yaml, entry->node,
			      "type '%s' needs urls; add urls: [http://host:port]",
			      entry->into->type);
	for (size_t i = 0; urls && i < count; i++) {
		struct yaml_node *node = yaml_item(list, i);
		const char *blame;

		if (!yaml_as_string(entry->yaml, node, &urls[good]))
			continue;
		blame = blame_url(urls[good]);
		if (blame)
			yaml_complain(entry->yaml, node, "%s", blame);
		else
			good++;
	}
	entry->into->urls = urls;
	entry->into->urls_count = good;
}

static void check_identity(const struct entry *entry)
{
	const struct notifier_config *into = entry->into;

	if (!into->username != !into->password_file)
		yaml_complain(entry->yaml, entry->node,
			      "username and password_file come together; add %s",
			      into->username ? "password_file" : "username");
	if (into->username && into->bearer_token_file)
		yaml_complain(entry->yaml, entry->node,
			      "username and bearer_token_file exclude each other; remove one");
	if (!into->cert_file != !into->key_file)
		yaml_complain(entry->yaml, entry->node,
			      "cert_file and key_file come together; add %s",
			      into->cert_file ? "key_file" : "cert_file");
}

static void read_identity(const struct entry *entry)
{
	struct notifier_config *into = entry->into;

	yaml_take_string(entry->yaml, entry->node, "username", &into->username);
	config_take_file(entry->config, entry->node, "password_file", CONFIG_SECRET,
			 &into->password_file);
	config_take_file(entry->config, entry->node, "bearer_token_file", CONFIG_SECRET,
			 &into->bearer_token_file);
	config_take_file(entry->config, entry->node, "ca_file", CONFIG_READ, &into->ca_file);
	config_take_file(entry->config, entry->node, "cert_file", CONFIG_READ, &into->cert_file);
	config_take_file(entry->config, entry->node, "key_file", CONFIG_SECRET, &into->key_file);
	check_identity(entry);
}

/* "20000-20031", or one port. */
static bool parse_ports(const char *text, uint16_t *ret_first, uint16_t *ret_last)
{
	unsigned long first;
	unsigned long last;
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	first = last = strtoul(text, &end, 10);
	if (*end == '-' && isdigit((unsigned char)end[1]))
		last = strtoul(end + 1, &end, 10);
	if (*end || !first || first > last || last > UINT16_MAX)
		return false;
	*ret_first = (uint16_t)first;
	*ret_last = (uint16_t)last;
	return true;
}

static void read_source_ports(const struct entry *entry)
{
	struct yaml_node *node = yaml_take(entry->yaml, entry->node, "source_ports");
	const char *text;

	if (yaml_as_string(entry->yaml, node, &text) &&
	    !parse_ports(text, &entry->into->source_port_first, &entry->into->source_port_last))
		yaml_complain(
			entry->yaml, node,
			"ports are written as FIRST-LAST, from 1 to 65535, as in 20000-20031");
}

static void read_duration(const struct entry *entry, const char *key, uint64_t min_ns,
			  uint64_t max_ns, uint64_t *ret_ns)
{
	yaml_as_duration(entry->yaml, yaml_take(entry->yaml, entry->node, key), min_ns, max_ns,
			 ret_ns);
}

/* What all but the journal have. */
static void read_delivery(const struct entry *entry)
{
	struct notifier_config *into = entry->into;
	int64_t queue = QUEUE_DEFAULT;

	into->timeout_ns = TIMEOUT_DEFAULT_NS;
	into->max_age_ns = MAX_AGE_DEFAULT_NS;
	read_duration(entry, "timeout", NS_PER_SECOND / 10, 600 * NS_PER_SECOND, &into->timeout_ns);
	read_duration(entry, "max_age", NS_PER_SECOND, MAX_AGE_MAX_NS, &into->max_age_ns);
	yaml_as_integer(entry->yaml, yaml_take(entry->yaml, entry->node, "queue_size"), 1,
			QUEUE_MAX, &queue);
	into->queue_max = (uint32_t)queue;
}

static void read_http(const struct entry *entry)
{
	read_urls(entry);
	read_identity(entry);
	read_source_ports(entry);
	read_delivery(entry);
}

static void read_command(const struct entry *entry)
{
	struct yaml_node *list = yaml_take(entry->yaml, entry->node, "command");
	size_t count = config_list(entry->yaml, list, 1, ARGUMENTS_MAX);
	const char **argv = config_rows(entry->config, count + 1, sizeof(*argv));

	if (!list && entry->into->type)
		yaml_complain(entry->yaml, entry->node,
			      "type 'exec' needs a command; add command: [/path/to/program]");
	for (size_t i = 0; argv && i < count; i++) {
		struct yaml_node *node = yaml_item(list, i);

		if (i ? !yaml_as_string(entry->yaml, node, &argv[i])
		      : !config_as_path(entry->yaml, node, &argv[i]))
			return;
	}
	if (argv && count)
		config_add_path(entry->config, yaml_item(list, 0), argv[0], CONFIG_PROGRAM);
	entry->into->argv = argv;
}

static void read_resend(const struct entry *entry)
{
	entry->into->resend_ns = RESEND_DEFAULT_NS;
	read_duration(entry, "resend_interval", NS_PER_SECOND, 3600 * NS_PER_SECOND,
		      &entry->into->resend_ns);
}

static void read_by_type(const struct entry *entry, enum type type)
{
	switch (type) {
	case TYPE_ALERTMANAGER:
		read_resend(entry);
		read_http(entry);
		break;
	case TYPE_WEBHOOK:
		read_http(entry);
		break;
	case TYPE_EXEC:
		read_command(entry);
		read_delivery(entry);
		break;
	case TYPE_JOURNAL:
		break;
	default: /* what else is wrong with it is to be told all the same */
		read_resend(entry);
		read_http(entry);
		read_command(entry);
		break;
	}
}

static enum type read_type(const struct entry *entry)
{
	struct yaml_node *node = yaml_take(entry->yaml, entry->node, "type");
	size_t type;

	if (!node)
		yaml_complain(entry->yaml, entry->node,
			      "a notifier needs a type; add type: alertmanager, webhook, exec or "
			      "journal");
	if (!yaml_as_choice(entry->yaml, node, types, TYPE__COUNT, &type))
		return TYPE__COUNT;
	entry->into->type = types[type];
	return (enum type)type;
}

static void read_entry(const struct entry *entry)
{
	enum type type;

	if (!yaml_as_mapping(entry->yaml, entry->node))
		return;
	read_name(entry);
	type = read_type(entry);
	if (!entry->into->name)
		entry->into->name = entry->into->type;
	read_by_type(entry, type);
	yaml_finish(entry->yaml, entry->node);
}

static bool is_taken(const struct notifier_config *rows, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].name && !strcmp(rows[i].name, name))
			return true;
	return false;
}

void config_read_notifiers(struct config *config, struct yaml_node *root)
{
	struct yaml *yaml = config->memory->yaml;
	struct yaml_node *list = yaml_take_sequence(yaml, root, "notifiers");
	size_t count = config_list(yaml, list, 0, CONFIG_NOTIFIERS_MAX);
	struct notifier_config *rows = config_rows(config, count, sizeof(*rows));

	if (!list) {
		config->notifiers = &the_journal;
		config->notifiers_count = 1;
		return;
	}
	for (size_t i = 0; rows && i < count; i++) {
		const struct entry entry = { config, yaml, yaml_item(list, i), &rows[i] };

		read_entry(&entry);
		if (rows[i].name && is_taken(rows, i, rows[i].name))
			yaml_complain(yaml, entry.node,
				      "another notifier is called '%s'; give each a name",
				      rows[i].name);
	}
	config->notifiers = rows;
	config->notifiers_count = rows ? count : 0;
}
