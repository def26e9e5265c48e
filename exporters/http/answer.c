// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "exporters/http/accept.h"
#include "exporters/http/authorization.h"
#include "exporters/http/gzip.h"
#include "exporters/http/page.h"
#include "exporters/http/server.h"
#include "exporters/http/settings.h"
#include "user/base/clock.h"
#include "user/base/log.h"
#include "user/base/util.h"
#include "user/core/view.h"

#define TEXT_CONTENT_TYPE "text/plain; charset=utf-8"
#define FORMS_MAX 4          /* of one document */
#define GZIP_BYTES_MIN 1024U /* below, packing saves no packet */
#define EXTRA_MAX 4

/* One request while it is answered. */
struct request {
	struct exporter *self;
	struct MHD_Connection *connection;
	const struct settings *settings;
};

struct reply {
	unsigned int status;
	const char *content_type;
	struct header extra[EXTRA_MAX]; /* ends at the first without a name */
};

static const unsigned int statuses[STATUSES_COUNT] = {
	MHD_HTTP_OK,
	MHD_HTTP_BAD_REQUEST,
	MHD_HTTP_UNAUTHORIZED,
	MHD_HTTP_NOT_FOUND,
	MHD_HTTP_METHOD_NOT_ALLOWED,
	MHD_HTTP_TOO_MANY_REQUESTS,
	MHD_HTTP_INTERNAL_SERVER_ERROR,
	MHD_HTTP_SERVICE_UNAVAILABLE,
};

unsigned int answer_status(size_t index)
{
	return statuses[index];
}

static void count_answer(struct exporter *self, unsigned int status)
{
	for (size_t i = 0; i < STATUSES_COUNT; i++)
		if (statuses[i] == status)
			__atomic_add_fetch(&self->answers[i], 1, __ATOMIC_RELAXED);
}

/* --- sending */

static bool is_configured(const struct settings *settings, const char *name)
{
	for (size_t i = 0; i < settings->headers_count; i++)
		if (strcasecmp(settings->headers[i].name, name) == 0)
			return true;
	return false;
}

/* What the web configuration says takes the place of ours. */
static bool add_header(const struct request *request, struct MHD_Response *response,
		       const char *name, const char *value)
{
	return is_configured(request->settings, name) ||
	       MHD_add_response_header(response, name, value);
}

static bool add_headers(const struct request *request, struct MHD_Response *response,
			const struct reply *reply)
{
	const struct settings *settings = request->settings;

	for (size_t i = 0; i < settings->headers_count; i++)
		if (!MHD_add_response_header(response, settings->headers[i].name,
					     settings->headers[i].value))
			return false;
	for (size_t i = 0; i < EXTRA_MAX && reply->extra[i].name; i++)
		if (!add_header(request, response, reply->extra[i].name, reply->extra[i].value))
			return false;
	return add_header(request, response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->content_type) &&
	       add_header(request, response, "X-Content-Type-Options", "nosniff") &&
	       add_header(request, response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
}

/* Steals response, which may be NULL. */
static enum MHD_Result send_response(const struct request *request, struct MHD_Response *response,
				     const struct reply *reply)
{
	enum MHD_Result r = MHD_NO;

	if (!response)
		return MHD_NO;
	if (add_headers(request, response, reply))
		r = MHD_queue_response(request->connection, reply->status, response);
	MHD_destroy_response(response);
	if (r)
		count_answer(request->self, reply->status);
	return r;
}

/* One constant line. The content type is ours to set. */
static enum MHD_Result send_line(const struct request *request, struct reply reply,
				 const char *line)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(line), (void *)(uintptr_t)line, MHD_RESPMEM_PERSISTENT);

	reply.content_type = TEXT_CONTENT_TYPE;
	return send_response(request, response, &reply);
}

static enum MHD_Result send_status(const struct request *request, unsigned int status,
				   const char *line)
{
	return send_line(request, (struct reply){ .status = status }, line);
}

static enum MHD_Result send_failure(const struct request *request, const char *path)
{
	log_error("cannot encode %s: out of memory", path);
	return send_status(request, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory\n");
}

/* --- what the client would like */

struct list {
	const char *name;
	char *text; /* NULL: there is no such header */
};

/* A header that comes twice is one list. */
static enum MHD_Result join(void *data, enum MHD_ValueKind kind, const char *name,
			    const char *value)
{
	struct list *list = data;
	char *joined;

	(void)kind;
	if (!value || strcasecmp(name, list->name) != 0)
		return MHD_YES;
	if (asprintf(&joined, "%s%s%s", list->text ? list->text : "", list->text ? "," : "",
		     value) < 0)
		return MHD_NO;
	free(list->text);
	list->text = joined;
	return MHD_YES;
}

/* The values of a header, or NULL; free it. */
static char *header_list(struct MHD_Connection *connection, const char *name)
{
	struct list list = { .name = name };

	MHD_get_connection_values(connection, MHD_HEADER_KIND, join, &list);
	return list.text;
}

static bool wants_gzip(struct MHD_Connection *connection)
{
	CLEANUP(freep) char *list = header_list(connection, MHD_HTTP_HEADER_ACCEPT_ENCODING);

	return accept_gzip(list);
}

/* Steals body, which malloc gave; packs it where that is welcome. */
static enum MHD_Result send_body(const struct request *request, char *body, size_t size,
				 struct reply *reply)
{
	struct MHD_Response *response;
	char *packed;

