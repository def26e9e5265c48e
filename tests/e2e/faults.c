// SPDX-License-Identifier: Apache-2.0
/*
 * What happens to an agent and around it: it lacks descriptors or memory, somebody takes its
 * programs away, namespaces and processes come and go faster than it reads. After each: right
 * numbers within one reconcile, the loss told, nothing leaked. docs/faults.md has them all.
 */
#include <bpf/bpf.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "cgroup.h"
#include "command.h"
#include "process.h"
#include "scenario.h"
#include "storm.h"
#include "user/base/util.h"
#include "user/host/procfs.h"

#define LOCALHOST "127.0.0.1"
#define PORT 5000
#define COUNT 12
#define FEWER 5
#define SELDOM_S 3600 /* between reconciles: not within a scenario */
#define DESCRIPTORS_FEW 8
#define CHURN_ROUNDS 12
#define CHURN_GROUP "pg-test-churn"
#define CHURN_PARENTS 4
#define BIRTHS_MAX 50000 /* of each: if nobody ends it */
#define LOOKS 12
#define MANY_LIVES 20000
#define MANY_RANGE "30000 60999"
#define PATH_ROOM 64
#define PREDECESSORS_MAX 40
#define MEMORY_GROUP "pg-test-memory"
#define LITTLE_MEMORY (1 << 19) /* bytes */

static const struct launch patient = { .timeout_s = 120 };

/* --- what is true after each ----------------------------------------------------------------- */

static void knows_all_again(const struct scenario *scenario)
{
	metric_becomes(scenario->watch, "portgauge_complete", 1);
	says(RUN(&patient, "verify", "--control", watch_control(scenario->watch)), 0,
	     "no difference");
}

static unsigned int open_descriptors(pid_t pid)
{
	const struct dirent *entry;
	unsigned int count = 0;
	char path[PATH_ROOM];
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	directory = opendir(path);
	assert_non_null(directory);
	while ((entry = readdir(directory)))
		count += isdigit((unsigned char)entry->d_name[0]) != 0;
	closedir(directory);
	return count;
}

/* A connection that was answered may take a moment to go. */
static void has_no_more_open_than(const struct scenario *scenario, unsigned int before)
{
	uint64_t deadline = deadline_in(40);

	while (open_descriptors(watch_pid(scenario->watch)) > before)
		wait_or_fail(deadline, "all descriptors are closed again", NULL);
}

static void logs(const struct scenario *scenario, const char *words)
{
	uint64_t deadline = deadline_in(40);

	for (;;) {
		CLEANUP(freep) char *log = watch_log(scenario->watch);

		if (strstr(log, words))
			return;
		wait_or_fail(deadline, words, NULL);
	}
}

static double reconciliations(const json_t *snapshot)
{
	return number(json_object_get(snapshot, "health"), "reconciliations");
}

static bool is_complete(const json_t *snapshot)
{
	return json_is_true(json_object_get(json_object_get(snapshot, "health"), "complete"));
}

static struct actor *connected(struct scenario *scenario, const char *netns, const char *name,
			       uint32_t count)
{
	struct actor *server = scenario_actor(scenario, netns, "pg-server");
	struct actor *client = scenario_actor(scenario, netns, name);

	all_done(actor_listen(server, LOCALHOST, PORT), 1);
	all_done(actor_connect(client, count, LOCALHOST, PORT), count);
	return client;
}

static void stop_actors(struct scenario *scenario)
{
	while (scenario->actors_count)
		actor_stop(scenario->actors[--scenario->actors_count]);
}

static double used(const json_t *snapshot, uint32_t netns)
{
	return number(pool_row(snapshot, netns, "tcp"), "used");
}

static bool is_owner(const json_t *snapshot, uint32_t netns, const char *name, pid_t pid,
		     uint32_t active, uint32_t time_wait)
{
	const json_t *row = owner_row(snapshot, netns, "tcp", name);

	return number(row, "pid") == pid && number(row, "active") == active &&
	       number(row, "time_wait") == time_wait;
}

