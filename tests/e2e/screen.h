/* SPDX-License-Identifier: Apache-2.0 */
/* A terminal that nobody sits at: tmux, with one window of a given size. */
#pragma once

#include <signal.h>
#include <stdbool.h>

struct screen;

/* Runs a command of the shell in a terminal of its own. */
struct screen *screen_start(unsigned int rows, unsigned int columns, const char *command);
void screen_stop(struct screen *screen); /* NULL is fine */

/* A key by its name in tmux: "q", "Enter", "Escape", "PageDown", "C-c". */
void screen_press(const struct screen *screen, const char *key);
#define PRESS(screen, ...) screen_press_all(screen, (const char *const[]){ __VA_ARGS__, NULL })
void screen_press_all(const struct screen *screen, const char *const *keys);

/* Waits until the text is on the screen, or no longer is. */
void screen_shows(const struct screen *screen, const char *text);
void screen_hides(const struct screen *screen, const char *text);

/* What is on the screen; styled: with escape sequences for colours and the like. Caller frees. */
char *screen_text(const struct screen *screen, bool styled);

void screen_resize(const struct screen *screen, unsigned int rows, unsigned int columns);

/* A variable of tmux, as in "#{cursor_flag}", has this value. */
void screen_is(const struct screen *screen, const char *variable, const char *value);

/* Sends a signal to what the shell runs now. */
void screen_kill(const struct screen *screen, int signal);
