// SPDX-License-Identifier: Apache-2.0
#include "user/config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/util.h"
#include "user/config/config_parts.h"

#define NS_PER_SECOND 1000000000ULL
#define RING_MIN 4096
#define RING_MAX (1U << 30)
#define HOLDS_MAX (1U << 24)
#define TOP_MAX 100000
#define RECONCILE_MAX_NS (86400 * NS_PER_SECOND)

/* --- what the parts share -------------------------------------------------------------------- */

void *config_rows(struct config *config, size_t count, size_t size)
{
	void *rows = arena_alloc(config->memory->arena, count, size);

	config->memory->exhausted |= !rows;
	return rows;
}

void config_add_path(struct config *config, struct yaml_node *node, const char *path,
		     enum config_use use)
{
	struct config_memory *memory = config->memory;

	if (memory->paths_count < CONFIG_PATHS_MAX)
		memory->paths[memory->paths_count++] = (struct config_path){ path, use, node };
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

bool config_as_path(struct yaml *yaml, struct yaml_node *node, const char **ret)
{
	const char *path;

	if (!yaml_as_string(yaml, node, &path))
		return false;
	if (*path != '/' || has_control(path)) {
		yaml_complain(yaml, node, "\"%s\" is no whole path; write one that starts with '/'",
			      path);
		return false;
	}
	*ret = path;
	return true;
}

void config_take_file(struct config *config, struct yaml_node *mapping, const char *key,
		      enum config_use use, const char **ret)
{
	struct yaml_node *node = yaml_take(config->memory->yaml, mapping, key);

	if (config_as_path(config->memory->yaml, node, ret))
		config_add_path(config, node, *ret, use);
}

size_t config_list(struct yaml *yaml, struct yaml_node *node, size_t min, size_t max)
{
	size_t count;

	if (!yaml_as_sequence(yaml, node))
		return 0;
	count = yaml_count(node);
	if (count < min)
		yaml_complain(yaml, node, "the list is empty; add an item or remove the key");
	if (count <= max)
		return count;
	yaml_complain(yaml, yaml_item(node, max), "the list may have %zu items at most", max);
	return max;
}

/* --- the parts ------------------------------------------------------------------------------- */

static void read_ring_size(struct config *config, struct yaml_node *root)
{
	struct yaml *yaml = config->memory->yaml;
	struct yaml_node *node = yaml_take(yaml, root, "ring_size");
	uint64_t bytes;

	if (!yaml_as_size(yaml, node, RING_MIN, RING_MAX, &bytes))
		return;
	if (bytes & (bytes - 1))
		yaml_complain(yaml, node, "the ring's size is a power of two, as in 1MiB");
	else
		config->agent.ring_bytes = (uint32_t)bytes;
}

static void read_agent(struct config *config, struct yaml_node *root)
{
	static const char *const sources[] = { "fentry", "kprobe", "tracepoint", "diag" };
	struct yaml *yaml = config->memory->yaml;
	struct config_agent *agent = &config->agent;
	int64_t holds = 0;
	size_t source;

	if (yaml_as_choice(yaml, yaml_take(yaml, root, "source"), sources, ARRAY_SIZE(sources),
			   &source))
		agent->source = sources[source];
	read_ring_size(config, root);
	yaml_as_integer(yaml, yaml_take(yaml, root, "max_holds"), 1, HOLDS_MAX, &holds);
	agent->max_holds = (uint32_t)holds;
	agent->has_reconcile = yaml_as_duration(yaml, yaml_take(yaml, root, "reconcile"), 0,
						RECONCILE_MAX_NS, &agent->reconcile_ns);
	config_as_path(yaml, yaml_take(yaml, root, "control"), &agent->control);
}

static void read_limits(struct config *config, struct yaml_node *root)
{
	struct yaml *yaml = config->memory->yaml;
	struct yaml_node *limits = yaml_take_mapping(yaml, root, "limits");
	const struct {
		const char *key;
		size_t *value;
	} keys[] = {
		{ "top", &config->agent.top },
		{ "namespaces", &config->limits.namespaces },
		{ "processes", &config->limits.processes },
		{ "destination_owners", &config->limits.shares },
	};

	config->limits = VIEW_LIMITS_DEFAULT;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		int64_t value = (int64_t)*keys[i].value;

		yaml_as_integer(yaml, yaml_take(yaml, limits, keys[i].key), 1, TOP_MAX, &value);
		*keys[i].value = (size_t)value;
	}
	yaml_finish(yaml, limits);
}

