// SPDX-License-Identifier: Apache-2.0
/*
 * Recordings from anywhere. The first byte chooses: the rest is a file as it is, which rarely gets
 * past the checksums, or the notes of one, under right checksums, which are then taken in.
 */
#include <errno.h>

#include "tests/fuzz/fuzz.h"
#include "user/core/knowledge.h"
#include "user/core/view.h"
#include "user/record/note_code.h"
#include "user/record/recording.h"

#define NOTES_MAX 20000 /* packed, a few bytes may stand for many */

/* A note that was read can be written, and is then the same again. */
static void write_again(const struct note *note)
{
	struct note_coder writer;
	struct note_coder reader;
	struct note again;

	note_coder_init(&writer, coder_writer());
	claim(note_write(&writer, note) == 0);
	note_coder_init(&reader, coder_reader(writer.coder.data, writer.coder.at));
	claim(note_read(&reader, &again) == 1);
	claim(again.kind == note->kind);
	claim(note_time(&again) == note_time(note));
	claim(note_read(&reader, &again) == 0);
	coder_done(&writer.coder);
}

static void take(struct knowledge *known, const struct note *note)
{
	int r = knowledge_take(known, note);

	claim(r == 0 || r == -EBADMSG);
	claim(r == 0 || !known->ledger || note->kind == NOTE_START);
}

static void look(struct knowledge *known)
{
	struct view *view = NULL;

	if (!known->ledger)
		return;
	claim(knowledge_view(known, &view) == 0);
	view_unref(view);
}

static void play(FILE *file)
{
	struct knowledge known = { .ledger = NULL };
	struct recording *recording = NULL;
	struct note note;
	int r = recording_open(&recording, file);

	for (int i = 0; r >= 0 && i < NOTES_MAX; i++) {
		r = recording_next(recording, &note);
		if (r <= 0)
			break;
		write_again(&note);
		take(&known, &note);
	}
	claim(r >= 0 || r == -EBADMSG || r == -ENODATA || r == -EPROTO);
	look(&known);
	knowledge_done(&known);
	recording_close(recording);
}

static void play_bytes(const void *data, size_t size)
{
	FILE *file = size ? fmemopen((void *)data, size, "r") : NULL;

	if (!file)
		return;
	play(file);
	fclose(file);
}

static void play_notes(const uint8_t *notes, size_t size)
{
	uint8_t *data;
	size_t packed;

	if (!size || size > RECORDING_UNPACKED_MAX)
		return;
	data = malloc(RECORDING_HEAD_BYTES + RECORDING_PACKED_MAX(size));
	claim(data);
	recording_head(data);
	packed = recording_pack(data + RECORDING_HEAD_BYTES, 0, notes, size);
	claim(packed <= RECORDING_PACKED_MAX(size));
	play_bytes(data, RECORDING_HEAD_BYTES + packed);
	free(data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	if (*data == 'f')
		play_bytes(data + 1, size - 1);
	else
		play_notes(data + 1, size - 1);
	return 0;
}
