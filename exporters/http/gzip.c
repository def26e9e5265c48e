// SPDX-License-Identifier: Apache-2.0
#include "exporters/http/gzip.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>

#include <zlib.h>

#include "user/base/util.h"

#define LEVEL 1 /* a scrape packs to a sixth; more takes longer than sending saves */
#define WINDOW_BITS 15
#define GZIP_HEADER 16 /* added to the window bits: gzip, not zlib */
#define MEMORY_LEVEL 8

static int pack(z_stream *stream, char *packed, size_t room, const char *body, size_t size)
{
	stream->next_in = (unsigned char *)(uintptr_t)body;
	stream->avail_in = (unsigned int)size;
	stream->next_out = (unsigned char *)packed;
	stream->avail_out = (unsigned int)room;
	return deflate(stream, Z_FINISH) == Z_STREAM_END ? 0 : -ENOMEM;
}

int gzip_pack(char **ret, size_t *ret_size, const char *body, size_t size)
{
	CLEANUP(freep) char *packed = NULL;
	z_stream stream = { 0 };
	size_t room;
	int r;

	if (size > INT_MAX)
		return -ENOMEM;
	if (deflateInit2(&stream, LEVEL, Z_DEFLATED, WINDOW_BITS + GZIP_HEADER, MEMORY_LEVEL,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	room = deflateBound(&stream, size);
	packed = malloc(room);
	r = packed ? pack(&stream, packed, room, body, size) : -ENOMEM;
	if (r == 0)
		*ret_size = stream.total_out;
	deflateEnd(&stream);
	if (r == 0)
		*ret = TAKE_PTR(packed);
	return r;
}
