// SPDX-License-Identifier: Apache-2.0
/* Dumps of holds: what was written is read again; whatever is not a dump is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/objects.h"
#include "user/base/util.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int new_file(void)
{
	int fd = memfd_create("holds", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	return fd;
}

/* Ports count up from 1. */
struct script {
	uint32_t count;
	uint32_t told;
	int end; /* what is returned behind the last */
};

static int next(void *context, struct holds_dump_record *ret)
{
	struct script *script = context;

	if (script->told == script->count)
		return script->end;
	script->told++;
	assert_int_equal(ret->id, 0); /* zeroed each time */
	*ret = record(.id = script->told, .port = (uint16_t)script->told);
	return 1;
}

static const struct holds_dump_header usual = {
	.time_ns = 5,
	.reconcile_ns = 10,
	.reconcile_began_ns = 4,
	.polled = 3,
	.flags = HOLDS_DUMP_INCOMPLETE,
	.source = "test",
};

static int write_dump(uint32_t count)
{
	struct script script = { .count = count };
	int fd = new_file();

	assert_int_equal(holds_dump_write(fd, &usual, next, &script), 0);
	return fd;
}

static void what_was_written_is_read_again(void **state)
{
	static const uint32_t counts[] = { 0, 1, 255, 256, 257, 1000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		CLEANUP(fd_closep) int fd = write_dump(counts[i]);
		CLEANUP(holds_dump_done) struct holds_dump dump = { 0 };

		assert_int_equal(holds_dump_open(&dump, fd), 0);
		assert_int_equal(dump.count, counts[i]);
		assert_int_equal(dump.header.count, counts[i]);
		assert_int_equal(dump.header.time_ns, 5);
		assert_int_equal(dump.header.reconcile_began_ns, 4);
		assert_int_equal(dump.header.flags, HOLDS_DUMP_INCOMPLETE);
		assert_string_equal(dump.header.source, "test");
		for (size_t j = 0; j < dump.count; j++)
			assert_int_equal(dump.records[j].tuple.port, j + 1);
	}
}

static void a_written_dump_cannot_be_changed(void **state)
{
	CLEANUP(fd_closep) int fd = write_dump(1);
	char byte = 0;

	(void)state;
	assert_int_equal(pwrite(fd, &byte, 1, 0), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(fcntl(fd, F_GET_SEALS), SEALS | F_SEAL_SEAL);
}

static void a_writer_that_fails_leaves_no_dump(void **state)
{
	CLEANUP(fd_closep) int fd = new_file();
	CLEANUP(holds_dump_done) struct holds_dump dump = { 0 };
	struct script script = { .count = 300, .end = -ENOMEM };

	(void)state;
	assert_int_equal(holds_dump_write(fd, &usual, next, &script), -ENOMEM);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, SEALS), 0);
	assert_int_equal(holds_dump_open(&dump, fd), -EBADMSG);
}

static void a_file_that_cannot_be_written_fails(void **state)
{
	CLEANUP(fd_closep) int fd = open("/dev/full", O_RDWR | O_CLOEXEC);
	struct script script = { .count = 1 };

	(void)state;
	assert_int_equal(holds_dump_write(fd, &usual, next, &script), -ENOSPC);
}

static void what_is_not_sealed_is_refused(void **state)
{
	static const int partly[] = { 0, F_SEAL_SHRINK, F_SEAL_SHRINK | F_SEAL_GROW,
				      F_SEAL_GROW | F_SEAL_WRITE };
	struct holds_dump untouched = { .count = 7 };
	CLEANUP(fd_closep) int whole = write_dump(1);
	char bytes[4096];
	ssize_t size = pread(whole, bytes, sizeof(bytes), 0);

	(void)state;
	assert_true(size > 0);
	for (size_t i = 0; i < ARRAY_SIZE(partly); i++) {
		CLEANUP(fd_closep) int fd = new_file();

		assert_int_equal(write(fd, bytes, (size_t)size), size);
		assert_int_equal(fcntl(fd, F_ADD_SEALS, partly[i]), 0);
		assert_int_equal(holds_dump_open(&untouched, fd), -EBADMSG);
	}
	assert_int_equal(untouched.count, 7);
}

