/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes notes to a file as they come. A thread of its own packs and writes, so that a slow disk
 * never keeps the agent from its ring; if the disk cannot follow for long, events are left out,
 * which the recording says, and the agent is to tell all holds again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "user/core/note.h"

struct recorder;

struct recorder_config {
	const char *path;     /* must not exist; readable for its owner only */
	uint64_t max_bytes;   /* the file grows no larger */
	int (*confine)(void); /* the thread calls it first; NULL: nothing */
	uint64_t queue_bytes; /* of notes that may wait for the disk; 0: 64 MiB */
};

struct recorder_status {
	uint64_t written; /* bytes; the file is good up to there whatever happened then */
	uint64_t missed;  /* events that were left out */
	bool full;        /* max_bytes are reached, the recording has its end */
	int error;        /* negative errno: writing failed, nothing is written any more */
};

/* Starts the thread, with all signals blocked. Negative errno; -EEXIST: the file is there. */
int recorder_open(struct recorder **ret, const struct recorder_config *config);

/* A note_handler; context is the recorder. Never waits for the disk. Always 0. */
int recorder_take(void *context, const struct note *note);

/* Hands over what is not written yet: call it once a second. True: events were left out, and now
 * there is room again, so all holds are to be told again. */
bool recorder_flush(struct recorder *recorder);

struct recorder_status recorder_status(struct recorder *recorder);

/* Writes the rest and the end, and closes the file. NULL is a no-op. */
struct recorder_status recorder_close(struct recorder *recorder);