static void reconcile(const struct scenario *scenario)
{
	json_t *before = watch_snapshot(scenario->watch);
	double looks = reconciliations(before);

	json_decref(before);
	kill(watch_pid(scenario->watch), SIGUSR1);
	EVENTUALLY(scenario->watch, reconciliations(snapshot) > looks);
}

/* --- limits ---------------------------------------------------------------------------------- */

/* Without CAP_SYS_RESOURCE, which not every machine gives, only for one of the same user. */
static void be_user_of(pid_t pid)
{
	char path[PATH_ROOM];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(setresgid(st.st_gid, (gid_t)-1, (gid_t)-1), 0);
	assert_int_equal(setresuid(st.st_uid, (uid_t)-1, (uid_t)-1), 0);
}

/* The limit that it had. */
static rlim_t limit(const struct scenario *scenario, int resource, rlim_t now)
{
	pid_t pid = watch_pid(scenario->watch);
	struct rlimit limits;
	rlim_t before;

	be_user_of(pid);
	assert_int_equal(prlimit(pid, resource, NULL, &limits), 0);
	before = limits.rlim_cur;
	limits.rlim_cur = now;
	assert_int_equal(prlimit(pid, resource, &limits, NULL), 0);
	be_user_of(getpid());
	return before;
}

/* Nothing can be opened: no namespace, no /proc, no iterator, no peer. */
static void an_agent_without_a_descriptor_left_recovers(void **state)
{
	struct scenario *scenario = *state;
	unsigned int open;
	uint32_t servers;
	rlim_t before;

	scenario_watch(scenario);
	knows_all_again(scenario);
	open = open_descriptors(watch_pid(scenario->watch));
	before = limit(scenario, RLIMIT_NOFILE, DESCRIPTORS_FEW);
	connected(scenario, CLIENTS, "pg-p", COUNT);
	space_add(SERVERS, FIRST, LAST);
	scenario->joined = true;
	servers = space_inode(SERVERS);
	connected(scenario, SERVERS, "pg-q", COUNT);
	logs(scenario, "Too many open files; trying again");
	says(RUN(&patient, "verify", "--control", watch_control(scenario->watch)), EX_UNAVAILABLE,
	     "the agent does not answer");
	limit(scenario, RLIMIT_NOFILE, before);
	EVENTUALLY(scenario->watch,
		   used(snapshot, scenario->clients) == COUNT && used(snapshot, servers) == COUNT);
	knows_all_again(scenario);
	has_no_more_open_than(scenario, open);
}

/* What it could write to, in bytes. */
static rlim_t data_size(pid_t pid)
{
	static const char key[] = "\nVmData:";
	char path[PATH_ROOM];
	char status[4096];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	assert_int_equal(procfs_read(path, status, sizeof(status)), 0);
	at = strstr(status, key);
	assert_non_null(at);
	return (rlim_t)strtoull(at + strlen(key), NULL, 10) * 1024;
}

/* It leaves holds for many pages. */
static struct storm *start_many(void)
{
	const struct storm_plan plan = { .netns = CLIENTS,
					 .name = "pg-storm",
					 .weather = STORM_CLIENT_CLOSES,
					 .threads = 2,
					 .lives = MANY_LIVES,
					 .kept = COUNT };

	return storm_start(&plan);
}

static void has_all_of_many(const struct scenario *scenario)
{
	EVENTUALLY(scenario->watch,
		   used(snapshot, scenario->clients) == space_ports(CLIENTS, "tcp", 30000, 60999) &&
			   number(owner_row(snapshot, scenario->clients, "tcp", "pg-storm"),
				  "active") == COUNT);
}

/* It may have no page more than it has. */
static void an_agent_without_memory_recovers(void **state)
{
	struct scenario *scenario = *state;
	struct storm_count count;
	rlim_t before;

	space_sysctl(CLIENTS, "net/ipv4/ip_local_port_range", MANY_RANGE);
	scenario_watch(scenario);
	before = limit(scenario, RLIMIT_DATA, data_size(watch_pid(scenario->watch)));
	scenario->storm = start_many();
	count = storm_await(scenario->storm);
	assert_int_equal(count.failed, 0);
	logs(scenario, "Cannot allocate memory");
	limit(scenario, RLIMIT_DATA, before);
	has_all_of_many(scenario);
	knows_all_again(scenario);
}

