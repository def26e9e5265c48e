// SPDX-License-Identifier: Apache-2.0
/* How HTTP is served, to whom, and to whom not: with curl, openssl and a real Prometheus. Not part
 * of the VM runs, whose guests have none of them. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scenario.h"
#include "site.h"
#include "user/base/util.h"

#define STATUS "-o /dev/null -w '%{http_code}'"
#define TLS "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n"
#define MUTUAL                                                 \
	TLS "  client_auth_type: RequireAndVerifyClientCert\n" \
	    "  client_ca_file: ca.pem\n"
#define SAN "  client_allowed_sans: [client.example]\n"
#define SLOW_CLIENTS 20
#define RESPONSE_MAX 65536

static void start_with_config(struct site *site)
{
	char config[96];

	snprintf(config, sizeof(config), "%s/web.yml", site->folder);
	SITE_START(site, watch_program(), "run", "--web.listen-address", site->address,
		   "--web.listen-address", site->socket, "--web.config.file", config);
}

/* --- who comes in ---------------------------------------------------------------------------- */

static void certificate_and_password_open_every_listener(void **state)
{
	struct site *site = *state;

	site_write_config(site, MUTUAL SAN "  min_version: TLS12\n");
	start_with_config(site);
	site_says(site, "$C $M $U $URL/-/healthy", "healthy\n");
	site_says(site, "$C --tls-max 1.2 $M $U $URL/-/healthy", "healthy\n");
	site_says(site, "$C --tlsv1.3 $M $U $URL/-/healthy", "healthy\n");
	site_says(site, "$C --unix-socket web.sock $M $U https://localhost/-/healthy", "healthy\n");
	site_says(site, "$C $M $U $URL/metrics | (head -c 7; cat >/dev/null)", "# HELP ");
	site_says(site, "stat -c '%a %F' web.sock", "660 socket\n");
	site_stop(site);
	site_says(site, "ls web.sock 2>/dev/null", "");
}

static void who_may_not_come_in_is_refused_and_counted(void **state)
{
	struct site *site = *state;

	site_write_config(site, MUTUAL SAN);
	start_with_config(site);
	site_says(site, "$C $M -u prometheus:guess " STATUS " $URL/metrics", "401");
	site_says(site, "$C $M -u nobody:secret " STATUS " $URL/metrics", "401");
	site_says(site, "$C $M " STATUS " $URL/metrics", "401");
	site_refuses(site, "$C $U $URL/metrics");
	site_refuses(site, "$C --tls-max 1.2 $U $URL/metrics");
	site_refuses(site, "$C $U --cert other.pem --key other.key $URL/metrics");
	site_refuses(site, "$C $U --cert guest.pem --key guest.key $URL/metrics");
	site_refuses(site, "$C $U --cert server.pem --key server.key $URL/metrics");
	site_refuses(site, "$C $M $U --tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0 $URL/metrics");
	site_refuses(site, "$C http://localhost:$PORT/metrics");
	site_will_say(site, "$C $M $U $URL/metrics | grep -E 'code=\"401\"|^portgauge_http_conn'",
		      "portgauge_http_requests_total{code=\"401\"} 3\n"
		      "portgauge_http_connections_failed_total 7\n");
}

static void tls_1_1_is_refused_by_openssl_too(void **state)
{
	struct site *site = *state;

	site_write_config(site, TLS);
	start_with_config(site);
	site_says(site,
		  "openssl s_client -tls1_1 -cipher DEFAULT@SECLEVEL=0 -connect localhost:$PORT "
		  "</dev/null 2>&1 | grep -c 'BEGIN CERT'",
		  "0\n");
	site_says(site,
		  "openssl s_client -tls1_2 -connect localhost:$PORT </dev/null 2>&1 | "
		  "grep -c 'BEGIN CERT'",
		  "1\n");
}

static void prometheus_scrapes_through_tls_and_password(void **state)
{
	static const char config[] =
		"scrape_configs:\n- job_name: portgauge\n  scrape_interval: 1s\n  scheme: https\n"
		"  basic_auth: {username: prometheus, password: secret}\n"
		"  tls_config: {ca_file: ca.pem, cert_file: client.pem, key_file: client.key}\n"
		"  static_configs:\n  - targets: ['localhost:%u']\n";
	struct site *site = *state;
	char command[256];
	char text[512];
	pid_t pid;

	site_write_config(site, MUTUAL SAN);
	start_with_config(site);
	snprintf(text, sizeof(text), config, site->port);
	site_write(site, "prometheus.yml", text);
	snprintf(command, sizeof(command),
		 "cd %s && exec prometheus --config.file=prometheus.yml --storage.tsdb.path=data "
		 "--web.listen-address=127.0.0.1:%u",
		 site->folder, site->port + 1000);
	pid = start_program(NULL, (const char *const[]){ "sh", "-c", command, NULL }, -1);
	site_will_say(site,
		      "promtool query instant http://127.0.0.1:$((PORT + 1000)) "
		      "'sum(up{job=\"portgauge\"})' 2>/dev/null | cut -d @ -f 1",
		      "{} => 1 \n");
	assert_int_equal(stop_program(pid), 0);
}

