/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A screen as cells, each with one character. Pure. What does not fit is cut; what could do harm to
 * a terminal, or has no width of its own, never gets in. Widths are those of wcwidth(), so the
 * locale decides what can be shown at all: the rest becomes '?'.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define GRID_ROWS_MAX 1024
#define GRID_COLUMNS_MAX 1024

enum grid_mark {
	GRID_PLAIN = 0,
	GRID_BOLD = 1 << 0,
	GRID_REVERSE = 1 << 1,
	GRID_WARNING = 1 << 2,
	GRID_CRITICAL = 1 << 3,
};

struct grid_cell {
	uint32_t character; /* 0: the second half of the wide one before */
	uint8_t marks;      /* GRID_* */
};

struct grid {
	unsigned int rows;
	unsigned int columns;
	struct grid_cell *cells; /* rows * columns */
};

/* Blank; no more than GRID_ROWS_MAX and GRID_COLUMNS_MAX. -ENOMEM. */
int grid_init(struct grid *ret, unsigned int rows, unsigned int columns);
void grid_done(struct grid *grid);

/* The columns that s takes. */
unsigned int grid_width(const char *s);

/* Writes s from there on into no more than width columns; if it is longer, its end becomes '~'.
 * Beyond the grid nothing happens. Returns the columns it took. */
unsigned int grid_put(struct grid *grid, unsigned int row, unsigned int column, unsigned int width,
		      const char *s, uint8_t marks);

/* The same, at the right of these columns. */
void grid_put_right(struct grid *grid, unsigned int row, unsigned int column, unsigned int width,
		    const char *s, uint8_t marks);

/* Writes the words of s into lines of the width of the grid, indented, until there are no more of
 * either. Returns the lines that were needed, shown or not; grid may be NULL to only count for
 * `columns`. */
unsigned int grid_wrap(struct grid *grid, unsigned int columns, unsigned int row, unsigned int rows,
		       unsigned int indent, const char *s);

/* Adds marks to a whole row. */
void grid_mark(struct grid *grid, unsigned int row, uint8_t marks);