/* The kernel kills who takes more than its group may have, like an operator with SIGKILL. */
static void an_agent_beyond_its_groups_memory_is_right_when_it_is_back(void **state)
{
	struct scenario *scenario = *state;
	uint64_t deadline = deadline_in(300);
	struct storm_count count;

	space_sysctl(CLIENTS, "net/ipv4/ip_local_port_range", MANY_RANGE);
	scenario_watch(scenario);
	cgroup_limit_memory(MEMORY_GROUP, watch_pid(scenario->watch), LITTLE_MEMORY);
	scenario->storm = start_many();
	while (program_runs(watch_pid(scenario->watch)))
		wait_or_fail(deadline, "the kernel kills the agent", NULL);
	assert_int_equal(watch_stop(TAKE_PTR(scenario->watch)), 128 + SIGKILL);
	assert_int_equal(cgroup_remove_memory(MEMORY_GROUP), 0);
	count = storm_await(scenario->storm);
	assert_int_equal(count.failed, 0);
	scenario_watch(scenario);
	has_all_of_many(scenario);
	knows_all_again(scenario);
}

/* --- its programs ---------------------------------------------------------------------------- */

/* A line of a descriptor's fdinfo as a number; 0: there is none. */
static __u32 link_of(pid_t pid, const char *fd)
{
	static const char key[] = "\nlink_id:";
	char path[PATH_ROOM];
	char info[4096];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%.16s", pid, fd);
	if (procfs_read(path, info, sizeof(info)) < 0)
		return 0;
	at = strstr(info, key);
	return at ? (__u32)strtoul(at + strlen(key), NULL, 10) : 0;
}

/* Is it taken off its hook? The kernel does that for cgroups, and for no tracing. */
static bool detach(__u32 link)
{
	CLEANUP(fd_closep) int fd = bpf_link_get_fd_by_id(link);
	int r;

	assert_true(fd >= 0);
	r = bpf_link_detach(fd);
	assert_true(r == 0 || errno == EOPNOTSUPP);
	return r == 0;
}

static unsigned int detach_all(pid_t pid)
{
	const struct dirent *entry;
	unsigned int detached = 0;
	unsigned int links = 0;
	char path[PATH_ROOM];
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo", pid);
	directory = opendir(path);
	assert_non_null(directory);
	while ((entry = readdir(directory))) {
		__u32 link = link_of(pid, entry->d_name);

		links += link != 0;
		detached += link && detach(link);
	}
	closedir(directory);
	assert_true(links > 0);
	return detached;
}

static void a_program_detached_from_outside_is_told(void **state)
{
	struct scenario *scenario = *state;
	unsigned int detached;

	scenario_watch(scenario);
	knows_all_again(scenario);
	detached = detach_all(watch_pid(scenario->watch));
	connected(scenario, CLIENTS, "pg-p", COUNT);
	EVENTUALLY(scenario->watch,
		   used(snapshot, scenario->clients) == COUNT &&
			   number(owner_row(snapshot, scenario->clients, "tcp", "pg-p"),
				  "active") == COUNT &&
			   is_complete(snapshot) == !detached);
	if (detached)
		logs(scenario, "somebody detached");
	assert_int_equal(watch_stop(TAKE_PTR(scenario->watch)), 0);
	scenario_watch(scenario);
	knows_all_again(scenario);
}

/* --- what comes and goes --------------------------------------------------------------------- */

/* All of its ports are taken, and more are refused: then it is gone, and this was its number. */
static uint32_t live_and_go(struct scenario *scenario)
{
	uint32_t inode = space_inode(CLIENTS);
	struct actor *old;

	space_sysctl(CLIENTS, "net/ipv4/ip_local_port_range", "40000 40011");
	old = connected(scenario, CLIENTS, "pg-old", COUNT);
	assert_int_equal(actor_connect(old, 3, LOCALHOST, PORT).error, EADDRNOTAVAIL);
	EVENTUALLY(scenario->watch,
		   used(snapshot, inode) == COUNT &&
			   number(owner_row(snapshot, inode, "tcp", "pg-old"), "refusals") == 3);
	stop_actors(scenario);
	space_delete(CLIENTS);
	return inode;
}

