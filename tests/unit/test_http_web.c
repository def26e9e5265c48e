// SPDX-License-Identifier: Apache-2.0
/* What the flags and the web configuration file change about the HTTP server. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <crypt.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "exporters/http/clients.h"
#include "tests/unit/capture.h"
#include "tests/unit/http_server.h"
#include "tests/unit/scratch.h"
#include "user/base/arena.h"

#define GET_METRICS "GET /metrics HTTP/1.1\r\n"
#define OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"

static void write_text(FILE *out, const struct view *view, const struct view_limits *limits)
{
	(void)limits;
	fprintf(out, "text %s\n", view->kernel);
}

static void write_open(FILE *out, const struct view *view, const struct view_limits *limits)
{
	(void)limits;
	fprintf(out, "open %s\n", view->kernel);
}

static void write_much(FILE *out, const struct view *view, const struct view_limits *limits)
{
	(void)view;
	(void)limits;
	for (int i = 0; i < 1000; i++)
		fputs("0123456789\n", out);
}

static const struct endpoint endpoints[] = {
	{ "/metrics", "text/plain; version=0.0.4; charset=utf-8", "Metrics", write_text },
	{ "/metrics", OPENMETRICS, NULL, write_open },
	{ "/much", "text/plain", NULL, write_much },
};

static const struct view_limits limits = { .top = 7 };

static struct view view = { .kernel = "six", .references = 1 };

struct room {
	struct server server;
	void *folder;
	char config[96];
	char socket[96];
	char address[112];
};

static int make_room(void **state)
{
	struct room *room = calloc(1, sizeof(*room));

	if (!room)
		return -1;
	*state = room;
	if (scratch_setup(&room->folder) < 0)
		return -1;
	snprintf(room->config, sizeof(room->config), "%s/web.yml", (char *)room->folder);
	snprintf(room->socket, sizeof(room->socket), "%s/socket", (char *)room->folder);
	snprintf(room->address, sizeof(room->address), "unix:%s", room->socket);
	room->server.addresses[0] = "127.0.0.1:0";
	return 0;
}

static int leave_room(void **state)
{
	struct room *room = *state;
	int r;

	http_exporter.close(room->server.exporter);
	r = scratch_teardown(&room->folder);
	free(room);
	return view.references == 1 ? r : -1;
}

static void open_room(struct room *room)
{
	assert_int_equal(server_open(&room->server, 1, endpoints, ARRAY_SIZE(endpoints), &limits),
			 0);
	http_exporter.publish(room->server.exporter, &view);
}

/* Another file each time, as `mv` or an editor would leave it. */
static void write_config(const struct room *room, const char *text)
{
	char temporary[128];
	FILE *out;

	snprintf(temporary, sizeof(temporary), "%s.new", room->config);
	out = fopen(temporary, "we");
	assert_non_null(out);
	fchmod(fileno(out), 0600);
	fputs(text, out);
	fclose(out);
	assert_int_equal(rename(temporary, room->config), 0);
}

static void write_user(const struct room *room, const char *name, const char *password)
{
	struct crypt_data data = { 0 };
	char text[256];

	snprintf(text, sizeof(text), "basic_auth_users:\n  %s: %s\n", name,
		 crypt_r(password, "$2b$04$abcdefghijklmnopqrstuu", &data));
	write_config(room, text);
}

static void open_with_config(struct room *room)
{
	room->server.web.config_file = room->config;
	open_room(room);
}

static void assert_says(const struct room *room, const char *request, int status, const char *part)
{
	char *response = ask(&room->server, request);

	assert_status(response, status);
	assert_has(response, part);
	free(response);
}

/* --- forms and packing */

