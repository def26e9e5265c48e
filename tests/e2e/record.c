// SPDX-License-Identifier: Apache-2.0
/* What somebody does in an incident: record, replay elsewhere, follow one process, be warned. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "process.h"
#include "recording.h"
#include "scenario.h"

#define LOCALHOST "127.0.0.1"
#define TINY_SIZE 20
#define SMALL_DISK "/tmp/pg-small"

/* Ends by itself; its status. */
static int wait_for_end(const struct running *running, struct scenario *scenario,
			void (*meanwhile)(struct scenario *scenario))
{
	uint64_t deadline = deadline_in(120);

	while (program_runs(running->pid)) {
		if (deadline < deadline_in(0))
			fail_msg("the recording does not end");
		meanwhile(scenario);
	}
	return stop_program(running->pid);
}

/* As somebody without privileges would, on another machine. */
static json_t *replay(const struct running *running, const char *at)
{
	const struct launch nobody = { .unprivileged = true };
	struct result result = at ? RUN(&nobody, "replay", running->path, "--json", "--at", at)
				  : RUN(&nobody, "replay", running->path, "--json");
	json_t *snapshot = json_loads(result.out, 0, NULL);

	if (result.status || !snapshot)
		fail_msg("status %d: %s", result.status, result.out);
	result_done(&result);
	return snapshot;
}

/* Rows of two snapshots say the same; but what is left and at which rate changes each second, and
 * two agents look at different moments for who listens. */
static void same_row(json_t *live, json_t *replayed)
{
	static const char *const fleeting[] = { "exhaustion_seconds", "listener", "listener_pid" };
	char *a;
	char *b;

	assert_non_null(live);
	assert_non_null(replayed);
	for (size_t i = 0; i < sizeof(fleeting) / sizeof(*fleeting); i++) {
		json_object_del(live, fleeting[i]);
		json_object_del(replayed, fleeting[i]);
	}
	a = json_dumps(live, JSON_SORT_KEYS);
	b = json_dumps(replayed, JSON_SORT_KEYS);
	assert_string_equal(a, b);
	free(a);
	free(b);
}

static struct actor *exhaust(struct scenario *scenario)
{
	struct actor *p = scenario_actor(scenario, CLIENTS, "pg-p");
	struct outcome outcome = actor_connect(p, TINY_SIZE + 3, LOCALHOST, 5000);

	assert_int_equal(outcome.done, TINY_SIZE);
	assert_int_equal(outcome.error, EADDRNOTAVAIL);
	return p;
}

static void make_tiny(struct scenario *scenario)
{
	space_sysctl(CLIENTS, "net/ipv4/ip_local_port_range", "40000 40019");
	scenario_listener(scenario, LOCALHOST, 5000);
}

static off_t size_of(const struct running *running)
{
	struct stat st;

	assert_int_equal(stat(running->path, &st), 0);
	return st.st_size;
}

/* Until something more is in the file, which is so once a second. */
static void wait_for_more(const struct running *running, off_t size)
{
	uint64_t deadline = deadline_in(60);

	while (size_of(running) <= size) {
		if (deadline < deadline_in(0))
			fail_msg("nothing is written");
		usleep(20000);
	}
}

/* --- replay ---------------------------------------------------------------------------------- */

/* When it is replayed, the namespace has no name any more. */
static void a_recorded_exhaustion_is_seen_as_it_was(void **state)
{
	struct scenario *scenario = *state;
	struct running record;
	json_t *then;
	json_t *now;

	make_tiny(scenario);
	scenario_watch(scenario);
	record = recording_start(scenario);
	exhaust(scenario);
	EVENTUALLY(scenario->watch,
		   number(owner_row(snapshot, scenario->clients, "tcp", "pg-p"), "refusals") == 3);
	then = watch_snapshot(scenario->watch);
	recording_stop(&record);
	space_delete(CLIENTS);
	now = replay(&record, NULL);
	same_row(pool_row(then, scenario->clients, "tcp"), pool_row(now, scenario->clients, "tcp"));
	same_row(destination_row(then, scenario->clients, LOCALHOST, 5000),
		 destination_row(now, scenario->clients, LOCALHOST, 5000));
	same_row(owner_row(then, scenario->clients, "tcp", "pg-p"),
		 owner_row(now, scenario->clients, "tcp", "pg-p"));
	same_row(refusal_row(then, scenario->clients, "pg-p"),
		 refusal_row(now, scenario->clients, "pg-p"));
	assert_string_equal(text(pool_row(now, scenario->clients, "tcp"), "netns_name"), CLIENTS);
	assert_string_equal(text(now, "source"), text(then, "source"));
	json_decref(then);
	json_decref(now);
	recording_forget(&record);
}

