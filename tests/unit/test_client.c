// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "exporters/client/client.h"
#include "exporters/client/ports.h"
#include "exporters/notifier.h"
#include "tests/unit/capture.h"
#include "tests/unit/receiver.h"
#include "tests/unit/scratch.h"
#include "user/base/util.h"

#define ANSWER_503 "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"
#define ANSWER_400 "HTTP/1.1 400 Bad\r\nContent-Length: 9\r\n\r\nno\nlabels"
#define ANSWER_302 \
	"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
#define ANSWER_CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
#define ANSWER_BODY_BEGINS "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"

/* What the client carries in a test, and what came of it. */
struct load {
	sd_event *event;
	struct client *client;
	void *folder;
	struct notifier_config config;
	const char *urls[4];
	char texts[4][64];
	size_t waiting[4];
	size_t taken[4];
	size_t failed[4];
	size_t refused[4];
};

static int next(void *context, size_t receiver, char **ret)
{
	struct load *load = context;

	if (!load->waiting[receiver])
		return 0;
	*ret = strdup("[{\"labels\":{}}]");
	return 1;
}

static void done(void *context, size_t receiver, enum client_outcome outcome)
{
	struct load *load = context;

	if (outcome == CLIENT_FAILED) {
		load->failed[receiver]++;
		return;
	}
	load->waiting[receiver]--;
	if (outcome == CLIENT_TAKEN)
		load->taken[receiver]++;
	else
		load->refused[receiver]++;
}

static uint64_t no_chance(void)
{
	return 0;
}

static int set_up(void **state)
{
	struct load *load = calloc(1, sizeof(*load));

	load->config = (struct notifier_config){ .name = "on-call", .urls = load->urls };
	*state = load;
	return scratch_setup(&load->folder) < 0 ? -1 : sd_event_new(&load->event);
}

static int tear_down(void **state)
{
	struct load *load = *state;
	int r;

	client_close(load->client);
	sd_event_unref(load->event);
	r = scratch_teardown(&load->folder);
	free(load);
	return r;
}

/* Where the next URL goes. */
static char *next_url(struct load *load)
{
	size_t i = load->config.urls_count++;

	load->urls[i] = load->texts[i];
	return load->texts[i];
}

#define add_url(load, ...) snprintf(next_url(load), sizeof((load)->texts[0]), __VA_ARGS__)

static int open_client(struct load *load)
{
	static const struct client_ops ops = { next, done };
	struct client_config config = {
		.notifier = &load->config,
		.suffix = "/api/v2/alerts",
		.ops = &ops,
		.context = load,
		.random = no_chance,
	};

	return client_open(&load->client, &config, load->event);
}

/* To one receiver, which answers so. */
static void send_to(struct load *load, struct receiver *receiver, size_t messages)
{
	add_url(load, "http://127.0.0.1:%u", receiver->port);
	load->waiting[0] = messages;
	assert_int_equal(open_client(load), 0);
	client_wake(load->client);
}