static void read_listen(struct config *config, struct yaml_node *web)
{
	struct yaml *yaml = config->memory->yaml;
	struct yaml_node *list = yaml_take(yaml, web, "listen_addresses");
	size_t count = config_list(yaml, list, 1, CONFIG_LISTEN_MAX);
	const char **addresses = config_rows(config, count, sizeof(*addresses));
	size_t good = 0;

	for (size_t i = 0; addresses && i < count; i++)
		good += yaml_as_string(yaml, yaml_item(list, i), &addresses[good]);
	config->web.listen_addresses = addresses;
	config->web.listen_addresses_count = good;
}

static void read_web(struct config *config, struct yaml_node *root)
{
	struct yaml *yaml = config->memory->yaml;
	struct yaml_node *web = yaml_take_mapping(yaml, root, "web");
	struct yaml_node *path = yaml_take(yaml, web, "telemetry_path");

	read_listen(config, web);
	yaml_take_bool(yaml, web, "systemd_socket", &config->web.systemd_socket);
	config_take_file(config, web, "config_file", CONFIG_READ, &config->web.config_file);
	if (yaml_as_string(yaml, path, &config->web.telemetry_path) &&
	    config->web.telemetry_path[0] != '/')
		yaml_complain(yaml, path, "the path starts with '/', as in /metrics");
	yaml_take_bool(yaml, web, "disable_ui", &config->web.disable_ui);
	yaml_finish(yaml, web);
}

static void read_root(struct config *config)
{
	struct yaml *yaml = config->memory->yaml;
	struct yaml_node *root = yaml_root(yaml);

	read_agent(config, root);
	read_limits(config, root);
	read_web(config, root);
	config_read_alerts(config, root);
	config_read_notifiers(config, root);
	yaml_finish(yaml, root);
}

/* --- life ------------------------------------------------------------------------------------ */

int config_read(struct config **ret, const char *text, size_t size)
{
	CLEANUP(config_freep) struct config *config = calloc(1, sizeof(*config));
	int r;

	if (!config)
		return -ENOMEM;
	config->memory = calloc(1, sizeof(*config->memory));
	if (!config->memory)
		return -ENOMEM;
	config->memory->arena = arena_new();
	if (!config->memory->arena)
		return -ENOMEM;
	r = yaml_read(&config->memory->yaml, text, size);
	if (r < 0)
		return r;
	read_root(config);
	if (config->memory->exhausted || yaml_result(config->memory->yaml) == -ENOMEM)
		return -ENOMEM;
	*ret = TAKE_PTR(config);
	return 0;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	if (config->memory) {
		arena_free(config->memory->arena);
		yaml_drop(config->memory->yaml);
	}
	free(config->memory);
	free(config);
}

void config_freep(struct config **config)
{
	config_free(*config);
}

const struct yaml_error *config_errors(const struct config *config, size_t *ret_count)
{
	return yaml_errors(config->memory->yaml, ret_count);
}

const struct config_path *config_paths(const struct config *config, size_t *ret_count)
{
	*ret_count = config->memory->paths_count;
	return config->memory->paths;
}

void config_complain(struct config *config, const struct config_path *path, const char *text)
{
	yaml_complain(config->memory->yaml, path->node, "%s", text);
}
