// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "user/base/text.h"
#include "user/base/util.h"
#include "user/core/view.h"
#include "user/top/grid.h"
#include "user/top/playback.h"
#include "user/top/top.h"
#include "user/top/top_rows.h"

#define HEAD_ROWS 4 /* host, lists, what this one is about, titles */
#define FOOT_ROWS 1
#define LINE_MAX_BYTES 512
#define GAP 2 /* between words of a line */
#define REMEDY "Remedy:"
#define CURSOR ">"

/* The columns of the current list that find room, for the rows on the screen. */
struct fit {
	unsigned int widths[TOP_COLUMNS_MAX]; /* 0: not shown */
	unsigned int wanted[TOP_COLUMNS_MAX];
	bool tried[TOP_COLUMNS_MAX]; /* it was dropped, and may come back */
	unsigned int count;
	unsigned int room;
};

static unsigned int put_format(struct grid *grid, unsigned int row, unsigned int column,
			       uint8_t marks, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Returns the column behind it. */
static unsigned int put_format(struct grid *grid, unsigned int row, unsigned int column,
			       uint8_t marks, const char *format, ...)
{
	char line[LINE_MAX_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	return column + grid_put(grid, row, column, grid->columns, line, marks);
}

/* --- head ------------------------------------------------------------------------------------ */

static const char *known(const char *s)
{
	return s ? s : "unknown";
}

static uint64_t lost(const struct view_health *h)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < h->lost_count; i++)
		sum += h->lost[i].count;
	return sum;
}

static uint64_t refused(const struct view *view)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < view->pools_count; i++)
		sum += view->pools[i].refused_recently;
	return sum;
}

