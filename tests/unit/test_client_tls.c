// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>

#include <gnutls/gnutls.h>
#include <microhttpd.h>

#include "exporters/client/client.h"
#include "exporters/notifier.h"
#include "tests/unit/capture.h"
#include "tests/unit/certificates.h"
#include "tests/unit/receiver.h"
#include "tests/unit/scratch.h"
#include "user/base/util.h"

/* A receiver that speaks TLS, and a client toward it. */
struct channel {
	struct MHD_Daemon *daemon;
	uint16_t port;
	size_t requests;
	size_t certified; /* of them, from a client with a certificate */
	sd_event *event;
	struct client *client;
	struct notifier_config config;
	const char *urls[1];
	char url[64];
	char *scratch;
	char paths[4][PATH_MAX];
	size_t paths_count;
	size_t waiting;
	size_t taken;
	size_t failed;
};

/* libmicrohttpd brings GnuTLS along, and our own programs do not call it. */
static bool has_certificate(struct MHD_Connection *connection)
{
	const gnutls_datum_t *(*peers)(gnutls_session_t session, unsigned int *size);
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	unsigned int count = 0;

	*(void **)&peers = dlsym(RTLD_DEFAULT, "gnutls_certificate_get_peers");
	assert_non_null(peers);
	return peers(info->tls_session, &count) && count == 1;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *size, void **memory)
{
	struct channel *channel = context;
	struct MHD_Response *response;
	enum MHD_Result result;

	(void)url;
	(void)method;
	(void)version;
	(void)data;
	if (!*memory || *size) {
		*memory = channel;
		*size = 0;
		return MHD_YES;
	}
	channel->requests++;
	channel->certified += has_certificate(connection);
	response = MHD_create_response_from_buffer(2, "ok", MHD_RESPMEM_PERSISTENT);
	result = MHD_queue_response(connection, 200, response);
	MHD_destroy_response(response);
	return result;
}

static int next(void *context, size_t receiver, char **ret)
{
	struct channel *channel = context;

	(void)receiver;
	if (!channel->waiting)
		return 0;
	*ret = strdup("{}");
	return 1;
}

static void done(void *context, size_t receiver, enum client_outcome outcome)
{
	struct channel *channel = context;

	(void)receiver;
	if (outcome == CLIENT_TAKEN) {
		channel->taken++;
		channel->waiting--;
	} else {
		channel->failed++;
	}
}

static int set_up(void **state)
{
	struct channel *channel = calloc(1, sizeof(*channel));
	int fd = receiver_socket(0, &channel->port);

	*state = channel;
	scratch_setup((void **)&channel->scratch);
	assert_int_equal(listen(fd, 16), 0);
	channel->daemon = MHD_start_daemon(
		MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_USE_TLS, 0, NULL, NULL,
		on_request, channel, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_HTTPS_MEM_CERT,
		SERVER_CERTIFICATE, MHD_OPTION_HTTPS_MEM_KEY, SERVER_KEY,
		MHD_OPTION_HTTPS_MEM_TRUST, CLIENT_CERTIFICATE, MHD_OPTION_END);
	assert_non_null(channel->daemon);
	snprintf(channel->url, sizeof(channel->url), "https://127.0.0.1:%u/", channel->port);
	channel->urls[0] = channel->url;
	channel->config = (struct notifier_config){ .name = "on-call",
						    .urls = channel->urls,
						    .urls_count = 1 };
	return sd_event_new(&channel->event);
}

static int tear_down(void **state)
{
	struct channel *channel = *state;

	client_close(channel->client);
	MHD_stop_daemon(channel->daemon);
	sd_event_unref(channel->event);
	scratch_teardown((void **)&channel->scratch);
	free(channel);
	return 0;
}

/* A file of the test's own with this content. */
static const char *file_with(struct channel *channel, const char *content)
{
	char name[16];

	snprintf(name, sizeof(name), "%zu", channel->paths_count);
	scratch_write(channel->scratch, name, content);
	return scratch_path(channel->paths[channel->paths_count++], channel->scratch, name);
}

static void start(struct channel *channel)
{
	static const struct client_ops ops = { next, done };
	struct client_config config = { .notifier = &channel->config,
					.ops = &ops,
					.context = channel };

	channel->waiting = 1;
	assert_int_equal(client_open(&channel->client, &config, channel->event), 0);
	client_wake(channel->client);
}

static void fails_with(struct channel *channel, const char *words)
{
	struct capture capture = capture_start(STDERR_FILENO);
	char text[512];

	start(channel);
	RUN_UNTIL(channel->event, channel->failed == 1);
	capture_end(&capture, text, sizeof(text));
	assert_one_line(text, words);
	assert_int_equal(channel->requests, 0);
}

static void a_receiver_that_the_authority_signed_is_told(void **state)
{
	struct channel *channel = *state;

	channel->config.ca_file = file_with(channel, SERVER_CERTIFICATE);
	start(channel);
	RUN_UNTIL(channel->event, channel->taken == 1);
	assert_int_equal(channel->failed, 0);
	assert_int_equal(channel->certified, 0);
}

static void a_receiver_that_nobody_signed_is_not(void **state)
{
	fails_with(*state, "certificate verif");
}

static void a_receiver_that_another_signed_is_not(void **state)
{
	struct channel *channel = *state;

	channel->config.ca_file = file_with(channel, CLIENT_CERTIFICATE);
	fails_with(channel, "certificate verif");
}

static void a_receiver_of_another_name_is_not(void **state)
{
	struct channel *channel = *state;

	channel->config.ca_file = file_with(channel, SERVER_CERTIFICATE);
	snprintf(channel->url, sizeof(channel->url), "https://localhost:%u/", channel->port);
	fails_with(channel, "certificate");
}

static void a_client_shows_its_certificate(void **state)
{
	struct channel *channel = *state;

	channel->config.ca_file = file_with(channel, SERVER_CERTIFICATE);
	channel->config.cert_file = file_with(channel, CLIENT_CERTIFICATE);
	channel->config.key_file = file_with(channel, CLIENT_KEY);
	start(channel);
	RUN_UNTIL(channel->event, channel->taken == 1);
	assert_int_equal(channel->certified, 1);
}

static void a_certificate_that_is_missing_is_a_failure(void **state)
{
	struct channel *channel = *state;

	channel->config.ca_file = file_with(channel, SERVER_CERTIFICATE);
	channel->config.cert_file = "/nonexistent/client.pem";
	channel->config.key_file = file_with(channel, CLIENT_KEY);
	fails_with(channel, "notifier on-call: 127.0.0.1:");
}

#define tls_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		tls_test(a_receiver_that_the_authority_signed_is_told),
		tls_test(a_receiver_that_nobody_signed_is_not),
		tls_test(a_receiver_that_another_signed_is_not),
		tls_test(a_receiver_of_another_name_is_not),
		tls_test(a_client_shows_its_certificate),
		tls_test(a_certificate_that_is_missing_is_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
