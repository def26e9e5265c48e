/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of a recording: a head, then blocks of notes (note_code.h), each packed by itself and
 * under a checksum, so that a file which was cut or damaged is good up to there. Numbers are
 * little-endian. Pure but for the FILE that is read.
 *
 *	head   8 bytes magic, u32 version, u32 CRC-32 of those 12 bytes
 *	block  u32 magic, u32 number from 0, u32 bytes stored, u32 bytes unpacked,
 *	       u32 CRC-32 of those 16 bytes and what follows; then the notes, deflated unless
 *	       stored and unpacked are equal
 *
 * The last note is NOTE_END; a file without it was cut.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "user/core/note.h"

#define RECORDING_VERSION 2
#define RECORDING_VERSION_OLDEST 1 /* that is read: its notes are some of ours */
#define RECORDING_HEAD_BYTES 16
#define RECORDING_BLOCK_HEAD_BYTES 20
/* Of notes in a block; one that begins below it may end beyond. */
#define RECORDING_BLOCK_BYTES ((size_t)128 << 10)
#define RECORDING_UNPACKED_MAX (2 * RECORDING_BLOCK_BYTES)
/* Room for a block of these notes. */
#define RECORDING_PACKED_MAX(bytes) (RECORDING_BLOCK_HEAD_BYTES + (bytes))

/* --- writing --- */

void recording_head(uint8_t ret[RECORDING_HEAD_BYTES]);

/* Into RECORDING_PACKED_MAX(size) bytes; returns how many it took. 1 <= size <=
 * RECORDING_UNPACKED_MAX. */
size_t recording_pack(uint8_t *ret, uint32_t number, const uint8_t *notes, size_t size);

/* --- reading: the file is not trusted --- */

struct recording;

/* file is borrowed. -ENODATA: it is empty or cut within its head; -EBADMSG: it is no recording;
 * -EPROTO: of a version that is not read. */
int recording_open(struct recording **ret, FILE *file);
void recording_close(struct recording *recording); /* NULL is fine */

/* 1, the next note, good until the next call; 0: that was NOTE_END, and the file ends there.
 * -ENODATA: the file was cut; -EBADMSG: it is damaged; both from then on. -ENOMEM. */
int recording_next(struct recording *recording, struct note *ret);

/* Where the block stands, in bytes, that the next note is in; after an error: that is bad. */
uint64_t recording_offset(const struct recording *recording);
