// SPDX-License-Identifier: Apache-2.0
#include "exporters/http/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "exporters/http/listen.h"
#include "exporters/http/page.h"
#include "user/base/log.h"
#include "user/base/util.h"
#include "user/core/view.h"

#define CONNECTIONS_MAX 128U
#define TIMEOUT_SECONDS 10U
#define TEXT_CONTENT_TYPE "text/plain; charset=utf-8"

struct listener {
	struct MHD_Daemon *daemon;
	uint16_t port;
};

struct exporter {
	const struct exporter_config *config;
	pthread_mutex_t lock; /* of what follows; held for no longer than it takes to copy it */
	struct view *view;    /* newest; NULL before the first */
	struct view_limits limits;
	struct listener *listeners;
	size_t listeners_count;
};

struct header {
	const char *name;
	const char *value;
};

/* NULL if there is none yet; give it back with view_unref. limits may be NULL. */
static struct view *newest(struct exporter *self, struct view_limits *limits)
{
	struct view *view;

	pthread_mutex_lock(&self->lock);
	view = self->view ? view_ref(self->view) : NULL;
	if (limits)
		*limits = self->limits;
	pthread_mutex_unlock(&self->lock);
	return view;
}

/* Steals response, which may be NULL. extra may be NULL. */
static enum MHD_Result send_response(struct MHD_Connection *connection, unsigned int status,
				     struct MHD_Response *response, const char *content_type,
				     const struct header *extra, size_t extra_count)
{
	enum MHD_Result r = MHD_NO;

	if (!response)
		return MHD_NO;
	if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type) &&
	    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") &&
	    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store"))
		r = MHD_YES;
	for (size_t i = 0; r && i < extra_count; i++)
		r = MHD_add_response_header(response, extra[i].name, extra[i].value);
	if (r)
		r = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return r;
}

/* One constant line. */
static enum MHD_Result send_line(struct MHD_Connection *connection, unsigned int status,
				 const char *line, const struct header *extra, size_t extra_count)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(line), (void *)(uintptr_t)line, MHD_RESPMEM_PERSISTENT);

	return send_response(connection, status, response, TEXT_CONTENT_TYPE, extra, extra_count);
}

/* Steals body, which malloc gave. */
static enum MHD_Result send_body(struct MHD_Connection *connection, char *body, size_t size,
				 const char *content_type, const struct header *extra,
				 size_t extra_count)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(size, body, MHD_RESPMEM_MUST_FREE);

	if (!response)
		free(body);
	return send_response(connection, MHD_HTTP_OK, response, content_type, extra, extra_count);
}

static enum MHD_Result send_failure(struct MHD_Connection *connection, const char *path)
{
	log_error("cannot encode %s: out of memory", path);
	return send_line(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory\n", NULL, 0);
}

/* A document is never empty: an encoder that writes nothing has failed. */
static int encode(char **ret, size_t *ret_size, const struct endpoint *endpoint,
		  const struct view *view, const struct view_limits *limits)
{
	CLEANUP(freep) char *body = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&body, &size);
	bool failed;

	if (!out)
		return -ENOMEM;
	endpoint->encode(out, view, limits);
	failed = ferror(out);
	if (fclose(out) != 0 || failed || size == 0)
		return -ENOMEM;
	*ret = TAKE_PTR(body);
	*ret_size = size;
	return 0;
}

static enum MHD_Result serve_endpoint(struct exporter *self, struct MHD_Connection *connection,
				      const struct endpoint *endpoint)
{
	struct view_limits limits;
	struct view *view = newest(self, &limits);
	char *body = NULL;
	size_t size = 0;
	int r;

	if (!view)
		return send_line(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "no view yet\n", NULL,
				 0);
	r = encode(&body, &size, endpoint, view, &limits);
	view_unref(view);
	if (r < 0)
		return send_failure(connection, endpoint->path);
	return send_body(connection, body, size, endpoint->content_type, NULL, 0);
}

static enum MHD_Result serve_page(struct exporter *self, struct MHD_Connection *connection)
{
	static const struct header policy = { "Content-Security-Policy", PAGE_POLICY };
	char *body = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&body, &size);

	if (!out)
		return send_failure(connection, "/");
	page_write(out, self->config);
	if (fclose(out) != 0) {
		free(body);
		return send_failure(connection, "/");
	}
	return send_body(connection, body, size, PAGE_CONTENT_TYPE, &policy, 1);
}

static enum MHD_Result serve_ready(struct exporter *self, struct MHD_Connection *connection)
{
	struct view *view = newest(self, NULL);
	bool ready = view != NULL;

	view_unref(view);
	return send_line(connection, ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
			 ready ? "ready\n" : "no view yet\n", NULL, 0);
}

/* An endpoint at "/" takes the place of the landing page. */
static enum MHD_Result serve(struct exporter *self, struct MHD_Connection *connection,
			     const char *path)
{
	for (size_t i = 0; i < self->config->endpoints_count; i++)
		if (strcmp(path, self->config->endpoints[i].path) == 0)
			return serve_endpoint(self, connection, &self->config->endpoints[i]);
	if (strcmp(path, "/") == 0 && !self->config->web->disable_ui)
		return serve_page(self, connection);
	if (strcmp(path, "/-/healthy") == 0)
		return send_line(connection, MHD_HTTP_OK, "healthy\n", NULL, 0);
	if (strcmp(path, "/-/ready") == 0)
		return serve_ready(self, connection);
	return send_line(connection, MHD_HTTP_NOT_FOUND, "not found; / lists what there is\n", NULL,
			 0);
}

