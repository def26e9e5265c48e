// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>

#include "exporters/http/listen.h"
#include "user/base/local_socket.h"
#include "tests/unit/http_server.h"

static void write_kernel(FILE *out, const struct view *view, const struct view_limits *limits)
{
	fprintf(out, "kernel %s top %zu\n", view->kernel, limits->top);
}

static void write_nothing(FILE *out, const struct view *view, const struct view_limits *limits)
{
	(void)out;
	(void)view;
	(void)limits;
}

static void write_much(FILE *out, const struct view *view, const struct view_limits *limits)
{
	(void)view;
	(void)limits;
	for (int i = 0; i < 20000; i++)
		fputs("0123456789\n", out);
}

static const struct endpoint endpoints[] = {
	{ "/metrics", "text/plain; version=0.0.4; charset=utf-8", "Metrics", write_kernel },
	{ "/api/v1/snapshot", "application/json", "<Snapshot> & more", write_kernel },
	{ "/empty", "text/plain", NULL, write_nothing },
	{ "/much", "text/plain", NULL, write_much },
};

static const unsigned char file_bytes[2000] = "alert(\"\0\");";

static const struct static_file files[] = {
	{ "/file.js", "text/javascript; charset=utf-8", "default-src 'none'", file_bytes,
	  file_bytes + sizeof(file_bytes) },
};

static const struct view_limits limits = { .top = 7 };

/* Two views that outlive every test: each keeps one reference of its own. */
static struct view first = { .kernel = "one", .references = 1 };
static struct view second = { .kernel = "two", .references = 1 };

static int open_on(struct server *s, size_t count)
{
	s->config.files = files;
	s->config.files_count = ARRAY_SIZE(files);
	return server_open(s, count, endpoints, ARRAY_SIZE(endpoints), &limits);
}

static int start(void **state)
{
	struct server *s = calloc(1, sizeof(*s));

	if (!s)
		return -1;
	s->addresses[0] = "127.0.0.1:0";
	*state = s;
	return open_on(s, 1);
}

static int stop(void **state)
{
	struct server *s = *state;

	http_exporter.close(s->exporter);
	free(s);
	return first.references == 1 && second.references == 1 ? 0 : -1;
}

static void serves_endpoints_with_their_type(void **state)
{
	const struct server *s = *state;
	char *response;

	http_exporter.publish(s->exporter, &first);
	response = ask(s, "GET /metrics HTTP/1.1\r\n" CLOSE);
	assert_status(response, 200);
	assert_has(response, "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n");
	assert_has(response, "\r\nContent-Length: 17\r\n");
	assert_string_equal(body_of(response), "kernel one top 7\n");
	free(response);

	response = ask(s, "GET /api/v1/snapshot?a=b HTTP/1.1\r\n" CLOSE);
	assert_has(response, "\r\nContent-Type: application/json\r\n");
	assert_string_equal(body_of(response), "kernel one top 7\n");
	free(response);
}

static void serves_files_as_they_are_with_their_policy(void **state)
{
	const struct server *s = *state;
	char *response = ask(s, "GET /file.js HTTP/1.1\r\n" CLOSE);

	assert_status(response, 200); /* also before the first view */
	assert_has(response, "\r\nContent-Type: text/javascript; charset=utf-8\r\n");
	assert_has(response, "\r\nContent-Security-Policy: default-src 'none'\r\n");
	assert_has(response, "\r\nReferrer-Policy: no-referrer\r\n");
	assert_has(response, "\r\nX-Content-Type-Options: nosniff\r\n");
	assert_has(response, "\r\nCache-Control: no-store\r\n");
	assert_has(response, "\r\nContent-Length: 2000\r\n");
	assert_memory_equal(body_of(response), file_bytes, sizeof(file_bytes));
	free(response);

	response = ask(s, "GET /file.js HTTP/1.1\r\nAccept-Encoding: gzip\r\n" CLOSE);
	assert_has(response, "\r\nContent-Encoding: gzip\r\n");
	assert_has(response, "\r\nVary: Accept-Encoding\r\n");
	assert_has(response, "\r\nContent-Security-Policy: default-src 'none'\r\n");
	free(response);
}