static size_t append(char *line, size_t size, size_t at, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static size_t append(char *line, size_t size, size_t at, const char *format, ...)
{
	va_list args;
	int n;

	if (at >= size)
		return at;
	va_start(args, format);
	n = vsnprintf(line + at, size - at, format, args);
	va_end(args);
	return n < 0 ? at : at + (size_t)n;
}

static const char *halt(const struct top *top)
{
	if (top->playback && top->playback->ended)
		return "END  ";
	return top->paused || (top->playback && top->playback->pauses) ? "PAUSED  " : "";
}

/* What must not be overlooked, at the right. Returns its width. */
static unsigned int draw_flags(const struct top *top, struct grid *grid)
{
	const struct view *view = top->view;
	char line[LINE_MAX_BYTES] = "";
	size_t at = 0;
	unsigned int width;

	if (view && refused(view))
		at = append(line, sizeof(line), at, "%ju refused in 60 s  ",
			    (uintmax_t)refused(view));
	if (view && lost(&view->health))
		at = append(line, sizeof(line), at, "%ju lost  ", (uintmax_t)lost(&view->health));
	if (view && !view->health.complete)
		at = append(line, sizeof(line), at, "incomplete  ");
	append(line, sizeof(line), at, "%s", halt(top));
	width = grid_width(line);
	if (width < GAP)
		return 0;
	line[strlen(line) - GAP] = '\0';
	grid_put_right(grid, 0, 0, grid->columns, line, GRID_BOLD | GRID_CRITICAL);
	return width;
}

static void draw_host(const struct top *top, struct grid *grid)
{
	unsigned int flags = draw_flags(top, grid);
	unsigned int room = flags < grid->columns ? grid->columns - flags : 0;
	const struct view *view = top->view;
	char time[TEXT_TIME_MAX];
	char line[LINE_MAX_BYTES];

	if (!view) {
		grid_put(grid, 0, 0, room, "portgauge: waiting for the first picture", GRID_PLAIN);
		return;
	}
	text_time(time, view->time);
	snprintf(line, sizeof(line), "%s%.64s %.8s UTC  %s on %.64s",
		 top->playback ? "REPLAY " : "", known(view->host), time + 11, known(view->source),
		 known(view->kernel));
	grid_put(grid, 0, 0, room, line, GRID_BOLD);
}

static size_t entries(const struct view *view, enum top_list list)
{
	const size_t counts[TOP_TABS] = { view->pools_count,    view->destinations_count,
					  view->owners_count,   view->refusals_count,
					  view->verdicts_count, view->alerts_count };

	return counts[list];
}

/* How much each list's tab says. */
enum tabs { TABS_COUNTS, TABS_NAMES, TABS_NUMBERS };

static void write_tab(char ret[LINE_MAX_BYTES], const struct top *top, enum top_list list,
		      bool current, enum tabs tabs)
{
	char count[32] = "";

	if (top->view && tabs == TABS_COUNTS)
		snprintf(count, sizeof(count), ":%zu", entries(top->view, list));
	if (current || tabs != TABS_NUMBERS)
		snprintf(ret, LINE_MAX_BYTES, "%s%d %s%s%s", current ? "[" : "", list + 1,
			 top_list_name(list), count, current ? "]" : "");
	else
		snprintf(ret, LINE_MAX_BYTES, "%d", list + 1);
}

static unsigned int tabs_width(const struct top *top, enum top_list current, enum tabs tabs)
{
	unsigned int width = 0;
	char tab[LINE_MAX_BYTES];

	for (int list = 0; list < TOP_TABS; list++) {
		write_tab(tab, top, (enum top_list)list, (enum top_list)list == current, tabs);
		width += grid_width(tab) + 1;
	}
	return width - 1;
}

static void draw_tabs(const struct top *top, struct grid *grid)
{
	enum top_list current = top->depth ? top->before[0].list : top->here.list;
	enum tabs tabs = TABS_COUNTS;
	unsigned int column = 0;
	char tab[LINE_MAX_BYTES];

	while (tabs < TABS_NUMBERS && tabs_width(top, current, tabs) > grid->columns)
		tabs++;
	for (int list = 0; list < TOP_TABS; list++) {
		bool is_current = (enum top_list)list == current;

		write_tab(tab, top, (enum top_list)list, is_current, tabs);
		column = 1 + put_format(grid, 1, column, is_current ? GRID_BOLD : 0, "%s", tab);
	}
}

/* What the list is about, and what is done with it. */
static void draw_place(const struct top *top, struct grid *grid)
{
	const struct top_order *order = &top->orders[top->here.list];
	unsigned int column;

	column = put_format(grid, 2, 0, 0, "%s%s%s%s", top_list_name(top->here.list),
			    top->here.about ? " of " : "", top->here.title,
			    top->bounded ? ", and more" : "");
	if (top->here.filter[0])
		column = put_format(grid, 2, column, GRID_BOLD, "  filter /%s", top->here.filter);
	if (order->column)
		column = put_format(grid, 2, column, 0, "  by %s",
				    top_columns(top->here.list)[order->column - 1].title);
	if (order->reversed)
		put_format(grid, 2, column, 0, "%s", order->column ? " reversed" : "  reversed");
}

/* --- columns --------------------------------------------------------------------------------- */

static unsigned int larger(unsigned int a, unsigned int b)
{
	return a > b ? a : b;
}

static unsigned int smaller(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* The widest of what is on the screen. */
static void measure(struct fit *fit, const struct top *top, size_t rows)
{
	const struct top_column *columns = top_columns(top->here.list);
	struct top_cell cells[TOP_COLUMNS_MAX];

	for (unsigned int i = 0; i < fit->count; i++)
		fit->wanted[i] = larger(grid_width(columns[i].title),
					columns[i].is_text ? 0 : columns[i].least);
	for (size_t i = top->here.first; i < top->count && i < top->here.first + rows; i++) {
		top_fill(cells, top, &top->rows[i]);
		for (unsigned int j = 0; j < fit->count; j++)
			fit->wanted[j] = larger(fit->wanted[j], grid_width(cells[j].text));
	}
	for (unsigned int i = 0; i < fit->count; i++)
		fit->widths[i] = columns[i].is_text ? smaller(columns[i].least, fit->wanted[i])
						    : fit->wanted[i];
}

static unsigned int total(const struct fit *fit)
{
	unsigned int sum = 0;

	for (unsigned int i = 0; i < fit->count; i++)
		sum += fit->widths[i] ? fit->widths[i] + 1 : 0;
	return sum;
}

/* Of those that are shown, or of those that are not, the one to begin with; -1: none. */
static int find_column(const struct fit *fit, const struct top_column *columns, bool shown)
{
	int found = -1;

	for (int i = 0; i < (int)fit->count; i++) {
		if ((fit->widths[i] != 0) != shown || (shown && !columns[i].rank) || fit->tried[i])
			continue;
		if (found < 0 || (shown ? columns[i].rank >= columns[found].rank
					: columns[i].rank < columns[found].rank))
			found = i;
	}
	return found;
}

/* Drops the least important ones, then takes back what fits all the same. */
static void drop_columns(struct fit *fit, const struct top_column *columns)
{
	unsigned int least[TOP_COLUMNS_MAX];
	int i;

	memcpy(least, fit->widths, sizeof(least));
	while (total(fit) > fit->room && (i = find_column(fit, columns, true)) >= 0)
		fit->widths[i] = 0;
	while ((i = find_column(fit, columns, false)) >= 0) {
		fit->tried[i] = true;
		if (total(fit) + least[i] + 1 <= fit->room)
			fit->widths[i] = least[i];
	}
}

/* What is left goes to texts that would be cut, a column each in turn. */
static void spend(struct fit *fit)
{
	unsigned int spare = fit->room > total(fit) ? fit->room - total(fit) : 0;
	bool spent = true;

	while (spare && spent) {
		spent = false;
		for (unsigned int i = 0; i < fit->count && spare; i++) {
			if (!fit->widths[i] || fit->widths[i] >= fit->wanted[i])
				continue;
			fit->widths[i]++;
			spare--;
			spent = true;
		}
	}
}

static struct fit fit_columns(const struct top *top, const struct grid *grid, size_t rows)
{
	struct fit fit = {
		.count = top_columns_count(top->here.list),
		.room = grid->columns, /* the cursor's column is paid by the last one's space */
	};

	measure(&fit, top, rows);
	drop_columns(&fit, top_columns(top->here.list));
	spend(&fit);
	return fit;
}

/* --- rows ------------------------------------------------------------------------------------ */

static void draw_titles(const struct top *top, struct grid *grid, const struct fit *fit)
{
	const struct top_column *columns = top_columns(top->here.list);
	unsigned int sorted = top->orders[top->here.list].column;
	unsigned int column = 1;

	for (unsigned int i = 0; i < fit->count; i++) {
		uint8_t marks = sorted == i + 1 ? GRID_BOLD : 0;

		if (!fit->widths[i])
			continue;
		if (columns[i].is_text)
			grid_put(grid, HEAD_ROWS - 1, column, fit->widths[i], columns[i].title,
				 marks);
		else
			grid_put_right(grid, HEAD_ROWS - 1, column, fit->widths[i],
				       columns[i].title, marks);
		column += fit->widths[i] + 1;
	}
	grid_mark(grid, HEAD_ROWS - 1, GRID_REVERSE);
}

static void draw_row(const struct top *top, struct grid *grid, const struct fit *fit, size_t index,
		     unsigned int row)
{
	const struct top_column *columns = top_columns(top->here.list);
	bool selected = index == top->here.at;
	struct top_cell cells[TOP_COLUMNS_MAX];
	unsigned int column = 1;

	top_fill(cells, top, &top->rows[index]);
	for (unsigned int i = 0; i < fit->count; i++) {
		if (!fit->widths[i])
			continue;
		if (columns[i].is_text)
			grid_put(grid, row, column, fit->widths[i], cells[i].text, cells[i].marks);
		else
			grid_put_right(grid, row, column, fit->widths[i], cells[i].text,
				       cells[i].marks);
		column += fit->widths[i] + 1;
	}
	if (selected) {
		grid_put(grid, row, 0, 1, CURSOR, 0);
		grid_mark(grid, row, GRID_REVERSE);
	}
}

/* So that the selected one is on the screen. */
static void scroll(struct top *top, size_t rows)
{
	struct top_place *here = &top->here;

	if (here->first + rows > top->count)
		here->first = top->count > rows ? top->count - rows : 0;
	if (here->at < here->first)
		here->first = here->at;
	else if (rows && here->at >= here->first + rows)
		here->first = here->at - rows + 1;
}

static const char *why_empty(const struct top *top)
{
	static const char *const nothing[TOP_LIST__COUNT] = {
		"No pool is known yet.",
		"No connection holds a port of a pool.",
		"Nobody holds a port of a pool.",
		"No port was refused.",
		"Nothing stands out.",
		"No alert fires.",
		"Nobody holds a port toward it any more.",
		"It holds no port toward any destination now.",
	};

	if (!top->view)
		return "";
	return top->here.filter[0] ? "No row has this in it." : nothing[top->here.list];
}

/* --- words ----------------------------------------------------------------------------------- */

/* What found no room in the columns, as "TITLE cell, ...". */
static void write_hidden(char *line, size_t size, const struct top *top, const struct fit *fit)
{
	const struct top_column *columns = top_columns(top->here.list);
	struct top_cell cells[TOP_COLUMNS_MAX];
	size_t at = 0;

	line[0] = '\0';
	top_fill(cells, top, &top->rows[top->here.at]);
	for (unsigned int i = 0; i < fit->count; i++)
		if (!fit->widths[i] && strcmp(cells[i].text, "-"))
			at = append(line, size, at, "%s%s %s", at ? ", " : "", columns[i].title,
				    cells[i].text);
}

/* Draws what belongs to the selected row at the bottom, in no more than so many rows; returns how
 * many it took, a blank one included. grid NULL: only counts. */
static unsigned int draw_words(const struct top *top, struct grid *grid, unsigned int columns,
			       unsigned int row, unsigned int rows)
{
	struct top_words words = top_rows_words(top, &top->rows[top->here.at]);
	unsigned int done = 1;

	if (words.text[0])
		done += grid_wrap(grid, columns, row + done, rows - done, 0, words.text);
	if (words.remedy[0] && done < rows) {
		if (grid)
			grid_put(grid, row + done, 0, columns, REMEDY, GRID_BOLD);
		done += grid_wrap(grid, columns, row + done, rows - done, strlen(REMEDY) + 1,
				  words.remedy);
	}
	return done > 1 ? smaller(done, rows) : 0;
}

static unsigned int words_rows(const struct top *top, const struct grid *grid, unsigned int room)
{
	if (!top->count || room < 4)
		return 0;
	return draw_words(top, NULL, grid->columns, 0, room - room / 3);
}

/* Rows for what found no room in the columns, the blank one above included; but only where rows are
 * to be had. */
static unsigned int hidden_rows(const struct top *top, const struct grid *grid, unsigned int room)
{
	char hidden[LINE_MAX_BYTES];
	struct fit fit;

	if (room < 8 || !top->count)
		return 0;
	fit = fit_columns(top, grid, room);
	write_hidden(hidden, sizeof(hidden), top, &fit);
	return 1 + larger(1, smaller(grid_wrap(NULL, grid->columns, 0, 0, 0, hidden), room / 5));
}

static void draw_hidden(const struct top *top, struct grid *grid, const struct fit *fit,
			unsigned int row, unsigned int rows)
{
	char hidden[LINE_MAX_BYTES];

	write_hidden(hidden, sizeof(hidden), top, fit);
	grid_wrap(grid, grid->columns, row, rows, 0, hidden);
}

static void draw_list(struct top *top, struct grid *grid)
{
	unsigned int room =
		grid->rows > HEAD_ROWS + FOOT_ROWS ? grid->rows - HEAD_ROWS - FOOT_ROWS : 0;
	unsigned int words = words_rows(top, grid, room);
	unsigned int hidden = words ? 0 : hidden_rows(top, grid, room);
	unsigned int rows = room - words - hidden;
	struct fit fit;

	top->page = rows ? rows : 1;
	scroll(top, rows);
	fit = fit_columns(top, grid, rows);
	draw_titles(top, grid, &fit);
	for (unsigned int i = 0; i < rows && top->here.first + i < top->count; i++)
		draw_row(top, grid, &fit, top->here.first + i, HEAD_ROWS + i);
	if (!top->count)
		grid_put(grid, HEAD_ROWS, 1, grid->columns, why_empty(top), GRID_PLAIN);
	if (words)
		draw_words(top, grid, grid->columns, HEAD_ROWS + rows, words);
	if (hidden)
		draw_hidden(top, grid, &fit, HEAD_ROWS + rows + 1, hidden - 1);
}

/* --- foot and help --------------------------------------------------------------------------- */

static void draw_moment(const struct top *top, struct grid *grid, unsigned int row)
{
	char line[PLAYBACK_LINE_MAX];
	unsigned int column;

	column = put_format(grid, row, 0, GRID_BOLD, "REPLAY %s",
			    playback_line(line, top->playback));
	put_format(grid, row, column, 0, "  p pause  ,. 1 s  <> 1 min  q quit  ?");
}

static void draw_foot(const struct top *top, struct grid *grid)
{
	static const char *const enters[TOP_LIST__COUNT] = {
		"Enter destinations  ",
		"Enter owners  ",
		"Enter destinations  ",
		"Enter destinations  ",
		"",
		"",
		"Enter destinations  ",
		"Enter owners  ",
	};
	unsigned int row = grid->rows - 1;

	if (!grid->rows)
		return;
	if (top->asks)
		put_format(grid, row, 0, GRID_BOLD, "/%s_", top->here.filter);
	else if (top->message[0])
		put_format(grid, row, 0, GRID_BOLD | GRID_WARNING, "%s", top->message);
	else if (top->playback)
		draw_moment(top, grid, row);
	else
		put_format(grid, row, 0, 0, "q quit  ? help  %s%s/ filter  s sort  p pause",
			   top->depth || top->here.filter[0] ? "Esc back  " : "",
			   enters[top->here.list]);
}

static void draw_help(struct grid *grid)
{
	static const char *const lines[] = {
		"1-6, Tab   pools, destinations, owners, refusals, verdicts, alerts",
		"Up Down PgUp PgDn Home End, or k j ^B ^F g G: move",
		"Enter      from a pool to its destinations, from a destination to its owners,",
		"           from an owner or a refusal to the destinations of that process",
		"Esc        back; Backspace, too",
		"/          only rows with these letters in them; Enter keeps it, Esc does not",
		"s S        sort by the next column, by the one before; at first: worst first",
		"r          the other way round",
		"p, Space   pause: keep this picture",
		", . < >    of a recording: a second back, on; a minute back, on",
		"[ ] + -    of a recording: its begin, its end; faster, slower",
		"q, Ctrl-C  quit",
		"",
		"FULL       of the ports that can be used there; FULL IN: at the rate of now",
		"BOUND      bound before connect, lost to every destination",
		"REFUSED    of a pool: in the last 60 s; of an owner: since it is watched",
		"*          the process is dead, its ports are still held",
		"and more   the agent that is asked tells no more than its --top",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(lines) && i + 1 < grid->rows; i++)
		grid_put(grid, i, 0, grid->columns, lines[i], GRID_PLAIN);
	if (grid->rows)
		grid_put(grid, grid->rows - 1, 0, grid->columns, "any key: back", GRID_BOLD);
}

void top_draw(struct top *top, struct grid *grid)
{
	if (top->helps) {
		draw_help(grid);
		return;
	}
	draw_list(top, grid);
	draw_host(top, grid);
	draw_tabs(top, grid);
	draw_place(top, grid);
	draw_foot(top, grid);
}
