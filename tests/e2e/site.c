// SPDX-License-Identifier: Apache-2.0
#include "site.h"

#include <arpa/inet.h>
#include <crypt.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/base/util.h"
#include "watch.h"

#define READY_S 60
#define PATIENCE_S 40
#define ARGUMENTS_MAX 24
#define SERVES "watching with source" /* what the agent says once everything is open */

/* Keys of elliptic curves, because they are made in no time. */
static const char certificates[] =
	"set -e\n"
	"new() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=$1"
	" -keyout $1.key \"${@:2}\"; }\n"
	"own() { new $1 -x509 -days 2 -out $1.pem -addext extendedKeyUsage=clientAuth"
	" -addext subjectAltName=DNS:client.example; }\n"
	"sign() { new $1 -out csr; openssl x509 -req -in csr -CA ca.pem -CAkey ca.key"
	" -CAcreateserial -days 2 -out $1.pem -extfile <(echo subjectAltName=$2;"
	" echo extendedKeyUsage=$3); }\n"
	"new ca -x509 -days 2 -out ca.pem\n"
	"sign server IP:127.0.0.1,IP:::1,DNS:localhost serverAuth\n"
	"sign client DNS:client.example clientAuth\n"
	"sign guest DNS:guest.example clientAuth\n"
	"own other\n"
	"chmod 600 *.key\n";

int site_setup(void **state)
{
	struct site *site = calloc(1, sizeof(*site));
	struct result result;

	if (!site)
		return -1;
	strcpy(site->folder, "/tmp/pg-site-XXXXXX");
	if (!mkdtemp(site->folder))
		return -1;
	site->port = (uint16_t)(26000 + getpid() % 500);
	snprintf(site->address, sizeof(site->address), "127.0.0.1:%u", site->port);
	snprintf(site->socket, sizeof(site->socket), "unix:%s/web.sock", site->folder);
	snprintf(site->control, sizeof(site->control), "%s/control.sock", site->folder);
	site->log = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	*state = site;
	site_write(site, "certificates", certificates);
	result = site_run(site, "bash certificates 2>&1 || echo failed");
	if (site->log < 0 || strstr(result.out, "failed"))
		fail_msg("no certificates: %s", result.out);
	result_done(&result);
	return 0;
}

int site_teardown(void **state)
{
	struct site *site = *state;
	int status = site->pid ? stop_program(site->pid) : 0;

	must("rm", "-r", site->folder);
	close(site->log);
	free(site);
	return status;
}

void site_write(const struct site *site, const char *name, const char *text)
{
	char path[128];
	char temporary[160];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", site->folder, name);
	snprintf(temporary, sizeof(temporary), "%s.new", path);
	file = fopen(temporary, "we");
	assert_non_null(file);
	fchmod(fileno(file), 0600);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
	agents_own(temporary);
	assert_int_equal(rename(temporary, path), 0);
}

void site_write_config(const struct site *site, const char *text)
{
	struct crypt_data data = { 0 };
	char config[1024];

	snprintf(config, sizeof(config), "%sbasic_auth_users:\n  prometheus: %s\n", text,
		 crypt_r("secret", "$2b$05$abcdefghijklmnopqrstuu", &data));
	site_write(site, "web.yml", config);
}

char *site_log(const struct site *site)
{
	off_t size = lseek(site->log, 0, SEEK_END);
	char *log = calloc(1, (size_t)size + 1);

	assert_non_null(log);
	assert_int_equal(pread(site->log, log, (size_t)size, 0), size);
	return log;
}

static bool serves(const struct site *site)
{
	CLEANUP(freep) char *log = site_log(site);

	return strstr(log, SERVES);
}

void site_start(struct site *site, const char *const *arguments)
{
	const char *source = getenv("PORTGAUGE_SOURCE");
	const char *argv[ARGUMENTS_MAX];
	uint64_t deadline = deadline_in(READY_S);
	size_t argc = 0;

	for (; *arguments; arguments++) {
		assert_true(argc < ARGUMENTS_MAX - 5);
		argv[argc++] = *arguments;
	}
	argv[argc++] = "--control";
	argv[argc++] = site->control;
	if (source) {
		argv[argc++] = "--source";
		argv[argc++] = source;
	}
	argv[argc] = NULL;
	site->pid = start_program(NULL, argv, site->log);
	while (!serves(site)) {
		if (!program_runs(site->pid) || deadline_in(0) > deadline)
			fail_msg("the agent does not serve: %s", site_log(site));
		usleep(20000);
	}
}

void site_stop(struct site *site)
{
	int status = stop_program(site->pid);

	site->pid = 0;
	assert_int_equal(status, 0);
}

struct result site_run(const struct site *site, const char *command)
{
	struct result result;
	char script[4096];
	int n = snprintf(script, sizeof(script),
			 "cd %s && PORT=%u && URL=https://localhost:%u && "
			 "C='curl -sS --max-time 30 --cacert ca.pem' && "
			 "M='--cert client.pem --key client.key' && U='-u prometheus:secret' && %s",
			 site->folder, site->port, site->port, command);

	assert_in_range(n, 1, sizeof(script) - 1);
	result = run_program(NULL, (const char *const[]){ "bash", "-c", script, NULL });
	agents_own(site->folder);
	return result;
}

void site_says(const struct site *site, const char *command, const char *expected)
{
	struct result result = site_run(site, command);

	if (strcmp(result.out, expected) != 0)
		fail_msg("%s\nsays: %s\nnot: %s\nthe agent: %s", command, result.out, expected,
			 site_log(site));
	result_done(&result);
}

void site_will_say(const struct site *site, const char *command, const char *expected)
{
	uint64_t deadline = deadline_in(PATIENCE_S);
	bool said = false;

	while (!said && deadline_in(0) < deadline) {
		struct result result = site_run(site, command);

		said = strcmp(result.out, expected) == 0;
		result_done(&result);
		usleep(said ? 0 : 100000);
	}
	if (!said)
		site_says(site, command, expected);
}

void site_refuses(const struct site *site, const char *command)
{
	struct result result = site_run(site, command);

	if (result.status == 0)
		fail_msg("%s\nwas let in: %s", command, result.out);
	result_done(&result);
}

int site_dial(const struct site *site)
{
	const struct sockaddr_in address = { .sin_family = AF_INET,
					     .sin_port = htons(site->port),
					     .sin_addr = { htonl(INADDR_LOOPBACK) } };
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}