static void without_the_ui_there_are_no_pages(void **state)
{
	struct server *s = *state;

	s->web.disable_ui = true;
	assert_answer(s, "GET / HTTP/1.1\r\n" CLOSE, 404, NULL);
	assert_answer(s, "GET /-/pages HTTP/1.1\r\n" CLOSE, 404, NULL);
	assert_answer(s, "GET /file.js HTTP/1.1\r\n" CLOSE, 404, NULL);
	assert_answer(s, "GET /-/healthy HTTP/1.1\r\n" CLOSE, 200, NULL);
}

static void serves_the_newest_view(void **state)
{
	const struct server *s = *state;

	http_exporter.publish(s->exporter, &first);
	http_exporter.publish(s->exporter, &second);
	assert_int_equal(first.references, 1);
	assert_answer(s, "GET /metrics HTTP/1.1\r\n" CLOSE, 200, "kernel two top 7\n");
	http_exporter.publish(s->exporter, &second);
	assert_int_equal(second.references, 2);
}

static void serves_large_documents_whole(void **state)
{
	const struct server *s = *state;
	char *response;

	http_exporter.publish(s->exporter, &first);
	response = ask(s, "GET /much HTTP/1.1\r\n" CLOSE);
	assert_int_equal(strlen(body_of(response)), 220000);
	free(response);
}

static void is_ready_once_a_view_was_published(void **state)
{
	const struct server *s = *state;

	assert_answer(s, "GET /-/healthy HTTP/1.1\r\n" CLOSE, 200, "healthy\n");
	assert_answer(s, "GET /-/ready HTTP/1.1\r\n" CLOSE, 503, "no view yet\n");
	assert_answer(s, "GET /metrics HTTP/1.1\r\n" CLOSE, 503, "no view yet\n");
	http_exporter.publish(s->exporter, &first);
	assert_answer(s, "GET /-/ready HTTP/1.1\r\n" CLOSE, 200, "ready\n");
	assert_answer(s, "GET /-/healthy HTTP/1.1\r\n" CLOSE, 200, "healthy\n");
}

static void head_tells_the_length_and_sends_no_body(void **state)
{
	const struct server *s = *state;
	char *response;

	http_exporter.publish(s->exporter, &first);
	response = ask(s, "HEAD /metrics HTTP/1.1\r\n" CLOSE);
	assert_status(response, 200);
	assert_has(response, "\r\nContent-Length: 17\r\n");
	assert_string_equal(body_of(response), "");
	free(response);
}

static void unknown_paths_are_not_found(void **state)
{
	static const char *const paths[] = { "/x",  "/metrics/", "//metrics", "/METRICS",
					     "/-/", "/..",       "/%00",      "/metrics%00" };
	const struct server *s = *state;

	http_exporter.publish(s->exporter, &first);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		char request[128];

		snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n" CLOSE, paths[i]);
		if (strstr(paths[i], "%00"))
			free(ask(s, request)); /* whatever the library says: it must live on */
		else
			assert_answer(s, request, 404, "not found; / lists what there is\n");
	}
}

static void other_methods_are_refused_and_closed(void **state)
{
	static const char *const methods[] = { "POST",  "PUT",   "DELETE", "OPTIONS",
					       "PATCH", "TRACE", "get",    "BREW" };
	const struct server *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		char request[128];
		char *response;

		snprintf(request, sizeof(request), "%s / HTTP/1.1\r\n" HOST "\r\n", methods[i]);
		response = ask(s, request);
		assert_status(response, 405);
		assert_has(response, "\r\nAllow: GET, HEAD\r\n");
		assert_has(response, "\r\nConnection: close\r\n");
		free(response);
	}
}

