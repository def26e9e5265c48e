/* SPDX-License-Identifier: Apache-2.0 */
/* Where in a recording one is, and how fast time goes by there. Pure: keys and elapsed time go in.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PLAYBACK_SPEED_MAX 64
#define PLAYBACK_LINE_MAX 160

/* Times are ns since the epoch. */
struct playback {
	uint64_t begin;
	uint64_t now;       /* UINT64_MAX: its end, wherever that is */
	uint64_t shown;     /* follows now by whole seconds */
	unsigned int speed; /* times as fast as it was */
	bool pauses;
	bool ended; /* this is its end */
};

/* at_ns: since the beginning, as in all of these. */
void playback_init(struct playback *ret, uint64_t begin, uint64_t at_ns);

/* True: it was one of its keys. */
bool playback_press(struct playback *playback, uint32_t key);

/* So much time has gone by for who looks. */
void playback_advance(struct playback *playback, uint64_t elapsed_ns);

/* It turned out that it ends here, before what was asked for. */
void playback_end(struct playback *playback, uint64_t at_ns);

/* The moment to show. */
uint64_t playback_shown_ns(const struct playback *playback);

/* "2026-11-22 10:54:18 UTC +0:01:31 x4". */
const char *playback_line(char ret[PLAYBACK_LINE_MAX], const struct playback *playback);
