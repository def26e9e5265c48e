/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that an agent knows: the ledger, and what a view says beside it. It learns by notes only.
 * Pure.
 */
#pragma once

#include "user/core/note.h"

#define KNOWLEDGE_NAME_MAX 68

struct view;

struct knowledge {
	struct ledger *ledger;   /* NULL until NOTE_START */
	struct places places;    /* names of far ends */
	struct note_times times; /* the newest */
	uint64_t since_ns;       /* CLOCK_MONOTONIC */
	struct note_health health;
	char source[KNOWLEDGE_NAME_MAX];
	char kernel[KNOWLEDGE_NAME_MAX];
	char host[KNOWLEDGE_NAME_MAX];
};

/* -EBADMSG: a note that makes no sense here, a second start or anything before the first.
 * -ENOMEM: as ledger_apply. */
int knowledge_take(struct knowledge *knowledge, const struct note *note);

/* A view of the newest time that a note told, with one reference. -ENOMEM: *ret is untouched. */
int knowledge_view(struct knowledge *knowledge, struct view **ret);

void knowledge_done(struct knowledge *knowledge);