static void any_moment_can_be_looked_at(void **state)
{
	struct scenario *scenario = *state;
	struct running record;
	struct actor *p;
	json_t *then;
	json_t *now;

	scenario_watch(scenario);
	scenario_listener(scenario, LOCALHOST, 5000);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	record = recording_start(scenario);
	all_done(actor_connect(p, 5, LOCALHOST, 5000), 5);
	EVENTUALLY(scenario->watch,
		   number(owner_row(snapshot, scenario->clients, "tcp", "pg-p"), "used") == 5);
	then = watch_snapshot(scenario->watch);
	all_done(actor_connect(p, 10, LOCALHOST, 5000), 10);
	recording_stop(&record);
	now = replay(&record, text(then, "time"));
	assert_string_equal(text(now, "time"), text(then, "time"));
	assert_true(number(owner_row(now, scenario->clients, "tcp", "pg-p"), "used") == 5);
	json_decref(now);
	now = replay(&record, NULL);
	assert_true(number(owner_row(now, scenario->clients, "tcp", "pg-p"), "used") == 15);
	json_decref(now);
	json_decref(then);
	complains(RUN(NULL, "replay", record.path, "--at", "+9h"), 64, "+9h", "ends at");
	complains(RUN(NULL, "replay", record.path, "--at", "noon"), 64, "noon", "12:34:56");
	recording_forget(&record);
}

static void a_summary_counts_what_happened(void **state)
{
	struct scenario *scenario = *state;
	struct running record;

	make_tiny(scenario);
	record = recording_start(scenario);
	exhaust(scenario);
	recording_stop(&record);
	says(RUN(NULL, "replay", record.path, "--summary"), 0,
	     CLIENTS " tcp: 20 of 20 ports held (20 shared, 0 exclusive); 20 taken, 0 released, "
		     "3 refused");
	says(RUN(NULL, "replay", record.path, "--summary", "--json"), 0, "\"whole\": true");
	recording_forget(&record);
}

/* --- trouble with the file ------------------------------------------------------------------- */

static void a_cut_recording_is_good_up_to_there(void **state)
{
	struct scenario *scenario = *state;
	struct running record;

	make_tiny(scenario);
	record = recording_start(scenario);
	exhaust(scenario);
	for (int i = 0; i < 3; i++) /* the second one at the latest has all of it */
		wait_for_more(&record, size_of(&record));
	recording_stop(&record);
	assert_int_equal(truncate(record.path, size_of(&record) - 5), 0);
	says(RUN(NULL, "replay", record.path), 1, "cut at byte");
	says(RUN(NULL, "replay", record.path), 1, "pg-p[");
	assert_int_equal(truncate(record.path, 10), 0);
	complains(RUN(NULL, "replay", record.path), 66, record.path, "first bytes");
	recording_forget(&record);
	complains(RUN(NULL, "replay", record.path), 66, record.path, "No such file");
	complains(RUN(NULL, "replay", watch_program()), 66, watch_program(), "no recording");
}

