// SPDX-License-Identifier: Apache-2.0
/* A recording as it is written: whole, full, without room on the disk, with a disk too slow. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tests/unit/recorded.h"
#include "tests/unit/scratch.h"
#include "user/base/util.h"
#include "user/record/recorder.h"

#define PATIENCE_MAX 6000 /* turns of 10 ms */

static struct recorder *start(const char *scratch, struct recorder_config config)
{
	struct recorder *recorder = NULL;
	char path[PATH_MAX];

	config.path = scratch_path(path, scratch, "r");
	if (!config.max_bytes)
		config.max_bytes = 1 << 30;
	assert_int_equal(recorder_open(&recorder, &config), 0);
	return recorder;
}

struct reading {
	int result;
	size_t notes;
	size_t events;
	uint64_t gaps;
	uint64_t missing;
	enum note_end end;
	off_t size;
};

/* Reads all of it again. */
static struct reading read_back(const char *scratch)
{
	struct reading reading = { .result = 1 };
	struct recording *recording = NULL;
	char path[PATH_MAX];
	struct stat st;
	FILE *file = fopen(scratch_path(path, scratch, "r"), "re");

	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &st), 0);
	reading.size = st.st_size;
	assert_int_equal(recording_open(&recording, file), 0);
	while (reading.result > 0) {
		struct note note;

		reading.result = recording_next(recording, &note);
		if (reading.result <= 0)
			continue;
		reading.notes++;
		reading.events += note.kind == NOTE_EVENT;
		reading.gaps += note.kind == NOTE_GAP;
		reading.missing += note.kind == NOTE_GAP ? note.missing : 0;
		if (note.kind == NOTE_END)
			reading.end = note.end;
	}
	recording_close(recording);
	fclose(file);
	return reading;
}

/* Hard to pack: no number like another. */
static void take_event(struct recorder *recorder)
{
	struct event event =
		taken_event(.id = (uint64_t)rand() << 32 | (uint64_t)rand(), .port = 40000,
			    .cgroup = (uint64_t)rand() << 31, .uid = (uint32_t)rand());

	recorder_take(recorder, &(struct note){ .kind = NOTE_EVENT, .event = &event });
}

static void what_was_taken_is_in_the_file(void **state)
{
	struct recorder *recorder = start(*state, (struct recorder_config){ 0 });
	struct incident incident = { .handler = recorder_take, .context = recorder };
	struct recorder_status status;
	struct reading reading;

	incident_happens(&incident);
	assert_false(recorder_flush(recorder));
	status = recorder_close(recorder);
	assert_int_equal(status.error, 0);
	assert_false(status.full);
	reading = read_back(*state);
	assert_int_equal(reading.result, 0);
	assert_int_equal(reading.end, NOTE_END_STOPPED);
	assert_int_equal(reading.size, status.written);
	assert_true(reading.events > 20);
}

static void many_blocks_come_in_their_order(void **state)
{
	struct recorder *recorder = start(*state, (struct recorder_config){ 0 });
	struct reading reading;

	for (int i = 0; i < 50000; i++)
		take_event(recorder);
	assert_int_equal(recorder_close(recorder).error, 0);
	reading = read_back(*state);
	assert_int_equal(reading.result, 0);
	assert_int_equal(reading.events, 50000);
	assert_true((size_t)reading.size > 2 * RECORDING_BLOCK_BYTES);
}

static void nobody_else_may_read_it(void **state)
{
	char path[PATH_MAX];
	struct stat st;
	mode_t before = umask(0);

	recorder_close(start(*state, (struct recorder_config){ 0 }));
	umask(before);
	assert_int_equal(stat(scratch_path(path, *state, "r"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void a_file_that_is_there_stays_as_it_is(void **state)
{
	struct recorder_config config = { .max_bytes = 1 << 20 };
	struct recorder *recorder = NULL;
	char path[PATH_MAX];
	struct stat st;

	scratch_write(*state, "r", "precious");
	config.path = scratch_path(path, *state, "r");
	assert_int_equal(recorder_open(&recorder, &config), -EEXIST);
	assert_null(recorder);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 8);
	config.path = "/nowhere/at/all";
	assert_int_equal(recorder_open(&recorder, &config), -ENOENT);
}

/* Until the writer has done what was given to it. */
static struct recorder_status settle(struct recorder *recorder)
{
	struct recorder_status status = recorder_status(recorder);

	for (int i = 0; i < PATIENCE_MAX && !status.full && !status.error; i++) {
		take_event(recorder);
		recorder_flush(recorder);
		usleep(10000);
		status = recorder_status(recorder);
	}
	return status;
}

static void it_ends_before_it_grows_too_large(void **state)
{
	struct recorder *recorder = start(*state, (struct recorder_config){ .max_bytes = 4096 });
	struct reading reading;

	assert_true(settle(recorder).full);
	take_event(recorder);
	assert_true(recorder_close(recorder).full);
	reading = read_back(*state);
	assert_int_equal(reading.result, 0);
	assert_int_equal(reading.end, NOTE_END_FULL);
	assert_true(reading.events > 10);
	assert_true(reading.size <= 4096 && reading.size > 3500);
}

/* In a child: such a limit cannot be taken back. */
static void write_beyond_a_limit(void *scratch)
{
	const struct rlimit limit = { 5000, 5000 };
	struct recorder *recorder = start(scratch, (struct recorder_config){ 0 });
	struct recorder_status status;

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
		_exit(1);
	status = settle(recorder);
	if (status.error != -EFBIG || status.full)
		_exit(2);
	status = recorder_close(recorder);
	_exit(status.error == -EFBIG && status.written <= 5000 ? 0 : 3);
}

static void without_room_it_is_good_up_to_there(void **state)
{
	struct reading reading;
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		write_beyond_a_limit(*state);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	reading = read_back(*state);
	assert_int_equal(reading.result, -ENODATA); /* cut, between two blocks */
	assert_true(reading.events > 10);
	assert_true(reading.size > 4000 && reading.size <= 5000);
}

/* A queue this small is full whenever a block is in it. */
static void a_slow_disk_costs_events_and_says_so(void **state)
{
	struct recorder *recorder = start(*state, (struct recorder_config){ .queue_bytes = 1 });
	uint64_t events = 0;
	struct reading reading;
	bool repeat = false;

	while (!recorder_status(recorder).missed) {
		take_event(recorder);
		events++;
	}
	for (int i = 0; i < 4; i++, events++)
		take_event(recorder);
	assert_int_equal(recorder_status(recorder).missed, 5);
	for (int i = 0; i < PATIENCE_MAX && !repeat; i++) {
		recorder_take(recorder, &(struct note){ .kind = NOTE_RECONCILE_BEGIN });
		repeat = recorder_flush(recorder);
		usleep(10000);
	}
	assert_true(repeat);
	assert_false(recorder_flush(recorder)); /* once is enough */
	assert_int_equal(recorder_close(recorder).missed, 5);
	reading = read_back(*state);
	assert_int_equal(reading.result, 0);
	assert_int_equal(reading.events, events - 5);
	assert_int_equal(reading.gaps, 1);
	assert_int_equal(reading.missing, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(what_was_taken_is_in_the_file),
		scratch_test(many_blocks_come_in_their_order),
		scratch_test(nobody_else_may_read_it),
		scratch_test(a_file_that_is_there_stays_as_it_is),
		scratch_test(it_ends_before_it_grows_too_large),
		scratch_test(without_room_it_is_good_up_to_there),
		scratch_test(a_slow_disk_costs_events_and_says_so),
	};

	srand(1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