/* --- what changes while it runs -------------------------------------------------------------- */

static void a_changed_configuration_is_in_force_without_a_restart(void **state)
{
	struct site *site = *state;
	char *log;

	site_write(site, "web.yml", TLS);
	start_with_config(site);
	site_will_say(site, "$C " STATUS " $URL/metrics", "200");
	site_write_config(site, MUTUAL);
	site_will_say(site, "$C $M " STATUS " $URL/metrics", "401");
	site_says(site, "$C $M $U " STATUS " $URL/metrics", "200");
	site_refuses(site, "$C $U $URL/metrics");
	site_write(site, "web.yml", MUTUAL "basic_auth_user: {}\n");
	for (log = site_log(site); !strstr(log, "basic_auth_user"); log = site_log(site)) {
		free(log);
		usleep(50000);
	}
	assert_non_null(strstr(log, "web.yml:6:1: there is no key \"basic_auth_user\"; write "
				    "\"basic_auth_users\""));
	free(log);
	site_says(site, "$C $M $U " STATUS " $URL/metrics", "200");
	site_says(site, "$C $M " STATUS " $URL/metrics", "401");
}

static void a_renewed_certificate_is_served_at_once(void **state)
{
	static const char subject[] =
		"openssl s_client -connect localhost:$PORT </dev/null 2>/dev/null | "
		"openssl x509 -noout -subject -nameopt multiline | sed -n 's/.*= //p'";
	struct site *site = *state;

	site_write(site, "web.yml", TLS);
	start_with_config(site);
	site_says(site, subject, "server\n");
	site_says(site, "mv client.key server.key && mv client.pem server.pem", "");
	site_will_say(site, subject, "client\n");
}

/* --- hostile requests ------------------------------------------------------------------------ */

static void serve_plainly(struct site *site)
{
	SITE_START(site, watch_program(), "run", "--web.listen-address", site->address);
}

/* What the server answers until it closes. Caller frees. */
static char *talk(const struct site *site, const char *request, size_t size)
{
	CLEANUP(fd_closep) int fd = site_dial(site);
	char *response = calloc(1, RESPONSE_MAX);
	size_t have = 0;
	ssize_t n;

	assert_non_null(response);
	send(fd, request, size, MSG_NOSIGNAL);
	while ((n = recv(fd, response + have, RESPONSE_MAX - 1 - have, 0)) > 0)
		have += (size_t)n;
	return response;
}

/* Somebody else, on one connection for the whole scenario. */
static void is_served(int fd)
{
	static const char request[] = "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n";
	char response[4096] = "";
	size_t have = 0;

	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	while (!strstr(response, "healthy\n")) {
		ssize_t n = recv(fd, response + have, sizeof(response) - 1 - have, 0);

		assert_true(n > 0);
		have += (size_t)n;
	}
	assert_memory_equal(response, "HTTP/1.1 200 ", 13);
}

#define H "Host: x\r\n"

/* Each is followed by another request, which must never be answered. */
static void smuggled_requests_are_never_answered(void **state)
{
	static const char *const attempts[] = {
		"POST / HTTP/1.1\r\n" H "Content-Length: 4\r\n\r\nabcd",
		"POST / HTTP/1.1\r\n" H "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
		"0\r\n\r\n",
		"GET / HTTP/1.1\r\n" H "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
		"0\r\n\r\n",
		"GET / HTTP/1.1\r\n" H "Content-Length: 4\r\n\r\nabcd",
		"GET / HTTP/1.1\r\n" H "Content-Length: 0\r\nContent-Length: 40\r\n\r\n",
		"GET / HTTP/1.1\r\n" H "Content-Length: 40\r\nContent-Length: 0\r\n\r\n",
		"GET / HTTP/1.1\r\n" H "Content-Length: +4\r\n\r\nabcd",
		"GET / HTTP/1.1\r\n" H "Content-Length: 0, 4\r\n\r\nabcd",
		"GET / HTTP/1.1\r\n" H "Content-Length : 4\r\n\r\nabcd",
		"GET / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\n",
		"GET / HTTP/1.1\r\n" H "Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n",
		"GET / HTTP/1.1\r\n" H "X: y\r\n\tz\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"GET / HTTP/1.1\nHost: x\nContent-Length: 4\n\nabcd",
		"GET / HTTP/1.1\r\n" H "X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"HEAD / HTTP/1.1\r\n" H "Content-Length: 4\r\n\r\nabcd",
	};
	struct site *site = *state;
	unsigned int answered = 0;
	char command[160];
	int other;

	serve_plainly(site);
	other = site_dial(site);
	for (size_t i = 0; i < ARRAY_SIZE(attempts); i++) {
		char request[512];
		int n = snprintf(request, sizeof(request), "%sGET /-/ready HTTP/1.1\r\n" H "\r\n",
				 attempts[i]);
		char *response = talk(site, request, (size_t)n);

		if (strstr(response, "ready") || strstr(response, " 200 ") ||
		    (response[0] && strncmp(response, "HTTP/1.1 4", 10) != 0))
			fail_msg("%s\ngot: %s", request, response);
		answered += response[0] != 0;
		free(response);
		is_served(other);
	}
	close(other);
	assert_int_equal(answered, ARRAY_SIZE(attempts));
	snprintf(command, sizeof(command),
		 "$C http://localhost:$PORT/metrics | awk '/code=\"4|connections_failed/ && !/^#/ "
		 "{ sum += $2 } END { print sum }'");
	site_will_say(site, command, "15\n");
}

