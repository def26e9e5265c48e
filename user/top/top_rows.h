/* SPDX-License-Identifier: Apache-2.0 */
/* The lists: which rows there are, in which order, and what stands in them. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/top/top_state.h"

#define TOP_COLUMNS_MAX 16
#define TOP_CELL_MAX 128

struct top_column {
	const char *title; /* NULL: no more columns */
	bool is_text;      /* left, sorted from A to Z; may be cut down to `least` */
	unsigned int least;
	unsigned int rank; /* when there is no room the highest goes first; 0 stays */
};

struct top_cell {
	char text[TOP_CELL_MAX]; /* printable */
	double value;
	uint8_t marks; /* GRID_* */
};

const char *top_list_name(enum top_list list);
const struct top_column *top_columns(enum top_list list);
unsigned int top_columns_count(enum top_list list);

/* Fills a cell for each column. */
void top_fill(struct top_cell ret[TOP_COLUMNS_MAX], const struct top *top,
	      const struct top_row *row);

/* Makes top->rows out of the view, and finds the selected row again. -ENOMEM: none is left. */
int top_rows_build(struct top *top);

/* Where Enter leads to from this row; false: nowhere. */
bool top_rows_follow(const struct top *top, const struct top_row *row, struct top_place *ret);

/* The sentences that belong to a row, or "". */
struct top_words {
	const char *text;
	const char *remedy;
};

struct top_words top_rows_words(const struct top *top, const struct top_row *row);
