/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal at standard input and output, by ncurses. There is only one. While it is open, what
 * is written to standard error is kept, lest it spoil the screen. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define TERMINAL_REASON_MAX 160

struct grid;
struct terminal;

/* 0, or -ENOTTY and reason says what to do. */
int terminal_check(char reason[TERMINAL_REASON_MAX]);

/* Negative errno, and reason says why and what to do; the terminal is as it was. The locale must
 * be set. Signals are the caller's business: SIGTSTP alone is ncurses's. */
int terminal_open(struct terminal **ret, char reason[TERMINAL_REASON_MAX]);

/* As it was before; what was written to standard error comes out now. NULL is fine. */
void terminal_close(struct terminal *terminal);

/* Asks for the size anew. */
void terminal_size(struct terminal *terminal, unsigned int *ret_rows, unsigned int *ret_columns);

void terminal_show(struct terminal *terminal, const struct grid *grid);

/* The next key, as top.h has them; false: none waits. */
bool terminal_key(struct terminal *terminal, uint32_t *ret);

/* The last line that was written to standard error since it was asked for; NULL: none. Valid until
 * the next call. */
const char *terminal_message(struct terminal *terminal);
