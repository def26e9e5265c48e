// SPDX-License-Identifier: Apache-2.0
#include "user/top/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include <curses.h>

#include "user/base/util.h"
#include "user/top/grid.h"
#include "user/top/top.h"

#define ESCAPE_MS 50
#define MESSAGE_MAX 256
#define MESSAGES_MAX (1 << 20)

enum { PAIR_WARNING = 1, PAIR_CRITICAL };

struct terminal {
	SCREEN *screen;
	bool has_colors;
	int messages; /* what standard error is meanwhile; -1: it is no terminal, and stays */
	int standard_error;
	off_t told; /* bytes of messages that were asked for */
	char message[MESSAGE_MAX];
};

/* --- standard error -------------------------------------------------------------------------- */

static int keep_messages(struct terminal *terminal)
{
	if (!isatty(STDERR_FILENO))
		return 0;
	terminal->messages = memfd_create("messages", MFD_CLOEXEC);
	if (terminal->messages < 0)
		return -errno;
	terminal->standard_error = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (terminal->standard_error < 0 || fcntl(terminal->messages, F_SETFL, O_APPEND) < 0 ||
	    dup2(terminal->messages, STDERR_FILENO) < 0)
		return -errno;
	return 0;
}

static void tell_messages(const struct terminal *terminal)
{
	char bytes[4096];
	off_t at = 0;
	ssize_t n;

	if (terminal->standard_error >= 0)
		dup2(terminal->standard_error, STDERR_FILENO);
	while (terminal->messages >= 0 &&
	       (n = pread(terminal->messages, bytes, sizeof(bytes), at)) > 0) {
		at += n;
		if (write(STDERR_FILENO, bytes, (size_t)n) < 0)
			return;
	}
}

/* Its last line, without what a log line begins with. */
static const char *last_line(char *text)
{
	char *end = text + strlen(text);
	char *line;

	while (end > text && end[-1] == '\n')
		*--end = '\0';
	line = strrchr(text, '\n');
	return line ? line + 1 : text;
}

const char *terminal_message(struct terminal *terminal)
{
	off_t size = terminal->messages < 0 ? 0 : lseek(terminal->messages, 0, SEEK_END);
	off_t from = size - (MESSAGE_MAX - 1);
	ssize_t n;

	if (size <= terminal->told)
		return NULL;
	n = pread(terminal->messages, terminal->message, MESSAGE_MAX - 1,
		  from > terminal->told ? from : terminal->told);
	terminal->told = size;
	if (size > MESSAGES_MAX && ftruncate(terminal->messages, 0) == 0)
		terminal->told = 0;
	if (n <= 0)
		return NULL;
	terminal->message[n] = '\0';
	return last_line(terminal->message);
}

/* --- screen ---------------------------------------------------------------------------------- */

static void choose_colors(struct terminal *terminal)
{
	if (getenv("NO_COLOR") || !has_colors() || start_color() == ERR)
		return;
	use_default_colors();
	terminal->has_colors = init_pair(PAIR_WARNING, COLOR_YELLOW, -1) != ERR &&
			       init_pair(PAIR_CRITICAL, COLOR_RED, -1) != ERR;
}

/* Some terminals are lines only. */
static bool can_move(void)
{
	const char *sequence = tigetstr("cup");

	return sequence && sequence != (const char *)-1;
}

static void close_screen(struct terminal *terminal)
{
	if (!terminal->screen)
		return;
	endwin();
	delscreen(terminal->screen);
	terminal->screen = NULL;
}

static int open_screen(struct terminal *terminal, char reason[TERMINAL_REASON_MAX])
{
	const char *type = getenv("TERM");

	terminal->screen = newterm(NULL, stdout, stdin);
	if (terminal->screen && !can_move())
		close_screen(terminal);
	if (!terminal->screen) {
		snprintf(reason, TERMINAL_REASON_MAX,
			 "no screen on a terminal of type '%.32s'; set TERM to another, as in "
			 "TERM=vt100",
			 type ? type : "");
		return -ENOTSUP;
	}
	set_term(terminal->screen);
	cbreak();
	noecho();
	nonl(); /* Enter is '\r' */
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	curs_set(0);
	choose_colors(terminal);
	return 0;
}