/* Bytes behind the headers must never be read as another request. */
static void requests_with_a_body_get_one_answer(void **state)
{
	static const struct {
		const char *headers;
		int status;
	} cases[] = {
		{ "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello", 405 },
		{ "POST / HTTP/1.1\r\n" HOST
		  "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		  405 },
		{ "GET /-/healthy HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello", 400 },
		{ "GET /-/healthy HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		  400 },
		{ "GET /-/healthy HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n", 400 },
		{ "GET /-/healthy HTTP/1.1\r\n" HOST
		  "Content-Length: 0\r\nContent-Length: 44\r\n\r\n",
		  400 },
		{ "HEAD /-/healthy HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx", 400 },
		{ "GET /-/healthy HTTP/1.1\r\n" HOST
		  "Expect: 100-continue\r\nContent-Length: 9\r\n\r\n",
		  400 },
	};
	const struct server *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char request[512];
		char *response;

		snprintf(request, sizeof(request), "%sGET /-/ready HTTP/1.1\r\n" HOST "\r\n",
			 cases[i].headers);
		response = ask(s, request);
		assert_status(response, cases[i].status);
		assert_int_equal(count_responses(response), 1);
		free(response);
	}
}

static void a_connection_serves_several_requests(void **state)
{
	const struct server *s = *state;
	char *response = ask(s, "GET /-/healthy HTTP/1.1\r\n" HOST "\r\n"
				"GET /-/healthy HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"
				"GET /-/healthy HTTP/1.1\r\n" CLOSE);

	assert_int_equal(count_responses(response), 3);
	free(response);
}

static void broken_requests_do_not_end_the_server(void **state)
{
	static const char *const broken[] = {
		"\r\n\r\n\r\nGARBAGE\r\n\r\n",
		"GET / HTTP/9.9\r\n" CLOSE,
		"GET / HTTP/1.1\r\n\r\n", /* no Host */
		"GET\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
	};
	const struct server *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		CLEANUP(fd_closep) int fd = dial(http_port(s->exporter, 0));

		send(fd, broken[i], strlen(broken[i]), MSG_NOSIGNAL);
	}
	assert_answer(s, "GET /-/healthy HTTP/1.1\r\n" CLOSE, 200, "healthy\n");
}

static void check_landing_page(const struct server *s, const char *request)
{
	char *response = ask(s, request);

	assert_status(response, 200);
	assert_has(response, "\r\nContent-Type: text/html; charset=utf-8\r\n");
	assert_has(response, "\r\nContent-Security-Policy: default-src 'none';");
	assert_has(response, "<a href=\"/metrics\">/metrics</a> Metrics");
	assert_has(response, "&lt;Snapshot&gt; &amp; more");
	assert_has(response, "1.2.3&lt;b&gt;");
	assert_null(strstr(response, "/empty"));
	assert_null(strcasestr(response, "<script"));
	free(response);
}

static void landing_page_links_and_runs_nothing(void **state)
{
	check_landing_page(*state, "GET / HTTP/1.1\r\n" CLOSE);
	check_landing_page(*state, "GET /-/pages HTTP/1.1\r\n" CLOSE);
}

static void an_encoder_that_writes_nothing_is_an_error(void **state)
{
	const struct server *s = *state;

	http_exporter.publish(s->exporter, &first);
	assert_answer(s, "GET /empty HTTP/1.1\r\n" CLOSE, 500, "out of memory\n");
}

static void *publish_many(void *data)
{
	const struct server *s = data;

	for (int i = 0; i < 20000; i++)
		http_exporter.publish(s->exporter, i % 2 ? &first : &second);
	return NULL;
}

static void views_may_change_while_they_are_read(void **state)
{
	struct server *s = *state;
	pthread_t thread;

	http_exporter.publish(s->exporter, &first);
	assert_int_equal(pthread_create(&thread, NULL, publish_many, s), 0);
	for (int i = 0; i < 50; i++)
		assert_answer(s, "GET /metrics HTTP/1.1\r\n" CLOSE, 200, NULL);
	pthread_join(thread, NULL);
}

static void every_address_is_served(void **state)
{
	struct server s = { .addresses = { "127.0.0.1:0", "localhost:0", ":0" } };

	(void)state;
	assert_int_equal(open_on(&s, 3), 0);
	for (size_t i = 0; i < 3; i++) {
		char *response =
			talk(http_port(s.exporter, i), "GET /-/healthy HTTP/1.1\r\n" CLOSE);

		assert_status(response, 200);
		free(response);
	}
	assert_int_equal(http_port(s.exporter, 3), 0);
	http_exporter.close(s.exporter);
}

static void ipv6_is_served_where_there_is_any(void **state)
{
	struct server s = { .addresses = { "[::1]:0" } };
	struct listen_address address;
	struct local_socket file;
	int fd;

	(void)state;
	assert_int_equal(listen_parse(&address, "[::1]:0"), 0);
	fd = listen_open(&address, &file);
	if (fd < 0)
		skip();
	close(fd);
	assert_int_equal(open_on(&s, 1), 0);
	assert_int_not_equal(http_port(s.exporter, 0), 0);
	http_exporter.close(s.exporter);
}

