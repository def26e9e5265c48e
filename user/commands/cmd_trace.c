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
#include "user/commands/trace_filter.h"
#include "user/core/trace_line.h"
#include "user/base/util.h"

#define DRAIN_NS 50000000ULL

struct trace {
	struct agent *agent;
	struct loop *loop;
	const struct options *options;
	struct trace_filter filter;
	uint64_t realtime_offset_ns;
	uint64_t shown;
	uint64_t unknown; /* events that a filter cannot judge */
	struct source_losses told;
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
	enum trace_passage passage;

	if (event->header.flags & EVENT_RESYNC)
		return;
	trace_line_describe(&line, event, hold);
	line.time += trace->realtime_offset_ns;
	if (!line.netns_name)
		line.netns_name = agent_netns_name(trace->agent, line.netns);
	passage = trace_filter_pass(&trace->filter, &line);
	trace->unknown += passage == TRACE_UNKNOWN;
	if (passage != TRACE_PASSES)
		return;
	trace->shown++;
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

struct loss_text {
	char text[160];
	int length;
	uint64_t count;
};

static void add_loss(struct loss_text *ret, const char *name, uint64_t before, uint64_t now)
{
	if (now <= before)
		return;
	ret->count += now - before;
	ret->length += snprintf(ret->text + ret->length, sizeof(ret->text) - (size_t)ret->length,
				"%s%s %llu", ret->length ? ", " : "", name,
				(unsigned long long)(now - before));
}

/* What is lost from one to the other, by reason: a few short names and numbers. */
static struct loss_text losses_between(const struct source_losses *before,
				       const struct source_losses *now)
{
	struct loss_text ret = { .length = 0 };

	for (int reason = 0; reason < LOSS__COUNT; reason++)
		add_loss(&ret, loss_name((enum loss)reason), before->by_reason[reason],
			 now->by_reason[reason]);
	add_loss(&ret, "recursion", before->recursion, now->recursion);
	add_loss(&ret, "malformed", before->malformed, now->malformed);
	return ret;
}

/* Of the clock as it is now: somebody may have set it. */
static void set_clock(struct trace *trace)
{
	trace->realtime_offset_ns = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
}

static int each_second(void *context)
{
	struct trace *trace = context;
	struct source_losses now = agent_losses(trace->agent);
	struct loss_text lost = losses_between(&trace->told, &now);
	int r = flush(NULL);

	if (lost.count)
		log_warning("trace: events are missing here: %s; ports in use that they were about "
			    "come as (found)",
			    lost.text);
	trace->told = now;
	set_clock(trace);
	return r;
}

static void sum_up(struct trace *trace)
{
	static const struct source_losses none;
	struct source_losses now = agent_losses(trace->agent);
	struct loss_text lost = losses_between(&none, &now);

	if (trace->unknown)
		log_warning("trace: %llu events were about ports of which nothing is known; the "
			    "filter left them out",
			    (unsigned long long)trace->unknown);
	log_info("trace: %llu events shown, %s lost", (unsigned long long)trace->shown,
		 lost.count ? lost.text : "none");
}

static int run(struct trace *trace)
{
	struct loop_config config = {
		.drain_ns = DRAIN_NS,
		.reconcile_ns = trace->options->reconcile_ns,
		.drained = flush,
		.second = each_second,
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
	agent_tick(trace->agent); /* what happened last */
	flush(NULL);
	sum_up(trace);
	return r < 0 && r != -EPIPE ? EXIT_FAILURE : EXIT_SUCCESS;
}

int cmd_trace(int argc, char **argv)
{
	CLEANUP(trace_done) struct trace trace = { 0 };
	char reason[TRACE_FILTER_REASON_MAX];
	struct agent_config config;
	struct options options;

	if (options_parse(&options, argc, argv,
			  OPTIONS_SOURCE | OPTIONS_RECONCILE | OPTIONS_JSON | OPTIONS_REFUSED |
				  OPTIONS_FILTER,
			  "Prints a line for each port that is taken, released or refused.") < 0)
		return EX_USAGE;
	if (trace_filter_init(&trace.filter, &options, reason) < 0) {
		log_error("trace: %s", reason);
		return EX_USAGE;
	}
	if (privilege_require(source_privileges(source_table(), options.source)) < 0)
		return EX_NOPERM;
	config = options_agent(&options);
	config.confined = true;
	if (agent_open(&trace.agent, &config) < 0 || agent_confine(trace.agent) < 0)
		return EXIT_FAILURE;
	if (agent_source(trace.agent)->polled & LEDGER_POLLS_ALL)
		agent_explain(trace.agent);
	trace.options = &options;
	set_clock(&trace);
	return run(&trace);
}