/* Headers that announce a body, or that two parsers could read in two ways. */
static enum MHD_Result find_body(void *found, enum MHD_ValueKind kind, const char *name,
				 const char *value)
{
	(void)kind;
	if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0 ||
	    (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0 &&
	     (!value || strcmp(value, "0") != 0)))
		*(bool *)found = true;
	return MHD_YES;
}

/* Before anything else is read: what is refused here is closed, so that no byte behind the headers
 * can be taken for another request. */
static enum MHD_Result admit(struct MHD_Connection *connection, const char *method, bool *admitted)
{
	static const struct header refused[] = {
		{ MHD_HTTP_HEADER_ALLOW, "GET, HEAD" },
		{ MHD_HTTP_HEADER_CONNECTION, "close" },
	};
	static const struct header closed = { MHD_HTTP_HEADER_CONNECTION, "close" };
	bool has_body = false;

	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return send_line(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET and HEAD only\n",
				 refused, ARRAY_SIZE(refused));
	MHD_get_connection_values(connection, MHD_HEADER_KIND, find_body, &has_body);
	if (has_body)
		return send_line(connection, MHD_HTTP_BAD_REQUEST, "a request has no body here\n",
				 &closed, 1);
	*admitted = true;
	return MHD_YES;
}

/* Called once with the headers, and once more when the request is complete; a response to the
 * first call ends the connection. */
static enum MHD_Result answer(void *data, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload_data,
			      size_t *upload_data_size, void **request)
{
	bool admitted = false;
	enum MHD_Result r;

	(void)version;
	(void)upload_data;
	(void)upload_data_size;
	if (*request)
		return serve(data, connection, url);
	r = admit(connection, method, &admitted);
	if (admitted)
		*request = data; /* anything but NULL */
	return r;
}

static void log_refused(const char *address, int error)
{
	const char *advice = "";

	if (error == EADDRINUSE)
		advice = "; stop the other program or choose --web.listen-address";
	else if (error == EACCES)
		advice = "; choose a port above 1023 or grant CAP_NET_BIND_SERVICE";
	else if (error == EADDRNOTAVAIL)
		advice = "; this host has no such address";
	log_error("cannot listen on %s: %s%s", address, strerror(error), advice);
}

/* Its thread takes no signals: they are the main loop's. Steals fd even on failure, when
 * libmicrohttpd may have closed it or not. */
static struct MHD_Daemon *start_daemon(struct exporter *self, int fd)
{
	struct MHD_Daemon *daemon;
	sigset_t all;
	sigset_t before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer, self,
				  MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
				  CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, TIMEOUT_SECONDS,
				  MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return daemon;
}

static int listener_open(struct listener *ret, struct exporter *self, const char *text)
{
	struct listen_address address;
	struct listener listener;
	int fd;

	if (listen_parse(&address, text) < 0) {
		log_error(
			"cannot listen on \"%s\": write it as host:port, :port or [IPv6]:port, with a numeric host or localhost",
			text);
		return -EINVAL;
	}
	fd = listen_open(&address);
	if (fd < 0) {
		log_refused(text, -fd);
		return fd;
	}
	listener.port = listen_port(fd);
	listener.daemon = start_daemon(self, fd);
	if (!listener.daemon) {
		log_error("cannot listen on %s: no thread for the HTTP server", text);
		return -EAGAIN;
	}
	log_info("listening on %s (port %u)", text, listener.port);
	*ret = listener;
	return 0;
}

static void http_close(struct exporter *self)
{
	if (!self)
		return;
	for (size_t i = 0; i < self->listeners_count; i++)
		MHD_stop_daemon(self->listeners[i].daemon);
	view_unref(self->view);
	pthread_mutex_destroy(&self->lock);
	free(self->listeners);
	free(self);
}

static void exporter_closep(struct exporter **self)
{
	http_close(*self);
}

static int exporter_new(struct exporter **ret, const struct exporter_config *config)
{
	struct exporter *self = calloc(1, sizeof(*self));

	if (!self)
		return -ENOMEM;
	self->listeners = calloc(config->web->listen_addresses_count + 1, sizeof(*self->listeners));
	if (!self->listeners) {
		free(self);
		return -ENOMEM;
	}
	self->config = config;
	pthread_mutex_init(&self->lock, NULL);
	*ret = self;
	return 0;
}

static int http_open(struct exporter **ret, const struct exporter_config *config,
		     struct sd_event *event)
{
	CLEANUP(exporter_closep) struct exporter *self = NULL;
	int r;

	(void)event; /* libmicrohttpd has its own loop in its own thread */
	if (config->web->config_file || config->web->systemd_socket) {
		log_error("--web.config.file and --web.systemd-socket are not served yet");
		return -EOPNOTSUPP;
	}
	r = exporter_new(&self, config);
	if (r < 0) {
		log_error("cannot start the HTTP server: out of memory");
		return r;
	}
	for (size_t i = 0; i < config->web->listen_addresses_count; i++) {
		r = listener_open(&self->listeners[i], self, config->web->listen_addresses[i]);
		if (r < 0)
			return r;
		self->listeners_count++;
	}
	*ret = TAKE_PTR(self);
	return 0;
}

static void http_publish(struct exporter *self, struct view *view)
{
	struct view *old;

	view_ref(view);
	pthread_mutex_lock(&self->lock);
	old = self->view;
	self->view = view;
	self->limits = *self->config->limits; /* they may have changed since */
	pthread_mutex_unlock(&self->lock);
	view_unref(old);
}

uint16_t http_port(const struct exporter *self, size_t index)
{
	return index < self->listeners_count ? self->listeners[index].port : 0;
}

const struct exporter_ops http_exporter = {
	.name = "http",
	.open = http_open,
	.publish = http_publish,
	.close = http_close,
};