static void a_file_is_never_overwritten(void **state)
{
	struct scenario *scenario = *state;
	struct running record = recording_start(scenario);

	scenario_listener(scenario, LOCALHOST, 5000);
	all_done(actor_connect(scenario_actor(scenario, CLIENTS, "pg-p"), 5, LOCALHOST, 5000), 5);
	recording_stop(&record);
	complains(RUN(NULL, "record", record.path), 73, record.path, "name another");
	says(RUN(NULL, "replay", record.path), 0, "POOL");
	complains(RUN(NULL, "record", "/nowhere/r"), 73, "/nowhere/r", "No such file");
	recording_forget(&record);
}

static void open_and_close(struct scenario *scenario)
{
	actor_cycle(scenario->actors[1], 200, LOCALHOST, 5000);
}

static void serve(struct scenario *scenario)
{
	all_done(actor_serve(scenario_listener(scenario, LOCALHOST, 5000)), 1);
	scenario_actor(scenario, CLIENTS, "pg-p");
}

/* Nothing but the last line and what it said at its start. */
static void ended_with(const struct running *running, const char *words)
{
	char said[4096];
	unsigned int lines = 0;

	running_said(running, said, sizeof(said));
	for (const char *c = said; *c; c++)
		lines += *c == '\n';
	if (lines != 2 || !strstr(said, words))
		fail_msg("no '%s' in: %s", words, said);
}

static void a_full_disk_ends_it_in_one_line(void **state)
{
	struct scenario *scenario = *state;
	struct running record;

	serve(scenario);
	assert_int_equal(mkdir(SMALL_DISK, 0755), 0);
	assert_int_equal(mount("none", SMALL_DISK, "tmpfs", 0, "size=64k,mode=1777"), 0);
	record = recording_start_into(scenario, SMALL_DISK "/r", NULL, NULL);
	assert_int_equal(wait_for_end(&record, scenario, open_and_close), 74);
	ended_with(&record, "No space left on device");
	says(RUN(NULL, "replay", record.path, "--json"), 1, "\"" CLIENTS "\"");
	says(RUN(NULL, "replay", record.path), 1, "cut at byte");
	recording_forget(&record);
	assert_int_equal(umount(SMALL_DISK), 0);
	assert_int_equal(rmdir(SMALL_DISK), 0);
}

static void it_ends_at_its_largest_size(void **state)
{
	struct scenario *scenario = *state;
	struct running record;

	serve(scenario);
	record = recording_start_with(scenario, "--max-size", "64KiB");
	assert_int_equal(wait_for_end(&record, scenario, open_and_close), 0);
	ended_with(&record, "--max-size");
	assert_true(size_of(&record) <= 65536);
	says(RUN(NULL, "replay", record.path, "--summary"), 0, "the file was full");
	recording_forget(&record);
}

/* --- losses ---------------------------------------------------------------------------------- */

#define MANY 200 /* far more events than a ring of one page takes */

/* Ports are taken while a program cannot look. */
static void take_many_unseen(struct scenario *scenario, const struct running *running)
{
	struct actor *p = scenario_actor(scenario, CLIENTS, "pg-p");

	assert_int_equal(kill(running->pid, SIGSTOP), 0);
	all_done(actor_connect(p, MANY, LOCALHOST, 5000), MANY);
	assert_int_equal(kill(running->pid, SIGCONT), 0);
}

/* How many ports the process has in a file that is being written. */
static double used_so_far(const struct running *running, uint32_t netns)
{
	struct result result = RUN(NULL, "replay", running->path, "--json");
	json_t *snapshot = json_loads(result.out, JSON_DISABLE_EOF_CHECK, NULL);
	double used = number(owner_row(snapshot, netns, "tcp", "pg-p"), "used");

	json_decref(snapshot);
	result_done(&result);
	return used;
}

static void what_a_recording_missed_it_finds_again(void **state)
{
	struct scenario *scenario = *state;
	uint64_t deadline = deadline_in(60);
	struct running record;

	scenario_listener(scenario, LOCALHOST, 5000);
	record = recording_start_with(scenario, "--ring-size", "4096");
	take_many_unseen(scenario, &record);
	while (used_so_far(&record, scenario->clients) != MANY) {
		if (deadline < deadline_in(0))
			fail_msg("%g ports", used_so_far(&record, scenario->clients));
		usleep(200000);
	}
	recording_stop(&record);
	says(RUN(NULL, "replay", record.path, "--summary"), 0, "ring_full");
	recording_forget(&record);
}

