// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "user/agent.h"
#include "user/commands/command.h"
#include "user/core/ledger.h"
#include "user/base/log.h"
#include "user/commands/options.h"
#include "user/host/privilege.h"
#include "user/registry.h"
#include "user/base/util.h"
#include "user/core/view.h"

static void agent_closep(struct agent **agent)
{
	agent_close(*agent);
}

static void view_unrefp(struct view **view)
{
	view_unref(*view);
}

static int print(struct agent *agent, const struct options *options)
{
	CLEANUP(view_unrefp) struct view *view = NULL;
	struct view_limits limits = { .top = options_top(options, !options->json) };
	int r;

	r = agent_view(agent, &view);
	if (r < 0) {
		log_error("snapshot: %s", strerror(-r));
		return EXIT_FAILURE;
	}
	registry_encoder(options->json)(stdout, view, &limits);
	if (fflush(stdout) || ferror(stdout)) {
		log_error("snapshot: writing to standard output failed");
		return EX_IOERR;
	}
	return EXIT_SUCCESS;
}

int cmd_snapshot(int argc, char **argv)
{
	CLEANUP(agent_closep) struct agent *agent = NULL;
	struct agent_config config;
	struct options options;

	if (options_parse(&options, argc, argv, OPTIONS_SOURCE | OPTIONS_TOP | OPTIONS_JSON,
			  "Shows all ephemeral ports in use now, worst destination first.") < 0)
		return EX_USAGE;
	if (privilege_require(source_privileges(source_table(), options.source)) < 0)
		return EX_NOPERM;
	config = options_agent(&options);
	if (agent_open(&agent, &config) < 0)
		return EXIT_FAILURE;
	if (agent_source(agent)->polled & LEDGER_POLLS_ALL)
		agent_explain(agent);
	return print(agent, &options);
}
