// SPDX-License-Identifier: Apache-2.0
#include "fetch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "space.h"
#include "user/base/util.h"

#define OWN_FIRST 28000
#define OWN_LAST 28999

struct connection {
	uint16_t port;
	bool own_port;
	int fd; /* -1: refused */
};

static bool bind_next(int fd)
{
	static uint16_t next = OWN_FIRST;
	struct sockaddr_in address = { .sin_family = AF_INET };
	int yes = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	address.sin_port = htons(next);
	next = next == OWN_LAST ? OWN_FIRST : (uint16_t)(next + 1);
	return bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
}

static void open_connection(void *context)
{
	struct connection *connection = context;
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(connection->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct timeval limit = { .tv_sec = 20 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connection->own_port)
		assert_true(bind_next(fd));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
		connection->fd = fd;
		return;
	}
	close(fd);
}

/* Reads to the end of the connection. The buffer grows as needed: guests touch memory slowly. */
static char *read_all(int fd, size_t *ret_size)
{
	char chunk[4096];
	char *text = NULL;
	FILE *out = open_memstream(&text, ret_size);
	ssize_t n;

	assert_non_null(out);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			fwrite(chunk, 1, (size_t)n, out);
	if (n < 0)
		print_error("reading an answer: %s\n", strerror(errno));
	assert_int_equal(fclose(out), 0);
	return text;
}

int fetch_connect(const char *netns, uint16_t port)
{
	struct connection connection = { .port = port, .own_port = netns, .fd = -1 };

	if (netns)
		space_visit(netns, open_connection, &connection);
	else
		open_connection(&connection);
	return connection.fd;
}

char *fetch_with(const char *netns, uint16_t port, const char *path, const char *headers,
		 const char *wanted)
{
	CLEANUP(fd_closep) int fd = fetch_connect(netns, port);
	CLEANUP(freep) char *response = NULL;
	size_t size;
	char *body;

	if (fd < 0)
		return NULL;
	/* 1.0: an answer to 1.1 may come in chunks */
	dprintf(fd, "GET %s HTTP/1.0\r\nHost: localhost\r\n%s\r\n", path, headers);
	response = read_all(fd, &size);
	body = strstr(response, "\r\n\r\n");
	if (size == 0)
		print_error("nobody answered GET %s\n", path);
	if (strncmp(response, "HTTP/1.", 7) || strncmp(response + 8, " 200 ", 5) || !body)
		return NULL;
	*body = '\0';
	return strcasestr(response, wanted) ? strdup(body + 4) : NULL;
}

char *fetch(const char *netns, uint16_t port, const char *path)
{
	return fetch_with(netns, port, path, "", "");
}
