// SPDX-License-Identifier: Apache-2.0
/* What the agent and its broker may do, as the kernel tells it of each of their threads. */
#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "command.h"
#include "kernel.h"
#include "process.h"
#include "scenario.h"
#include "user/base/util.h"
#include "user/host/procfs.h"

#define LOCALHOST "127.0.0.1"
#define COUNT 12
#define RECORDING "/tmp/pg-privilege.recording"
#define PATH_ROOM 320
#define STATUS_ROOM 16384
#define BIT(capability) (1ULL << (capability))

static const struct launch patient = { .timeout_s = 120 };

/* --- what /proc says ------------------------------------------------------------------------- */

/* A line of a thread's status as a number; -1: the process is gone. */
static long long status_number(pid_t pid, const char *thread, const char *key, int base)
{
	char status[STATUS_ROOM];
	char path[PATH_ROOM];
	char line[64];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/status", pid, thread);
	if (procfs_read(path, status, sizeof(status)) < 0)
		return -1;
	snprintf(line, sizeof(line), "\n%s:", key);
	at = strstr(status, line);
	assert_non_null(at);
	return strtoll(at + strlen(line), NULL, base);
}

static void thread_holds(pid_t pid, const char *thread, uint64_t capabilities)
{
	assert_int_equal(status_number(pid, thread, "CapPrm", 16), capabilities);
	assert_int_equal(status_number(pid, thread, "CapEff", 16), capabilities);
	assert_int_equal(status_number(pid, thread, "CapInh", 16), 0);
	assert_int_equal(status_number(pid, thread, "CapAmb", 16), 0);
	/* who could, has emptied the bounding set */
	assert_true(!((uint64_t)status_number(pid, thread, "CapBnd", 16) & BIT(CAP_SETPCAP)));
	assert_int_equal(status_number(pid, thread, "NoNewPrivs", 10), 1);
}

/* Calls for each entry of /proc/PID/WHAT that is a number; how many there are. */
static unsigned int each(pid_t pid, const char *what,
			 void (*see)(pid_t pid, const char *name, uint64_t argument),
			 uint64_t argument)
{
	unsigned int count = 0;
	const struct dirent *entry;
	char path[PATH_ROOM];
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, what);
	directory = opendir(path);
	assert_non_null(directory);
	while ((entry = readdir(directory))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		see(pid, entry->d_name, argument);
		count++;
	}
	closedir(directory);
	return count;
}

/* The one child that the agent has. */
static pid_t broker_of(pid_t agent)
{
	const struct dirent *entry;
	DIR *directory = opendir("/proc");
	pid_t child = 0;

	assert_non_null(directory);
	while ((entry = readdir(directory))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid <= 0 || status_number(pid, entry->d_name, "PPid", 10) != agent)
			continue;
		assert_int_equal(child, 0);
		child = pid;
	}
	closedir(directory);
	assert_true(child > 0);
	return child;
}

static bool source_is(const struct scenario *scenario, const char *name)
{
	json_t *snapshot = watch_snapshot(scenario->watch);
	bool is = !strcmp(text(snapshot, "source"), name);

	json_decref(snapshot);
	return is;
}

/* --- scenarios ------------------------------------------------------------------------------- */

/* But for CAP_BPF on old kernels, which let nobody use bpf() without. */
static void no_thread_but_the_brokers_keeps_a_capability(void **state)
{
	struct scenario *scenario = *state;
	uint64_t kept = 0;

	scenario_watch(scenario);
	if (kernel_wants_capability_for_bpf() && !source_is(scenario, "diag"))
		kept = BIT(CAP_BPF);
	assert_true(each(watch_pid(scenario->watch), "task", thread_holds, kept) > 1);
}

static void count_privileged(pid_t pid, const char *thread, uint64_t count)
{
	unsigned int *privileged = (unsigned int *)(uintptr_t)count;

	*privileged += status_number(pid, thread, "CapPrm", 16) > 0;
}

static bool has_said(int log, const char *words)
{
	char said[4096];
	ssize_t length = pread(log, said, sizeof(said) - 1, 0);

	said[length > 0 ? length : 0] = '\0';
	return strstr(said, words);
}

/* Of record, whose writer is there before the source is. */
static void no_thread_but_the_brokers_records_with_a_capability(void **state)
{
	const char *const argv[] = { watch_program(), "record", RECORDING, NULL };
	uint64_t deadline = deadline_in(40);
	unsigned int allowed = kernel_wants_capability_for_bpf(); /* who uses bpf() */
	unsigned int privileged = UINT_MAX;
	int log = memfd_create("log", MFD_CLOEXEC);
	pid_t pid;

	(void)state;
	unlink(RECORDING);
	pid = start_program(NULL, argv, log);
	while (!has_said(log, "recording to"))
		wait_or_fail(deadline, "it records", NULL);
	while (privileged > allowed) {
		privileged = 0;
		assert_true(each(pid, "task", count_privileged, (uintptr_t)&privileged) > 1);
		wait_or_fail(deadline, "no thread has a capability", NULL);
	}
	assert_int_equal(stop_program(pid), 0);
	unlink(RECORDING);
	close(log);
}