static void a_trace_says_what_it_lost(void **state)
{
	/* No port of ours passes: nothing but standard error is of interest. */
	const char *const argv[] = { watch_program(), "trace", "--ring-size", "4096",
				     "--port",        "1",     NULL };
	struct running trace = { .log = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) };
	struct scenario *scenario = *state;
	char said[4096];

	assert_true(trace.log >= 0);
	scenario_listener(scenario, LOCALHOST, 5000);
	trace.pid = start_program(NULL, argv, trace.log);
	running_wait_for(&trace, "EVENT");
	take_many_unseen(scenario, &trace);
	running_wait_for(&trace, "events are missing here: ring_full");
	assert_int_equal(stop_program(trace.pid), 0);
	assert_non_null(strstr(running_said(&trace, said, sizeof(said)),
			       "trace: 0 events shown, ring_full "));
	close(trace.log);
}

/* --- check ----------------------------------------------------------------------------------- */

static void check_says_by_its_status_how_it_is(void **state)
{
	struct scenario *scenario = *state;
	char address[32];

	make_tiny(scenario);
	scenario_watch(scenario);
	snprintf(address, sizeof(address), LOCALHOST ":%u", watch_port(scenario->watch));
	says(RUN(NULL, "check", "--netns", CLIENTS, "--connect", address), 0, "PORTGAUGE OK - ");
	says(RUN(NULL, "check", "--netns", CLIENTS), 0, "PORTGAUGE OK - ");
	exhaust(scenario);
	EVENTUALLY(scenario->watch,
		   number(destination_row(snapshot, scenario->clients, LOCALHOST, 5000),
			  "saturation") == 1.0);
	says(RUN(NULL, "check", "--netns", CLIENTS), 2, "PORTGAUGE CRITICAL - ");
	says(RUN(NULL, "check", "--netns", CLIENTS, "--connect", address), 2,
	     CLIENTS " tcp toward " LOCALHOST ":5000: 20 of 20 ports used (100.0%), most by pg-p[");
	says(RUN(NULL, "check", "--netns", CLIENTS, "--connect", address), 2,
	     "'" CLIENTS " tcp'=20;16;19;0;20");
	says(RUN(NULL, "check", "--connect", address, "--netns", CLIENTS, "--protocol", "udp"), 0,
	     "PORTGAUGE OK - ");
	says(RUN(NULL, "check", "--connect", address, "--destination", LOCALHOST ":5000"), 2,
	     "toward " LOCALHOST ":5000: 20 of 20 ports used");
}

static void check_warns_before(void **state)
{
	struct scenario *scenario = *state;
	struct actor *p;

	make_tiny(scenario);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	all_done(actor_connect(p, 17, LOCALHOST, 5000), 17);
	says(RUN(NULL, "check", "--netns", CLIENTS), 1, "17 of 20 ports used (85.0%)");
	says(RUN(NULL, "check", "--netns", CLIENTS, "--critical", "0.85"), 2, "CRITICAL");
	says(RUN(NULL, "check", "--netns", CLIENTS, "--warning", "0.86"), 0, "OK");
}

static void check_that_cannot_tell_says_unknown(void **state)
{
	const struct launch nobody = { .unprivileged = true };

	(void)state;
	complains(RUN(NULL, "check", "--connect", "127.0.0.1:1"), 3, "PORTGAUGE UNKNOWN - ",
		  "portgauge run");
	complains(RUN(NULL, "check", "--connect", "unix:/nowhere"), 3, "UNKNOWN", "/nowhere");
	says(RUN(&nobody, "check"), 3, "PORTGAUGE UNKNOWN - ");
	says(RUN(NULL, "check", "--warning", "80"), 3, "PORTGAUGE UNKNOWN - ");
	says(RUN(NULL, "check", "--bogus"), 3, "--bogus");
	says(RUN(NULL, "check", "--destination", "localhost"), 3, "UNKNOWN - --destination");
	says(RUN(NULL, "check", "--netns", "pg-none"), 3, "no such namespace");
}

