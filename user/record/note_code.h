/* SPDX-License-Identifier: Apache-2.0 */
/* Notes as bytes and back. Pure. Change what is written: bump RECORDING_VERSION; new
 * kinds of notes leave what an older version wrote readable. */
#pragma once

#include "user/core/note.h"
#include "user/record/coder.h"

/* Times are written as differences to the one before. */
struct note_coder {
	struct coder coder;
	uint64_t time_ns;
	/* What a note that was read points to, until the next one. */
	struct event event;
	struct netns_facts facts;
};

/* coder_done() ends the coder; times begin at 0. */
void note_coder_init(struct note_coder *self, struct coder coder);

/* -ENOMEM: no memory; what was written before is whole. */
int note_write(struct note_coder *self, const struct note *note);

/* 1; 0: that was all; -EBADMSG: it is malformed. Every field is checked as those of the kernel
 * are; strings and pointers are good until the next call. */
int note_read(struct note_coder *self, struct note *ret);
