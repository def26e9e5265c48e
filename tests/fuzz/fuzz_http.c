// SPDX-License-Identifier: Apache-2.0
/*
 * Whatever a client sends to the real server, on a unix socket: the input, then the end of the
 * stream. The server answers with heads that are HTTP, and goes on.
 */
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "exporters/http/http.h"
#include "tests/fuzz/fuzz.h"
#include "user/base/log.h"
#include "user/core/view.h"

#define ANSWER_MAX 262144
#define TIMEOUT_S 8 /* the server's own is 10 s */

static char address[] = "unix:/tmp/fuzz-http-XXXXXX";
static struct exporter *server;

static void encode(FILE *out, const struct view *view, const struct view_limits *limits)
{
	fprintf(out, "%s %zu\n", view->kernel, limits->top);
	for (int i = 0; i < 500; i++)
		fputs("0123456789\n", out);
}

static const char *path(void)
{
	return address + strlen("unix:");
}

static void stop(void)
{
	http_exporter.close(server);
	unlink(path());
}

static void start(void)
{
	static const struct endpoint endpoints[] = {
		{ "/metrics", "text/plain; version=0.0.4; charset=utf-8", "Metrics", encode },
		{ "/metrics", "application/openmetrics-text; version=1.0.0; charset=utf-8", NULL,
		  encode },
		{ "/api/v1/snapshot", "application/json", "Snapshot", encode },
	};
	static const struct view_limits limits = { .top = 7 };
	static struct view view = { .kernel = "x", .references = 1 };
	static const char *addresses[] = { address };
	static struct web_config web = { .listen_addresses = addresses,
					 .listen_addresses_count = 1 };
	static struct exporter_config config = {
		.web = &web,
		.endpoints = endpoints,
		.endpoints_count = 3,
		.limits = &limits,
		.version = "1",
	};
	int fd = mkstemp(address + strlen("unix:"));

	claim(fd >= 0);
	close(fd);
	unlink(path());
	claim(http_exporter.open(&server, &config, NULL) == 0);
	http_exporter.publish(server, &view);
	atexit(stop);
}

static int dial(void)
{
	static const struct timeval patience = { .tv_sec = TIMEOUT_S };
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(to.sun_path, path());
	claim(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	claim(connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0);
	return fd;
}

/* Status and headers are lines of printable ASCII. */
static void claim_head(const char *answer, size_t size)
{
	const char *end = memmem(answer, size, "\r\n\r\n", 4);

	if (!size)
		return;
	claim(size > 9 && !strncmp(answer, "HTTP/1.", 7) && end);
	for (const char *at = answer; at < end; at++)
		claim((*at >= ' ' && *at <= '~') || (*at == '\r' && at[1] == '\n') ||
		      (*at == '\n' && at[-1] == '\r'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char answer[ANSWER_MAX];
	size_t have = 0;
	ssize_t n;
	int fd;

	if (size > 65536)
		return 0;
	if (!server)
		start();
	fd = dial();
	/* the server may have had enough before the end */
	if (send(fd, data, size, MSG_NOSIGNAL) >= 0)
		shutdown(fd, SHUT_WR);
	while ((n = recv(fd, answer + have, sizeof(answer) - have, 0)) > 0)
		have += (size_t)n;
	claim_head(answer, have);
	close(fd);
	return 0;
}