static void other_methods_and_oversized_headers_are_refused(void **state)
{
	struct site *site = *state;
	int other;

	serve_plainly(site);
	other = site_dial(site);
	site_says(site, "$C -d x " STATUS " http://localhost:$PORT/metrics", "405");
	site_says(site, "$C -X DELETE " STATUS " http://localhost:$PORT/metrics", "405");
	site_says(site, "$C -T certificates " STATUS " http://localhost:$PORT/", "405");
	is_served(other);
	site_says(site,
		  "$C -H \"X: $(head -c 60000 /dev/zero | tr '\\0' a)\" " STATUS
		  " http://localhost:$PORT/metrics",
		  "431");
	site_says(site,
		  "$C " STATUS " http://localhost:$PORT/$(head -c 60000 /dev/zero | tr '\\0' a)",
		  "414");
	is_served(other);
	close(other);
	site_will_say(
		site,
		"$C http://localhost:$PORT/metrics | grep -E 'code=\"405\"|^portgauge_http_conn'",
		"portgauge_http_requests_total{code=\"405\"} 3\n"
		"portgauge_http_connections_failed_total 2\n");
}

/* They hold their connections open with half a request, and everyone else is served meanwhile. */
static void slow_clients_are_cut_off_and_keep_nobody_waiting(void **state)
{
	static const char half[] = "GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ";
	struct site *site = *state;
	int slow[SLOW_CLIENTS];

	serve_plainly(site);
	for (size_t i = 0; i < SLOW_CLIENTS; i++) {
		slow[i] = site_dial(site);
		assert_int_equal(send(slow[i], half, strlen(half), MSG_NOSIGNAL), strlen(half));
	}
	site_will_say(site, "$C " STATUS " http://localhost:$PORT/metrics", "200");
	for (size_t i = 0; i < SLOW_CLIENTS; i++) {
		char response[1024];
		ssize_t n;

		while ((n = recv(slow[i], response, sizeof(response), 0)) > 0)
			assert_null(strstr(response, "200"));
		assert_int_equal(n, 0); /* closed within our patience */
		close(slow[i]);
	}
	site_will_say(site,
		      "$C http://localhost:$PORT/metrics | grep ^portgauge_http_connections_failed",
		      "portgauge_http_connections_failed_total 20\n");
}

/* --- forms, listeners, flags ----------------------------------------------------------------- */

static void documents_are_packed_and_head_has_none(void **state)
{
	struct site *site = *state;

	serve_plainly(site);
	site_will_say(site, "$C " STATUS " http://localhost:$PORT/metrics", "200");
	site_says(site,
		  "$C -D - -o packed -H 'Accept-Encoding: gzip' http://localhost:$PORT/metrics | "
		  "tr -d '\\r' | grep -icE '^(content-encoding: gzip|vary: .*accept-encoding)$'",
		  "2\n");
	site_says(site, "zcat packed | head -c 7", "# HELP ");
	site_says(site, "test $(stat -c %s packed) -lt $(zcat packed | wc -c) && echo smaller",
		  "smaller\n");
	site_says(
		site,
		"$C -D - -o open -H 'Accept: application/openmetrics-text;version=1.0.0' "
		"http://localhost:$PORT/metrics | tr -d '\\r' | grep ^Content-Type; tail -n 1 open",
		"Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\n"
		"# EOF\n");
	site_says(site,
		  "$C -I -w '%{size_download} ' http://localhost:$PORT/metrics | tr -d '\\r' | "
		  "grep -E '^(HTTP|0 )|^Content-Type'",
		  "HTTP/1.1 200 OK\nContent-Type: text/plain; version=0.0.4; charset=utf-8\n0 \n");
}

