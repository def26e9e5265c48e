// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <systemd/sd-daemon.h>

#include "exporters/exporter.h"
#include "user/agent.h"
#include "user/alert/alert.h"
#include "user/base/clock.h"
#include "user/commands/command.h"
#include "user/control.h"
#include "user/base/log.h"
#include "user/loop.h"
#include "user/commands/options.h"
#include "user/host/privilege.h"
#include "user/registry.h"
#include "user/base/util.h"
#include "user/core/view.h"

#define DRAIN_NS 100000000ULL

struct run {
	struct agent *agent;
	struct alerts *alerts;
	struct exporters *exporters;
	struct loop *loop;
	struct control *control;
};

static void run_done(struct run *run)
{
	control_close(run->control);
	exporters_close(run->exporters);
	loop_free(run->loop);
	alerts_free(run->alerts);
	agent_close(run->agent);
}

static void on_transition(void *context, const struct view_alert *alert, bool entered)
{
	exporters_notify(context, alert, entered);
}

/* Once a second: one view, judged, then shown to everyone. A failure costs one view only. */
static int publish(void *context)
{
	struct run *run = context;
	struct view *view = NULL;
	int r;

	r = agent_view(run->agent, &view);
	if (r == 0)
		r = alerts_evaluate(run->alerts, view, clock_ns(CLOCK_MONOTONIC), on_transition,
				    run->exporters);
	if (r == 0)
		exporters_publish(run->exporters, view);
	else
		log_error("making a view: %s", strerror(-r));
	view_unref(view);
	return 0;
}

static int open_loop(struct run *run, const struct options *options)
{
	struct loop_config config = {
		.drain_ns = DRAIN_NS,
		.reconcile_ns = options->reconcile_ns,
		.second = publish,
		.context = run,
	};
	int r = loop_new(&run->loop, run->agent, &config);

	if (r < 0)
		log_error("run: cannot set up the event loop: %s", strerror(-r));
	return r;
}

/* The HTTP thread is started last but one: it inherits the blocked signals. */
static int open_all(struct run *run, const struct options *options,
		    const struct view_limits *limits)
{
	struct agent_config config = options_agent(options);
	const struct alert_rule *rules;
	size_t count;
	int r;

	config.limits = limits;
	r = agent_open(&run->agent, &config);
	if (r == 0)
		r = privilege_drop_others(agent_source(run->agent)->privileges);
	if (r < 0)
		return r;
	rules = alert_default_rules(&count);
	r = alerts_new(&run->alerts, rules, count);
	if (r == 0)
		r = open_loop(run, options);
	if (r == 0)
		r = control_open(&run->control, options->control, run->agent, options->reconcile_ns,
				 loop_event(run->loop));
	if (r == 0)
		r = exporters_open(&run->exporters, options->listen, options->listen_count, limits,
				   loop_event(run->loop));
	return r;
}

int cmd_run(int argc, char **argv)
{
	CLEANUP(run_done) struct run run = { 0 };
	struct view_limits limits;
	struct options options;
	int r;

	if (options_parse(&options, argc, argv,
			  OPTIONS_SOURCE | OPTIONS_RECONCILE | OPTIONS_TOP | OPTIONS_WEB |
				  OPTIONS_CONTROL,
			  "Watches this host's ephemeral ports: metrics, API and alerts.") < 0)
		return EX_USAGE;
	if (privilege_require(source_privileges(source_table(), options.source)) < 0)
		return EX_NOPERM;
	limits = VIEW_LIMITS_DEFAULT;
	limits.top = options_top(&options, false);
	if (open_all(&run, &options, &limits) < 0)
		return EXIT_FAILURE;
	agent_explain(run.agent);
	log_info("watching with source %s: %s", agent_source(run.agent)->name,
		 agent_source(run.agent)->sees);
	sd_notify(0, "READY=1");
	r = loop_run(run.loop);
	sd_notify(0, "STOPPING=1");
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