static bool is_among(const uint32_t *numbers, size_t count, uint32_t number)
{
	while (count > 0 && numbers[count - 1] != number)
		count--;
	return count > 0;
}

/* Until the kernel gives the number of one that is gone out again. It frees numbers in its own time
 * and gives out the lowest first, to whoever makes namespaces of any type: so not always that of
 * the last, but soon that of one of them. */
static uint32_t follow_another(struct scenario *scenario)
{
	uint32_t gone[PREDECESSORS_MAX];
	size_t count = 0;

	for (;;) {
		assert_true(count < PREDECESSORS_MAX);
		gone[count++] = live_and_go(scenario);
		usleep(100000);
		space_add(SERVERS, FIRST + 5000, LAST + 5000);
		if (is_among(gone, count, space_inode(SERVERS)))
			break;
		space_rename(SERVERS, CLIENTS);
	}
	scenario->joined = true;
	return space_inode(SERVERS);
}

/* Nothing but its own events can tell that it is another one: no reconcile comes. */
static void a_namespace_under_the_number_of_another_starts_anew(void **state)
{
	const struct watch_plan plan = { .source = ((struct scenario *)*state)->source,
					 .reconcile_s = SELDOM_S };
	struct scenario *scenario = *state;
	uint32_t inode;

	scenario->watch = watch_start(&plan);
	inode = follow_another(scenario);
	connected(scenario, SERVERS, "pg-new", FEWER);
	EVENTUALLY(scenario->watch,
		   used(snapshot, inode) == FEWER &&
			   number(pool_row(snapshot, inode, "tcp"), "first") == FIRST + 5000 &&
			   !strcmp(text(pool_row(snapshot, inode, "tcp"), "netns_name"), SERVERS) &&
			   !owner_row(snapshot, inode, "tcp", "pg-old"));
}

/* One that lives for a moment, with a process in a cgroup of its own. */
static uint32_t live_once(void)
{
	struct actor *server;
	struct actor *client;
	uint32_t inode;

	space_add(SERVERS, FIRST, LAST);
	inode = space_inode(SERVERS);
	cgroup_make(CHURN_GROUP);
	server = actor_start(SERVERS, "pg-server");
	client = actor_start(SERVERS, "pg-churn");
	cgroup_move(CHURN_GROUP, actor_pid(client));
	all_done(actor_listen(server, LOCALHOST, PORT), 1);
	all_done(actor_connect(client, COUNT, LOCALHOST, PORT), COUNT);
	actor_stop(client);
	actor_stop(server);
	space_delete(SERVERS);
	assert_int_equal(cgroup_remove(CHURN_GROUP), 0);
	return inode;
}

static void namespaces_and_cgroups_that_come_and_go_leave_nothing(void **state)
{
	struct scenario *scenario = *state;
	uint32_t inodes[CHURN_ROUNDS];
	unsigned int open;

	scenario_watch(scenario);
	connected(scenario, CLIENTS, "pg-p", COUNT);
	knows_all_again(scenario);
	open = open_descriptors(watch_pid(scenario->watch));
	for (size_t i = 0; i < CHURN_ROUNDS; i++)
		inodes[i] = live_once();
	for (size_t i = 0; i < CHURN_ROUNDS; i++)
		EVENTUALLY(scenario->watch, !pool_row(snapshot, inodes[i], "tcp"));
	EVENTUALLY(scenario->watch, used(snapshot, scenario->clients) == COUNT);
	knows_all_again(scenario);
	has_no_more_open_than(scenario, open);
}

