/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `portgauge top` shows and how keys change it. Pure: views and keys go in, a screen comes
 * out. The selected row stays selected when rows move, until it is gone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct grid;
struct playback;
struct top;
struct view;

/* Keys that are no character; the others are themselves, '\r', '\t' and '\033' (Escape) too. */
enum top_key {
	TOP_KEY_UP = 0x110000, /* beyond Unicode */
	TOP_KEY_DOWN,
	TOP_KEY_PAGE_UP,
	TOP_KEY_PAGE_DOWN,
	TOP_KEY_HOME,
	TOP_KEY_END,
	TOP_KEY_LEFT,
	TOP_KEY_RIGHT,
	TOP_KEY_BACK_TAB,
	TOP_KEY_BACKSPACE,
};

int top_new(struct top **ret);
void top_free(struct top *top);

/* Shows this view from now on, and takes a reference, unless it is paused: then nothing happens.
 * bounded: there is more than the view has. -ENOMEM: as before. */
int top_take(struct top *top, struct view *view, bool bounded);

/* What it shows is out of a recording, and `playback` (borrowed) says of when: it takes its keys,
 * and the screen tells. */
void top_replay(struct top *top, struct playback *playback);

/* A line for the person, in place of the last one; NULL: none. It is made printable. */
void top_tell(struct top *top, const char *message);

/* 0; 1: the person wants to leave; -ENOMEM. */
int top_press(struct top *top, uint32_t key);

/* Onto a blank grid. */
void top_draw(struct top *top, struct grid *grid);
