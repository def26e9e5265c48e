// SPDX-License-Identifier: Apache-2.0
#include "exporters/http/http.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "exporters/http/server.h"
#include "exporters/http/tls.h"
#include "user/base/arena.h"
#include "user/base/clock.h"
#include "user/base/log.h"
#include "user/base/util.h"
#include "user/core/view.h"

#define CONNECTIONS_MAX 128U /* of one listener; each has a thread */
#define STACK_BYTES 262144U
#define HEADERS_BYTES_MAX 32768U
#define SILENCE_SECONDS 10U
#define REQUEST_NS UINT64_C(60000000000)

/* --- what the threads share */

struct view *server_view(struct exporter *self, struct view_limits *ret_limits)
{
	struct view *view;

	pthread_mutex_lock(&self->lock);
	view = self->view ? view_ref(self->view) : NULL;
	if (ret_limits)
		*ret_limits = self->limits;
	pthread_mutex_unlock(&self->lock);
	return view;
}

struct web_file *server_web(struct exporter *self)
{
	struct web_file *web;

	pthread_mutex_lock(&self->lock);
	web = web_file_ref(self->web);
	pthread_mutex_unlock(&self->lock);
	return web;
}

struct client *server_client(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

/* --- the life of a connection */

/* Runs in the listener's thread, before anything is read. */
static enum MHD_Result on_accept(void *data, const struct sockaddr *address, socklen_t length)
{
	struct exporter *self = data;

	(void)length;
	if (clients_may_come(&self->clients, address))
		return MHD_YES;
	__atomic_add_fetch(&self->failed, 1, __ATOMIC_RELAXED);
	return MHD_NO;
}

/* Without it, libmicrohttpd's own credentials are in place, which have no certificate. */
static void prepare_tls(const struct client *client, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	if (client->web->tls && info)
		tls_prepare(client->web->tls, info->tls_session);
}

static void begin(struct exporter *self, struct MHD_Connection *connection, void **context)
{
	const union MHD_ConnectionInfo *address =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const union MHD_ConnectionInfo *fd =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct client *client = calloc(1, sizeof(*client));

	if (!client)
		return;
	client->key = limiter_key_of(address ? address->client_addr : NULL);
	client->fd = fd->connect_fd;
	client->since_ns = clock_ns(CLOCK_MONOTONIC);
	client->web = server_web(self);
	prepare_tls(client, connection);
	clients_add(&self->clients, client);
	*context = client;
}

static void end(struct exporter *self, struct client *client)
{
	if (!client)
		return;
	if (!client->ended)
		__atomic_add_fetch(&self->failed, 1, __ATOMIC_RELAXED);
	clients_remove(&self->clients, client);
	web_file_unref(client->web);
	free(client);
}

/* The socket is closed only after this; its TLS session has ended. */
static void on_connection(void *data, struct MHD_Connection *connection, void **context,
			  enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		begin(data, connection, context);
	else
		end(data, *context);
}

/* From here on libmicrohttpd tells of the request's end, even if it finds the rest unreadable and
 * answers without us. */
static void *on_request_line(void *data, const char *uri, struct MHD_Connection *connection)
{
	(void)data;
	(void)uri;
	(void)connection;
	return NULL; /* what answer_request finds in its marker */
}

static void on_completed(void *data, struct MHD_Connection *connection, void **marker,
			 enum MHD_RequestTerminationCode how)
{
	struct exporter *self = data;
	struct client *client = server_client(connection);

	(void)marker;
	(void)how;
	if (!client)
		return;
	if (!client->replied)
		__atomic_add_fetch(&self->failed, 1, __ATOMIC_RELAXED);
	client->replied = false;
	client->ended = true;
	__atomic_store_n(&client->since_ns, clock_ns(CLOCK_MONOTONIC), __ATOMIC_RELAXED);
}

/* --- listeners */

/* Each connection brings its own (tls_prepare); one that has none gets none. */
static int no_certificate(gnutls_session_t session, const gnutls_datum_t *authorities,
			  int authorities_count, const gnutls_pk_algorithm_t *algorithms,
			  int algorithms_count, gnutls_pcert_st **ret, unsigned int *ret_count,
			  gnutls_privkey_t *ret_key)
{
	(void)session;
	(void)authorities;
	(void)authorities_count;
	(void)algorithms;
	(void)algorithms_count;
	(void)ret;
	(void)ret_count;
	(void)ret_key;
	return -1;
}

/* A thread for each connection: neither a password's check nor a slow client keeps another one
 * waiting. They take no signals: those are the main loop's. Steals fd even on failure, when
 * libmicrohttpd may have closed it or not. */
static struct MHD_Daemon *start_daemon(struct exporter *self, int fd)
{
	const unsigned int flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
				   MHD_USE_POLL | (self->web->tls ? MHD_USE_TLS : 0);
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)no_certificate },
		{ MHD_OPTION_END, 0, NULL },
	};
	struct MHD_Daemon *daemon;
	sigset_t all;
	sigset_t before;

	if (!self->web->tls)
		tls[0] = tls[1];
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	daemon = MHD_start_daemon(
		flags, 0, on_accept, self, answer_request, self, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
		SILENCE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADERS_BYTES_MAX,
		MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_BYTES, MHD_OPTION_NOTIFY_CONNECTION,
		on_connection, self, MHD_OPTION_URI_LOG_CALLBACK, on_request_line, self,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, self, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return daemon;
}

