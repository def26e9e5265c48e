/* SPDX-License-Identifier: Apache-2.0 */
/* Recordings in memory. Include after cmocka.h. */
#pragma once

#include <stdlib.h>

#include "tests/unit/incident.h"
#include "user/record/note_code.h"
#include "user/record/recording.h"

#define RECORDED_MAX (1 << 16)

struct recorded {
	uint8_t data[RECORDED_MAX];
	size_t size;
	uint32_t blocks;
	struct note_coder coder;
};

static inline struct recorded *recorded_new(void)
{
	struct recorded *self = calloc(1, sizeof(*self));

	assert_non_null(self);
	recording_head(self->data);
	self->size = RECORDING_HEAD_BYTES;
	note_coder_init(&self->coder, coder_writer());
	return self;
}

static inline void recorded_free(struct recorded *self)
{
	coder_done(&self->coder.coder);
	free(self);
}

/* Notes as bytes, right or wrong, in a block that is right. */
static inline void recorded_block(struct recorded *self, const uint8_t *notes, size_t size)
{
	uint8_t *packed = malloc(RECORDING_PACKED_MAX(size));
	size_t packed_size;

	assert_non_null(packed);
	packed_size = recording_pack(packed, self->blocks++, notes, size);
	assert_true(self->size + packed_size <= RECORDED_MAX);
	memcpy(self->data + self->size, packed, packed_size);
	self->size += packed_size;
	free(packed);
}

static inline void recorded_flush(struct recorded *self)
{
	if (self->coder.coder.at)
		recorded_block(self, self->coder.coder.data, self->coder.coder.at);
	coder_done(&self->coder.coder);
	note_coder_init(&self->coder, coder_writer());
}

/* A note_handler; every time_note ends a block, as in a recorder that writes once a second. */
static inline int recorded_take(void *context, const struct note *note)
{
	struct recorded *self = context;

	assert_int_equal(note_write(&self->coder, note), 0);
	if (note->kind == NOTE_TIME || note->kind == NOTE_END)
		recorded_flush(self);
	return 0;
}

/* The whole incident with its end. */
static inline struct recorded *recorded_incident(void)
{
	struct recorded *self = recorded_new();
	struct incident incident = { .handler = recorded_take, .context = self };

	incident_happens(&incident);
	incident_tell(&incident, (struct note){ .kind = NOTE_END, .end = NOTE_END_STOPPED });
	return self;
}

/* What reading it ends with: 0, or an error; counts the notes before that. */
static inline int recorded_read(const void *data, size_t size, size_t *ret_notes,
				uint64_t *ret_offset)
{
	FILE *file = size ? fmemopen((void *)data, size, "r") : fopen("/dev/null", "re");
	struct recording *recording = NULL;
	struct note note;
	int r;

	assert_non_null(file);
	*ret_notes = 0;
	*ret_offset = 0;
	r = recording_open(&recording, file);
	while (r >= 0 && (r = recording_next(recording, &note)) > 0)
		++*ret_notes;
	if (recording) {
		*ret_offset = recording_offset(recording);
		assert_int_equal(recording_next(recording, &note), r); /* it stays so */
	} else {
		assert_true(r < 0);
	}
	recording_close(recording);
	fclose(file);
	return r;
}