static void a_post_says_what_it_is(void **state)
{
	struct load *load = *state;
	struct receiver receiver;

	receiver_start(&receiver, { .bytes = ANSWER_OK });
	send_to(load, &receiver, 1);
	RUN_UNTIL(load->event, load->taken[0] == 1);
	assert_int_equal(strncmp(receiver.requests[0], "POST /api/v2/alerts HTTP/1.1\r\n", 30), 0);
	assert_non_null(strstr(receiver.requests[0], "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(receiver.requests[0], "\r\nUser-Agent: portgauge/"));
	assert_null(strstr(receiver.requests[0], "Expect"));
	assert_null(strstr(receiver.requests[0], "Authorization"));
	assert_non_null(strstr(receiver.requests[0], "\r\n\r\n[{\"labels\":{}}]"));
	assert_int_equal(client_failed(load->client), 0);
	receiver_stop(&receiver);
}

static void it_comes_from_a_source_port_and_stays_connected(void **state)
{
	struct load *load = *state;
	struct receiver receiver;

	receiver_start(&receiver, { .bytes = ANSWER_OK });
	send_to(load, &receiver, 5);
	RUN_UNTIL(load->event, load->taken[0] == 5);
	assert_int_equal(receiver.connections, 1);
	assert_in_range(receiver.sources[0], PORTS_FIRST, PORTS_LAST);
	receiver_stop(&receiver);
}

/* The receiver closes, so its end is in TIME_WAIT; each connection needs another port. */
static void each_connection_takes_the_next_port(void **state)
{
	struct load *load = *state;
	struct receiver receiver;

	load->config.source_port_first = 29901;
	load->config.source_port_last = 29903;
	receiver_start(&receiver, { .bytes = ANSWER_OK, .closes = true });
	send_to(load, &receiver, 3);
	RUN_UNTIL(load->event, load->taken[0] == 3);
	assert_int_equal(receiver.connections, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(receiver.sources[i], 29901 + i);
	receiver_stop(&receiver);
}

/* A connection from this port to the receiver, which has closed its end: ours is still there. */
static int stay_connected(uint16_t from, uint16_t to)
{
	static const char request[] = "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n";
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(to) };
	char answer[256];
	uint16_t port;
	int fd = receiver_socket(from, &port);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(write(fd, request, strlen(request)), strlen(request));
	while (read(fd, answer, sizeof(answer)) > 0)
		;
	return fd;
}

static void a_port_that_has_such_a_connection_is_passed_by(void **state)
{
	struct load *load = *state;
	struct receiver receiver;
	int fd;

	load->config.source_port_first = 29911;
	load->config.source_port_last = 29912;
	receiver_start(&receiver, { .bytes = ANSWER_OK, .closes = true });
	fd = stay_connected(29911, receiver.port);
	send_to(load, &receiver, 1);
	RUN_UNTIL(load->event, load->taken[0] == 1);
	assert_int_equal(client_failed(load->client), 0);
	assert_int_equal(receiver.sources[0], 29911);
	assert_int_equal(receiver.sources[1], 29912);
	close(fd);
	receiver_stop(&receiver);
}

/* Even then: an ephemeral port is better than silence. */
static void source_ports_that_are_taken_are_done_without(void **state)
{
	struct load *load = *state;
	struct receiver receiver;
	uint16_t port;
	int fd = receiver_socket(29905, &port);

	load->config.source_port_first = 29905;
	load->config.source_port_last = 29905;
	listen(fd, 1);
	receiver_start(&receiver, { .bytes = ANSWER_OK });
	send_to(load, &receiver, 1);
	RUN_UNTIL(load->event, load->taken[0] == 1);
	assert_int_not_equal(receiver.sources[0], 29905);
	close(fd);
	receiver_stop(&receiver);
}

/* The name of a receiver that answered before, and cannot be resolved any more. */
static void a_name_without_an_answer_stands_for_its_last_address(void **state)
{
	static const struct notifier_config config = { .name = "on-call",
						       .timeout_ns = CLIENT_TIMEOUT_NS };
	char reason[TRANSFER_REASON_MAX] = "";
	struct client_url url;
	struct transfer transfer;
	struct receiver receiver;
	struct ports ports;
	char text[64];

	(void)state;
	receiver_start(&receiver, { .bytes = ANSWER_OK });
	snprintf(text, sizeof(text), "http://receiver.invalid:%u/", receiver.port);
	assert_int_equal(client_url_parse(&url, text, NULL), 0);
	assert_int_equal(ports_init(&ports, 0, 0), 0);
	assert_int_equal(transfer_init(&transfer, &config, &ports, &url, NULL), 0);
	assert_false(transfer_may_repeat(&transfer, CURLE_COULDNT_RESOLVE_HOST));
	strcpy(transfer.address, "127.0.0.1");
	assert_true(transfer_may_repeat(&transfer, CURLE_COULDNT_RESOLVE_HOST));
	assert_int_equal(transfer_prepare(&transfer, strdup("{}"), reason), 0);
	assert_int_equal(transfer_judge(&transfer, curl_easy_perform(transfer.easy), reason),
			 CLIENT_TAKEN);
	assert_non_null(strstr(receiver.requests[0], "\r\nHost: receiver.invalid:"));
	assert_string_equal(transfer.address, "127.0.0.1");
	transfer_done(&transfer);
	receiver_stop(&receiver);
}

static void what_fails_is_tried_again(void **state)
{
	struct load *load = *state;
	struct receiver receiver;
	struct capture capture = capture_start(STDERR_FILENO);
	char text[1024];

	receiver_start(&receiver, { .bytes = ANSWER_503 },
		       { "SSH-2.0-OpenSSH_9.2\r\n", .closes = true }, { .bytes = ANSWER_OK });
	send_to(load, &receiver, 1);
	RUN_UNTIL(load->event, load->taken[0] == 1);
	capture_end(&capture, text, sizeof(text));
	assert_int_equal(load->failed[0], 2);
	assert_int_equal(client_failed(load->client), 2);
	assert_non_null(strstr(text, "notifier on-call: 127.0.0.1:"));
	assert_non_null(strstr(text, ": status 503: busy; trying again later\n"));
	assert_non_null(strstr(text, " takes messages again\n"));
	assert_int_equal(strstr(strstr(text, "again later") + 1, "again later") != NULL, 0);
	receiver_stop(&receiver);
}

static void what_is_refused_is_not(void **state)
{
	struct load *load = *state;
	struct receiver receiver;
	struct capture capture = capture_start(STDERR_FILENO);
	char text[512];

	receiver_start(&receiver, { .bytes = ANSWER_400 }, { .bytes = ANSWER_OK });
	send_to(load, &receiver, 2);
	RUN_UNTIL(load->event, load->taken[0] == 1);
	capture_end(&capture, text, sizeof(text));
	assert_int_equal(load->refused[0], 1);
	assert_int_equal(load->failed[0], 0);
	assert_int_equal(client_failed(load->client), 1);
	assert_non_null(strstr(text, ": status 400: no?labels; giving this message up\n"));
	receiver_stop(&receiver);
}

/* Fails once with these words and is given up by the test. */
static void fails_with(struct load *load, struct receiver *receiver, const char *words)
{
	struct capture capture = capture_start(STDERR_FILENO);
	char text[512];

	send_to(load, receiver, 1);
	RUN_UNTIL(load->event, load->failed[0] == 1);
	capture_end(&capture, text, sizeof(text));
	assert_one_line(text, words);
	assert_int_equal(load->taken[0], 0);
	receiver_stop(receiver);
}

static void redirects_are_not_followed(void **state)
{
	struct receiver receiver;

	receiver_start(&receiver, { .bytes = ANSWER_302 });
	fails_with(*state, &receiver, "status 302, a redirect; give the address that it leads to");
}

static void garbage_is_no_answer(void **state)
{
	struct receiver receiver;

	receiver_start(&receiver, { "\0\xff\x1b[2Jgarbage", .size = 13, .closes = true });
	fails_with(*state, &receiver, "trying again later");
}

static void an_endless_body_is_cut(void **state)
{
	struct receiver receiver;

	receiver_start(&receiver, { .bytes = ANSWER_BODY_BEGINS, .endless = true });
	fails_with(*state, &receiver, "an answer of more than 65536 bytes");
}

static void endless_headers_are_cut(void **state)
{
	struct receiver receiver;

	receiver_start(
		&receiver,
		{ "HTTP/1.1 100 Continue\r\nX-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n",
		  .endless = true });
	fails_with(*state, &receiver, "trying again later");
}

static void a_silent_receiver_runs_into_the_time_limit(void **state)
{
	struct load *load = *state;
	struct receiver receiver;

	load->config.timeout_ns = 100000000;
	receiver_start(&receiver, { .bytes = NULL });
	fails_with(load, &receiver, "timed out");
}

static void chunks_are_fine(void **state)
{
	struct load *load = *state;
	struct receiver receiver;

	receiver_start(&receiver, { .bytes = ANSWER_CHUNKED });
	send_to(load, &receiver, 2);
	RUN_UNTIL(load->event, load->taken[0] == 2);
	assert_int_equal(client_failed(load->client), 0);
	receiver_stop(&receiver);
}

/* One is dead, one silent, one talks garbage: the fourth gets everything meanwhile. */
static void the_living_do_not_wait_for_the_dead(void **state)
{
	struct load *load = *state;
	struct receiver silent;
	struct receiver garbage;
	struct receiver live;
	struct capture capture = capture_start(STDERR_FILENO);
	char text[1024];

	receiver_start(&silent, { .bytes = NULL });
	receiver_start(&garbage, { "garbage\r\n\r\n", .closes = true });
	receiver_start(&live, { .bytes = ANSWER_OK });
	add_url(load, "http://127.0.0.1:%u", 1);
	add_url(load, "http://127.0.0.1:%u", silent.port);
	add_url(load, "http://127.0.0.1:%u", garbage.port);
	add_url(load, "http://127.0.0.1:%u", live.port);
	for (size_t i = 0; i < 4; i++)
		load->waiting[i] = 20;
	assert_int_equal(open_client(load), 0);
	client_wake(load->client);
	RUN_UNTIL(load->event, load->taken[3] == 20 && load->failed[0] && load->failed[2]);
	capture_end(&capture, text, sizeof(text));
	assert_int_equal(load->taken[0] + load->taken[1] + load->taken[2], 0);
	assert_int_equal(client_failed(load->client), load->failed[0] + load->failed[2]);
	client_close(TAKE_PTR(load->client)); /* with one under way */
	receiver_stop(&silent);
	receiver_stop(&garbage);
	receiver_stop(&live);
}

static void a_unix_socket_needs_no_port(void **state)
{
	struct load *load = *state;
	const struct receiver_answer answer = { .bytes = ANSWER_OK };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char url[128];
	struct receiver receiver;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", (char *)load->folder);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	receiver_start_on(&receiver, fd, &answer, 1);
	snprintf(url, sizeof(url), "unix:%s:/am", address.sun_path);
	load->urls[0] = url;
	load->config.urls_count = 1;
	load->waiting[0] = 2;
	assert_int_equal(open_client(load), 0);
	client_wake(load->client);
	RUN_UNTIL(load->event, load->taken[0] == 2);
	assert_int_equal(strncmp(receiver.requests[0], "POST /am/api/v2/alerts ", 23), 0);
	receiver_stop(&receiver);
}

static void no_proxy_comes_from_the_environment(void **state)
{
	struct load *load = *state;
	struct receiver receiver;

	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("all_proxy", "http://127.0.0.1:1", 1);
	receiver_start(&receiver, { .bytes = ANSWER_OK });
	send_to(load, &receiver, 1);
	RUN_UNTIL(load->event, load->taken[0] == 1);
	assert_int_equal(client_failed(load->client), 0);
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	receiver_stop(&receiver);
}

static void secrets_are_read_for_each_attempt(void **state)
{
	struct load *load = *state;
	struct receiver receiver;
	char path[PATH_MAX];

	scratch_write(load->folder, "token", "first\n");
	load->config.bearer_token_file = scratch_path(path, load->folder, "token");
	receiver_start(&receiver, { .bytes = ANSWER_OK });
	send_to(load, &receiver, 1);
	RUN_UNTIL(load->event, load->taken[0] == 1);
	scratch_write(load->folder, "token", "other\n");
	load->waiting[0] = 1;
	client_wake(load->client);
	RUN_UNTIL(load->event, load->taken[0] == 2);
	assert_non_null(strstr(receiver.requests[0], "\r\nAuthorization: Bearer first\r\n"));
	assert_non_null(strstr(receiver.requests[1], "\r\nAuthorization: Bearer other\r\n"));
	receiver_stop(&receiver);
}

static void a_password_makes_basic_authorization(void **state)
{
	struct load *load = *state;
	struct receiver receiver;
	char path[PATH_MAX];

	scratch_write(load->folder, "password", "open:sesame");
	load->config.username = "ali";
	load->config.password_file = scratch_path(path, load->folder, "password");
	receiver_start(&receiver, { .bytes = ANSWER_OK });
	send_to(load, &receiver, 1);
	RUN_UNTIL(load->event, load->taken[0] == 1);
	assert_non_null(
		strstr(receiver.requests[0], "\r\nAuthorization: Basic YWxpOm9wZW46c2VzYW1l\r\n"));
	receiver_stop(&receiver);
}

/* Nothing is sent without it, and it is said where it should be. */
static void a_missing_secret_is_a_failure(void **state)
{
	struct load *load = *state;
	struct receiver receiver;

	load->config.bearer_token_file = "/nonexistent/token";
	receiver_start(&receiver, { .bytes = ANSWER_OK });
	fails_with(load, &receiver, "cannot read /nonexistent/token: No such file or directory");
	assert_int_equal(receiver.connections, 0);
}

/* What may be in a path or a query is nobody's business. */
static void messages_do_not_show_paths(void **state)
{
	struct load *load = *state;
	struct capture capture = capture_start(STDERR_FILENO);
	char text[512];

	add_url(load, "http://127.0.0.1:%u/hooks/s3cret?token=s3cret", 1);
	load->waiting[0] = 1;
	assert_int_equal(open_client(load), 0);
	client_wake(load->client);
	RUN_UNTIL(load->event, load->failed[0] == 1);
	capture_end(&capture, text, sizeof(text));
	assert_null(strstr(text, "s3cret"));
	assert_one_line(text, "notifier on-call: 127.0.0.1:1: ");
}

/* Demands that open fails with one line with these words. */
static void refuses_to_open(struct load *load, const char *words)
{
	struct capture capture = capture_start(STDERR_FILENO);
	char text[512];
	int r = open_client(load);

	capture_end(&capture, text, sizeof(text));
	assert_int_equal(r, -EINVAL);
	assert_null(load->client);
	assert_one_line(text, words);
}

static void bad_configurations_are_refused(void **state)
{
	struct load *load = *state;

	refuses_to_open(load, "notifier on-call: 0 receivers");
	add_url(load, "http://127.0.0.1:%u", 1);
	add_url(load, "http://me:s3cret@127.0.0.1:%u", 1);
	refuses_to_open(load, "notifier on-call: its URL number 2 is none");
	load->config.urls_count = 1;
	load->config.source_port_first = 7;
	load->config.source_port_last = 6;
	refuses_to_open(load, "source ports 7 to 6 are no range");
}

static void source_ports_of_the_privileged_are_a_warning(void **state)
{
	struct load *load = *state;
	struct capture capture = capture_start(STDERR_FILENO);
	char text[512];

	load->config.source_port_first = 1023;
	load->config.source_port_last = 1030;
	add_url(load, "http://127.0.0.1:%u", 1);
	assert_int_equal(open_client(load), 0);
	capture_end(&capture, text, sizeof(text));
	assert_one_line(text,
			"notifier on-call: source ports below 1024 need CAP_NET_BIND_SERVICE");
}

#define client_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		client_test(a_post_says_what_it_is),
		client_test(it_comes_from_a_source_port_and_stays_connected),
		client_test(each_connection_takes_the_next_port),
		client_test(a_port_that_has_such_a_connection_is_passed_by),
		client_test(source_ports_that_are_taken_are_done_without),
		cmocka_unit_test(a_name_without_an_answer_stands_for_its_last_address),
		client_test(what_fails_is_tried_again),
		client_test(what_is_refused_is_not),
		client_test(redirects_are_not_followed),
		client_test(garbage_is_no_answer),
		client_test(an_endless_body_is_cut),
		client_test(endless_headers_are_cut),
		client_test(a_silent_receiver_runs_into_the_time_limit),
		client_test(chunks_are_fine),
		client_test(the_living_do_not_wait_for_the_dead),
		client_test(a_unix_socket_needs_no_port),
		client_test(no_proxy_comes_from_the_environment),
		client_test(secrets_are_read_for_each_attempt),
		client_test(a_password_makes_basic_authorization),
		client_test(a_missing_secret_is_a_failure),
		client_test(messages_do_not_show_paths),
		client_test(bad_configurations_are_refused),
		client_test(source_ports_of_the_privileged_are_a_warning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
