// SPDX-License-Identifier: Apache-2.0
/* Storms of short lives, and all that can get lost on the way from the kernel to the books. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"
#include "process.h"
#include "scenario.h"
#include "storm.h"
#include "user/base/util.h"

#define THREADS 8
#define KEPT 40
#define MANY_LIVES 200000
#define FEW_LIVES 20000
#define ENDLESS_LIVES 100000000 /* until the test ends it */
#define STORM_RANGE "30000 60999"

#define RECURSION "portgauge_events_lost_total{reason=\"recursion\"}"
#define CONNECTS "netns=\"" CLIENTS "\",protocol=\"tcp\",path=\"connect\""
#define DATAGRAMS "netns=\"" CLIENTS "\",protocol=\"udp\","

static void watch_with(struct scenario *scenario, const char *const *more)
{
	const struct watch_plan plan = { .source = scenario->source, .more = more };

	scenario->watch = watch_start(&plan);
}

/* An agent that mends nothing of its own accord. It may be slow, but loses nothing for that. */
static void watch_storm(struct scenario *scenario)
{
	static const char *const more[] = { "--reconcile", "0", "--ring-size", "33554432", NULL };

	space_sysctl(CLIENTS, "net/ipv4/ip_local_port_range", STORM_RANGE);
	watch_with(scenario, more);
}

static bool source_is(const struct scenario *scenario, const char *name)
{
	json_t *snapshot = watch_snapshot(scenario->watch);
	bool is = !strcmp(text(snapshot, "source"), name);

	json_decref(snapshot);
	return is;
}

/* fentry is held to the full number; a virtual machine needs minutes for it. */
static uint32_t storm_lives(const struct scenario *scenario)
{
	return source_is(scenario, "kprobe") ? FEW_LIVES : MANY_LIVES;
}

static void start_storm(struct scenario *scenario, enum weather weather, uint32_t lives)
{
	unsigned int threads = weather == STORM_DATAGRAMS ? THREADS / 2 : THREADS;
	const struct storm_plan plan = { .netns = CLIENTS,
					 .name = "pg-storm",
					 .weather = weather,
					 .threads = threads,
					 .lives = lives,
					 .kept = KEPT };

	storm_stop(scenario->storm);
	scenario->storm = storm_start(&plan);
}

static struct storm_count await_storm(struct scenario *scenario)
{
	struct storm_count count = storm_await(scenario->storm);

	assert_int_equal(count.failed, 0);
	return count;
}

static void reconcile(const struct scenario *scenario)
{
	json_t *before = watch_snapshot(scenario->watch);
	double reconciliations = number(json_object_get(before, "health"), "reconciliations");

	json_decref(before);
	kill(watch_pid(scenario->watch), SIGUSR1);
	EVENTUALLY(scenario->watch, number(json_object_get(snapshot, "health"), "reconciliations") >
					    reconciliations);
}

static void nothing_needs_mending(const struct scenario *scenario)
{
	reconcile(scenario);
	metric_becomes(scenario->watch,
		       "portgauge_ledger_drift_ports{netns=\"" CLIENTS "\",protocol=\"tcp\"}", 0);
	metric_becomes(scenario->watch,
		       "portgauge_ledger_drift_ports{netns=\"" CLIENTS "\",protocol=\"udp\"}", 0);
}

/* What is held, and by whom, as the kernel has it. Connections to two destinations may share a
 * port. */
static void holdings_are_exact(const struct scenario *scenario)
{
	EVENTUALLY(scenario->watch,
		   number(pool_row(snapshot, scenario->clients, "tcp"), "used") ==
				   space_ports(CLIENTS, "tcp", 30000, 60999) &&
			   number(owner_row(snapshot, scenario->clients, "tcp", "pg-storm"),
				  "active") == KEPT);
}

/* Every life was seen, without a look at the kernel's tables. */
static void lives_are_exact(const struct scenario *scenario, const struct storm_count *count)
{
	metric_becomes(scenario->watch, "portgauge_allocations_total{" CONNECTS "}",
		       (double)count->active_opens);
	metric_becomes(scenario->watch, "portgauge_releases_total{" CONNECTS "}",
		       (double)(count->active_opens - KEPT));
}

static void a_storm_of_short_lives_is_counted_exactly(void **state)
{
	struct scenario *scenario = *state;
	struct storm_count count;

	watch_storm(scenario);
	start_storm(scenario, STORM_SERVER_CLOSES, storm_lives(scenario));
	count = await_storm(scenario);
	assert_int_equal(count.done, count.active_opens);
	lives_are_exact(scenario, &count);
	holdings_are_exact(scenario);
	nothing_needs_mending(scenario);
}

