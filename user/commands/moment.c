// SPDX-License-Identifier: Apache-2.0
#include "user/commands/moment.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

#include "user/base/log.h"
#include "user/base/text.h"
#include "user/commands/when.h"
#include "user/player.h"
#include "user/record/replay.h"

int moment_choose(uint64_t *ret_ns, const struct moment *moment, const struct player *player)
{
	const struct note_times *begin = &player_state(player)->begin;
	char text[TEXT_TIME_MAX];
	uint64_t at;

	if (!moment->at)
		return 0;
	if (when_parse(moment->at, begin->realtime, &at) < 0) {
		log_error("%s: --at '%s' is no time like 12:34:56, 2026-11-22T12:34:56Z or +90s",
			  moment->command, moment->at);
		return EX_USAGE;
	}
	if (at < begin->realtime) {
		log_error("%s: --at '%s' is before the recording, which begins at %s",
			  moment->command, moment->at, text_time(text, begin->realtime));
		return EX_USAGE;
	}
	*ret_ns = at - begin->realtime;
	return 0;
}

/* A moment beyond the end of a recording that has one was never recorded. */
static bool is_in(const struct player *player, uint64_t at_ns)
{
	const struct replay_state *state = player_state(player);

	return !state->ended || state->error || at_ns <= state->last_ns - state->begin.monotonic;
}

int moment_judge(const struct moment *moment, const struct player *player, uint64_t at_ns, int r)
{
	const struct replay_state *state = player_state(player);
	char text[TEXT_TIME_MAX];

	if (r < 0) {
		log_error("%s: %s: at byte %llu: %s", moment->command, moment->file,
			  (unsigned long long)state->offset,
			  r == -EBADMSG ? "this makes no sense" : strerror(-r));
		return EX_DATAERR;
	}
	if (!moment->at || is_in(player, at_ns))
		return 0;
	log_error("%s: --at '%s' is after the recording, which ends at %s", moment->command,
		  moment->at,
		  text_time(text, state->last_ns - state->begin.monotonic + state->begin.realtime));
	return EX_USAGE;
}

bool moment_tell_damage(const struct moment *moment, const struct player *player)
{
	const struct replay_state *state = player_state(player);

	if (!state->error)
		return false;
	log_warning("%s: %s: %s at byte %llu: this is the picture of just before", moment->command,
		    moment->file, state->error == -ENODATA ? "cut" : "damaged",
		    (unsigned long long)state->offset);
	return true;
}
