/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the HTTP server, for http.c and answer.c only. */
#pragma once

#include <microhttpd.h>
#include <pthread.h>
#include <stdint.h>

#include "exporters/exporter.h"
#include "exporters/http/clients.h"
#include "exporters/http/listen.h"
#include "user/base/local_socket.h"
#include "exporters/http/users.h"
#include "exporters/http/web_file.h"
#include "user/core/view.h"

/* Every status that answer.c sends. */
#define STATUSES_COUNT 8

struct listener {
	struct MHD_Daemon *daemon;
	struct local_socket file; /* of a Unix socket that is ours to remove */
	uint16_t port;
};

struct exporter {
	const struct exporter_config *config;
	pthread_mutex_t lock;      /* of view, limits and web; held for no longer than a copy */
	struct view *view;         /* newest; NULL before the first */
	struct view_limits limits; /* of the time of view */
	struct web_file *web;      /* newest */
	struct web_stamps tried;   /* what the newest attempt to read the file looked at */
	struct users *users;
	struct clients clients;
	uint64_t answers[STATUSES_COUNT]; /* atomic, as is failed */
	uint64_t failed;                  /* connections that ended before a whole request */
	struct listener *listeners;
	size_t listeners_count;
};

/* libmicrohttpd's access handler; data is the exporter. */
enum MHD_Result answer_request(void *data, struct MHD_Connection *connection, const char *url,
			       const char *method, const char *version, const char *upload_data,
			       size_t *upload_data_size, void **request);

/* The status whose answers are counted at index. */
unsigned int answer_status(size_t index);

/* References; NULL if there is none yet. ret_limits may be NULL. */
struct view *server_view(struct exporter *self, struct view_limits *ret_limits);
struct web_file *server_web(struct exporter *self);

/* Whose connection it is; NULL: there was no memory for it. */
struct client *server_client(struct MHD_Connection *connection);