/* Somebody else's program on the very functions and hooks that the agent's are on. */
struct tracer {
	pid_t pid;
	int output; /* an unnamed file */
};

static struct tracer start_tracer(const struct scenario *scenario)
{
	const char *const argv[] = { watch_program(), "trace",          "--process", "pg-storm",
				     "--source",      scenario->source, NULL };
	const char *const any[] = { watch_program(), "trace", "--process", "pg-storm", NULL };
	struct tracer tracer = { .output = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) };

	assert_true(tracer.output >= 0);
	tracer.pid = start_program(NULL, scenario->source ? argv : any, tracer.output);
	return tracer;
}

/* It is attached and runs: it saw a life of this storm end. */
static void tracer_sees(const struct tracer *tracer)
{
	uint64_t deadline = deadline_in(300); /* while it attaches, the other may still be going */
	char tail[65536] = "";
	struct stat st;
	off_t begin;

	while (!strstr(tail, " released ")) {
		wait_or_fail(deadline, "the other tracer sees the storm", NULL);
		assert_int_equal(fstat(tracer->output, &st), 0);
		begin = st.st_size < (off_t)sizeof(tail) ? 0 : st.st_size - (off_t)sizeof(tail);
		assert_true(pread(tracer->output, tail, sizeof(tail) - 1, begin) >= 0);
	}
}

/* Taking programs off busy functions may last until these are no longer busy. */
static void tracer_goes(const struct tracer *tracer)
{
	assert_int_equal(kill(tracer->pid, SIGTERM), 0);
}

static void tracer_is_gone(const struct tracer *tracer)
{
	assert_int_equal(stop_program(tracer->pid), 0);
	close(tracer->output);
}

/* One is there before the agent and goes first; another comes and goes after that. */
static void the_same_while_another_tracer_comes_and_goes(void **state)
{
	struct scenario *scenario = *state;
	struct tracer first = start_tracer(scenario);
	struct tracer second;
	struct storm_count count;

	watch_storm(scenario);
	start_storm(scenario, STORM_SERVER_CLOSES, ENDLESS_LIVES);
	tracer_sees(&first);
	tracer_goes(&first);
	second = start_tracer(scenario);
	tracer_sees(&second);
	tracer_goes(&second);
	assert_true(storm_blows(scenario->storm));
	count = storm_end(scenario->storm);
	tracer_is_gone(&first);
	tracer_is_gone(&second);
	assert_int_equal(count.failed, 0);
	assert_true(count.active_opens > KEPT);
	lives_are_exact(scenario, &count);
	holdings_are_exact(scenario);
	nothing_needs_mending(scenario);
}

/* What it knew is gone with it: counts begin anew, TIME_WAIT from before has no owner any more. */
static void an_agent_killed_in_a_storm_is_right_when_it_is_back(void **state)
{
	struct scenario *scenario = *state;

	space_sysctl(CLIENTS, "net/ipv4/ip_local_port_range", STORM_RANGE);
	scenario_watch(scenario);
	start_storm(scenario, STORM_CLIENT_CLOSES, FEW_LIVES);
	metric_reaches(scenario->watch, "portgauge_allocations_total{" CONNECTS "}", 1);
	assert_int_equal(kill(watch_pid(scenario->watch), SIGKILL), 0);
	assert_int_equal(watch_stop(TAKE_PTR(scenario->watch)), 128 + SIGKILL);
	scenario_watch(scenario);
	await_storm(scenario);
	reconcile(scenario);
	holdings_are_exact(scenario);
}

/* Half of all packets are handed to another CPU, whose interrupt comes at any time: also while a
 * program runs, which the kernel then skips for what the interrupt does. */
static void interrupt_programs(void)
{
	must("ip", "netns", "exec", CLIENTS, "sh", "-c",
	     "echo ffff >/sys/class/net/lo/queues/rx-0/rps_cpus 2>&- || "
	     "echo 3 >/sys/class/net/lo/queues/rx-0/rps_cpus");
}

static void the_same_while_programs_are_skipped(void **state)
{
	struct scenario *scenario = *state;
	struct storm_count count;

	interrupt_programs();
	watch_storm(scenario);
	start_storm(scenario, STORM_SERVER_CLOSES, storm_lives(scenario));
	count = await_storm(scenario);
	if (kernel_tells_of_skipped_programs())
		metric_reaches(scenario->watch, RECURSION, 1);
	if (source_is(scenario, "fentry")) {
		lives_are_exact(scenario, &count);
		holdings_are_exact(scenario);
		nothing_needs_mending(scenario);
	} else {
		reconcile(scenario);
		holdings_are_exact(scenario);
	}
}

