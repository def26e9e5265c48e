// SPDX-License-Identifier: Apache-2.0
#include "inbox.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <microhttpd.h>

#include "check.h"
#include "space.h"

#define REQUESTS_MAX 256
#define BODY_MAX (1 << 20)
#define BACKLOG 64

struct request {
	size_t size;
	char *body;
	uint16_t source;
};

struct inbox {
	struct MHD_Daemon *daemon; /* NULL: one that does not speak HTTP */
	pthread_t babbler;
	enum inbox_manner manner;
	int fd;
	struct sockaddr_in address; /* to listen on */
	pthread_mutex_t lock;
	struct request requests[REQUESTS_MAX];
	size_t count;
};

static void keep(struct inbox *inbox, struct MHD_Connection *connection, struct request *request)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	if (info && info->client_addr->sa_family == AF_INET)
		request->source = ntohs(((struct sockaddr_in *)info->client_addr)->sin_port);
	pthread_mutex_lock(&inbox->lock);
	if (inbox->count < REQUESTS_MAX) {
		inbox->requests[inbox->count++] = *request;
		request->body = NULL;
	}
	pthread_mutex_unlock(&inbox->lock);
	free(request->body);
	free(request);
}

static enum MHD_Result answer(const struct inbox *inbox, struct MHD_Connection *connection)
{
	unsigned int status = inbox->manner == INBOX_BUSY ? 503 : 200;
	struct MHD_Response *response =
		MHD_create_response_from_buffer(2, "ok", MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result = MHD_queue_response(connection, status, response);

	MHD_destroy_response(response);
	return result;
}

/* libmicrohttpd's: once when the headers are there, then for each piece of the body, then once. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *size, void **memory)
{
	struct request *request = *memory;

	(void)url;
	(void)method;
	(void)version;
	if (!request) {
		request = calloc(1, sizeof(*request));
		*memory = request;
		request->body = calloc(1, BODY_MAX);
		return MHD_YES;
	}
	if (*size) {
		if (request->size + *size >= BODY_MAX)
			return MHD_NO;
		memcpy(request->body + request->size, data, *size);
		request->size += *size;
		*size = 0;
		return MHD_YES;
	}
	*memory = NULL;
	keep(context, connection, request);
	return answer(context, connection);
}

/* Until the listener is shut down. */
static void *babble(void *context)
{
	static const char garbage[] = "\xff\x1b[2Jgarbage\r\n\r\n";
	const struct inbox *inbox = context;
	int fd;

	while ((fd = accept4(inbox->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		send(fd, garbage, sizeof(garbage), MSG_NOSIGNAL);
		close(fd);
	}
	return NULL;
}

static void start(struct inbox *inbox)
{
	pthread_mutex_init(&inbox->lock, NULL);
	assert_int_equal(listen(inbox->fd, BACKLOG), 0);
	if (inbox->manner == INBOX_SILENT)
		return; /* the kernel accepts, and that is all */
	if (inbox->manner == INBOX_GARBAGE) {
		assert_int_equal(pthread_create(&inbox->babbler, NULL, babble, inbox), 0);
		return;
	}
	inbox->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL, 0, NULL,
					 NULL, on_request, inbox, MHD_OPTION_LISTEN_SOCKET,
					 inbox->fd, MHD_OPTION_END);
	assert_non_null(inbox->daemon);
}

static void make_socket(void *context)
{
	struct inbox *inbox = context;
	int yes = 1;

	inbox->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(inbox->fd >= 0);
	setsockopt(inbox->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	assert_int_equal(
		bind(inbox->fd, (struct sockaddr *)&inbox->address, sizeof(inbox->address)), 0);
}

struct inbox *inbox_open(const char *netns, uint16_t port, enum inbox_manner manner)
{
	struct inbox *inbox = calloc(1, sizeof(*inbox));

	assert_non_null(inbox);
	inbox->manner = manner;
	inbox->address.sin_family = AF_INET;
	inbox->address.sin_port = htons(port);
	inbox->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (netns)
		space_visit(netns, make_socket, inbox);
	else
		make_socket(inbox);
	start(inbox);
	return inbox;
}

struct inbox *inbox_open_unix(const char *path)
{
	struct inbox *inbox = calloc(1, sizeof(*inbox));
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	assert_non_null(inbox);
	assert_true(strlen(path) < sizeof(address.sun_path));
	strcpy(address.sun_path, path);
	inbox->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(inbox->fd >= 0);
	assert_int_equal(bind(inbox->fd, (struct sockaddr *)&address, sizeof(address)), 0);
	start(inbox);
	return inbox;
}

/* The daemon closes its socket itself. */
void inbox_close(struct inbox *inbox)
{
	if (!inbox)
		return;
	if (inbox->manner == INBOX_GARBAGE) {
		shutdown(inbox->fd, SHUT_RDWR);
		pthread_join(inbox->babbler, NULL);
	}
	if (inbox->daemon)
		MHD_stop_daemon(inbox->daemon);
	else
		close(inbox->fd);
	for (size_t i = 0; i < inbox->count; i++)
		free(inbox->requests[i].body);
	pthread_mutex_destroy(&inbox->lock);
	free(inbox);
}

size_t inbox_count(struct inbox *inbox)
{
	size_t count;

	pthread_mutex_lock(&inbox->lock);
	count = inbox->count;
	pthread_mutex_unlock(&inbox->lock);
	return count;
}

uint16_t inbox_source(struct inbox *inbox, size_t request)
{
	assert_true(request < inbox_count(inbox));
	return inbox->requests[request].source;
}

json_t *inbox_body(struct inbox *inbox, size_t request)
{
	json_t *body;

	assert_true(request < inbox_count(inbox));
	body = json_loads(inbox->requests[request].body, 0, NULL);
	if (!body)
		fail_msg("request %zu is no JSON: %.200s", request, inbox->requests[request].body);
	return body;
}
