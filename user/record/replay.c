// SPDX-License-Identifier: Apache-2.0
#include "user/record/replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/util.h"
#include "user/record/recording.h"

struct replay {
	FILE *file;
	struct recording *recording;
	struct note note; /* read and not played yet */
	bool pending;
	bool whole; /* what comes next belongs to what came: no stop before its end */
	struct replay_state state;
};

void replay_close(struct replay *replay)
{
	if (!replay)
		return;
	recording_close(replay->recording);
	if (replay->file)
		fclose(replay->file);
	free(replay);
}

static void replay_closep(struct replay **replay)
{
	replay_close(*replay);
}

static const char *explain(int error)
{
	switch (error) {
	case -EBADMSG:
		return "it is no recording of portgauge";
	case -EPROTO:
		return "a newer portgauge wrote it; replay it with that one";
	case -ENODATA:
		return "it ends within its first bytes; nothing was recorded";
	default:
		return strerror(-error);
	}
}

static int open_file(struct replay *replay, const char *path)
{
	int r;

	replay->file = fopen(path, "re");
	if (!replay->file)
		return -errno;
	r = recording_open(&replay->recording, replay->file);
	return r < 0 && ferror(replay->file) ? -EIO : r;
}

int replay_open(struct replay **ret, const char *path, char reason[REPLAY_REASON_MAX])
{
	CLEANUP(replay_closep) struct replay *replay = calloc(1, sizeof(*replay));
	int r = -ENOMEM;

	if (replay) {
		replay->whole = true;
		r = open_file(replay, path);
	}
	if (r < 0) {
		snprintf(reason, REPLAY_REASON_MAX, "%.128s: %s", path, explain(r));
		return r;
	}
	*ret = TAKE_PTR(replay);
	return 0;
}

/* Keeps account of what was played. */
static void follow(struct replay *replay, const struct note *note)
{
	uint64_t time_ns = note_time(note);

	if (time_ns > replay->state.last_ns)
		replay->state.last_ns = time_ns;
	switch (note->kind) {
	case NOTE_START:
		replay->state.begin = note->start.times;
		break;
	case NOTE_RECONCILE_BEGIN:
		replay->whole = true;
		break;
	case NOTE_RECONCILE_END:
		replay->whole = false;
		break;
	case NOTE_GAP:
		replay->state.gaps++;
		replay->state.missing += note->missing;
		break;
	case NOTE_END:
		replay->state.end = note->end;
		break;
	default:
		break;
	}
}

/* Damage is no failure: what was before it is good. */
static bool fetch(struct replay *replay)
{
	int r;

	if (replay->pending)
		return true;
	r = replay->state.ended ? 0 : recording_next(replay->recording, &replay->note);
	replay->pending = r > 0;
	replay->state.offset = recording_offset(replay->recording);
	if (r <= 0)
		replay->state.ended = true;
	if (r < 0)
		replay->state.error = r;
	return replay->pending;
}

int replay_play(struct replay *replay, uint64_t until_ns, note_handler *handler, void *context)
{
	int r = 0;

	while (r == 0 && fetch(replay)) {
		uint64_t time_ns = note_time(&replay->note);
		bool there = replay->note.kind == NOTE_TIME && time_ns == until_ns;

		if (time_ns > until_ns && !replay->whole)
			return 0;
		replay->pending = false;
		follow(replay, &replay->note);
		r = handler(context, &replay->note);
		if (there) /* what the agent knew then; what was under way came later */
			return r;
	}
	return r;
}

int replay_rewind(struct replay *replay)
{
	struct recording *recording;
	int r;

	rewind(replay->file);
	r = recording_open(&recording, replay->file);
	if (r < 0)
		return ferror(replay->file) ? -EIO : r;
	recording_close(replay->recording);
	replay->recording = recording;
	replay->pending = false;
	replay->whole = true;
	replay->state = (struct replay_state){ 0 };
	return 0;
}

const struct replay_state *replay_state(const struct replay *replay)
{
	return &replay->state;
}
