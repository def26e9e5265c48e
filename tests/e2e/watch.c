// SPDX-License-Identifier: Apache-2.0
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "fetch.h"
#include "process.h"
#include "user/base/clock.h"
#include "user/base/util.h"

#define READY_S 60
#define RECONCILE_S 2
#define ARGUMENTS_MAX 32
#define NS_PER_SECOND 1000000000ULL

struct watch {
	const char *netns; /* NULL: ours */
	pid_t pid;
	uint16_t port;
	int log; /* an unnamed file */
	char control[64];
};

const char *watch_program(void)
{
	const char *program = getenv("PORTGAUGE");

	return program ? program : "build/portgauge";
}

uint64_t deadline_in(unsigned int seconds)
{
	return clock_ns(CLOCK_MONOTONIC) + seconds * NS_PER_SECOND;
}

/* Below every ephemeral range, and not the agent's default. */
static uint16_t choose_port(void)
{
	return (uint16_t)(20000 + getpid() % 5000);
}

static bool is_ready(const struct watch *watch)
{
	char *body = watch_get(watch, "/-/ready");
	bool ready = body;

	free(body);
	return ready;
}

static void wait_until_ready(const struct watch *watch)
{
	uint64_t deadline = deadline_in(READY_S);

	while (!is_ready(watch)) {
		if (!program_runs(watch->pid) || clock_ns(CLOCK_MONOTONIC) > deadline)
			fail_msg("the agent did not become ready: %s", watch_log(watch));
		usleep(20000);
	}
}

/* Into room for ARGUMENTS_MAX. */
static void append(const char **argv, size_t *argc, const char *const *more)
{
	for (; more && *more; more++) {
		assert_true(*argc < ARGUMENTS_MAX - 1);
		argv[(*argc)++] = *more;
	}
	argv[*argc] = NULL;
}

static pid_t start_agent(const struct watch *watch, const struct watch_plan *plan)
{
	const char *const source[] = { "--source", plan->source, NULL };
	char address[32];
	char reconcile[16];
	const char *const usual[] = {
		watch_program(), "run",       "--web.listen-address", address, "--reconcile",
		reconcile,       "--control", watch->control,         NULL,
	};
	const char *argv[ARGUMENTS_MAX];
	size_t argc = 0;

	snprintf(address, sizeof(address), "127.0.0.1:%u", watch->port);
	snprintf(reconcile, sizeof(reconcile), "%u",
		 plan->reconcile_s ? plan->reconcile_s : RECONCILE_S);
	append(argv, &argc, usual);
	append(argv, &argc, plan->source ? source : NULL);
	append(argv, &argc, plan->more);
	return start_program(plan->launch, argv, watch->log);
}

struct watch *watch_start(const struct watch_plan *plan)
{
	static const struct watch_plan as_it_comes = { 0 };
	struct watch *watch = calloc(1, sizeof(*watch));

	assert_non_null(watch);
	watch->port = choose_port();
	watch->netns = plan && plan->launch ? plan->launch->netns : NULL;
	snprintf(watch->control, sizeof(watch->control), "/tmp/pg-test-%d.sock", getpid());
	watch->log = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	assert_true(watch->log >= 0);
	watch->pid = start_agent(watch, plan ? plan : &as_it_comes);
	wait_until_ready(watch);
	return watch;
}

int watch_stop(struct watch *watch)
{
	int status;

	if (!watch)
		return 0;
	status = stop_program(watch->pid);
	close(watch->log);
	free(watch);
	return status;
}

pid_t watch_pid(const struct watch *watch)
{
	return watch->pid;
}

uint16_t watch_port(const struct watch *watch)
{
	return watch->port;
}

const char *watch_control(const struct watch *watch)
{
	return watch->control;
}

char *watch_log(const struct watch *watch)
{
	off_t size = lseek(watch->log, 0, SEEK_END);
	char *log = calloc(1, (size_t)size + 1);

	assert_non_null(log);
	assert_int_equal(pread(watch->log, log, (size_t)size, 0), size);
	return log;
}

char *watch_get(const struct watch *watch, const char *path)
{
	return fetch(watch->netns, watch->port, path);
}

char *watch_get_as(const struct watch *watch, const char *path, const char *type)
{
	char headers[256];
	char wanted[256];

	snprintf(headers, sizeof(headers), "Accept: %s\r\n", type);
	snprintf(wanted, sizeof(wanted), "\r\nContent-Type: %s", type);
	return fetch_with(watch->netns, watch->port, path, headers, wanted);
}