static void what_is_no_file_of_ours_is_refused(void **state)
{
	static const char *const others[] = { "/dev/null", "/proc/self/maps", "/" };
	struct holds_dump dump;
	int ends[2];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		CLEANUP(fd_closep) int fd = open(others[i], O_RDONLY | O_CLOEXEC);

		assert_int_equal(holds_dump_open(&dump, fd), -EBADMSG);
	}
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(holds_dump_open(&dump, ends[0]), -EBADMSG);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(holds_dump_open(&dump, -1), -EBADMSG);
}

/* What opening says of these bytes, sealed. */
static int open_bytes(const void *bytes, size_t size)
{
	CLEANUP(holds_dump_done) struct holds_dump dump = { 0 };
	CLEANUP(fd_closep) int fd = new_file();
	int r;

	assert_int_equal(write(fd, bytes, size), size);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, SEALS), 0);
	r = holds_dump_open(&dump, fd);
	if (r < 0)
		assert_null(dump.map);
	return r;
}

/* A dump of two holds, to be spoilt. */
struct bytes {
	struct holds_dump_header header;
	struct holds_dump_record records[2];
};

static struct bytes good(void)
{
	struct bytes bytes;
	CLEANUP(fd_closep) int fd = write_dump(2);

	assert_int_equal(pread(fd, &bytes, sizeof(bytes), 0), sizeof(bytes));
	return bytes;
}

static void every_cut_is_refused(void **state)
{
	struct bytes bytes = good();

	(void)state;
	assert_int_equal(open_bytes(&bytes, sizeof(bytes)), 0);
	for (size_t size = 0; size < sizeof(bytes); size++)
		assert_int_equal(open_bytes(&bytes, size), -EBADMSG);
}

static void more_than_the_header_says_is_refused(void **state)
{
	struct bytes bytes[2] = { good(), good() };

	(void)state;
	assert_int_equal(open_bytes(bytes, sizeof(bytes[0]) + 1), -EBADMSG);
	assert_int_equal(open_bytes(bytes, sizeof(bytes[0]) + sizeof(bytes[0].records[0])),
			 -EBADMSG);
}

#define spoilt(what)                               \
	({                                         \
		struct bytes bytes = good();       \
		bytes.what;                        \
		open_bytes(&bytes, sizeof(bytes)); \
	})

static void a_header_that_lies_is_refused(void **state)
{
	(void)state;
	assert_int_equal(spoilt(header.magic++), -EBADMSG);
	assert_int_equal(spoilt(header.version++), -EPROTO);
	assert_int_equal(spoilt(header.record_size--), -EPROTO);
	assert_int_equal(spoilt(header.count--), -EBADMSG);
	assert_int_equal(spoilt(header.count = UINT64_MAX), -EBADMSG);
	assert_int_equal(spoilt(header.count = UINT64_MAX / 80 + 3), -EBADMSG);
}

static void a_record_that_lies_is_refused(void **state)
{
	(void)state;
	assert_int_equal(spoilt(records[1].id = 0), -EBADMSG);
	assert_int_equal(spoilt(records[1].tuple.port = 0), -EBADMSG);
	assert_int_equal(spoilt(records[1].protocol = IPPROTO_ICMP), -EBADMSG);
	assert_int_equal(spoilt(records[1].path = 0), -EBADMSG);
	assert_int_equal(spoilt(records[1].path = PATH__COUNT), -EBADMSG);
	assert_int_equal(spoilt(records[0].state = 0), -EBADMSG);
	assert_int_equal(spoilt(records[0].state = 3), -EBADMSG);
}

static void a_name_without_end_is_refused(void **state)
{
	struct bytes bytes = good();

	(void)state;
	memset(bytes.header.source, 'x', sizeof(bytes.header.source));
	assert_int_equal(open_bytes(&bytes, sizeof(bytes)), -EBADMSG);
	bytes = good();
	memset(bytes.records[1].comm, 'x', sizeof(bytes.records[1].comm));
	assert_int_equal(open_bytes(&bytes, sizeof(bytes)), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read_again),
		cmocka_unit_test(a_written_dump_cannot_be_changed),
		cmocka_unit_test(a_writer_that_fails_leaves_no_dump),
		cmocka_unit_test(a_file_that_cannot_be_written_fails),
		cmocka_unit_test(what_is_not_sealed_is_refused),
		cmocka_unit_test(what_is_no_file_of_ours_is_refused),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(more_than_the_header_says_is_refused),
		cmocka_unit_test(a_header_that_lies_is_refused),
		cmocka_unit_test(a_record_that_lies_is_refused),
		cmocka_unit_test(a_name_without_end_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
