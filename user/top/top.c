// SPDX-License-Identifier: Apache-2.0
#include "user/top/top.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/text.h"
#include "user/base/util.h"
#include "user/core/view.h"
#include "user/top/playback.h"
#include "user/top/top_rows.h"

#define ESCAPE 0x1b
#define DELETE 0x7f
#define CONTROL(letter) ((letter)&0x1f)

int top_new(struct top **ret)
{
	struct top *top = calloc(1, sizeof(*top));

	if (!top)
		return -ENOMEM;
	*ret = top;
	return 0;
}

void top_free(struct top *top)
{
	if (!top)
		return;
	view_unref(top->view);
	free(top->rows);
	free(top);
}

int top_take(struct top *top, struct view *view, bool bounded)
{
	if (top->paused)
		return 0;
	view_ref(view);
	view_unref(top->view);
	top->view = view;
	top->bounded = bounded;
	return top_rows_build(top);
}

void top_replay(struct top *top, struct playback *playback)
{
	top->playback = playback;
}

void top_tell(struct top *top, const char *message)
{
	text_printable(top->message, sizeof(top->message), message);
}

/* --- moving ---------------------------------------------------------------------------------- */

static int move_to(struct top *top, size_t at)
{
	if (!top->count)
		return 0;
	top->here.at = at < top->count ? at : top->count - 1;
	top->here.selected = top->rows[top->here.at].key;
	return 0;
}

static int move_back(struct top *top, size_t rows)
{
	return move_to(top, top->here.at > rows ? top->here.at - rows : 0);
}

static int go_to(struct top *top, const struct top_place *place)
{
	top->here = *place;
	return top_rows_build(top);
}

/* The filter goes along: a name is looked for in all lists. */
static int show_list(struct top *top, enum top_list list)
{
	struct top_place place = { .list = list };
	const struct top_place *base = top->depth ? &top->before[0] : &top->here;

	memcpy(place.filter, base->filter, sizeof(place.filter));
	top->depth = 0;
	return go_to(top, &place);
}

/* From a list about one thing, the next one is that of the list it was come from. */
static int show_neighbour(struct top *top, int step)
{
	enum top_list list = top->depth ? top->before[0].list : top->here.list;

	return show_list(top, (enum top_list)((list + TOP_TABS + step) % TOP_TABS));
}

static int enter(struct top *top)
{
	struct top_place place;

	if (!top->count || !top_rows_follow(top, &top->rows[top->here.at], &place))
		return 0;
	if (top->depth == TOP_DEPTH_MAX) {
		top->depth--; /* the first one stays: it is where Escape ends */
		memmove(top->before + 1, top->before + 2,
			(TOP_DEPTH_MAX - 2) * sizeof(top->before[0]));
	}
	top->before[top->depth++] = top->here;
	return go_to(top, &place);
}

/* Out of what one is in: a filter, then a list about one thing. */
static int leave(struct top *top)
{
	if (top->here.filter[0]) {
		top->here.filter[0] = '\0';
		return top_rows_build(top);
	}
	if (!top->depth)
		return 0;
	return go_to(top, &top->before[--top->depth]);
}

/* --- filter ---------------------------------------------------------------------------------- */

static size_t encode(char ret[4], uint32_t c)
{
	size_t length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const uint8_t firsts[] = { 0, 0x00, 0xc0, 0xe0, 0xf0 };

	for (size_t i = length - 1; i > 0; i--, c >>= 6)
		ret[i] = (char)(0x80 | (c & 0x3f));
	ret[0] = (char)(firsts[length] | c);
	return length;
}

static int type(struct top *top, uint32_t key)
{
	size_t used = strlen(top->here.filter);
	char character[5] = { 0 };

	if (key >= TOP_KEY_UP || used + encode(character, key) >= sizeof(top->here.filter))
		return 0;
	if (!text_printable_length(character))
		return 0;
	strcpy(top->here.filter + used, character);
	return top_rows_build(top);
}

static int erase(struct top *top)
{
	size_t used = strlen(top->here.filter);

	while (used && ((unsigned char)top->here.filter[--used] & 0xc0) == 0x80)
		;
	top->here.filter[used] = '\0';
	return top_rows_build(top);
}

static int ask(struct top *top)
{
	top->asks = true;
	memcpy(top->filter_before, top->here.filter, sizeof(top->filter_before));
	return 0;
}

static int press_asking(struct top *top, uint32_t key)
{
	switch (key) {
	case '\r':
	case '\n':
		top->asks = false;
		return 0;
	case ESCAPE:
		top->asks = false;
		memcpy(top->here.filter, top->filter_before, sizeof(top->here.filter));
		return top_rows_build(top);
	case TOP_KEY_BACKSPACE:
	case DELETE:
	case '\b':
		return erase(top);
	case CONTROL('u'):
		top->here.filter[0] = '\0';
		return top_rows_build(top);
	default:
		return type(top, key);
	}
}

/* --- order ----------------------------------------------------------------------------------- */

static int sort_by_next(struct top *top, unsigned int step)
{
	struct top_order *order = &top->orders[top->here.list];
	unsigned int choices = top_columns_count(top->here.list) + 1;

	*order = (struct top_order){ .column = (order->column + choices + step) % choices };
	return top_rows_build(top);
}

static int turn_round(struct top *top)
{
	struct top_order *order = &top->orders[top->here.list];

	order->reversed = !order->reversed;
	return top_rows_build(top);
}

/* --- keys ------------------------------------------------------------------------------------ */

static int press_move(struct top *top, uint32_t key)
{
	switch (key) {
	case TOP_KEY_UP:
	case 'k':
		return move_back(top, 1);
	case TOP_KEY_DOWN:
	case 'j':
		return move_to(top, top->here.at + 1);
	case TOP_KEY_PAGE_UP:
	case CONTROL('b'):
		return move_back(top, top->page);
	case TOP_KEY_PAGE_DOWN:
	case CONTROL('f'):
		return move_to(top, top->here.at + top->page);
	case TOP_KEY_HOME:
	case 'g':
		return move_to(top, 0);
	case TOP_KEY_END:
	case 'G':
		return move_to(top, SIZE_MAX);
	case TOP_KEY_RIGHT:
	case '\t':
		return show_neighbour(top, 1);
	case TOP_KEY_LEFT:
	case TOP_KEY_BACK_TAB:
		return show_neighbour(top, -1);
	default:
		return 0;
	}
}

static int press_normal(struct top *top, uint32_t key)
{
	if (key >= '1' && key < '1' + TOP_TABS)
		return show_list(top, (enum top_list)(key - '1'));
	if (top->playback && playback_press(top->playback, key))
		return 0;
	switch (key) {
	case 'q':
		return 1;
	case '?':
	case 'h':
		top->helps = true;
		return 0;
	case 'p':
	case ' ':
		top->paused = !top->paused;
		return 0;
	case '/':
		return ask(top);
	case 's':
		return sort_by_next(top, 1);
	case 'S':
		return sort_by_next(top, -1U);
	case 'r':
		return turn_round(top);
	case '\r':
	case '\n':
		return enter(top);
	case ESCAPE:
	case TOP_KEY_BACKSPACE:
	case DELETE:
	case '\b':
		return leave(top);
	default:
		return press_move(top, key);
	}
}

int top_press(struct top *top, uint32_t key)
{
	if (top->helps) {
		top->helps = false;
		return 0;
	}
	return top->asks ? press_asking(top, key) : press_normal(top, key);
}
