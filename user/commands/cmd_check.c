// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <argp.h>

#include "user/agent.h"
#include "user/base/log.h"
#include "user/base/util.h"
#include "user/commands/api.h"
#include "user/commands/check_result.h"
#include "user/commands/command.h"
#include "user/commands/options.h"
#include "user/commands/trace_filter.h"
#include "user/core/view.h"
#include "user/host/privilege.h"
#include "user/registry.h"

#define SNAPSHOT "/api/v1/snapshot"
#define ROWS_MAX 100000 /* of each list: what is asked for need not be among the worst */

static void agent_closep(struct agent **agent)
{
	agent_close(*agent);
}

static void view_unrefp(struct view **view)
{
	view_unref(*view);
}

/* The same document that an agent would serve. */
static int encode(json_t **ret, const struct view *view, const struct view_limits *limits)
{
	CLEANUP(freep) char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return -ENOMEM;
	registry_encoder(true)(out, view, limits);
	if (fclose(out))
		return -ENOMEM;
	*ret = json_loadb(text, size, 0, NULL);
	return *ret ? 0 : -ENOMEM;
}

/* What failed has been logged. */
static int look(json_t **ret, const struct options *options)
{
	CLEANUP(agent_closep) struct agent *agent = NULL;
	CLEANUP(view_unrefp) struct view *view = NULL;
	struct agent_config config = options_agent(options);
	struct view_limits limits = { .top = ROWS_MAX };
	int r;

	r = privilege_require(source_privileges(source_table(), options->source));
	if (r == 0)
		r = agent_open(&agent, &config);
	if (r < 0)
		return r;
	r = agent_view(agent, &view);
	if (r == 0)
		r = encode(ret, view, &limits);
	if (r < 0)
		log_error("check: %s", strerror(-r));
	return r;
}

static enum check_status judge(const struct options *options, const struct trace_filter *scope)
{
	struct check_limits limits = { options->warning, options->critical };
	CLEANUP(json_decrefp) json_t *snapshot = NULL;
	char reason[API_REASON_MAX];

	if (!options->connect) {
		if (look(&snapshot, options) < 0)
			return check_unknown(stdout, "no picture could be taken; standard error "
						     "says why");
	} else if (api_get(&snapshot, options->connect, SNAPSHOT, reason) < 0) {
		return check_unknown(stdout, reason);
	}
	return check_result(stdout, snapshot, &limits, scope);
}

int cmd_check(int argc, char **argv)
{
	char reason[TRACE_FILTER_REASON_MAX];
	enum check_status status;
	struct trace_filter scope;
	struct options options;

	argp_err_exit_status = CHECK_UNKNOWN;
	if (options_parse(&options, argc, argv,
			  OPTIONS_SOURCE | OPTIONS_CHECK | OPTIONS_CONNECT | OPTIONS_SCOPE,
			  "Says in one line and by its status whether ports run out, as monitoring "
			  "plug-ins do.") < 0)
		return check_unknown(stdout, "a mistake on the command line; standard error says "
					     "which");
	if (trace_filter_init(&scope, &options, reason) < 0)
		return check_unknown(stdout, reason);
	status = judge(&options, &scope);
	if (fflush(stdout) || ferror(stdout)) {
		log_error("check: writing to standard output failed");
		return CHECK_UNKNOWN;
	}
	return status;
}
