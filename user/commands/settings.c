// SPDX-License-Identifier: Apache-2.0
#include "user/commands/settings.h"

#include <errno.h>
#include <string.h>

#include "user/base/log.h"
#include "user/base/util.h"
#include "user/base/yaml.h"
#include "user/commands/options.h"
#include "user/config/config.h"
#include "user/config/config_file.h"

static void complete_agent(struct options *options, const struct config_agent *agent)
{
	if (!options->source)
		options->source = agent->source;
	if (agent->ring_bytes && !(options->given & GIVEN_RING_SIZE))
		options->ring_bytes = agent->ring_bytes;
	if (agent->max_holds && !(options->given & GIVEN_MAX_HOLDS))
		options->max_holds = agent->max_holds;
	if (agent->has_reconcile && !(options->given & GIVEN_RECONCILE))
		options->reconcile_ns = agent->reconcile_ns;
	if (!options->control)
		options->control = agent->control;
	if (!options->top)
		options->top = agent->top;
}

static void complete_web(struct options *options, const struct web_config *web)
{
	if (web->listen_addresses_count && !(options->given & GIVEN_LISTEN)) {
		options->listen_count = web->listen_addresses_count;
		memcpy(options->listen, web->listen_addresses,
		       options->listen_count * sizeof(*options->listen));
	}
	options->systemd_socket |= web->systemd_socket;
	options->disable_ui |= web->disable_ui;
	if (!options->web_config_file)
		options->web_config_file = web->config_file;
	if (!options->telemetry_path)
		options->telemetry_path = web->telemetry_path;
}

static int read_file(struct config **ret, const char *path)
{
	int r = path ? config_load(ret, path) : config_read(ret, "", 0);

	if (r < 0)
		log_error("cannot read settings from %s: %s", path ? path : "nothing",
			  r == -EFBIG ? "too large" : strerror(-r));
	return r;
}

int settings_load(struct config **ret, struct options *options)
{
	CLEANUP(config_freep) struct config *config = NULL;
	const struct yaml_error *errors;
	size_t count;
	int r = read_file(&config, options->config_file);

	if (r < 0)
		return r;
	errors = config_errors(config, &count);
	for (size_t i = 0; i < count; i++)
		log_error("%s:%u:%u: %s", options->config_file, errors[i].line, errors[i].column,
			  errors[i].text);
	if (count)
		return -EINVAL;
	complete_agent(options, &config->agent);
	complete_web(options, &config->web);
	*ret = TAKE_PTR(config);
	return 0;
}

static bool differ(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) != 0 : a != b;
}

static bool listens_differ(const struct options *a, const struct options *b)
{
	if (a->listen_count != b->listen_count)
		return true;
	for (size_t i = 0; i < a->listen_count; i++)
		if (strcmp(a->listen[i], b->listen[i]))
			return true;
	return false;
}

bool settings_need_start(const struct options *before, const struct options *now)
{
	const struct {
		const char *name;
		bool differs;
	} fixed[] = {
		{ "source", differ(before->source, now->source) },
		{ "ring_size", before->ring_bytes != now->ring_bytes },
		{ "max_holds", before->max_holds != now->max_holds },
		{ "control", differ(before->control, now->control) },
		{ "web.listen_addresses", listens_differ(before, now) },
		{ "web.systemd_socket", before->systemd_socket != now->systemd_socket },
		{ "web.config_file", differ(before->web_config_file, now->web_config_file) },
		{ "web.telemetry_path", differ(before->telemetry_path, now->telemetry_path) },
		{ "web.disable_ui", before->disable_ui != now->disable_ui },
	};
	bool any = false;

	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++) {
		if (fixed[i].differs)
			log_warning("%s: %s has changed, which needs a restart", now->config_file,
				    fixed[i].name);
		any |= fixed[i].differs;
	}
	return any;
}
