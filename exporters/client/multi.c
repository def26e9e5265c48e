// SPDX-License-Identifier: Apache-2.0
#include "exporters/client/multi.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include <systemd/sd-event.h>
#include <utlist.h>

#define US_PER_MS 1000ULL

/* A socket that libcurl wants watched. */
struct watched {
	sd_event_source *source;
	struct watched *prev;
	struct watched *next;
};

struct multi {
	CURLM *curl;
	sd_event *event;
	sd_event_source *timer;
	struct watched *watched;
	multi_ended *ended;
	void *context;
};

static void tell_ended(struct multi *multi)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(multi->curl, &left))) {
		CURL *easy = message->easy_handle;
		CURLcode result = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_multi_remove_handle(multi->curl, easy);
		multi->ended(multi->context, easy, result);
	}
}

static void act(struct multi *multi, curl_socket_t fd, int what)
{
	int running;

	curl_multi_socket_action(multi->curl, fd, what, &running);
	tell_ended(multi);
}

static int on_ready(sd_event_source *source, int fd, uint32_t events, void *context)
{
	int what = 0;

	(void)source;
	if (events & EPOLLIN)
		what |= CURL_CSELECT_IN;
	if (events & EPOLLOUT)
		what |= CURL_CSELECT_OUT;
	if (events & (EPOLLERR | EPOLLHUP))
		what |= CURL_CSELECT_ERR;
	act(context, fd, what);
	return 0;
}

static int on_time(sd_event_source *timer, uint64_t time_us, void *context)
{
	(void)timer;
	(void)time_us;
	act(context, CURL_SOCKET_TIMEOUT, 0);
	return 0;
}

static uint32_t events_of(int what)
{
	switch (what) {
	case CURL_POLL_IN:
		return EPOLLIN;
	case CURL_POLL_OUT:
		return EPOLLOUT;
	default:
		return EPOLLIN | EPOLLOUT;
	}
}

static void forget(struct multi *multi, struct watched *watched)
{
	if (!watched)
		return;
	DL_DELETE(multi->watched, watched);
	sd_event_source_disable_unref(watched->source);
	free(watched);
}

static int watch(struct multi *multi, curl_socket_t fd, int what)
{
	struct watched *watched = calloc(1, sizeof(*watched));

	if (!watched)
		return -1;
	if (sd_event_add_io(multi->event, &watched->source, fd, events_of(what), on_ready, multi) <
	    0) {
		free(watched);
		return -1;
	}
	DL_APPEND(multi->watched, watched);
	curl_multi_assign(multi->curl, fd, watched);
	return 0;
}

/* libcurl's: what it wants to hear of a socket. */
static int on_wish(CURL *easy, curl_socket_t fd, int what, void *context, void *socket_context)
{
	struct watched *watched = socket_context;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		forget(context, watched);
		return 0;
	}
	if (!watched)
		return watch(context, fd, what);
	return sd_event_source_set_io_events(watched->source, events_of(what)) < 0 ? -1 : 0;
}

/* libcurl's: when it wants to be called. */
static int on_timer_wish(CURLM *curl, long after_ms, void *context)
{
	struct multi *multi = context;

	(void)curl;
	if (after_ms < 0)
		return sd_event_source_set_enabled(multi->timer, SD_EVENT_OFF) < 0 ? -1 : 0;
	if (sd_event_source_set_time_relative(multi->timer, (uint64_t)after_ms * US_PER_MS) < 0)
		return -1;
	return sd_event_source_set_enabled(multi->timer, SD_EVENT_ONESHOT) < 0 ? -1 : 0;
}

static int set_up(struct multi *multi, long connections)
{
	int r = sd_event_add_time_relative(multi->event, &multi->timer, CLOCK_MONOTONIC, 0, 1,
					   on_time, multi);

	if (r < 0)
		return r;
	sd_event_source_set_enabled(multi->timer, SD_EVENT_OFF);
	multi->curl = curl_multi_init();
	if (!multi->curl)
		return -ENOMEM;
	curl_multi_setopt(multi->curl, CURLMOPT_SOCKETFUNCTION, on_wish);
	curl_multi_setopt(multi->curl, CURLMOPT_SOCKETDATA, multi);
	curl_multi_setopt(multi->curl, CURLMOPT_TIMERFUNCTION, on_timer_wish);
	curl_multi_setopt(multi->curl, CURLMOPT_TIMERDATA, multi);
	curl_multi_setopt(multi->curl, CURLMOPT_MAXCONNECTS, connections);
	return 0;
}

int multi_open(struct multi **ret, struct sd_event *event, long connections, multi_ended *ended,
	       void *context)
{
	struct multi *multi;
	int r;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return -ENOMEM;
	multi = calloc(1, sizeof(*multi));
	if (!multi) {
		curl_global_cleanup();
		return -ENOMEM;
	}
	multi->event = sd_event_ref(event);
	multi->ended = ended;
	multi->context = context;
	r = set_up(multi, connections);
	if (r < 0) {
		multi_close(multi);
		return r;
	}
	*ret = multi;
	return 0;
}

void multi_close(struct multi *multi)
{
	if (!multi)
		return;
	if (multi->curl)
		curl_multi_cleanup(multi->curl);
	while (multi->watched)
		forget(multi, multi->watched);
	sd_event_source_disable_unref(multi->timer);
	sd_event_unref(multi->event);
	free(multi);
	curl_global_cleanup();
}

int multi_add(struct multi *multi, CURL *easy)
{
	return curl_multi_add_handle(multi->curl, easy) == CURLM_OK ? 0 : -ENOMEM;
}

void multi_remove(struct multi *multi, CURL *easy)
{
	curl_multi_remove_handle(multi->curl, easy);
}
