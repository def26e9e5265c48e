// SPDX-License-Identifier: Apache-2.0
#include "user/player.h"

#include <errno.h>
#include <stdlib.h>

#include "user/base/log.h"
#include "user/base/util.h"
#include "user/core/knowledge.h"
#include "user/record/replay.h"

#define NS_PER_MS 1000000ULL

struct player {
	struct replay *replay;
	struct knowledge known;
};

static void player_closep(struct player **player)
{
	player_close(*player);
}

void player_close(struct player *player)
{
	if (!player)
		return;
	replay_close(player->replay);
	knowledge_done(&player->known);
	free(player);
}

const struct replay_state *player_state(const struct player *player)
{
	return replay_state(player->replay);
}

static int hear(void *context, const struct note *note)
{
	struct player *player = context;

	return knowledge_take(&player->known, note);
}

/* Time goes on to where it was asked for, though nothing happened then. Two clocks are never read
 * at once; that must not make the moment another one than was asked for, counted from the start. */
static void play_on(struct player *player, uint64_t until_ns)
{
	const struct note_times *begin = &player_state(player)->begin;
	struct note note = { .kind = NOTE_TIME, .times = player->known.times };
	uint64_t more_ns = until_ns - note.times.monotonic;
	uint64_t realtime = begin->realtime + (until_ns - begin->monotonic);

	note.times.monotonic += more_ns;
	note.times.realtime += more_ns;
	note.times.boottime += more_ns;
	if (note.times.realtime - realtime + NS_PER_MS < 2 * NS_PER_MS)
		note.times.realtime = realtime;
	knowledge_take(&player->known, &note);
}

static int play_until(struct player *player, uint64_t until_ns)
{
	int r = replay_play(player->replay, until_ns, hear, player);

	if (r == 0 && !player_state(player)->ended && until_ns > player->known.times.monotonic)
		play_on(player, until_ns);
	return r;
}

int player_play(struct player *player, uint64_t at_ns)
{
	uint64_t begin_ns = player_state(player)->begin.monotonic;

	return play_until(player, at_ns < UINT64_MAX - begin_ns ? begin_ns + at_ns : UINT64_MAX);
}

/* What it began with has to be there, all of it. */
static int play_start(struct player *player)
{
	int r = play_until(player, 0);

	return r == 0 && !player->known.ledger ? -ENODATA : r;
}

int player_rewind(struct player *player)
{
	int r = replay_rewind(player->replay);

	if (r < 0)
		return r;
	knowledge_done(&player->known);
	return play_start(player);
}

int player_open(struct player **ret, const char *path)
{
	CLEANUP(player_closep) struct player *player = calloc(1, sizeof(*player));
	char reason[REPLAY_REASON_MAX];
	int r;

	if (!player) {
		log_error("replay: no memory");
		return -ENOMEM;
	}
	r = replay_open(&player->replay, path, reason);
	if (r < 0) {
		log_error("replay: %s", reason);
		return r;
	}
	r = play_start(player);
	if (r < 0) {
		log_error("%s: %s at byte %llu: nothing before that can be replayed", path,
			  player_state(player)->error == -ENODATA ? "cut" : "damaged",
			  (unsigned long long)player_state(player)->offset);
		return r;
	}
	*ret = TAKE_PTR(player);
	return 0;
}

int player_view(struct player *player, struct view **ret)
{
	return knowledge_view(&player->known, ret);
}
