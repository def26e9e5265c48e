/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plays a recording into knowledge of its own, and makes the views that an agent would have had at
 * any moment of it. Nothing of this host gets in.
 */
#pragma once

#include <stdint.h>

struct player;
struct replay_state;
struct view;

/* Plays the start, which is the least there is to see. Logs one line on failure. */
int player_open(struct player **ret, const char *path);
void player_close(struct player *player); /* NULL is fine */

/* Goes on to the moment so long after the recording began, or its end; never back. -EBADMSG: a note
 * makes no sense. */
int player_play(struct player *player, uint64_t at_ns);

/* Back to the end of the start; what was known is forgotten. After a failure it can only be closed.
 */
int player_rewind(struct player *player);

/* A view of the moment it has been played to, not yet shared. */
int player_view(struct player *player, struct view **ret);

const struct replay_state *player_state(const struct player *player);
