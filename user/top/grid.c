// SPDX-License-Identifier: Apache-2.0
#include "user/top/grid.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "user/base/text.h"

#define CUT "~"

/* One character of a string, and what of it is shown. */
struct glyph {
	uint32_t character;
	unsigned int width; /* 0: not shown */
	size_t bytes;
};

static struct grid_cell *cell_at(struct grid *grid, unsigned int row, unsigned int column)
{
	return &grid->cells[(size_t)row * grid->columns + column];
}

int grid_init(struct grid *ret, unsigned int rows, unsigned int columns)
{
	struct grid grid = {
		.rows = rows < GRID_ROWS_MAX ? rows : GRID_ROWS_MAX,
		.columns = columns < GRID_COLUMNS_MAX ? columns : GRID_COLUMNS_MAX,
	};
	size_t count = (size_t)grid.rows * grid.columns;

	grid.cells = calloc(count ? count : 1, sizeof(*grid.cells));
	if (!grid.cells)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		grid.cells[i].character = ' ';
	*ret = grid;
	return 0;
}

void grid_done(struct grid *grid)
{
	free(grid->cells);
	grid->cells = NULL;
}

static struct glyph glyph_at(const char *s)
{
	struct glyph glyph = { .character = '?', .width = 1, .bytes = text_printable_length(s) };
	int width;

	if (!glyph.bytes) {
		glyph.bytes = 1;
		return glyph;
	}
	width = wcwidth((wchar_t)text_character(s));
	if (width < 0)
		return glyph;
	glyph.character = text_character(s);
	glyph.width = (unsigned int)width;
	return glyph;
}

unsigned int grid_width(const char *s)
{
	unsigned int width = 0;

	while (*s) {
		struct glyph glyph = glyph_at(s);

		width += glyph.width;
		s += glyph.bytes;
	}
	return width;
}

/* Half a wide character would shift all that follows. */
static void blank_half(struct grid *grid, unsigned int row, unsigned int column)
{
	if (column >= grid->columns)
		return;
	if (cell_at(grid, row, column)->character)
		return;
	cell_at(grid, row, column)->character = ' ';
	if (column)
		cell_at(grid, row, column - 1)->character = ' ';
}

static void put_glyph(struct grid *grid, unsigned int row, unsigned int column,
		      const struct glyph *glyph, uint8_t marks)
{
	blank_half(grid, row, column);
	blank_half(grid, row, column + glyph->width);
	for (unsigned int i = 0; i < glyph->width; i++)
		*cell_at(grid, row, column + i) = (struct grid_cell){
			.character = i ? 0 : glyph->character,
			.marks = marks,
		};
}

/* As much of s as fits. */
static unsigned int put_start(struct grid *grid, unsigned int row, unsigned int column,
			      unsigned int width, const char *s, uint8_t marks)
{
	unsigned int done = 0;

	while (*s) {
		struct glyph glyph = glyph_at(s);

		if (done + glyph.width > width)
			break;
		if (glyph.width)
			put_glyph(grid, row, column + done, &glyph, marks);
		done += glyph.width;
		s += glyph.bytes;
	}
	return done;
}

unsigned int grid_put(struct grid *grid, unsigned int row, unsigned int column, unsigned int width,
		      const char *s, uint8_t marks)
{
	unsigned int done;

	if (row >= grid->rows || column >= grid->columns)
		return 0;
	if (width > grid->columns - column)
		width = grid->columns - column;
	if (grid_width(s) <= width)
		return put_start(grid, row, column, width, s, marks);
	if (!width)
		return 0;
	done = put_start(grid, row, column, width - 1, s, marks);
	put_start(grid, row, column + done, 1, CUT, marks);
	return done + 1;
}

void grid_put_right(struct grid *grid, unsigned int row, unsigned int column, unsigned int width,
		    const char *s, uint8_t marks)
{
	unsigned int wanted = grid_width(s);

	if (wanted < width)
		column += width - wanted;
	grid_put(grid, row, column, wanted < width ? wanted : width, s, marks);
}

/* The columns up to the next space, and how many bytes that is. */
static unsigned int word_width(const char *s, size_t *ret_bytes)
{
	unsigned int width = 0;
	size_t at = 0;

	while (s[at] && s[at] != ' ') {
		struct glyph glyph = glyph_at(s + at);

		width += glyph.width;
		at += glyph.bytes;
	}
	*ret_bytes = at;
	return width;
}

/* Where the next word goes. */
struct pen {
	unsigned int line;
	unsigned int column;
	bool fresh; /* no word in this line yet */
};

static void put_word(struct grid *grid, unsigned int columns, unsigned int row, unsigned int rows,
		     struct pen *pen, const char *s)
{
	while (*s && *s != ' ') {
		struct glyph glyph = glyph_at(s);

		if (pen->column + glyph.width > columns) {
			pen->line++;
			pen->column = 0;
		}
		if (grid && glyph.width && pen->line < rows && row + pen->line < grid->rows)
			put_glyph(grid, row + pen->line, pen->column, &glyph, GRID_PLAIN);
		pen->column += glyph.width;
		s += glyph.bytes;
	}
	pen->fresh = false;
}

unsigned int grid_wrap(struct grid *grid, unsigned int columns, unsigned int row, unsigned int rows,
		       unsigned int indent, const char *s)
{
	struct pen pen = { .column = indent, .fresh = true };

	if (grid && columns > grid->columns)
		columns = grid->columns;
	if (columns < 2 || indent >= columns)
		return 0;
	for (s += strspn(s, " "); *s; s += strspn(s, " ")) {
		size_t bytes;
		unsigned int width = word_width(s, &bytes);

		if (!pen.fresh && pen.column + 1 + width > columns) {
			pen = (struct pen){ .line = pen.line + 1, .column = indent };
			pen.fresh = true;
		}
		pen.column += !pen.fresh;
		put_word(grid, columns, row, rows, &pen, s);
		s += bytes;
	}
	return pen.line + !pen.fresh;
}

void grid_mark(struct grid *grid, unsigned int row, uint8_t marks)
{
	if (row >= grid->rows)
		return;
	for (unsigned int column = 0; column < grid->columns; column++)
		cell_at(grid, row, column)->marks |= marks;
}