int terminal_check(char reason[TERMINAL_REASON_MAX])
{
	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		return 0;
	snprintf(reason, TERMINAL_REASON_MAX,
		 "standard input and output are no terminal; portgauge snapshot prints one "
		 "picture");
	return -ENOTTY;
}

int terminal_open(struct terminal **ret, char reason[TERMINAL_REASON_MAX])
{
	struct terminal *terminal;
	int r = terminal_check(reason);

	if (r < 0)
		return r;
	terminal = calloc(1, sizeof(*terminal));
	snprintf(reason, TERMINAL_REASON_MAX, "%s", strerror(ENOMEM));
	if (!terminal)
		return -ENOMEM;
	terminal->messages = -1;
	terminal->standard_error = -1;
	r = open_screen(terminal, reason);
	if (r == 0) {
		r = keep_messages(terminal);
		snprintf(reason, TERMINAL_REASON_MAX, "keeping messages: %s", strerror(-r));
	}
	if (r < 0) {
		terminal_close(terminal);
		return r;
	}
	*ret = terminal;
	return 0;
}

void terminal_close(struct terminal *terminal)
{
	if (!terminal)
		return;
	close_screen(terminal);
	tell_messages(terminal);
	fd_closep(&terminal->messages);
	fd_closep(&terminal->standard_error);
	free(terminal);
}

void terminal_size(struct terminal *terminal, unsigned int *ret_rows, unsigned int *ret_columns)
{
	struct winsize size;

	(void)terminal;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col &&
	    (size.ws_row != LINES || size.ws_col != COLS))
		resizeterm(size.ws_row, size.ws_col);
	*ret_rows = (unsigned int)LINES;
	*ret_columns = (unsigned int)COLS;
}

static attr_t attributes(const struct terminal *terminal, uint8_t marks, short *ret_pair)
{
	attr_t ret = A_NORMAL;

	if (marks & GRID_BOLD)
		ret |= A_BOLD;
	if (marks & GRID_REVERSE)
		ret |= A_REVERSE;
	*ret_pair = 0;
	if (terminal->has_colors && (marks & GRID_WARNING))
		*ret_pair = PAIR_WARNING;
	if (terminal->has_colors && (marks & GRID_CRITICAL))
		*ret_pair = PAIR_CRITICAL;
	return ret;
}

static void show_cell(const struct terminal *terminal, int row, int column,
		      const struct grid_cell *cell)
{
	wchar_t text[2] = { (wchar_t)cell->character, L'\0' };
	cchar_t character;
	attr_t attribute;
	short pair;

	if (!cell->character)
		return;
	attribute = attributes(terminal, cell->marks, &pair);
	if (setcchar(&character, text, attribute, pair, NULL) == OK)
		mvadd_wch(row, column, &character); /* fails at the last cell, having done it */
}

void terminal_show(struct terminal *terminal, const struct grid *grid)
{
	erase();
	for (unsigned int row = 0; row < grid->rows; row++)
		for (unsigned int column = 0; column < grid->columns; column++)
			show_cell(terminal, (int)row, (int)column,
				  &grid->cells[(size_t)row * grid->columns + column]);
	refresh();
}

static uint32_t translate(wint_t code)
{
	switch (code) {
	case KEY_UP:
		return TOP_KEY_UP;
	case KEY_DOWN:
		return TOP_KEY_DOWN;
	case KEY_PPAGE:
		return TOP_KEY_PAGE_UP;
	case KEY_NPAGE:
		return TOP_KEY_PAGE_DOWN;
	case KEY_HOME:
		return TOP_KEY_HOME;
	case KEY_END:
		return TOP_KEY_END;
	case KEY_LEFT:
		return TOP_KEY_LEFT;
	case KEY_RIGHT:
		return TOP_KEY_RIGHT;
	case KEY_BTAB:
		return TOP_KEY_BACK_TAB;
	case KEY_BACKSPACE:
		return TOP_KEY_BACKSPACE;
	case KEY_ENTER:
		return '\r';
	default:
		return 0;
	}
}

bool terminal_key(struct terminal *terminal, uint32_t *ret)
{
	wint_t code;
	int r;

	(void)terminal;
	do {
		r = get_wch(&code);
		if (r == ERR)
			return false;
		*ret = r == KEY_CODE_YES ? translate(code) : (uint32_t)code;
	} while (!*ret); /* keys that mean nothing here */
	return true;
}
