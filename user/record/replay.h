/* SPDX-License-Identifier: Apache-2.0 */
/* A recording's notes again, in their order, as far as one wants them: what they tell is of the
 * host and the time of then. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "user/core/note.h"

#define REPLAY_REASON_MAX 256

struct replay;

/* What became of the recording so far. */
struct replay_state {
	struct note_times begin; /* when its agent began to look */
	uint64_t last_ns;        /* CLOCK_MONOTONIC: the newest time it tells so far */
	uint64_t gaps;           /* places where events are missing */
	uint64_t missing;        /* events that are missing there */
	bool ended;              /* there is nothing more to play */
	enum note_end end;       /* why it ends; 0: it was cut or damaged */
	int error;               /* -ENODATA: cut; -EBADMSG: damaged; -EIO */
	uint64_t offset;         /* bytes: good up to there */
};

/* On failure a negative errno, and reason says what is wrong with which file. */
int replay_open(struct replay **ret, const char *path, char reason[REPLAY_REASON_MAX]);
void replay_close(struct replay *replay); /* NULL is fine */

/* Hands over what was recorded up to until_ns (CLOCK_MONOTONIC of then); a reconcile is never cut
 * in two, nor is the start. A handler's negative errno ends it. */
int replay_play(struct replay *replay, uint64_t until_ns, note_handler *handler, void *context);

/* To where it was opened, with a new state. -EIO, or as recording_open(). */
int replay_rewind(struct replay *replay);

const struct replay_state *replay_state(const struct replay *replay);
