// SPDX-License-Identifier: Apache-2.0
#include "user/top/live.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <systemd/sd-event.h>

#include "user/base/util.h"
#include "user/top/grid.h"
#include "user/top/top.h"

struct live {
	struct sd_event *event;
	sd_event_source *keys;
	sd_event_source *size;
	struct terminal *terminal;
	struct top *top;
	int (*moved)(void *context); /* NULL: it is no recording */
	void *context;
};

static int draw(struct live *live)
{
	CLEANUP(grid_done) struct grid grid = { 0 };
	unsigned int rows;
	unsigned int columns;
	int r;

	terminal_size(live->terminal, &rows, &columns);
	r = grid_init(&grid, rows, columns);
	if (r < 0)
		return r;
	top_draw(live->top, &grid);
	terminal_show(live->terminal, &grid);
	return 0;
}

static int finish(struct live *live, int r)
{
	return r < 0 ? sd_event_exit(live->event, r) : r;
}

static int on_keys(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct live *live = context;
	uint32_t key;
	int r = 0;

	(void)source;
	(void)fd;
	while (r == 0 && terminal_key(live->terminal, &key))
		r = top_press(live->top, key);
	if (r > 0 || (events & (EPOLLHUP | EPOLLERR)))
		return sd_event_exit(live->event, 0);
	if (r == 0 && live->moved)
		r = live->moved(live->context);
	return finish(live, r < 0 ? r : draw(live));
}

static int on_size(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
	struct live *live = context;

	(void)source;
	(void)info;
	return finish(live, draw(live));
}

static int add_signals(struct live *live)
{
	sigset_t set;
	int r;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	r = sd_event_add_signal(live->event, &live->size, SIGWINCH, on_size, live);
	if (r >= 0)
		r = sd_event_add_signal(live->event, NULL, SIGHUP, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(live->event, NULL, SIGQUIT, NULL, NULL);
	return r;
}

static int open_parts(struct live *live, char reason[TERMINAL_REASON_MAX])
{
	int r = top_new(&live->top);

	if (r == 0)
		r = add_signals(live);
	if (r < 0) {
		snprintf(reason, TERMINAL_REASON_MAX, "%s", strerror(-r));
		return r;
	}
	r = terminal_open(&live->terminal, reason);
	if (r < 0)
		return r;
	r = sd_event_add_io(live->event, &live->keys, STDIN_FILENO, EPOLLIN, on_keys, live);
	if (r >= 0)
		r = draw(live);
	snprintf(reason, TERMINAL_REASON_MAX, "%s", strerror(-r));
	return r;
}

int live_open(struct live **ret, struct sd_event *event, char reason[TERMINAL_REASON_MAX])
{
	struct live *live = calloc(1, sizeof(*live));
	int r;

	if (!live) {
		snprintf(reason, TERMINAL_REASON_MAX, "%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	live->event = event;
	r = open_parts(live, reason);
	if (r < 0) {
		live_close(live);
		return r;
	}
	*ret = live;
	return 0;
}

void live_close(struct live *live)
{
	if (!live)
		return;
	sd_event_source_unref(live->keys);
	sd_event_source_unref(live->size);
	terminal_close(live->terminal);
	top_free(live->top);
	free(live);
}

/* What was logged meanwhile is shown until something else is. */
static void tell_logged(struct live *live)
{
	const char *message = terminal_message(live->terminal);

	if (message)
		top_tell(live->top, message);
}

void live_replay(struct live *live, struct playback *playback, int (*moved)(void *context),
		 void *context)
{
	top_replay(live->top, playback);
	live->moved = moved;
	live->context = context;
}

int live_take(struct live *live, struct view *view, bool bounded)
{
	int r = top_take(live->top, view, bounded);

	tell_logged(live);
	return r < 0 ? r : draw(live);
}

int live_tell(struct live *live, const char *message)
{
	top_tell(live->top, message);
	return draw(live);
}