	if (size >= GZIP_BYTES_MIN && wants_gzip(request->connection) &&
	    gzip_pack(&packed, &size, body, size) == 0) {
		free(body);
		body = packed;
		for (size_t i = 0; i < EXTRA_MAX; i++) {
			if (reply->extra[i].name)
				continue;
			reply->extra[i] =
				(struct header){ MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip" };
			break;
		}
	}
	response = MHD_create_response_from_buffer(size, body, MHD_RESPMEM_MUST_FREE);
	if (!response)
		free(body);
	return send_response(request, response, reply);
}

/* --- documents */

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

static enum MHD_Result serve_endpoint(const struct request *request,
				      const struct endpoint *endpoint, const char *vary)
{
	struct reply reply = {
		.status = MHD_HTTP_OK,
		.content_type = endpoint->content_type,
		.extra = { { MHD_HTTP_HEADER_VARY, vary } },
	};
	struct view_limits limits;
	struct view *view = server_view(request->self, &limits);
	char *body = NULL;
	size_t size = 0;
	int r;

	if (!view)
		return send_status(request, MHD_HTTP_SERVICE_UNAVAILABLE, "no view yet\n");
	r = encode(&body, &size, endpoint, view, &limits);
	view_unref(view);
	if (r < 0)
		return send_failure(request, endpoint->path);
	return send_body(request, body, size, &reply);
}

/* The form of a document that the client likes best. */
static enum MHD_Result serve_forms(const struct request *request,
				   const struct endpoint *const *forms, size_t count)
{
	CLEANUP(freep) char *accept = NULL;
	const char *types[FORMS_MAX];

	if (count == 1)
		return serve_endpoint(request, forms[0], "Accept-Encoding");
	accept = header_list(request->connection, MHD_HTTP_HEADER_ACCEPT);
	for (size_t i = 0; i < count; i++)
		types[i] = forms[i]->content_type;
	return serve_endpoint(request, forms[accept_choose(accept, types, count)],
			      "Accept, Accept-Encoding");
}

static enum MHD_Result serve_file(const struct request *request, const struct static_file *file)
{
	struct reply reply = {
		.status = MHD_HTTP_OK,
		.content_type = file->content_type,
		.extra = { { MHD_HTTP_HEADER_VARY, "Accept-Encoding" },
			   { "Content-Security-Policy", file->policy },
			   { "Referrer-Policy", "no-referrer" } },
	};
	size_t size = (size_t)(file->end - file->bytes);
	char *body = malloc(size);

	if (!body)
		return send_failure(request, file->path);
	memcpy(body, file->bytes, size);
	return send_body(request, body, size, &reply);
}

static enum MHD_Result serve_page(const struct request *request)
{
	struct reply reply = {
		.status = MHD_HTTP_OK,
		.content_type = PAGE_CONTENT_TYPE,
		.extra = { { MHD_HTTP_HEADER_VARY, "Accept-Encoding" },
			   { "Content-Security-Policy", PAGE_POLICY } },
	};
	char *body = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&body, &size);

	if (!out)
		return send_failure(request, "/");
	page_write(out, request->self->config);
	if (fclose(out) != 0) {
		free(body);
		return send_failure(request, "/");
	}
	return send_body(request, body, size, &reply);
}

static enum MHD_Result serve_ready(const struct request *request)
{
	struct view *view = server_view(request->self, NULL);
	bool ready = view != NULL;

	view_unref(view);
	return send_status(request, ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
			   ready ? "ready\n" : "no view yet\n");
}

/* An endpoint or a file at "/" takes the place of the landing page. */
static enum MHD_Result serve(const struct request *request, const char *path)
{
	const struct exporter_config *config = request->self->config;
	const struct endpoint *forms[FORMS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < config->endpoints_count && count < FORMS_MAX; i++)
		if (strcmp(path, config->endpoints[i].path) == 0)
			forms[count++] = &config->endpoints[i];
	if (count)
		return serve_forms(request, forms, count);
	for (size_t i = 0; i < config->files_count && !config->web->disable_ui; i++)
		if (strcmp(path, config->files[i].path) == 0)
			return serve_file(request, &config->files[i]);
	if ((strcmp(path, "/") == 0 || strcmp(path, PAGE_PATH) == 0) && !config->web->disable_ui)
		return serve_page(request);
	if (strcmp(path, "/-/healthy") == 0)
		return send_status(request, MHD_HTTP_OK, "healthy\n");
	if (strcmp(path, "/-/ready") == 0)
		return serve_ready(request);
	return send_status(request, MHD_HTTP_NOT_FOUND, "not found; / lists what there is\n");
}

/* --- who may ask */

static enum MHD_Result send_busy(const struct request *request)
{
	const struct reply busy = {
		.status = MHD_HTTP_TOO_MANY_REQUESTS,
		.extra = { { MHD_HTTP_HEADER_RETRY_AFTER, "1" } },
	};

