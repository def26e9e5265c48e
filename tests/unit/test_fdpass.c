// SPDX-License-Identifier: Apache-2.0
/* Descriptors over a socket, and what comes instead. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "user/verify/fdpass.h"
#include "user/base/util.h"

struct line {
	int near;
	int far;
};

static struct line open_line(void)
{
	static const struct timeval moment = { .tv_usec = 20000 };
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(setsockopt(fds[1], SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof(moment)), 0);
	return (struct line){ fds[0], fds[1] };
}

static void close_line(struct line *line)
{
	close(line->near);
	close(line->far);
}

static unsigned int open_files(void)
{
	DIR *directory = opendir("/proc/self/fd");
	unsigned int count = 0;

	assert_non_null(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

static void the_same_file_arrives(void **state)
{
	struct line line = open_line();
	int sent = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct stat before;
	struct stat after;
	int got;

	(void)state;
	assert_int_equal(fdpass_send(line.near, sent), 0);
	got = fdpass_receive(line.far);
	assert_true(got >= 0 && got != sent);
	assert_int_equal(fstat(sent, &before), 0);
	assert_int_equal(fstat(got, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(fcntl(got, F_GETFD), FD_CLOEXEC);
	close(got);
	close(sent);
	close_line(&line);
}

static void nothing_in_time_is_told(void **state)
{
	struct line line = open_line();

	(void)state;
	assert_int_equal(fdpass_receive(line.far), -ETIMEDOUT);
	close_line(&line);
}

static void hanging_up_is_told(void **state)
{
	struct line line = open_line();

	(void)state;
	shutdown(line.near, SHUT_WR);
	assert_int_equal(fdpass_receive(line.far), -ECONNRESET);
	close_line(&line);
}

static void a_peer_that_left_is_no_signal(void **state)
{
	struct line line = open_line();

	(void)state;
	close(line.far);
	assert_int_equal(fdpass_send(line.near, STDERR_FILENO), -EPIPE);
	close(line.near);
}

static void a_byte_without_a_descriptor_is_refused(void **state)
{
	struct line line = open_line();

	(void)state;
	assert_int_equal(write(line.near, "x", 1), 1);
	assert_int_equal(fdpass_receive(line.far), -EBADMSG);
	close_line(&line);
}

static void send_many(int socket, size_t count)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(32 * sizeof(int))];
	} ancillary = { 0 };
	struct iovec data = { "x", 1 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &ancillary,
		.msg_controllen = CMSG_SPACE(count * sizeof(int)),
	};
	struct cmsghdr *part = CMSG_FIRSTHDR(&message);

	part->cmsg_level = SOL_SOCKET;
	part->cmsg_type = SCM_RIGHTS;
	part->cmsg_len = CMSG_LEN(count * sizeof(int));
	for (size_t i = 0; i < count; i++)
		memcpy(CMSG_DATA(part) + i * sizeof(int), &socket, sizeof(int));
	assert_int_equal(sendmsg(socket, &message, 0), 1);
}

static void more_than_one_is_refused_and_none_stays_open(void **state)
{
	static const size_t counts[] = { 2, 8, 9, 32 };
	struct line line = open_line();
	unsigned int before = open_files();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		send_many(line.near, counts[i]);
		assert_int_equal(fdpass_receive(line.far), -EBADMSG);
		assert_int_equal(open_files(), before);
	}
	close_line(&line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_file_arrives),
		cmocka_unit_test(nothing_in_time_is_told),
		cmocka_unit_test(hanging_up_is_told),
		cmocka_unit_test(a_peer_that_left_is_no_signal),
		cmocka_unit_test(a_byte_without_a_descriptor_is_refused),
		cmocka_unit_test(more_than_one_is_refused_and_none_stays_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