/* Steals fd. */
static int serve_on(struct exporter *self, int fd, const char *name,
		    const struct local_socket *file)
{
	struct listener *listener = &self->listeners[self->listeners_count];

	listener->file = *file;
	listener->port = listen_port(fd);
	listener->daemon = start_daemon(self, fd);
	if (!listener->daemon) {
		log_error("cannot listen on %s: no thread for the HTTP server", name);
		local_socket_remove(file);
		return -EAGAIN;
	}
	self->listeners_count++;
	if (listener->port)
		log_info("listening on %s (port %u)%s", name, listener->port,
			 self->web->tls ? ", with TLS" : "");
	else
		log_info("listening on %s%s", name, self->web->tls ? ", with TLS" : "");
	return 0;
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
	else if (error == ENOTSOCK)
		advice = "; something else has this name";
	log_error("cannot listen on %s: %s%s", address, strerror(error), advice);
}

static int open_address(struct exporter *self, const char *text)
{
	struct listen_address address;
	struct local_socket file = { 0 };
	int fd;

	if (listen_parse(&address, text) < 0) {
		log_error(
			"cannot listen on \"%s\": write it as host:port, :port, [IPv6]:port or unix:/path, with a numeric host or localhost",
			text);
		return -EINVAL;
	}
	fd = listen_open(&address, &file);
	if (fd < 0) {
		log_refused(text, -fd);
		return fd;
	}
	return serve_on(self, fd, text, &file);
}

static int open_addresses(struct exporter *self, const struct web_config *web)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < web->listen_addresses_count; i++)
		r = open_address(self, web->listen_addresses[i]);
	return r;
}

/* Takes what systemd passed out of the environment: no child of ours shall take it for its own. */
static int open_passed(struct exporter *self, int count)
{
	const struct local_socket none = { 0 };
	int r = 0;

	for (int i = 0; r == 0 && i < count; i++) {
		int fd = SD_LISTEN_FDS_START + i;
		char name[32];

		snprintf(name, sizeof(name), "systemd's socket %d", i + 1);
		if (sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) > 0) {
			r = serve_on(self, fd, name, &none);
			continue;
		}
		log_error(
			"cannot listen on %s: it is no listening stream; write ListenStream= in the .socket unit",
			name);
		r = -EINVAL;
	}
	return r;
}

static int passed_count(const struct web_config *web)
{
	int count = sd_listen_fds(1);

	if (count > 0)
		return count;
	log_error(
		"--web.systemd-socket: systemd passed no socket%s; start portgauge by a .socket unit",
		web->listen_addresses_count ? "" : " and there is no address");
	return count < 0 ? count : -ENOENT;
}