static void ipv6_and_several_addresses_are_served(void **state)
{
	struct site *site = *state;
	char v6[32];

	snprintf(v6, sizeof(v6), "[::1]:%u", site->port);
	SITE_START(site, watch_program(), "run", "--web.listen-address", site->address,
		   "--web.listen-address", v6, "--web.listen-address", site->socket);
	site_says(site, "$C http://127.0.0.1:$PORT/-/healthy", "healthy\n");
	site_says(site, "$C http://[::1]:$PORT/-/healthy", "healthy\n");
	site_says(site, "$C --unix-socket web.sock http://x/-/healthy", "healthy\n");
}

static void a_killed_agents_socket_is_replaced(void **state)
{
	struct site *site = *state;

	SITE_START(site, watch_program(), "run", "--web.listen-address", site->socket);
	kill(site->pid, SIGKILL);
	stop_program(site->pid);
	site_says(site, "stat -c %F web.sock", "socket\n");
	assert_int_equal(ftruncate(site->log, 0), 0);
	SITE_START(site, watch_program(), "run", "--web.listen-address", site->socket);
	site_says(site, "$C --unix-socket web.sock http://x/-/healthy", "healthy\n");
}

/* As systemd does it: descriptor 3 listens, and the environment says so. */
static void a_socket_of_systemd_is_served(void **state)
{
	const struct sockaddr_in address = { .sin_family = AF_INET,
					     .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct sockaddr_in bound;
	socklen_t size = sizeof(bound);
	struct site *site = *state;
	char command[256];
	int fd = socket(AF_INET, SOCK_STREAM, 0); /* inherited */

	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&bound, &size), 0);
	site->port = ntohs(bound.sin_port);
	snprintf(command, sizeof(command), "exec 3<&%d; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\"",
		 fd);
	SITE_START(site, "bash", "-c", command, "bash", watch_program(), "run",
		   "--web.systemd-socket");
	close(fd);
	site_says(site, "$C http://127.0.0.1:$PORT/-/healthy", "healthy\n");
}

static void without_a_socket_of_systemd_one_line_says_so(void **state)
{
	struct site *site = *state;
	struct result result =
		run_program(NULL, (const char *const[]){ watch_program(), "run", "--source", "diag",
							 "--web.systemd-socket", "--control",
							 site->control, NULL });

	assert_int_equal(result.status, 1);
	assert_non_null(strstr(result.out, "--web.systemd-socket: systemd passed no socket; start "
					   "portgauge by a .socket unit\n"));
	result_done(&result);
}

static void paths_of_the_flags_are_served(void **state)
{
	struct site *site = *state;
	struct result result;

	SITE_START(site, watch_program(), "run", "--web.listen-address", site->address,
		   "--web.telemetry-path", "/my/metrics", "--web.disable-ui");
	site_will_say(site, "$C " STATUS " http://localhost:$PORT/my/metrics", "200");
	site_says(site, "$C " STATUS " http://localhost:$PORT/metrics", "404");
	site_says(site, "$C " STATUS " http://localhost:$PORT/", "404");
	site_says(site, "$C " STATUS " http://localhost:$PORT/api/v1/snapshot", "200");
	result =
		run_program(NULL, (const char *const[]){ watch_program(), "run", "--source", "diag",
							 "--web.telemetry-path", "/report", NULL });
	assert_int_equal(result.status, 1);
	assert_non_null(strstr(result.out, "cannot serve metrics at \"/report\""));
	result_done(&result);
}

const struct CMUnitTest web_suite[] = {
	SITE(certificate_and_password_open_every_listener),
	SITE(who_may_not_come_in_is_refused_and_counted),
	SITE(tls_1_1_is_refused_by_openssl_too),
	SITE(prometheus_scrapes_through_tls_and_password),
	SITE(a_changed_configuration_is_in_force_without_a_restart),
	SITE(a_renewed_certificate_is_served_at_once),
	SITE(smuggled_requests_are_never_answered),
	SITE(other_methods_and_oversized_headers_are_refused),
	SITE(slow_clients_are_cut_off_and_keep_nobody_waiting),
	SITE(documents_are_packed_and_head_has_none),
	SITE(ipv6_and_several_addresses_are_served),
	SITE(a_killed_agents_socket_is_replaced),
	SITE(a_socket_of_systemd_is_served),
	SITE(without_a_socket_of_systemd_one_line_says_so),
	SITE(paths_of_the_flags_are_served),
};
const size_t web_suite_count = sizeof(web_suite) / sizeof(web_suite[0]);
