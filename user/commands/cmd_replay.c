// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "user/base/log.h"
#include "user/base/text.h"
#include "user/base/util.h"
#include "user/commands/command.h"
#include "user/commands/options.h"
#include "user/commands/replay_summary.h"
#include "user/commands/when.h"
#include "user/core/view.h"
#include "user/player.h"
#include "user/registry.h"
#include "user/record/replay.h"

static void player_closep(struct player **player)
{
	player_close(*player);
}

static void view_unrefp(struct view **view)
{
	view_unref(*view);
}

/* What was before the damage has been shown. */
static int tell_damage(const struct player *player, const struct options *options)
{
	const struct replay_state *replayed = player_state(player);

	if (!replayed->error)
		return EXIT_SUCCESS;
	log_warning("replay: %s: %s at byte %llu: this is the picture of just before",
		    options->file, replayed->error == -ENODATA ? "cut" : "damaged",
		    (unsigned long long)replayed->offset);
	return EXIT_FAILURE;
}

static int print(struct player *player, const struct options *options)
{
	CLEANUP(view_unrefp) struct view *view = NULL;
	struct view_limits limits = { .top = options_top(options, !options->json) };
	int r;

	r = player_view(player, &view);
	if (r < 0) {
		log_error("replay: %s", strerror(-r));
		return EXIT_FAILURE;
	}
	if (!options->summary)
		registry_encoder(options->json)(stdout, view, &limits);
	else if (options->json)
		replay_summary_json(stdout, view, player_state(player));
	else
		replay_summary_text(stdout, view, player_state(player));
	if (fflush(stdout) || ferror(stdout)) {
		log_error("replay: writing to standard output failed");
		return EX_IOERR;
	}
	return tell_damage(player, options);
}

/* The moment that was asked for, on the clock of then; false: it makes no sense. */
static bool choose_end(const struct player *player, const struct options *options, uint64_t *ret_ns)
{
	const struct note_times *begin = &player_state(player)->begin;
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
static bool has_reached(const struct player *player, const struct options *options,
			uint64_t until_ns)
{
	const struct replay_state *replayed = player_state(player);
	char text[TEXT_TIME_MAX];

	if (!options->at || !replayed->ended || replayed->error || until_ns <= replayed->last_ns)
		return true;
	log_error("replay: --at '%s' is after the recording, which ends at %s", options->at,
		  text_time(text, replayed->last_ns - replayed->begin.monotonic +
					  replayed->begin.realtime));
	return false;
}

static int run(struct player *player, const struct options *options)
{
	uint64_t until_ns = UINT64_MAX;
	int r;

	if (options->at && !choose_end(player, options, &until_ns))
		return EX_USAGE;
	r = player_play(player, until_ns);
	if (r < 0) {
		log_error("replay: %s: at byte %llu: %s", options->file,
			  (unsigned long long)player_state(player)->offset,
			  r == -EBADMSG ? "this makes no sense" : strerror(-r));
		return EX_DATAERR;
	}
	if (!has_reached(player, options, until_ns))
		return EX_USAGE;
	return print(player, options);
}

int cmd_replay(int argc, char **argv)
{
	CLEANUP(player_closep) struct player *player = NULL;
	struct options options;

	if (options_parse(&options, argc, argv,
			  OPTIONS_FILE | OPTIONS_REPLAY | OPTIONS_TOP | OPTIONS_JSON,
			  "Shows what a recording tells, on any machine.") < 0)
		return EX_USAGE;
	if (player_open(&player, options.file) < 0)
		return EX_NOINPUT;
	return run(player, &options);
}
