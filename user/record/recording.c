// SPDX-License-Identifier: Apache-2.0
#include "user/record/recording.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "user/base/util.h"
#include "user/record/note_code.h"

#define BLOCK_MAGIC 0x4b4c4250U /* "PBLK" */

/* As PNG's: transfers that change line ends or drop the eighth bit spoil it. */
static const uint8_t magic[8] = { 0x89, 'P', 'G', 'R', 'E', 'C', '\r', '\n' };

static void put_u32(uint8_t *ret, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		ret[i] = (uint8_t)(value >> 8 * i);
}

static uint32_t get_u32(const uint8_t *data)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++)
		value |= (uint32_t)data[i] << 8 * i;
	return value;
}

static uint32_t checksum(const uint8_t *head, size_t head_size, const uint8_t *data, size_t size)
{
	uLong sum = crc32(crc32(0, NULL, 0), head, (uInt)head_size);

	return (uint32_t)(size ? crc32(sum, data, (uInt)size) : sum);
}

/* --- writing --------------------------------------------------------------------------------- */

void recording_head(uint8_t ret[RECORDING_HEAD_BYTES])
{
	memcpy(ret, magic, sizeof(magic));
	put_u32(ret + 8, RECORDING_VERSION);
	put_u32(ret + 12, checksum(ret, 12, NULL, 0));
}

size_t recording_pack(uint8_t *ret, uint32_t number, const uint8_t *notes, size_t size)
{
	uint8_t *body = ret + RECORDING_BLOCK_HEAD_BYTES;
	uLongf stored = size - 1; /* what does not get smaller is stored as it is */

	if (compress2(body, &stored, notes, size, Z_BEST_SPEED) != Z_OK) {
		memcpy(body, notes, size);
		stored = size;
	}
	put_u32(ret, BLOCK_MAGIC);
	put_u32(ret + 4, number);
	put_u32(ret + 8, (uint32_t)stored);
	put_u32(ret + 12, (uint32_t)size);
	put_u32(ret + 16, checksum(ret, 16, body, stored));
	return RECORDING_BLOCK_HEAD_BYTES + stored;
}

/* --- reading --------------------------------------------------------------------------------- */

struct recording {
	FILE *file;
	uint64_t offset; /* of the block that was read last, or is read next */
	uint64_t next_offset;
	uint32_t number; /* of the next one */
	int error;       /* once it is bad it stays so */
	bool ended;      /* NOTE_END was read */
	uint8_t *stored;
	uint8_t *notes;
	struct note_coder coder;
};

/* -ENODATA: the file ends before that. */
static int read_bytes(struct recording *recording, uint8_t *ret, size_t size)
{
	if (fread(ret, 1, size, recording->file) == size)
		return 0;
	return ferror(recording->file) ? -EIO : -ENODATA;
}

static int read_head(struct recording *recording)
{
	uint8_t head[RECORDING_HEAD_BYTES] = { 0 };
	int r = read_bytes(recording, head, sizeof(head));
	uint32_t version;

	if (r == -EIO)
		return r;
	if (r == -ENODATA) /* what there is of it tells whether it is one of ours */
		return memcmp(head, magic, strnlen((char *)head, sizeof(magic))) ? -EBADMSG : r;
	if (memcmp(head, magic, sizeof(magic)) || get_u32(head + 12) != checksum(head, 12, NULL, 0))
		return -EBADMSG;
	version = get_u32(head + 8);
	return version >= RECORDING_VERSION_OLDEST && version <= RECORDING_VERSION ? 0 : -EPROTO;
}

static void recording_closep(struct recording **recording)
{
	recording_close(*recording);
}

int recording_open(struct recording **ret, FILE *file)
{
	CLEANUP(recording_closep) struct recording *recording = calloc(1, sizeof(*recording));
	int r;

	if (!recording)
		return -ENOMEM;
	recording->file = file;
	recording->stored = malloc(RECORDING_UNPACKED_MAX);
	recording->notes = malloc(RECORDING_UNPACKED_MAX);
	if (!recording->stored || !recording->notes)
		return -ENOMEM;
	r = read_head(recording);
	if (r < 0)
		return r;
	recording->next_offset = RECORDING_HEAD_BYTES;
	*ret = TAKE_PTR(recording);
	return 0;
}

void recording_close(struct recording *recording)
{
	if (!recording)
		return;
	free(recording->stored);
	free(recording->notes);
	free(recording);
}

/* The notes of a block that is whole. */
static int unpack(struct recording *recording, uint32_t stored, uint32_t size)
{
	uLongf unpacked = size;

	if (stored == size)
		memcpy(recording->notes, recording->stored, size);
	else if (uncompress(recording->notes, &unpacked, recording->stored, stored) != Z_OK ||
		 unpacked != size)
		return -EBADMSG;
	note_coder_init(&recording->coder, coder_reader(recording->notes, size));
	return 0;
}

static int read_block(struct recording *recording)
{
	uint8_t head[RECORDING_BLOCK_HEAD_BYTES];
	uint32_t stored;
	uint32_t size;
	int r;

	recording->offset = recording->next_offset;
	r = read_bytes(recording, head, sizeof(head));
	if (r < 0)
		return r;
	stored = get_u32(head + 8);
	size = get_u32(head + 12);
	if (get_u32(head) != BLOCK_MAGIC || get_u32(head + 4) != recording->number || !size ||
	    size > RECORDING_UNPACKED_MAX || stored > size)
		return -EBADMSG;
	r = read_bytes(recording, recording->stored, stored);
	if (r < 0)
		return r;
	if (get_u32(head + 16) != checksum(head, 16, recording->stored, stored))
		return -EBADMSG;
	recording->number++;
	recording->next_offset += sizeof(head) + stored;
	return unpack(recording, stored, size);
}

/* Nothing may follow the last note. */
static int finish(struct recording *recording)
{
	if (recording->coder.coder.at != recording->coder.coder.size)
		return -EBADMSG;
	recording->offset = recording->next_offset;
	return getc(recording->file) == EOF ? 0 : -EBADMSG;
}

static int next(struct recording *recording, struct note *ret)
{
	int r;

	if (recording->ended)
		return finish(recording);
	do {
		r = note_read(&recording->coder, ret);
		if (r == 0) {
			r = read_block(recording);
			if (r < 0)
				return r;
		}
	} while (r == 0);
	if (r > 0 && ret->kind == NOTE_END)
		recording->ended = true;
	return r;
}

int recording_next(struct recording *recording, struct note *ret)
{
	int r;

	if (recording->error)
		return recording->error;
	r = next(recording, ret);
	if (r < 0)
		recording->error = r;
	return r;
}

uint64_t recording_offset(const struct recording *recording)
{
	return recording->offset;
}
