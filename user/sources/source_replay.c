// SPDX-License-Identifier: Apache-2.0
#include "user/sources/source_replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/util.h"
#include "user/record/recording.h"

struct replay {
	struct source source;
	FILE *file;
	struct recording *recording;
	struct note note; /* read and not played yet */
	bool pending;
	bool whole; /* what comes next belongs to what came: no stop before its end */
	struct source_replay state;
};

static void replay_close(struct source *source)
{
	struct replay *self = (struct replay *)source;

	if (!self)
		return;
	recording_close(self->recording);
	if (self->file)
		fclose(self->file);
	free(self);
}

static void replay_closep(struct replay **self)
{
	replay_close((struct source *)*self);
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

static int open_file(struct replay *self, const char *path)
{
	int r;

	self->file = fopen(path, "re");
	if (!self->file)
		return -errno;
	r = recording_open(&self->recording, self->file);
	return r < 0 && ferror(self->file) ? -EIO : r;
}

static int replay_open(struct source **ret, const struct source_config *config,
		       char reason[SOURCE_REASON_MAX])
{
	CLEANUP(replay_closep) struct replay *self = calloc(1, sizeof(*self));
	int r;

	if (!self)
		return -ENOMEM;
	self->source.ops = &source_replay;
	self->whole = true;
	r = open_file(self, config->recording);
	if (r < 0) {
		snprintf(reason, SOURCE_REASON_MAX, "%.128s: %s", config->recording, explain(r));
		return r;
	}
	*ret = &TAKE_PTR(self)->source;
	return 0;
}

/* Keeps account of what was played. */
static void follow(struct replay *self, const struct note *note)
{
	uint64_t time_ns = note_time(note);

	if (time_ns > self->state.last_ns)
		self->state.last_ns = time_ns;
	switch (note->kind) {
	case NOTE_START:
		self->state.begin = note->start.times;
		break;
	case NOTE_RECONCILE_BEGIN:
		self->whole = true;
		break;
	case NOTE_RECONCILE_END:
		self->whole = false;
		break;
	case NOTE_GAP:
		self->state.gaps++;
		self->state.missing += note->missing;
		break;
	case NOTE_END:
		self->state.end = note->end;
		break;
	default:
		break;
	}
}

/* Damage is no failure: what was before it is good. */
static bool fetch(struct replay *self)
{
	int r;

	if (self->pending)
		return true;
	r = self->state.ended ? 0 : recording_next(self->recording, &self->note);
	self->pending = r > 0;
	self->state.offset = recording_offset(self->recording);
	if (r <= 0)
		self->state.ended = true;
	if (r < 0)
		self->state.error = r;
	return self->pending;
}

static int replay_play(struct source *source, uint64_t until_ns, note_handler *handler,
		       void *context)
{
	struct replay *self = (struct replay *)source;
	int r = 0;

	while (r == 0 && fetch(self)) {
		uint64_t time_ns = note_time(&self->note);
		bool there = self->note.kind == NOTE_TIME && time_ns == until_ns;

		if (time_ns > until_ns && !self->whole)
			return 0;
		self->pending = false;
		follow(self, &self->note);
		r = handler(context, &self->note);
		if (there) /* what the agent knew then; what was under way came later */
			return r;
	}
	return r;
}

static const struct source_replay *replay_replayed(const struct source *source)
{
	return &((const struct replay *)source)->state;
}

/* --- there is no kernel behind it ------------------------------------------------------------ */

static int no_fd(struct source *source)
{
	(void)source;
	return -1;
}

static int no_events(struct source *source, source_handler *handler, void *context)
{
	(void)source;
	(void)handler;
	(void)context;
	return 0;
}

static int no_sweep(struct source *source, bool resync, source_handler *handler, void *context)
{
	(void)resync;
	return no_events(source, handler, context);
}

static int no_losses(struct source *source, struct source_losses *ret)
{
	(void)source;
	*ret = (struct source_losses){ 0 };
	return 0;
}

const struct source_ops source_replay = {
	.name = "replay",
	.sees = "what was recorded",
	.open = replay_open,
	.close = replay_close,
	.fd = no_fd,
	.drain = no_events,
	.find_files = no_events,
	.find_netns = no_events,
	.sweep = no_sweep,
	.losses = no_losses,
	.play = replay_play,
	.replayed = replay_replayed,
};

const struct source_ops *const *source_replay_table(void)
{
	static const struct source_ops *const table[] = { &source_replay, NULL };

	return table;
}
