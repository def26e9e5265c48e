// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "user/base/log.h"
#include "user/base/util.h"
#include "user/commands/command.h"
#include "user/commands/moment.h"
#include "user/commands/options.h"
#include "user/commands/replay_summary.h"
#include "user/core/view.h"
#include "user/player.h"
#include "user/registry.h"

static void player_closep(struct player **player)
{
	player_close(*player);
}

static void view_unrefp(struct view **view)
{
	view_unref(*view);
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
	return EXIT_SUCCESS;
}

static int run(struct player *player, const struct options *options)
{
	struct moment moment = { .command = "replay", .file = options->file, .at = options->at };
	uint64_t at_ns = UINT64_MAX;
	int status = moment_choose(&at_ns, &moment, player);

	if (status == 0)
		status = moment_judge(&moment, player, at_ns, player_play(player, at_ns));
	if (status == 0)
		status = print(player, options);
	if (status == 0 && moment_tell_damage(&moment, player))
		status = EXIT_FAILURE;
	return status;
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
