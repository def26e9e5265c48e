/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP server under test, and somebody who talks to it. Include after cmocka.h. */
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "exporters/http/http.h"
#include "user/base/util.h"
#include "user/core/view.h"

#define RESPONSE_MAX 65536
#define HOST "Host: x\r\n"
#define CLOSE HOST "Connection: close\r\n\r\n"

struct server {
	const char *addresses[3];
	struct web_config web;
	struct exporter_config config;
	struct exporter *exporter;
};

static inline int server_open(struct server *s, size_t count, const struct endpoint *endpoints,
			      size_t endpoints_count, const struct view_limits *limits)
{
	s->web.listen_addresses = s->addresses;
	s->web.listen_addresses_count = count;
	s->config = (struct exporter_config){
		.web = &s->web,
		.endpoints = endpoints,
		.endpoints_count = endpoints_count,
		.files = s->config.files, /* if a test has set them */
		.files_count = s->config.files_count,
		.limits = limits,
		.version = "1.2.3<b>",
	};
	return http_exporter.open(&s->exporter, &s->config, NULL);
}

static inline int dial(uint16_t port)
{
	const struct sockaddr_in address = { .sin_family = AF_INET,
					     .sin_port = htons(port),
					     .sin_addr = { htonl(INADDR_LOOPBACK) } };
	const struct timeval patience = { .tv_sec = 5 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* Sends request and reads until the server closes, which it must do within 5 s. */
static inline char *talk(uint16_t port, const char *request)
{
	CLEANUP(fd_closep) int fd = dial(port);
	char *response = calloc(4, RESPONSE_MAX);
	size_t have = 0;
	ssize_t n;

	assert_non_null(response);
	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	while ((n = recv(fd, response + have, RESPONSE_MAX * 4 - 1 - have, 0)) > 0)
		have += (size_t)n;
	if (n < 0 && errno != ECONNRESET)
		fail_msg("still open after 5 s: %s", request);
	return response;
}

static inline char *ask(const struct server *s, const char *request)
{
	return talk(http_port(s->exporter, 0), request);
}

static inline void assert_has(const char *text, const char *part)
{
	if (!strcasestr(text, part))
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static inline void assert_status(const char *response, int status)
{
	char line[32];

	snprintf(line, sizeof(line), "HTTP/1.1 %d ", status);
	if (strncmp(response, line, strlen(line)) != 0)
		fail_msg("not %d:\n%s", status, response);
}

static const char *body_of(const char *response)
{
	const char *end = strstr(response, "\r\n\r\n");

	assert_non_null(end);
	return end + 4;
}

static inline size_t count_responses(const char *text)
{
	size_t count = 0;

	for (const char *p = strstr(text, "HTTP/1.1 "); p; p = strstr(p + 1, "HTTP/1.1 "))
		count++;
	return count;
}

/* Asks and checks the status and, unless it is NULL, the whole body. */
static inline void assert_answer(const struct server *s, const char *request, int status,
				 const char *body)
{
	char *response = ask(s, request);

	assert_status(response, status);
	assert_has(response, "\r\nX-Content-Type-Options: nosniff\r\n");
	assert_has(response, "\r\nCache-Control: no-store\r\n");
	assert_has(response, "\r\nContent-Length: ");
	if (body)
		assert_string_equal(body_of(response), body);
	free(response);
}