static void the_clients_accept_chooses_the_form(void **state)
{
	struct room *room = *state;

	open_room(room);
	assert_says(room, GET_METRICS CLOSE, 200, "\r\n\r\ntext six\n");
	assert_says(room, GET_METRICS CLOSE, 200, "\r\nVary: Accept, Accept-Encoding\r\n");
	assert_says(room, GET_METRICS "Accept: application/openmetrics-text\r\n" CLOSE, 200,
		    "\r\n\r\nopen six\n");
	assert_says(room, GET_METRICS "Accept: application/openmetrics-text\r\n" CLOSE, 200,
		    "\r\nContent-Type: " OPENMETRICS "\r\n");
	assert_says(room, GET_METRICS "Accept: image/png\r\n" CLOSE, 200, "\r\n\r\ntext six\n");
	/* a header that comes twice is one list */
	assert_says(room,
		    GET_METRICS "Accept: text/plain;q=0.1\r\n"
				"Accept: application/openmetrics-text\r\n" CLOSE,
		    200, "\r\n\r\nopen six\n");
}

static void large_documents_are_packed_for_who_takes_it(void **state)
{
	struct room *room = *state;
	unsigned char body[11001];
	z_stream stream = { .next_out = body, .avail_out = sizeof(body) };
	const char *length;
	char *response;

	open_room(room);
	assert_says(room, "GET /much HTTP/1.1\r\nAccept-Encoding: gzip;q=0\r\n" CLOSE, 200,
		    "\r\nContent-Length: 11000\r\n");
	assert_says(room, "GET /much HTTP/1.1\r\nAccept-Encoding: br\r\n" CLOSE, 200,
		    "\r\nVary: Accept-Encoding\r\n");
	response = ask(&room->server, "GET /much HTTP/1.1\r\nAccept-Encoding: gzip\r\n" CLOSE);
	assert_has(response, "\r\nContent-Encoding: gzip\r\n");
	length = strcasestr(response, "\r\nContent-Length: ");
	assert_non_null(length);
	stream.next_in = (unsigned char *)(uintptr_t)body_of(response);
	stream.avail_in = (unsigned int)strtoul(length + 18, NULL, 10);
	assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	assert_int_equal(stream.total_out, 11000);
	inflateEnd(&stream);
	free(response);
	response = ask(&room->server, GET_METRICS "Accept-Encoding: gzip\r\n" CLOSE);
	assert_null(strcasestr(response, "Content-Encoding")); /* one packet anyway */
	free(response);
}

static void head_tells_what_get_would(void **state)
{
	struct room *room = *state;
	char *got;
	char *head;

	open_room(room);
	got = ask(&room->server, "GET /much HTTP/1.1\r\nAccept-Encoding: gzip\r\n" CLOSE);
	head = ask(&room->server, "HEAD /much HTTP/1.1\r\nAccept-Encoding: gzip\r\n" CLOSE);
	assert_string_equal(body_of(head), "");
	assert_memory_equal(strcasestr(head, "\r\nContent-Length: "),
			    strcasestr(got, "\r\nContent-Length: "), 22);
	free(got);
	free(head);
}

static void without_a_page_the_rest_stays(void **state)
{
	struct room *room = *state;

	room->server.web.disable_ui = true;
	open_room(room);
	assert_says(room, "GET / HTTP/1.1\r\n" CLOSE, 404, "not found");
	assert_says(room, GET_METRICS CLOSE, 200, "text six");
}

static void header_names_that_are_no_tokens_are_refused(void **state)
{
	static const char *const headers[] = { "Content-Length : 5\r\n", "Content\tLength: 5\r\n",
					       "Transfer-Encoding\x0b: chunked\r\n" };
	struct room *room = *state;

	open_room(room);
	for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
		char request[256];
		char *response;

		snprintf(request, sizeof(request),
			 "GET /-/healthy HTTP/1.1\r\n" HOST "%s\r\nGET /-/ready HTTP/1.1\r\n" HOST
			 "\r\n",
			 headers[i]);
		response = ask(&room->server, request);
		assert_status(response, 400);
		assert_int_equal(count_responses(response), 1);
		free(response);
	}
}

/* --- counting */

static uint64_t counted(const struct room *room, const char *code)
{
	struct view own = { .arena = arena_new() };
	uint64_t count = UINT64_MAX;

	assert_non_null(own.arena);
	http_exporter.account(room->server.exporter, &own);
	for (size_t i = 0; i < own.http.requests_count; i++)
		if (strcmp(own.http.requests[i].name, code) == 0)
			count = own.http.requests[i].count;
	if (strcmp(code, "failed") == 0)
		count = own.http.failed;
	arena_free(own.arena);
	return count;
}