	return send_line(request, busy, "too many requests; try again later\n");
}

static enum MHD_Result send_unauthorized(const struct request *request)
{
	static const struct reply reply = {
		.status = MHD_HTTP_UNAUTHORIZED,
		.extra = { { MHD_HTTP_HEADER_WWW_AUTHENTICATE,
			     "Basic realm=\"portgauge\", charset=\"UTF-8\"" } },
	};

	return send_line(request, reply, "user and password are needed\n");
}

static enum users_verdict check_password(const struct request *request, struct client *client,
					 const struct authorization *given)
{
	struct exporter *self = request->self;
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
	enum users_verdict verdict;

	verdict = users_recall(self->users, request->settings, given->user, given->password);
	if (verdict == USERS_RIGHT)
		return verdict;
	if (!clients_may_try(&self->clients, &client->key, now_ns))
		return USERS_BUSY;
	verdict = users_check(self->users, request->settings, given->user, given->password);
	if (verdict == USERS_WRONG)
		clients_failed(&self->clients, &client->key, now_ns);
	return verdict;
}

static enum users_verdict authorize(const struct request *request, struct client *client)
{
	struct authorization given;
	enum users_verdict verdict;
	const char *header;

	if (!request->settings->users_count)
		return USERS_RIGHT;
	header = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
					     MHD_HTTP_HEADER_AUTHORIZATION);
	if (!header || authorization_parse(&given, header) < 0)
		return USERS_WRONG;
	verdict = check_password(request, client, &given);
	explicit_bzero(&given, sizeof(given));
	return verdict;
}

static enum MHD_Result serve_authorized(const struct request *request, struct client *client,
					const char *path)
{
	const struct settings *settings = request->settings;

	if (!clients_may_ask(&request->self->clients, &client->key, clock_ns(CLOCK_MONOTONIC),
			     settings->rate_interval_ns, settings->rate_burst))
		return send_busy(request);
	switch (authorize(request, client)) {
	case USERS_RIGHT:
		return serve(request, path);
	case USERS_BUSY:
		return send_busy(request);
	default:
		return send_unauthorized(request);
	}
}

/* --- what may be asked */

static bool is_token(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789!#$%&'*+-.^_`|~";

	return name[0] && name[strspn(name, letters)] == '\0';
}

/* Headers that announce a body, or that two parsers could read in two ways. */
static enum MHD_Result find_body(void *found, enum MHD_ValueKind kind, const char *name,
				 const char *value)
{
	(void)kind;
	if (!is_token(name) || strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0 ||
	    (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0 &&
	     (!value || strcmp(value, "0") != 0)))
		*(bool *)found = true;
	return MHD_YES;
}

/* Before anything else is read: what is refused here is closed, so that no byte behind the headers
 * can be taken for another request. */
static enum MHD_Result admit(const struct request *request, const char *method, bool *admitted)
{
	static const struct reply refused = {
		.status = MHD_HTTP_METHOD_NOT_ALLOWED,
		.extra = { { MHD_HTTP_HEADER_ALLOW, "GET, HEAD" },
			   { MHD_HTTP_HEADER_CONNECTION, "close" } },
	};
	static const struct reply closed = {
		.status = MHD_HTTP_BAD_REQUEST,
		.extra = { { MHD_HTTP_HEADER_CONNECTION, "close" } },
	};
	bool has_body = false;

	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return send_line(request, refused, "GET and HEAD only\n");
	MHD_get_connection_values(request->connection, MHD_HEADER_KIND, find_body, &has_body);
	if (has_body)
		return send_line(request, closed, "a request has no body here\n");
	*admitted = true;
	return MHD_YES;
}

/* Called once with the headers, and once more when the request is complete; a response to the
 * first call ends the connection. */
enum MHD_Result answer_request(void *data, struct MHD_Connection *connection, const char *url,
			       const char *method, const char *version, const char *upload_data,
			       size_t *upload_data_size, void **marker)
{
	struct client *client = server_client(connection);
	struct web_file *web;
	struct request request = { .self = data, .connection = connection };
	bool admitted = false;
	enum MHD_Result r;

	(void)version;
	(void)upload_data;
	(void)upload_data_size;
	if (!client)
		return MHD_NO;
	web = server_web(data);
	request.settings = web->settings;
	if (*marker) {
		r = serve_authorized(&request, client, url);
	} else {
		r = admit(&request, method, &admitted);
		if (admitted)
			*marker = data; /* anything but NULL */
	}
	web_file_unref(web);
	client->replied = r && !admitted;
	return r;
}
