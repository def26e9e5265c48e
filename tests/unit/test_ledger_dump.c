// SPDX-License-Identifier: Apache-2.0
/* What the ledger has is what its dump says. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/books.h"
#include "user/verify/ledger_dump.h"
#include "user/base/util.h"

static struct holds_dump dump(struct books *books)
{
	const struct holds_dump_header header = { .source = "test" };
	CLEANUP(fd_closep) int fd = memfd_create("holds", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct holds_dump ret = { 0 };

	assert_int_equal(ledger_dump(books->ledger, fd, &header), 0);
	assert_int_equal(holds_dump_open(&ret, fd), 0);
	return ret;
}

static void an_empty_ledger_has_an_empty_dump(void **state)
{
	struct books books = books_open();
	CLEANUP(holds_dump_done) struct holds_dump all = dump(&books);

	(void)state;
	assert_int_equal(all.count, 0);
	books_close(&books);
}

static void every_hold_is_there_as_it_is_now(void **state)
{
	struct books books = books_open();
	CLEANUP(holds_dump_done) struct holds_dump all = { 0 };

	(void)state;
	take(&books, .id = 1, .port = 40000, .pid = 77, .comm = "nginx");
	take(&books, .id = 2, .port = 40001);
	take(&books, .id = 3, .port = 40002, .path = PATH_BIND, .nowhere = true);
	time_wait(&books, .id = 1);
	release(&books, .id = 2);
	all = dump(&books);
	assert_int_equal(all.count, 2);
	assert_int_equal(all.records[0].id, 1);
	assert_int_equal(all.records[0].state, HOLD_TIME_WAIT);
	assert_int_equal(all.records[0].path, PATH_CONNECT);
	assert_int_equal(all.records[0].pid, 77);
	assert_int_equal(all.records[0].tuple.remote_port, EVENT_REMOTE_PORT);
	assert_int_equal(all.records[0].tuple.netns, EVENT_NETNS);
	assert_string_equal(all.records[0].comm, "nginx");
	assert_int_equal(all.records[1].id, 3);
	assert_int_equal(all.records[1].state, HOLD_ACTIVE);
	assert_int_equal(all.records[1].tuple.port, 40002);
	assert_int_equal(all.records[1].tuple.remote_port, 0);
	books_close(&books);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_ledger_has_an_empty_dump),
		cmocka_unit_test(every_hold_is_there_as_it_is_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