/* A connection is counted when its thread has ended, which is a moment later. */
static void assert_fails(const struct room *room, uint64_t expected)
{
	for (int i = 0; i < 500 && counted(room, "failed") < expected; i++)
		usleep(10000);
	assert_int_equal(counted(room, "failed"), expected);
}

static void answers_and_failures_are_counted(void **state)
{
	struct room *room = *state;
	char *oversized = malloc(70000);

	assert_non_null(oversized);
	open_room(room);
	assert_says(room, GET_METRICS CLOSE, 200, "text six");
	assert_says(room, "GET /x HTTP/1.1\r\n" CLOSE, 404, "not found");
	assert_says(room, "POST / HTTP/1.1\r\n" CLOSE, 405, "GET and HEAD only");
	assert_int_equal(counted(room, "200"), 1);
	assert_int_equal(counted(room, "404"), 1);
	assert_int_equal(counted(room, "405"), 1);
	assert_int_equal(counted(room, "401"), 0);
	assert_int_equal(counted(room, "418"), UINT64_MAX);
	assert_fails(room, 0);
	close(dial(http_port(room->server.exporter, 0)));
	assert_fails(room, 1);
	free(ask(&room->server, "GET / HTTP/1.1\r\nContent-Length: -1\r\n" CLOSE));
	assert_fails(room, 2);
	strcpy(oversized, "GET / HTTP/1.1\r\nX: ");
	memset(oversized + strlen(oversized), 'a', 69000);
	strcpy(oversized + 69000, "\r\n\r\n");
	assert_says(room, oversized, 431, "");
	assert_fails(room, 3);
	free(oversized);
}

/* Who has left counts until the thread has ended. */
static void assert_serves_again(const struct room *room)
{
	bool served = false;

	for (int i = 0; i < 500 && !served; i++) {
		char *response = ask(&room->server, "GET /-/healthy HTTP/1.1\r\n" CLOSE);

		served = strstr(response, "healthy");
		free(response);
		usleep(served ? 0 : 10000);
	}
	assert_true(served);
}

static void one_address_cannot_take_all_connections(void **state)
{
	struct room *room = *state;
	int fds[40];
	unsigned int refused = 0;

	open_room(room);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = dial(http_port(room->server.exporter, 0));
	assert_fails(room, ARRAY_SIZE(fds) - CLIENTS_PER_ADDRESS);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		static const char request[] = "GET /-/healthy HTTP/1.1\r\n" CLOSE;
		char answer[1024];

		send(fds[i], request, strlen(request), MSG_NOSIGNAL);
		refused += recv(fds[i], answer, sizeof(answer), 0) <= 0;
	}
	assert_int_equal(refused, ARRAY_SIZE(fds) - CLIENTS_PER_ADDRESS);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	assert_serves_again(room);
}

/* --- Unix sockets */

static char *ask_socket(const struct room *room, const char *request)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	CLEANUP(fd_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char *response = calloc(1, RESPONSE_MAX);
	size_t have = 0;
	ssize_t n;

	assert_non_null(response);
	strcpy(address.sun_path, room->socket);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	while ((n = recv(fd, response + have, RESPONSE_MAX - 1 - have, 0)) > 0)
		have += (size_t)n;
	return response;
}