json_t *watch_snapshot(const struct watch *watch)
{
	CLEANUP(freep) char *body = watch_get(watch, "/api/v1/snapshot");
	json_error_t error;
	json_t *snapshot;

	if (!body)
		fail_msg("no snapshot; the agent says: %s", watch_log(watch));
	snapshot = json_loads(body, 0, &error);
	if (!snapshot)
		fail_msg("snapshot is no JSON: %s at %d: %.200s", error.text, error.position, body);
	return snapshot;
}

static double watch_metric(const char *metrics, const char *series)
{
	size_t length = strlen(series);
	bool sum = series[length - 1] == ',';
	double value = NAN;

	for (const char *line = metrics; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, series, length) != 0)
			continue;
		if (!sum && line[length] == ' ')
			return strtod(line + length, NULL);
		if (sum)
			value = (isnan(value) ? 0 : value) + strtod(strchr(line, ' '), NULL);
	}
	return value;
}

static bool same(const json_t *row, const char *key, const char *value)
{
	const char *string = json_string_value(json_object_get(row, key));

	return string && !strcmp(string, value);
}

static bool in_netns(const json_t *row, uint32_t netns)
{
	return (uint32_t)json_integer_value(json_object_get(row, "netns")) == netns;
}

json_t *pool_row(const json_t *snapshot, uint32_t netns, const char *protocol)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(snapshot, "pools"), i, row)
		if (in_netns(row, netns) && same(row, "protocol", protocol))
			return row;
	return NULL;
}

json_t *destination_row(const json_t *snapshot, uint32_t netns, const char *remote, uint16_t port)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(snapshot, "destinations"), i, row)
		if (in_netns(row, netns) && same(row, "remote", remote) &&
		    json_integer_value(json_object_get(row, "remote_port")) == port)
			return row;
	return NULL;
}

json_t *owner_row(const json_t *snapshot, uint32_t netns, const char *protocol, const char *process)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(snapshot, "owners"), i, row)
		if (in_netns(row, netns) && same(row, "protocol", protocol) &&
		    same(row, "process", process))
			return row;
	return NULL;
}

json_t *refusal_row(const json_t *snapshot, uint32_t netns, const char *process)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(snapshot, "refusals"), i, row)
		if (in_netns(row, netns) && same(row, "process", process))
			return row;
	return NULL;
}

json_t *verdict_row(const json_t *snapshot, const char *netns, const char *verdict)
{
	size_t length = strlen(netns);
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(snapshot, "verdicts"), i, row)
		if ((!verdict || same(row, "verdict", verdict)) &&
		    !strncmp(text(row, "subject"), netns, length) &&
		    text(row, "subject")[length] == ' ')
			return row;
	return NULL;
}

json_t *share_row(const json_t *destination, const char *process)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(destination, "owners"), i, row)
		if (same(row, "process", process))
			return row;
	return NULL;
}

double number(const json_t *row, const char *key)
{
	const json_t *value = json_object_get(row, key);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

const char *text(const json_t *row, const char *key)
{
	const char *value = json_string_value(json_object_get(row, key));

	return value ? value : "";
}

void wait_or_fail(uint64_t deadline, const char *what, const json_t *snapshot)
{
	if (clock_ns(CLOCK_MONOTONIC) > deadline) {
		json_dumpf(snapshot, stdout, JSON_INDENT(1)); /* more than a message has room for */
		fail_msg("never true: %s", what);
	}
	usleep(100000);
}

static void poll_metric(const struct watch *watch, const char *series, double least, double most)
{
	uint64_t deadline = deadline_in(40);

	for (;;) {
		double value = metric_now(watch, series);

		if (value >= least && value <= most)
			return;
		if (clock_ns(CLOCK_MONOTONIC) > deadline)
			fail_msg("%s is %g, not %g", series, value, least);
		usleep(100000);
	}
}

double metric_now(const struct watch *watch, const char *series)
{
	CLEANUP(freep) char *metrics = watch_get(watch, "/metrics");

	return metrics ? watch_metric(metrics, series) : NAN;
}

void metric_becomes(const struct watch *watch, const char *series, double value)
{
	poll_metric(watch, series, value, value);
}

void metric_reaches(const struct watch *watch, const char *series, double least)
{
	poll_metric(watch, series, least, INFINITY);
}