/* What the first left behind stays the first's, though another process has its pid by now. */
static void a_pid_used_again_is_another_owner(void **state)
{
	struct scenario *scenario = *state;
	struct actor *server;
	struct actor *old;
	pid_t pid;

	scenario_watch(scenario);
	server = scenario_listener(scenario, LOCALHOST, PORT);
	old = actor_start(CLIENTS, "pg-old");
	pid = actor_pid(old);
	all_done(actor_connect(old, COUNT, LOCALHOST, PORT), COUNT);
	all_done(actor_accept(server, COUNT), COUNT);
	all_done(actor_close(old, 0), COUNT);
	all_done(actor_close_accepted(server), COUNT);
	actor_stop(old);
	scenario->actors[scenario->actors_count++] = actor_start_as(pid, CLIENTS, "pg-new");
	all_done(
		actor_connect(scenario->actors[scenario->actors_count - 1], FEWER, LOCALHOST, PORT),
		FEWER);
	for (size_t looks = 0; looks < 2; looks++) {
		EVENTUALLY(scenario->watch,
			   is_owner(snapshot, scenario->clients, "pg-old", pid, 0, COUNT) &&
				   is_owner(snapshot, scenario->clients, "pg-new", pid, FEWER, 0));
		reconcile(scenario);
	}
}

static _Noreturn void beget(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	space_enter(CLIENTS);
	for (unsigned int i = 0; i < BIRTHS_MAX; i++) {
		struct sockaddr_in address = { .sin_family = AF_INET,
					       .sin_port = htons(PORT),
					       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		pid_t pid = fork();

		if (pid > 0)
			waitpid(pid, NULL, 0);
		if (pid)
			continue;
		prctl(PR_SET_NAME, "pg-fleeting");
		(void)!connect(socket(AF_INET, SOCK_DGRAM, 0), (struct sockaddr *)&address,
			       sizeof(address));
		_exit(0);
	}
	_exit(0);
}

static void begin_to_beget(pid_t parents[CHURN_PARENTS])
{
	for (size_t i = 0; i < CHURN_PARENTS; i++) {
		parents[i] = fork();
		assert_true(parents[i] >= 0);
		if (parents[i] == 0)
			beget();
	}
}

static void end_begetting(const pid_t parents[CHURN_PARENTS])
{
	for (size_t i = 0; i < CHURN_PARENTS; i++) {
		kill(parents[i], SIGKILL);
		waitpid(parents[i], NULL, 0);
	}
}

/* Looks at all of /proc again and again, while entries of it vanish: that is no loss. */
static void processes_that_vanish_while_they_are_read_are_no_loss(void **state)
{
	struct scenario *scenario = *state;
	pid_t parents[CHURN_PARENTS];
	unsigned int open;

	scenario_watch(scenario);
	connected(scenario, CLIENTS, "pg-p", COUNT);
	knows_all_again(scenario);
	open = open_descriptors(watch_pid(scenario->watch));
	begin_to_beget(parents);
	for (unsigned int i = 0; i < LOOKS; i++) {
		json_t *before = watch_snapshot(scenario->watch);
		double looks = reconciliations(before);

		json_decref(before);
		kill(watch_pid(scenario->watch), SIGUSR1);
		EVENTUALLY(scenario->watch,
			   reconciliations(snapshot) > looks && is_complete(snapshot));
	}
	end_begetting(parents);
	EVENTUALLY(scenario->watch,
		   used(snapshot, scenario->clients) == COUNT &&
			   !owner_row(snapshot, scenario->clients, "udp", "pg-fleeting"));
	knows_all_again(scenario);
	has_no_more_open_than(scenario, open);
}

const struct CMUnitTest fault_suite[] = {
	SCENARIO(an_agent_without_a_descriptor_left_recovers),
	SCENARIO(an_agent_without_memory_recovers),
	SCENARIO(an_agent_beyond_its_groups_memory_is_right_when_it_is_back),
	SCENARIO(a_program_detached_from_outside_is_told),
	SCENARIO(a_namespace_under_the_number_of_another_starts_anew),
	SCENARIO(namespaces_and_cgroups_that_come_and_go_leave_nothing),
	SCENARIO(a_pid_used_again_is_another_owner),
	SCENARIO(processes_that_vanish_while_they_are_read_are_no_loss),
};
const size_t fault_suite_count = ARRAY_SIZE(fault_suite);