static void a_unix_socket_is_served_and_removed(void **state)
{
	struct room *room = *state;
	struct stat status;
	char *response;

	room->server.addresses[0] = room->address;
	open_room(room);
	assert_int_equal(lstat(room->socket, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0660);
	assert_int_equal(http_port(room->server.exporter, 0), 0);
	response = ask_socket(room, GET_METRICS CLOSE);
	assert_status(response, 200);
	assert_has(response, "text six");
	free(response);
	http_exporter.close(TAKE_PTR(room->server.exporter));
	assert_int_equal(lstat(room->socket, &status), -1);
}

/* Opens, and demands the refusal and its one line. */
static void assert_refused(struct room *room, int result, const char *part)
{
	struct capture capture = capture_start(STDERR_FILENO);
	char said[2048];
	int r = server_open(&room->server, 1, endpoints, ARRAY_SIZE(endpoints), &limits);

	capture_end(&capture, said, sizeof(said));
	assert_int_equal(r, result);
	assert_null(room->server.exporter);
	assert_one_line(said, part);
}

static void systemds_socket_must_be_there(void **state)
{
	struct room *room = *state;

	unsetenv("LISTEN_FDS");
	room->server.web.systemd_socket = true;
	assert_refused(room, -ENOENT,
		       "systemd passed no socket; start portgauge by a .socket unit");
}

/* --- the web configuration */

static void headers_come_with_every_answer(void **state)
{
	struct room *room = *state;

	write_config(room, "http_server_config:\n  headers:\n    X-Frame-Options: deny\n"
			   "    Content-Security-Policy: default-src 'self'\n"
			   "    X-Content-Type-Options: nosniff\n");
	open_with_config(room);
	assert_says(room, GET_METRICS CLOSE, 200, "\r\nX-Frame-Options: deny\r\n");
	assert_says(room, "GET /x HTTP/1.1\r\n" CLOSE, 404, "\r\nX-Frame-Options: deny\r\n");
	for (int i = 0; i < 2; i++) {
		char *response = ask(&room->server, "GET / HTTP/1.1\r\n" CLOSE);
		const char *policy = strcasestr(response, "Content-Security-Policy: ");
		const char *sniff = strcasestr(response, "X-Content-Type-Options: ");

		assert_non_null(policy);
		assert_memory_equal(policy + 25, "default-src 'self'\r", 19);
		assert_null(strcasestr(policy + 1, "Content-Security-Policy: "));
		assert_null(strcasestr(sniff + 1, "X-Content-Type-Options: "));
		free(response);
	}
}

static void a_password_opens_every_path(void **state)
{
	static const char *const paths[] = { "/", "/metrics", "/-/healthy", "/x" };
	struct room *room = *state;
	char request[256];

	write_user(room, "user", "pass");
	open_with_config(room);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n" CLOSE, paths[i]);
		assert_says(room, request, 401, "\r\nWWW-Authenticate: Basic realm=");
		snprintf(request, sizeof(request),
			 "GET %s HTTP/1.1\r\nAuthorization: Basic dXNlcjpwYXNz\r\n" CLOSE,
			 paths[i]);
		assert_says(room, request, i < 3 ? 200 : 404, "");
	}
	assert_says(room, GET_METRICS "Authorization: Basic dXNlcjpwYXNX\r\n" CLOSE, 401, "");
	assert_says(room, GET_METRICS "Authorization: Bearer abc\r\n" CLOSE, 401, "");
	assert_int_equal(counted(room, "401"), 6);
}

/* Ten wrong ones are checked; then who has given them waits, and who was right before does not. */
static void guessing_is_slowed_down(void **state)
{
	struct room *room = *state;
	unsigned int busy = 0;

	write_user(room, "user", "pass");
	open_with_config(room);
	assert_says(room, GET_METRICS "Authorization: Basic dXNlcjpwYXNz\r\n" CLOSE, 200, "");
	for (int i = 0; i < 40; i++) {
		char *response = ask(&room->server,
				     GET_METRICS "Authorization: Basic dXNlcjpwYXNX\r\n" CLOSE);

		busy += strncmp(response, "HTTP/1.1 429 ", 13) == 0;
		free(response);
	}
	assert_in_range(busy, 10, 30);
	assert_says(room, GET_METRICS "Authorization: Basic dXNlcjpwYXNX\r\n" CLOSE, 429,
		    "\r\nRetry-After: 1\r\n");
	assert_says(room, GET_METRICS "Authorization: Basic dXNlcjpwYXNz\r\n" CLOSE, 200, "");
}

static void the_configured_rate_holds(void **state)
{
	struct room *room = *state;

	write_config(room, "rate_limit: {interval: 1h, burst: 3}\n");
	open_with_config(room);
	for (int i = 0; i < 3; i++)
		assert_says(room, GET_METRICS CLOSE, 200, "");
	assert_says(room, GET_METRICS CLOSE, 429, "too many requests");
	assert_int_equal(counted(room, "429"), 1);
}