/* --- the exporter */

static void http_close(struct exporter *self)
{
	if (!self)
		return;
	for (size_t i = 0; i < self->listeners_count; i++) {
		MHD_stop_daemon(self->listeners[i].daemon);
		local_socket_remove(&self->listeners[i].file);
	}
	view_unref(self->view);
	web_file_unref(self->web);
	web_stamps_done(&self->tried);
	users_free(self->users);
	clients_done(&self->clients);
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
	int r;

	if (!self)
		return -ENOMEM;
	self->config = config;
	pthread_mutex_init(&self->lock, NULL);
	clients_init(&self->clients);
	r = users_new(&self->users);
	if (r < 0) {
		http_close(self);
		return r;
	}
	*ret = self;
	return 0;
}

static int make_room(struct exporter *self, size_t count)
{
	self->listeners = calloc(count + 1, sizeof(*self->listeners));
	if (self->listeners)
		return 0;
	log_error("cannot start the HTTP server: out of memory");
	return -ENOMEM;
}

static int open_listeners(struct exporter *self, const struct web_config *web)
{
	int count = web->systemd_socket ? passed_count(web) : (int)web->listen_addresses_count;
	int r;

	if (count < 0)
		return count;
	r = make_room(self, (size_t)count);
	if (r < 0)
		return r;
	return web->systemd_socket ? open_passed(self, count) : open_addresses(self, web);
}

static int http_open(struct exporter **ret, const struct exporter_config *config,
		     struct sd_event *event)
{
	CLEANUP(exporter_closep) struct exporter *self = NULL;
	int r;

	(void)event; /* libmicrohttpd has its own loops in its own threads */
	r = exporter_new(&self, config);
	if (r < 0) {
		log_error("cannot start the HTTP server: %s", strerror(-r));
		return r;
	}
	r = web_file_load(&self->web, &self->tried, config->web->config_file);
	if (r == 0)
		r = open_listeners(self, config->web);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(self);
	return 0;
}

/* A file that is wrong, or that would switch TLS, leaves everything as it was. */
static void reread(struct exporter *self)
{
	const char *path = self->config->web->config_file;
	struct web_file *web = NULL;
	struct web_file *old;

	if (web_file_load(&web, &self->tried, path) < 0) {
		log_warning("%s: the web configuration from before stays in force", path);
		return;
	}
	if (!web->tls != !self->web->tls) {
		log_warning("%s: TLS cannot be switched %s while running; restart portgauge", path,
			    web->tls ? "on" : "off");
		web_file_unref(web);
		return;
	}
	pthread_mutex_lock(&self->lock);
	old = self->web;
	self->web = web;
	pthread_mutex_unlock(&self->lock);
	web_file_unref(old);
	log_info("%s: the changed web configuration is in force", path);
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
	clients_expire(&self->clients, clock_ns(CLOCK_MONOTONIC), REQUEST_NS);
	if (web_stamps_changed(&self->tried))
		reread(self);
}

/* On no memory the view just does not tell. */
static void http_account(const struct exporter *self, struct view *view)
{
	struct view_tally *rows = arena_alloc(view->arena, STATUSES_COUNT, sizeof(*rows));

	if (!rows)
		return;
	for (size_t i = 0; i < STATUSES_COUNT; i++) {
		rows[i].name = arena_printf(view->arena, "%u", answer_status(i));
		rows[i].count = __atomic_load_n(&self->answers[i], __ATOMIC_RELAXED);
		if (!rows[i].name)
			return;
	}
	view->http.requests = rows;
	view->http.requests_count = STATUSES_COUNT;
	view->http.failed = __atomic_load_n(&self->failed, __ATOMIC_RELAXED);
}

uint16_t http_port(const struct exporter *self, size_t index)
{
	return index < self->listeners_count ? self->listeners[index].port : 0;
}

const struct exporter_ops http_exporter = {
	.name = "http",
	.open = http_open,
	.account = http_account,
	.publish = http_publish,
	.close = http_close,
};
