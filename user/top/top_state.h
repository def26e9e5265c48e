/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of top share. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOP_FILTER_MAX 64
#define TOP_TITLE_MAX 128
#define TOP_MESSAGE_MAX 256
#define TOP_DEPTH_MAX 8

struct playback;
struct view;

enum top_list {
	TOP_POOLS,
	TOP_DESTINATIONS,
	TOP_OWNERS,
	TOP_REFUSALS,
	TOP_VERDICTS,
	TOP_ALERTS,
	TOP_TABS,
	TOP_SHARES = TOP_TABS, /* owners of one destination */
	TOP_TARGETS,           /* destinations of one owner */
	TOP_LIST__COUNT
};

/* One list, about everything or about one thing, and where the person is in it. */
struct top_place {
	enum top_list list;
	uint64_t about; /* 0: everything */
	char title[TOP_TITLE_MAX];
	char filter[TOP_FILTER_MAX];
	uint64_t selected; /* key of a row */
	size_t at;         /* its index */
	size_t first;      /* index of the first row on the screen */
};

struct top_order {
	unsigned int column; /* 0: worst first, else the column's number from 1 on */
	bool reversed;
};

/* A row of the current list. */
struct top_row {
	uint64_t key;
	size_t index; /* in the view's list */
	size_t more;  /* of a share: its index; of a refusal: how many such there are in a row */
	double value; /* of the column that is sorted by */
	char text[32];
};

struct top {
	struct view *view; /* NULL: none yet */
	bool bounded;
	struct playback *playback; /* NULL: it is live */
	struct top_place here;
	struct top_place before[TOP_DEPTH_MAX]; /* where the person came from, last one last */
	size_t depth;
	struct top_order orders[TOP_LIST__COUNT];
	struct top_row *rows;
	size_t count;
	size_t room;
	size_t page; /* rows on the screen when it was drawn last */
	bool paused;
	bool helps;
	bool asks; /* for a filter */
	char filter_before[TOP_FILTER_MAX];
	char message[TOP_MESSAGE_MAX];
};
