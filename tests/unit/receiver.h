/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A receiver of notifications in a thread of its own: keeps each request whole and answers as it is
 * told. Include after cmocka.h.
 */
#pragma once

#include <arpa/inet.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <systemd/sd-event.h>

#include "user/base/clock.h"

#define REQUEST_MAX (1 << 18)
#define REQUESTS_MAX 64
#define PATIENCE_NS 20000000000ULL

#define ANSWER_OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

struct receiver_answer {
	const char *bytes; /* NULL: never answers */
	size_t size;       /* 0: as long as the string is */
	bool closes;       /* after it */
	bool endless;      /* again and again, until the other end has enough */
};

struct receiver {
	pthread_t thread;
	pthread_mutex_t lock;
	int listener;
	uint16_t port;
	struct receiver_answer answers[8]; /* the last one again and again */
	size_t count;                      /* of requests */
	char *requests[REQUESTS_MAX];
	uint16_t sources[REQUESTS_MAX]; /* the port that each came from */
	size_t connections;
	bool stop;
};

static inline size_t receiver_count(struct receiver *receiver)
{
	size_t count;

	pthread_mutex_lock(&receiver->lock);
	count = receiver->count;
	pthread_mutex_unlock(&receiver->lock);
	return count;
}

static inline bool receiver_stops(struct receiver *receiver)
{
	bool stop;

	pthread_mutex_lock(&receiver->lock);
	stop = receiver->stop;
	pthread_mutex_unlock(&receiver->lock);
	return stop;
}

/* A whole request, headers and body; NULL: the other end went. */
static inline char *receiver_read(struct receiver *receiver, int fd)
{
	char *request = calloc(1, REQUEST_MAX);
	size_t used = 0;

	while (!receiver_stops(receiver)) {
		char *body = strstr(request, "\r\n\r\n");
		char *length = strcasestr(request, "\r\nContent-Length: ");
		ssize_t n;

		if (body && length &&
		    strlen(body + 4) >= strtoul(length + strlen("\r\nContent-Length: "), NULL, 10))
			return request;
		n = recv(fd, request + used, REQUEST_MAX - 1 - used, 0);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			break;
		used += n > 0 ? (size_t)n : 0;
	}
	free(request);
	return NULL;
}

static inline struct receiver_answer receiver_keep(struct receiver *receiver, char *request,
						   uint16_t source)
{
	struct receiver_answer answer = receiver->answers[0];

	pthread_mutex_lock(&receiver->lock);
	for (size_t i = 0; i <= receiver->count && i < 8; i++)
		if (receiver->answers[i].bytes || i == 0)
			answer = receiver->answers[i];
	if (receiver->count < REQUESTS_MAX) {
		receiver->sources[receiver->count] = source;
		receiver->requests[receiver->count++] = request;
	} else {
		free(request);
	}
	pthread_mutex_unlock(&receiver->lock);
	return answer;
}

/* False: the connection ends. */
static inline bool receiver_answer(struct receiver *receiver, int fd,
				   const struct receiver_answer *answer)
{
	size_t size = answer->bytes && !answer->size ? strlen(answer->bytes) : answer->size;
	bool sent = true;

	while (!answer->bytes && !receiver_stops(receiver))
		usleep(1000);
	do
		sent = send(fd, answer->bytes, size, MSG_NOSIGNAL) == (ssize_t)size;
	while (answer->endless && sent && !receiver_stops(receiver));
	return sent && !answer->closes;
}

static inline void receiver_serve(struct receiver *receiver, int fd)
{
	struct timeval moment = { .tv_usec = 20000 };
	struct sockaddr_in peer = { 0 };
	socklen_t length = sizeof(peer);
	struct receiver_answer answer;
	char *request;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof(moment));
	getpeername(fd, (struct sockaddr *)&peer, &length);
	do {
		request = receiver_read(receiver, fd);
		if (!request)
			break;
		answer = receiver_keep(receiver, request, ntohs(peer.sin_port));
	} while (receiver_answer(receiver, fd, &answer));
	close(fd);
}

static inline void *receiver_run(void *context)
{
	struct receiver *receiver = context;
	int fd;

	while ((fd = accept4(receiver->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		receiver->connections++;
		receiver_serve(receiver, fd);
	}
	return NULL;
}

static inline void receiver_start_on(struct receiver *receiver, int listener,
				     const struct receiver_answer *answers, size_t count)
{
	memset(receiver, 0, sizeof(*receiver));
	memcpy(receiver->answers, answers, count * sizeof(*answers));
	receiver->listener = listener;
	assert_int_equal(listen(listener, 16), 0);
	pthread_mutex_init(&receiver->lock, NULL);
	assert_int_equal(pthread_create(&receiver->thread, NULL, receiver_run, receiver), 0);
}

/* On a free port of loopback; port 0: any. */
static inline int receiver_socket(uint16_t port, uint16_t *ret)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int yes = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	*ret = ntohs(address.sin_port);
	return fd;
}

#define receiver_start(receiver, ...)                                                             \
	do {                                                                                      \
		const struct receiver_answer answers_[] = { __VA_ARGS__ };                        \
		uint16_t port_;                                                                   \
		int fd_ = receiver_socket(0, &port_);                                             \
		receiver_start_on(receiver, fd_, answers_, sizeof(answers_) / sizeof(*answers_)); \
		(receiver)->port = port_;                                                         \
	} while (0)

static inline void receiver_stop(struct receiver *receiver)
{
	pthread_mutex_lock(&receiver->lock);
	receiver->stop = true;
	pthread_mutex_unlock(&receiver->lock);
	shutdown(receiver->listener, SHUT_RDWR);
	pthread_join(receiver->thread, NULL);
	close(receiver->listener);
	for (size_t i = 0; i < receiver->count; i++)
		free(receiver->requests[i]);
	pthread_mutex_destroy(&receiver->lock);
}

/* Runs the loop until the condition holds. */
#define RUN_UNTIL(event, condition)                                           \
	do {                                                                  \
		uint64_t deadline_ = clock_ns(CLOCK_MONOTONIC) + PATIENCE_NS; \
		while (!(condition)) {                                        \
			if (clock_ns(CLOCK_MONOTONIC) > deadline_)            \
				fail_msg("in vain: %s", #condition);          \
			assert_true(sd_event_run(event, 10000) >= 0);         \
		}                                                             \
	} while (0)