/* Where programs can be preempted as many threads as observers could hide a life from them all. */
static void a_storm_of_datagram_sockets_is_counted_exactly(void **state)
{
	struct scenario *scenario = *state;

	watch_storm(scenario);
	start_storm(scenario, STORM_DATAGRAMS, FEW_LIVES);
	await_storm(scenario);
	if (source_is(scenario, "fentry")) {
		metric_becomes(scenario->watch, "portgauge_allocations_total{" DATAGRAMS,
			       FEW_LIVES);
		metric_becomes(scenario->watch, "portgauge_releases_total{" DATAGRAMS, FEW_LIVES);
	}
	holdings_are_exact(scenario);
	nothing_needs_mending(scenario);
}

static void a_stopped_agent_loses_nothing_that_fits_its_ring(void **state)
{
	struct scenario *scenario = *state;
	struct storm_count count;

	watch_storm(scenario);
	kill(watch_pid(scenario->watch), SIGSTOP);
	start_storm(scenario, STORM_SERVER_CLOSES, 2000);
	count = await_storm(scenario);
	kill(watch_pid(scenario->watch), SIGCONT);
	lives_are_exact(scenario, &count);
	holdings_are_exact(scenario);
	metric_becomes(scenario->watch, "portgauge_events_lost_total{reason=\"ring_full\"}", 0);
	nothing_needs_mending(scenario);
}

/* The storm begins while the agent listens, and ends while it is stopped. */
static void a_full_ring_is_mended(void **state)
{
	static const char *const little_ring[] = { "--ring-size", "4096", NULL };
	struct scenario *scenario = *state;

	space_sysctl(CLIENTS, "net/ipv4/ip_local_port_range", STORM_RANGE);
	watch_with(scenario, little_ring);
	start_storm(scenario, STORM_CLIENT_CLOSES, 4000);
	metric_reaches(scenario->watch, "portgauge_allocations_total{" CONNECTS "}", 1);
	kill(watch_pid(scenario->watch), SIGSTOP);
	await_storm(scenario);
	kill(watch_pid(scenario->watch), SIGCONT);
	metric_reaches(scenario->watch, "portgauge_events_lost_total{reason=\"ring_full\"}", 1);
	EVENTUALLY(scenario->watch, number(pool_row(snapshot, scenario->clients, "tcp"), "used") ==
					    space_ports(CLIENTS, "tcp", 30000, 60999));
	EVENTUALLY(scenario->watch,
		   number(owner_row(snapshot, scenario->clients, "tcp", "pg-storm"), "active") ==
			   KEPT);
	nothing_needs_mending(scenario);
}

static double lost(const json_t *snapshot, const char *reason)
{
	return number(json_object_get(json_object_get(snapshot, "health"), "lost"), reason);
}

static bool is_complete(const json_t *snapshot)
{
	return json_is_true(json_object_get(json_object_get(snapshot, "health"), "complete"));
}

/* It says that it does not know all; and knows all again once all fits. */
static void a_full_map_is_told_and_mended(void **state)
{
	static const char *const little_map[] = { "--max-holds", "64", NULL };
	struct scenario *scenario = *state;
	struct actor *p;

	watch_with(scenario, little_map);
	scenario_listener(scenario, "127.0.0.1", 5001);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	all_done(actor_open(p, 300, .how = OPEN_RESETS, .remote = "127.0.0.1", .remote_port = 5001),
		 300);
	EVENTUALLY(scenario->watch,
		   lost(snapshot, "map_full") >= 1 && !is_complete(snapshot) &&
			   number(pool_row(snapshot, scenario->clients, "tcp"), "used") <= 64);
	all_done(actor_close(p, 300 - KEPT), 300 - KEPT);
	EVENTUALLY(scenario->watch,
		   is_complete(snapshot) &&
			   number(owner_row(snapshot, scenario->clients, "tcp", "pg-p"),
				  "active") == KEPT);
}

const struct CMUnitTest loss_suite[] = {
	SCENARIO(a_storm_of_short_lives_is_counted_exactly),
	SCENARIO(the_same_while_programs_are_skipped),
	SCENARIO(an_agent_killed_in_a_storm_is_right_when_it_is_back),
	SCENARIO(a_storm_of_datagram_sockets_is_counted_exactly),
	SCENARIO(a_stopped_agent_loses_nothing_that_fits_its_ring),
	SCENARIO(a_full_ring_is_mended),
	SCENARIO(a_full_map_is_told_and_mended),
};
const size_t loss_suite_count = sizeof(loss_suite) / sizeof(loss_suite[0]);

const struct CMUnitTest tracer_suite[] = {
	SCENARIO(the_same_while_another_tracer_comes_and_goes),
};
const size_t tracer_suite_count = sizeof(tracer_suite) / sizeof(tracer_suite[0]);
