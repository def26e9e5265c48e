/* SPDX-License-Identifier: Apache-2.0 */
/* top on the terminal, in an event loop: shows views, takes keys, follows the terminal's size. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "user/top/terminal.h"

struct live;
struct playback;
struct sd_event;
struct view;

/* Ends the loop when the person quits or the terminal is gone, and on SIGHUP and SIGQUIT, which it
 * blocks. event is borrowed. Negative errno, and reason says why. */
int live_open(struct live **ret, struct sd_event *event, char reason[TERMINAL_REASON_MAX]);

/* The terminal is as it was. NULL is fine. */
void live_close(struct live *live);

/* As top_replay(). `moved` is called after keys, which may have changed playback; a negative errno
 * ends the loop. */
void live_replay(struct live *live, struct playback *playback, int (*moved)(void *context),
		 void *context);

/* As top_take() and top_tell(), and draws. */
int live_take(struct live *live, struct view *view, bool bounded);
int live_tell(struct live *live, const char *message);