static void a_changed_file_is_read_again(void **state)
{
	struct room *room = *state;

	write_config(room, "{}\n");
	open_with_config(room);
	assert_says(room, GET_METRICS CLOSE, 200, "");
	write_user(room, "user", "pass");
	http_exporter.publish(room->server.exporter, &view);
	assert_says(room, GET_METRICS CLOSE, 401, "");
	assert_says(room, GET_METRICS "Authorization: Basic dXNlcjpwYXNz\r\n" CLOSE, 200, "");
	write_user(room, "user", "other");
	http_exporter.publish(room->server.exporter, &view);
	assert_says(room, GET_METRICS "Authorization: Basic dXNlcjpwYXNz\r\n" CLOSE, 401, "");
}

static void publish_and_capture(struct room *room, char *said, size_t size)
{
	struct capture capture = capture_start(STDERR_FILENO);

	http_exporter.publish(room->server.exporter, &view);
	capture_end(&capture, said, size);
}

/* Said once, not every second. */
static void a_bad_file_leaves_the_old_one_in_force(void **state)
{
	struct room *room = *state;
	char said[2048];

	write_user(room, "user", "pass");
	open_with_config(room);
	write_config(room, "basic_auth_users:\n  user: plain\nbasic_auth_user: {}\n");
	publish_and_capture(room, said, sizeof(said));
	assert_has(said, "web.yml:2:9: the password of \"user\" is no bcrypt hash");
	assert_has(said, "web.yml:3:1: there is no key \"basic_auth_user\"; write "
			 "\"basic_auth_users\"");
	assert_has(said, "from before stays in force");
	publish_and_capture(room, said, sizeof(said));
	assert_string_equal(said, "");
	assert_says(room, GET_METRICS CLOSE, 401, "");
	assert_int_equal(unlink(room->config), 0);
	publish_and_capture(room, said, sizeof(said));
	assert_has(said, "cannot read ");
	assert_says(room, GET_METRICS CLOSE, 401, "");
	write_config(room, "{}\n");
	publish_and_capture(room, said, sizeof(said));
	assert_has(said, "the changed web configuration is in force");
	assert_says(room, GET_METRICS CLOSE, 200, "");
}

static void a_bad_file_at_the_start_is_an_error(void **state)
{
	struct room *room = *state;

	room->server.web.config_file = room->config;
	assert_refused(room, -ENOENT, "No such file or directory; see --web.config.file");
	write_config(room, "rate_limit: 5\n");
	assert_refused(room, -EINVAL, "web.yml:1:13: \"rate_limit\" is one value; write lines");
}

static void hashes_that_everybody_may_read_are_warned_of(void **state)
{
	struct room *room = *state;
	struct capture capture;
	char said[2048];

	write_user(room, "user", "pass");
	chmod(room->config, 0644);
	capture = capture_start(STDERR_FILENO);
	open_with_config(room);
	capture_end(&capture, said, sizeof(said));
	assert_has(said,
		   "web.yml: everybody can read this file, which has secrets; chmod o-r it\n");
}

#define ROOM_TEST(function) cmocka_unit_test_setup_teardown(function, make_room, leave_room)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOM_TEST(the_clients_accept_chooses_the_form),
		ROOM_TEST(large_documents_are_packed_for_who_takes_it),
		ROOM_TEST(head_tells_what_get_would),
		ROOM_TEST(without_a_page_the_rest_stays),
		ROOM_TEST(header_names_that_are_no_tokens_are_refused),
		ROOM_TEST(answers_and_failures_are_counted),
		ROOM_TEST(one_address_cannot_take_all_connections),
		ROOM_TEST(a_unix_socket_is_served_and_removed),
		ROOM_TEST(systemds_socket_must_be_there),
		ROOM_TEST(headers_come_with_every_answer),
		ROOM_TEST(a_password_opens_every_path),
		ROOM_TEST(guessing_is_slowed_down),
		ROOM_TEST(the_configured_rate_holds),
		ROOM_TEST(a_changed_file_is_read_again),
		ROOM_TEST(a_bad_file_leaves_the_old_one_in_force),
		ROOM_TEST(a_bad_file_at_the_start_is_an_error),
		ROOM_TEST(hashes_that_everybody_may_read_are_warned_of),
	};

	unsetenv("JOURNAL_STREAM"); /* messages in the form people see */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