static void is_one_to_read_by(pid_t pid, const char *name, uint64_t links)
{
	char path[PATH_ROOM];
	char target[PATH_ROOM];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/fd/%s", pid, name);
	length = readlink(path, target, sizeof(target) - 1);
	assert_true(length > 0);
	target[length] = '\0';
	if (!strcmp(target, "/dev/null") || !strncmp(target, "socket:", 7) ||
	    !strncmp(target, "net:", 4) || (links && !strcmp(target, "anon_inode:bpf_link")))
		return;
	fail_msg("the broker has %s open: %s", name, target);
}

static void the_broker_keeps_what_it_is_for(void **state)
{
	struct scenario *scenario = *state;
	uint64_t kept = BIT(CAP_SYS_ADMIN) | BIT(CAP_SYS_PTRACE);
	pid_t broker;
	bool diag;

	scenario_watch(scenario);
	diag = source_is(scenario, "diag");
	if (diag)
		kept |= BIT(CAP_DAC_READ_SEARCH);
	broker = broker_of(watch_pid(scenario->watch));
	assert_int_equal(each(broker, "task", thread_holds, kept), 1);
	/* standard ones, its socket, the namespace it is at home in, two iterators' links */
	assert_int_equal(each(broker, "fd", is_one_to_read_by, !diag), diag ? 5 : 7);
}

/* Its range is read through the broker alone, and who listens is found by it. */
static void a_namespace_made_later_is_read_by_the_broker(void **state)
{
	struct scenario *scenario = *state;
	struct actor *server;
	struct actor *p;

	space_delete(CLIENTS);
	scenario_watch(scenario);
	space_add(CLIENTS, FIRST, LAST);
	scenario->clients = space_inode(CLIENTS);
	server = scenario_unit(scenario, CLIENTS, "pg-server");
	all_done(actor_listen(server, LOCALHOST, 5000), 1);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	all_done(actor_connect(p, COUNT, LOCALHOST, 5000), COUNT);
	EVENTUALLY(scenario->watch,
		   number(pool_row(snapshot, scenario->clients, "tcp"), "size") == 1000 &&
			   number(pool_row(snapshot, scenario->clients, "tcp"), "used") == COUNT &&
			   number(destination_row(snapshot, scenario->clients, LOCALHOST, 5000),
				  "listener_pid") == actor_pid(server));
	metric_becomes(scenario->watch, "portgauge_complete", 1);
	says(RUN(&patient, "verify", "--control", watch_control(scenario->watch)), 0,
	     "no difference");
}

/* What events tell is told on; what only it could read is not, and that is said. */
static void the_agent_goes_on_without_its_broker(void **state)
{
	struct scenario *scenario = *state;
	struct actor *p;
	char *log;

	scenario_watch(scenario);
	scenario_listener(scenario, LOCALHOST, 5000);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	metric_becomes(scenario->watch, "portgauge_complete", 1);
	assert_int_equal(kill(broker_of(watch_pid(scenario->watch)), SIGKILL), 0);
	metric_becomes(scenario->watch, "portgauge_complete", 0);
	all_done(actor_connect(p, COUNT, LOCALHOST, 5000), COUNT);
	if (!source_is(scenario, "diag"))
		EVENTUALLY(scenario->watch,
			   number(pool_row(snapshot, scenario->clients, "tcp"), "used") == COUNT);
	log = watch_log(scenario->watch);
	assert_non_null(strstr(log, "the broker process is gone"));
	free(log);
	assert_int_equal(watch_stop(TAKE_PTR(scenario->watch)), 0);
}

/* It is nobody's child any more; who inherits it may be slow to bury it. */
static bool is_gone(pid_t pid)
{
	char status[STATUS_ROOM];
	char path[PATH_ROOM];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return procfs_read(path, status, sizeof(status)) < 0 || strstr(status, "\nState:\tZ");
}

static void the_broker_ends_with_the_agent(void **state)
{
	struct scenario *scenario = *state;
	uint64_t deadline = deadline_in(40);
	pid_t broker;

	scenario_watch(scenario);
	broker = broker_of(watch_pid(scenario->watch));
	assert_int_equal(kill(watch_pid(scenario->watch), SIGKILL), 0);
	while (!is_gone(broker))
		wait_or_fail(deadline, "the broker ends", NULL);
	assert_int_equal(watch_stop(TAKE_PTR(scenario->watch)), 128 + SIGKILL);
}

const struct CMUnitTest privilege_suite[] = {
	SCENARIO(no_thread_but_the_brokers_keeps_a_capability),
	SCENARIO(no_thread_but_the_brokers_records_with_a_capability),
	SCENARIO(the_broker_keeps_what_it_is_for),
	SCENARIO(a_namespace_made_later_is_read_by_the_broker),
	SCENARIO(the_agent_goes_on_without_its_broker),
	SCENARIO(the_broker_ends_with_the_agent),
};
const size_t privilege_suite_count = ARRAY_SIZE(privilege_suite);
