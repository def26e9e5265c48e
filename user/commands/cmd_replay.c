// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "user/agent.h"
#include "user/base/log.h"
#include "user/base/text.h"
#include "user/base/util.h"
#include "user/commands/command.h"
#include "user/commands/options.h"
#include "user/commands/replay_summary.h"
#include "user/commands/when.h"
#include "user/core/view.h"
#include "user/registry.h"
#include "user/sources/source_replay.h"

static void agent_closep(struct agent **agent)
{
	agent_close(*agent);
}

static void view_unrefp(struct view **view)
{
	view_unref(*view);
}

/* What was before the damage has been shown. */
static int tell_damage(const struct agent *agent, const struct options *options)
{
	const struct source_replay *replayed = agent_replayed(agent);

	if (!replayed->error)
		return EXIT_SUCCESS;
	log_warning("replay: %s: %s at byte %llu: this is the picture of just before",
		    options->file, replayed->error == -ENODATA ? "cut" : "damaged",
		    (unsigned long long)replayed->offset);
	return EXIT_FAILURE;
}

static int print(struct agent *agent, const struct options *options)
{
	CLEANUP(view_unrefp) struct view *view = NULL;
	struct view_limits limits = { .top = options_top(options, !options->json) };
	int r;

	r = agent_view(agent, &view);
	if (r < 0) {
		log_error("replay: %s", strerror(-r));
		return EXIT_FAILURE;
	}
	if (!options->summary)
		registry_encoder(options->json)(stdout, view, &limits);
	else if (options->json)
		replay_summary_json(stdout, view, agent_replayed(agent));
	else
		replay_summary_text(stdout, view, agent_replayed(agent));
	if (fflush(stdout) || ferror(stdout)) {
		log_error("replay: writing to standard output failed");
		return EX_IOERR;
	}
	return tell_damage(agent, options);
}

/* The moment that was asked for, on the clock of then; false: it makes no sense. */
static bool choose_end(const struct agent *agent, const struct options *options, uint64_t *ret_ns)
{
	const struct note_times *begin = &agent_replayed(agent)->begin;
	char text[TEXT_TIME_MAX];
	uint64_t at;

	if (when_parse(options->at, begin->realtime, &at) < 0) {
		log_error(
			"replay: --at '%s' is no time like 12:34:56, 2026-11-22T12:34:56Z or +90s",
			options->at);
		return false;
	}
	if (at < begin->realtime) {
		log_error("replay: --at '%s' is before the recording, which begins at %s",
			  options->at, text_time(text, begin->realtime));
		return false;
	}
	*ret_ns = at - begin->realtime + begin->monotonic;
	return true;
}

/* A moment beyond the end of a recording that has one was never recorded. */
static bool has_reached(const struct agent *agent, const struct options *options, uint64_t until_ns)
{
	const struct source_replay *replayed = agent_replayed(agent);
	char text[TEXT_TIME_MAX];

	if (!options->at || !replayed->ended || replayed->error || until_ns <= replayed->last_ns)
		return true;
	log_error("replay: --at '%s' is after the recording, which ends at %s", options->at,
		  text_time(text, replayed->last_ns - replayed->begin.monotonic +
					  replayed->begin.realtime));
	return false;
}

static int run(struct agent *agent, const struct options *options)
{
	uint64_t until_ns = UINT64_MAX;
	int r;

	if (options->at && !choose_end(agent, options, &until_ns))
		return EX_USAGE;
	r = agent_play(agent, until_ns);
	if (r < 0) {
		log_error("replay: %s: at byte %llu: %s", options->file,
			  (unsigned long long)agent_replayed(agent)->offset,
			  r == -EBADMSG ? "this makes no sense" : strerror(-r));
		return EX_DATAERR;
	}
	if (!has_reached(agent, options, until_ns))
		return EX_USAGE;
	return print(agent, options);
}

int cmd_replay(int argc, char **argv)
{
	CLEANUP(agent_closep) struct agent *agent = NULL;
	struct agent_config config;
	struct options options;

	if (options_parse(&options, argc, argv,
			  OPTIONS_FILE | OPTIONS_REPLAY | OPTIONS_TOP | OPTIONS_JSON,
			  "Shows what a recording tells, on any machine.") < 0)
		return EX_USAGE;
	config = options_agent(&options);
	config.sources = source_replay_table();
	config.recording = options.file;
	if (agent_open(&agent, &config) < 0)
		return EX_NOINPUT;
	return run(agent, &options);
}