/* --- trace ----------------------------------------------------------------------------------- */

/* Lines of objects: all of this process; how many there are. */
static unsigned int lines_of(char *out, const char *process)
{
	unsigned int lines = 0;

	for (char *line = strtok(out, "\n"); line; line = strtok(NULL, "\n")) {
		json_t *object = json_loads(line, 0, NULL);

		if (!object)
			continue; /* of standard error */
		assert_string_equal(text(object, "process"), process);
		assert_true(number(object, "remote_port") == 5000);
		assert_string_equal(text(object, "netns_name"), CLIENTS);
		json_decref(object);
		lines++;
	}
	return lines;
}

static void a_trace_follows_one_process_toward_one_destination(void **state)
{
	const char *const argv[] = { watch_program(),  "trace",   "--json",
				     "--process",      "pg-p",    "--destination",
				     "127.0.0.1:5000", "--netns", CLIENTS,
				     "--protocol",     "tcp",     NULL };
	struct running trace = { .log = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) };
	struct scenario *scenario = *state;
	uint64_t deadline = deadline_in(60);
	struct actor *p;
	struct actor *q;
	char out[65536];

	assert_true(trace.log >= 0);
	scenario_listener(scenario, LOCALHOST, 5000);
	all_done(actor_listen(scenario->actors[0], LOCALHOST, 5001), 1);
	p = scenario_actor(scenario, CLIENTS, "pg-p");
	q = scenario_actor(scenario, CLIENTS, "pg-q");
	trace.pid = start_program(NULL, argv, trace.log);
	do {
		if (deadline < deadline_in(0))
			fail_msg("the trace says nothing");
		all_done(actor_connect(q, 1, LOCALHOST, 5000), 1);
		all_done(actor_connect(p, 1, LOCALHOST, 5001), 1);
		all_done(actor_connect(p, 1, LOCALHOST, 5000), 1);
		usleep(200000);
	} while (!strstr(running_said(&trace, out, sizeof(out)), "pg-p"));
	assert_int_equal(stop_program(trace.pid), 0);
	running_said(&trace, out, sizeof(out));
	assert_non_null(strstr(out, " events shown, none lost\n"));
	assert_true(lines_of(out, "pg-p") >= 1);
	close(trace.log);
}

static void a_filter_that_is_none_is_one_line(void **state)
{
	(void)state;
	complains(RUN(NULL, "trace", "--pid", "me"), 64, "--pid 'me'", "process");
	complains(RUN(NULL, "trace", "--destination", "localhost"), 64, "localhost", "10.0.0.1");
}

/* The same on each kernel. */
const struct CMUnitTest record_suite[] = {
	SCENARIO(any_moment_can_be_looked_at),
	SCENARIO(a_summary_counts_what_happened),
	SCENARIO(a_cut_recording_is_good_up_to_there),
	SCENARIO(a_file_is_never_overwritten),
	SCENARIO(a_full_disk_ends_it_in_one_line),
	SCENARIO(it_ends_at_its_largest_size),
	SCENARIO(check_says_by_its_status_how_it_is),
	SCENARIO(check_warns_before),
	SCENARIO(check_that_cannot_tell_says_unknown),
	SCENARIO(a_trace_follows_one_process_toward_one_destination),
	SCENARIO(a_filter_that_is_none_is_one_line),
};
const size_t record_suite_count = sizeof(record_suite) / sizeof(record_suite[0]);

const struct CMUnitTest recording_suite[] = {
	SCENARIO(a_recorded_exhaustion_is_seen_as_it_was),
	SCENARIO(what_a_recording_missed_it_finds_again),
	SCENARIO(a_trace_says_what_it_lost),
};
const size_t recording_suite_count = sizeof(recording_suite) / sizeof(recording_suite[0]);