static void no_address_is_no_error(void **state)
{
	struct server s = { 0 };

	(void)state;
	assert_int_equal(open_on(&s, 0), 0);
	http_exporter.publish(s.exporter, &first);
	http_exporter.close(s.exporter);
	assert_int_equal(first.references, 1);
	http_exporter.close(NULL);
}

/* Opens on address, and returns what was logged; free it. */
static char *open_and_capture(int *ret, struct server *s, const char *address)
{
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	char *text = calloc(1, 1024);

	assert_non_null(file);
	assert_non_null(text);
	s->addresses[0] = address;
	dup2(fileno(file), STDERR_FILENO);
	*ret = open_on(s, 1);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	assert_true(fread(text, 1, 1023, file) > 0);
	fclose(file);
	return text;
}

static void address_in_use_says_what_to_do(void **state)
{
	const struct server *busy = *state;
	struct server s = { 0 };
	char address[32];
	char expected[256];
	char *text;
	int r;

	snprintf(address, sizeof(address), "127.0.0.1:%u", http_port(busy->exporter, 0));
	text = open_and_capture(&r, &s, address);
	assert_int_equal(r, -EADDRINUSE);
	assert_null(s.exporter);
	snprintf(expected, sizeof(expected),
		 "portgauge: error: cannot listen on %s: Address already in use; stop the other "
		 "program or choose --web.listen-address\n",
		 address);
	assert_string_equal(text, expected);
	free(text);
}

static void foreign_and_unreadable_addresses_are_explained(void **state)
{
	struct server s = { 0 };
	char *text;
	int r;

	(void)state;
	text = open_and_capture(&r, &s, "192.0.2.1:0");
	assert_int_equal(r, -EADDRNOTAVAIL);
	assert_has(text, "cannot listen on 192.0.2.1:0: ");
	assert_has(text, "this host has no such address\n");
	free(text);
	text = open_and_capture(&r, &s, "example.org:80\n");
	assert_int_equal(r, -EINVAL);
	assert_has(text, "cannot listen on \"example.org:80?\": write it as host:port");
	free(text);
	assert_null(s.exporter);
}

static void a_failed_open_gives_back_what_it_took(void **state)
{
	struct server s = { .addresses = { "127.0.0.1:0", "nonsense" } };
	int before = dup(STDERR_FILENO);
	int after;

	(void)state;
	close(before);
	assert_int_equal(open_on(&s, 2), -EINVAL);
	after = dup(STDERR_FILENO);
	close(after);
	assert_int_equal(before, after); /* the lowest free descriptor is the same */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(serves_endpoints_with_their_type, start, stop),
		cmocka_unit_test_setup_teardown(serves_files_as_they_are_with_their_policy, start,
						stop),
		cmocka_unit_test_setup_teardown(without_the_ui_there_are_no_pages, start, stop),
		cmocka_unit_test_setup_teardown(serves_the_newest_view, start, stop),
		cmocka_unit_test_setup_teardown(serves_large_documents_whole, start, stop),
		cmocka_unit_test_setup_teardown(is_ready_once_a_view_was_published, start, stop),
		cmocka_unit_test_setup_teardown(head_tells_the_length_and_sends_no_body, start,
						stop),
		cmocka_unit_test_setup_teardown(unknown_paths_are_not_found, start, stop),
		cmocka_unit_test_setup_teardown(other_methods_are_refused_and_closed, start, stop),
		cmocka_unit_test_setup_teardown(requests_with_a_body_get_one_answer, start, stop),
		cmocka_unit_test_setup_teardown(a_connection_serves_several_requests, start, stop),
		cmocka_unit_test_setup_teardown(broken_requests_do_not_end_the_server, start, stop),
		cmocka_unit_test_setup_teardown(landing_page_links_and_runs_nothing, start, stop),
		cmocka_unit_test_setup_teardown(an_encoder_that_writes_nothing_is_an_error, start,
						stop),
		cmocka_unit_test_setup_teardown(views_may_change_while_they_are_read, start, stop),
		cmocka_unit_test_setup_teardown(address_in_use_says_what_to_do, start, stop),
		cmocka_unit_test(every_address_is_served),
		cmocka_unit_test(ipv6_is_served_where_there_is_any),
		cmocka_unit_test(no_address_is_no_error),
		cmocka_unit_test(foreign_and_unreadable_addresses_are_explained),
		cmocka_unit_test(a_failed_open_gives_back_what_it_took),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
