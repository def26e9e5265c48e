// SPDX-License-Identifier: Apache-2.0
#include "user/top/playback.h"

#include <stdio.h>

#include "user/base/text.h"

#define SECOND_NS 1000000000ULL
#define MINUTE_NS (60 * SECOND_NS)
#define DAY_LENGTH 10 /* of "2026-11-22T10:54:18.123Z" */
#define CLOCK 11
#define CLOCK_LENGTH 8

static void set(struct playback *playback, uint64_t time)
{
	playback->now = time;
	playback->shown = time;
}

void playback_init(struct playback *ret, uint64_t begin, uint64_t at_ns)
{
	*ret = (struct playback){ .begin = begin, .speed = 1 };
	set(ret, begin + at_ns);
}

uint64_t playback_shown_ns(const struct playback *playback)
{
	return playback->shown == UINT64_MAX ? UINT64_MAX : playback->shown - playback->begin;
}

static uint64_t whole(uint64_t time)
{
	return time - time % SECOND_NS;
}

/* Who goes by steps wants to look around at each. */
static void go_to(struct playback *playback, uint64_t time)
{
	set(playback, time);
	playback->ended = false;
	playback->pauses = true;
}

static void go_on(struct playback *playback, uint64_t step_ns)
{
	if (!playback->ended && step_ns < UINT64_MAX - playback->shown)
		go_to(playback, whole(playback->shown + step_ns));
}

/* Back to where the second began is a step, too. */
static void go_back(struct playback *playback, uint64_t step_ns)
{
	if (playback->shown - playback->begin <= step_ns)
		go_to(playback, playback->begin);
	else
		go_to(playback, whole(playback->shown - step_ns + SECOND_NS - 1));
}

static void set_speed(struct playback *playback, unsigned int speed)
{
	if (speed >= 1 && speed <= PLAYBACK_SPEED_MAX)
		playback->speed = speed;
}

bool playback_press(struct playback *playback, uint32_t key)
{
	switch (key) {
	case 'p':
	case ' ':
		playback->pauses = !playback->pauses;
		return true;
	case '.':
		go_on(playback, SECOND_NS);
		return true;
	case ',':
		go_back(playback, SECOND_NS);
		return true;
	case '>':
		go_on(playback, MINUTE_NS);
		return true;
	case '<':
		go_back(playback, MINUTE_NS);
		return true;
	case '[':
		go_to(playback, playback->begin);
		return true;
	case ']':
		go_to(playback, UINT64_MAX);
		return true;
	case '+':
		set_speed(playback, playback->speed * 2);
		return true;
	case '-':
		set_speed(playback, playback->speed / 2);
		return true;
	default:
		return false;
	}
}

void playback_advance(struct playback *playback, uint64_t elapsed_ns)
{
	if (playback->pauses || playback->ended || playback->now == UINT64_MAX)
		return;
	playback->now += elapsed_ns * playback->speed;
	if (whole(playback->now) > playback->shown)
		playback->shown = whole(playback->now);
}

void playback_end(struct playback *playback, uint64_t at_ns)
{
	set(playback, playback->begin + at_ns);
	playback->ended = true;
}

const char *playback_line(char ret[PLAYBACK_LINE_MAX], const struct playback *playback)
{
	uint64_t seconds = playback_shown_ns(playback) / SECOND_NS;
	char time[TEXT_TIME_MAX];
	int length;

	text_time(time, playback->shown);
	length = snprintf(ret, PLAYBACK_LINE_MAX, "%.*s %.*s UTC +%ju:%02u:%02u", DAY_LENGTH, time,
			  CLOCK_LENGTH, time + CLOCK, (uintmax_t)(seconds / 3600),
			  (unsigned int)(seconds / 60 % 60), (unsigned int)(seconds % 60));
	if (playback->speed > 1)
		snprintf(ret + length, PLAYBACK_LINE_MAX - (size_t)length, " x%u", playback->speed);
	return ret;
}
