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
#include "user/base/memory.h"
#include "user/loop.h"
#include "user/commands/options.h"
#include "user/commands/settings.h"
#include "user/config/config.h"
#include "user/host/privilege.h"
#include "user/registry.h"
#include "user/base/util.h"
#include "user/core/view.h"

#define DRAIN_NS 100000000ULL

struct run {
	const struct options *given; /* the command line */
	struct options options;      /* completed by the settings of the start */
	struct config *started;      /* whose strings the options have */
	struct config *config;       /* that holds now */
	struct web_config web;
	struct view_limits limits;
	uint64_t settings_at; /* ns since the epoch: when config was read */
	bool settings_taken;  /* the last reading succeeded */
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
	if (run->config != run->started)
		config_free(run->config);
	config_free(run->started);
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
	if (r == 0) {
		view->health.settings_taken = run->settings_taken;
		view->health.settings_at = run->settings_at;
		exporters_account(run->exporters, view);
		r = alerts_evaluate(run->alerts, view, clock_ns(CLOCK_MONOTONIC), on_transition,
				    run->exporters);
	}
	if (r == 0)
		exporters_publish(run->exporters, view);
	else
		log_error("making a view: %s", strerror(-r));
	view_unref(view);
	return 0;
}

static struct web_config web_of(const struct options *options)
{
	return (struct web_config){
		.listen_addresses = options->listen,
		.listen_addresses_count = options->listen_count,
		.systemd_socket = options->systemd_socket,
		.config_file = options->web_config_file,
		.telemetry_path = options->telemetry_path,
		.disable_ui = options->disable_ui,
	};
}

static struct view_limits limits_of(const struct config *config, const struct options *options)
{
	struct view_limits limits = config->limits;

	limits.top = options_top(options, false);
	return limits;
}

/* --- settings -------------------------------------------------------------------------------- */

/* Alerts that fire keep firing. */
static int apply(struct run *run, struct config *config, const struct options *options)
{
	int r = exporters_set_notifiers(run->exporters, config->notifiers, config->notifiers_count);

	if (r == 0)
		r = loop_set_reconcile(run->loop, options->reconcile_ns);
	if (r < 0)
		return r;
	agent_look_when_told(run->agent, options->reconcile_ns == 0);
	control_set_reconcile(run->control, options->reconcile_ns);
	run->limits = limits_of(config, options);
	agent_limit(run->agent, &run->limits);
	alerts_replace(run->alerts, config->rules, config->rules_count, on_transition,
		       run->exporters);
	if (run->config != run->started)
		config_free(run->config);
	run->config = config;
	return 0;
}

static int take_settings(struct run *run)
{
	CLEANUP(config_freep) struct config *config = NULL;
	struct options options = *run->given;
	int r;

	r = settings_load(&config, &options);
	if (r == 0)
		r = apply(run, config, &options);
	if (r < 0)
		return r;
	config = NULL; /* the run's */
	settings_need_start(&run->options, &options);
	return 0;
}

static void tell_reload(struct run *run, int r)
{
	run->settings_taken = r == 0;
	if (r < 0) {
		log_error("%s is not taken: the settings read before still hold",
			  run->given->config_file);
		return;
	}
	run->settings_at = clock_ns(CLOCK_REALTIME);
	log_info("settings read again from %s: %zu alert rules, %zu notifiers",
		 run->given->config_file, run->config->rules_count, run->config->notifiers_count);
}

/* Whatever is wrong with the file, we go on. */
static int reload(void *context)
{
	struct run *run = context;

	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
		   (unsigned long long)(clock_ns(CLOCK_MONOTONIC) / 1000));
	if (run->given->config_file)
		tell_reload(run, take_settings(run));
	else
		log_info("SIGHUP: there is no --config.file to read again");
	sd_notify(0, "READY=1");
	return 0;
}

/* --- start ----------------------------------------------------------------------------------- */

static int open_loop(struct run *run)
{
	struct loop_config config = {
		.drain_ns = DRAIN_NS,
		.reconcile_ns = run->options.reconcile_ns,
		.second = publish,
		.reload = reload,
		.context = run,
	};
	int r = loop_new(&run->loop, run->agent, &config);

	if (r < 0)
		log_error("run: cannot set up the event loop: %s", strerror(-r));
	return r;
}

/* The HTTP thread is started last but one: it inherits the blocked signals. */
static int open_all(struct run *run)
{
	struct agent_config config = options_agent(&run->options);
	int r;

	config.limits = &run->limits;
	config.confined = true;
	r = agent_open(&run->agent, &config);
	if (r == 0)
		r = agent_confine(run->agent);
	if (r < 0)
		return r;
	r = alerts_new(&run->alerts, run->config->rules, run->config->rules_count);
	if (r == 0)
		r = open_loop(run);
	if (r == 0)
		r = control_open(&run->control, run->options.control, run->agent,
				 run->options.reconcile_ns, loop_event(run->loop));
	if (r == 0)
		r = exporters_open(&run->exporters, &run->web, &run->limits, loop_event(run->loop));
	if (r == 0)
		r = exporters_set_notifiers(run->exporters, run->config->notifiers,
					    run->config->notifiers_count);
	return r;
}

/* 0, or the status to end with. */
static int first_settings(struct run *run)
{
	run->options = *run->given;
	if (settings_load(&run->config, &run->options) < 0)
		return EX_CONFIG;
	run->started = run->config;
	run->settings_at = clock_ns(CLOCK_REALTIME);
	run->settings_taken = true;
	run->web = web_of(&run->options);
	run->limits = limits_of(run->config, &run->options);
	return 0;
}

int cmd_run(int argc, char **argv)
{
	CLEANUP(run_done) struct run run = { 0 };
	struct options given;
	int r;

	if (options_parse(&given, argc, argv,
			  OPTIONS_SOURCE | OPTIONS_RECONCILE | OPTIONS_TOP | OPTIONS_WEB |
				  OPTIONS_CONTROL | OPTIONS_CONFIG,
			  "Watches this host's ephemeral ports: metrics, API and alerts.") < 0)
		return EX_USAGE;
	run.given = &given;
	r = first_settings(&run);
	if (r != 0)
		return r;
	if (privilege_require(source_privileges(source_table(), run.options.source)) < 0)
		return EX_NOPERM;
	if (open_all(&run) < 0)
		return EXIT_FAILURE;
	publish(&run); /* whoever asks at once gets an answer */
	agent_explain(run.agent);
	log_info("watching with source %s: %s", agent_source(run.agent)->name,
		 agent_source(run.agent)->sees);
	sd_notify(0, "READY=1");
	memory_settle();
	r = loop_run(run.loop);
	sd_notify(0, "STOPPING=1");
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
