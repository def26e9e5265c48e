// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "user/agent.h"
#include "user/base/clock.h"
#include "user/commands/command.h"
#include "user/core/ledger.h"
#include "user/base/log.h"
#include "user/loop.h"
#include "user/commands/options.h"
#include "user/host/privilege.h"
#include "user/core/trace_line.h"
#include "user/base/util.h"

#define DRAIN_NS 50000000ULL

struct trace {
	struct agent *agent;
	struct loop *loop;
	const struct options *options;
	uint64_t realtime_offset_ns;
};

static void trace_done(struct trace *trace)
{
	loop_free(trace->loop);
	agent_close(trace->agent);
}

static void print(void *context, const struct event *event, const struct hold_description *hold)
{
	struct trace *trace = context;
	struct trace_line line;

	if (trace->options->refused && event->header.kind != EVENT_REFUSED)
		return;
	if (event->header.flags & EVENT_RESYNC)
		return;
	trace_line_describe(&line, event, hold);
	line.time += trace->realtime_offset_ns;
	if (!line.netns_name)
		line.netns_name = agent_netns_name(trace->agent, line.netns);
	if (trace->options->json)
		trace_line_json(stdout, &line);
	else
		trace_line_text(stdout, &line);
}

/* Somebody may be reading along; nobody there is a normal end. */
static int flush(void *context)
{
	(void)context;
	return fflush(stdout) ? -EPIPE : 0;
}

static int run(struct trace *trace)
{
	struct loop_config config = {
		.drain_ns = DRAIN_NS,
		.reconcile_ns = trace->options->reconcile_ns,
		.drained = flush,
		.second = flush,
		.context = trace,
	};
	int r;

	agent_observe(trace->agent, print, trace);
	r = loop_new(&trace->loop, trace->agent, &config);
	if (r < 0) {
		log_error("trace: cannot set up the event loop: %s", strerror(-r));
		return EXIT_FAILURE;
	}
	if (!trace->options->json)
		trace_line_heading(stdout);
	flush(NULL);
	r = loop_run(trace->loop);
	return r < 0 && r != -EPIPE ? EXIT_FAILURE : EXIT_SUCCESS;
}

int cmd_trace(int argc, char **argv)
{
	CLEANUP(trace_done) struct trace trace = { 0 };
	struct agent_config config;
	struct options options;

	if (options_parse(&options, argc, argv,
			  OPTIONS_SOURCE | OPTIONS_RECONCILE | OPTIONS_JSON | OPTIONS_REFUSED,
			  "Prints a line for each port that is taken, released or refused.") < 0)
		return EX_USAGE;
	if (privilege_require(source_privileges(source_table(), options.source)) < 0)
		return EX_NOPERM;
	config = options_agent(&options);
	if (agent_open(&trace.agent, &config) < 0 ||
	    privilege_drop_others(agent_source(trace.agent)->privileges) < 0)
		return EXIT_FAILURE;
	if (agent_source(trace.agent)->polled & LEDGER_POLLS_ALL)
		agent_explain(trace.agent);
	trace.options = &options;
	trace.realtime_offset_ns = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
	return run(&trace);
}
