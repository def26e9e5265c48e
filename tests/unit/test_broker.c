// SPDX-License-Identifier: Apache-2.0
/* The broker over its socket: what it answers, and what it does with what no agent would say. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "user/base/util.h"
#include "user/host/broker.h"
#include "user/host/broker_message.h"
#include "user/host/broker_serve.h"
#include "user/host/privilege.h"

/* The broker's process without its privileges: it may do what the test may. */
struct server {
	pid_t pid;
	int socket;
};

static int open_null(int fd)
{
	(void)fd;
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int start(void **state)
{
	struct server *server = calloc(1, sizeof(*server));
	int pair[2];

	assert_non_null(server);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	server->socket = pair[0];
	server->pid = fork();
	assert_true(server->pid >= 0);
	if (!server->pid) {
		struct netns_looks looks = { .open = open_null, .count = 2 };

		close(pair[0]);
		broker_serve(pair[1], open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), &looks);
		_exit(42);
	}
	close(pair[1]);
	*state = server;
	return 0;
}

/* Once nobody is there to ask, it ends by itself. */
static int stop(void **state)
{
	struct server *server = *state;
	int status;

	close(server->socket);
	assert_int_equal(waitpid(server->pid, &status, 0), server->pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 42);
	free(server);
	return 0;
}

static size_t open_files(void)
{
	size_t count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* The error of the answer; descriptors that come with it are closed. */
static int32_t ask_with(const struct server *server, const void *data, size_t size, int given,
			struct broker_answer *answer, size_t *ret_count)
{
	int fds[DOOR__COUNT];
	size_t count = ARRAY_SIZE(fds);

	assert_int_equal(broker_send(server->socket, data, size, &given, given >= 0), 0);
	assert_int_equal(broker_receive(server->socket, answer, sizeof(*answer), fds, &count), 0);
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
	if (ret_count)
		*ret_count = count;
	return answer->error;
}

static int32_t ask(const struct server *server, struct broker_question question)
{
	struct broker_answer answer;

	return ask_with(server, &question, sizeof(question), -1, &answer, NULL);
}

static uint32_t our_netns(void)
{
	struct stat st;

	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	return (uint32_t)st.st_ino;
}

static void it_goes_on(const struct server *server)
{
	assert_int_equal(ask(server, (struct broker_question){ .kind = BROKER_PROCESSES }), 0);
}

/* --- what no agent would say ----------------------------------------------------------------- */

static void a_message_of_another_size_is_refused(void **state)
{
	char bytes[sizeof(struct broker_question) + 1] = { BROKER_PROCESSES };
	struct broker_answer answer;

	assert_int_equal(ask_with(*state, bytes, 1, -1, &answer, NULL), -EBADMSG);
	assert_int_equal(ask_with(*state, bytes, sizeof(bytes) - 2, -1, &answer, NULL), -EBADMSG);
	assert_int_equal(ask_with(*state, bytes, sizeof(bytes), -1, &answer, NULL), -EBADMSG);
	it_goes_on(*state);
}

static void an_unknown_question_is_refused(void **state)
{
	assert_int_equal(ask(*state, (struct broker_question){ .kind = 0 }), -EBADMSG);
	assert_int_equal(ask(*state, (struct broker_question){ .kind = BROKER__END }), -EBADMSG);
	assert_int_equal(ask(*state, (struct broker_question){ .kind = UINT32_MAX }), -EBADMSG);
	it_goes_on(*state);
}

static void a_file_goes_with_a_namespace_only(void **state)
{
	struct broker_question question = { .kind = BROKER_SOCKETS, .pid = 1 };
	CLEANUP(fd_closep) int file = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct broker_answer answer;
	size_t count;

	assert_int_equal(ask_with(*state, &question, sizeof(question), file, &answer, &count),
			 -EBADMSG);
	assert_int_equal(count, 0);
	it_goes_on(*state);
}

static void several_files_are_refused(void **state)
{
	const struct server *server = *state;
	struct broker_question question = { .kind = BROKER_NETNS, .inode = our_netns() };
	struct broker_answer answer;
	int none[DOOR__COUNT];
	int files[] = { 0, 0 };
	size_t count = ARRAY_SIZE(none);

	assert_int_equal(broker_send(server->socket, &question, sizeof(question), files, 2), 0);
	assert_int_equal(broker_receive(server->socket, &answer, sizeof(answer), none, &count), 0);
	assert_int_equal(answer.error, -EBADMSG);
	it_goes_on(*state);
}

/* What a file is, setns() says; that it is the one that was asked for, its number. */
static void a_file_that_is_no_namespace_is_refused(void **state)
{
	struct broker_question question = { .kind = BROKER_NETNS };
	CLEANUP(fd_closep) int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct broker_answer answer;
	struct stat st;

	assert_int_equal(fstat(file, &st), 0);
	question.inode = (uint32_t)st.st_ino;
	assert_true(ask_with(*state, &question, sizeof(question), file, &answer, NULL) < 0);
	question.inode++;
	assert_int_equal(ask_with(*state, &question, sizeof(question), file, &answer, NULL),
			 -ESTALE);
	it_goes_on(*state);
}

static void a_process_in_another_namespace_is_stale(void **state)
{
	struct broker_question question = { BROKER_NETNS, (uint32_t)getpid(), our_netns() + 1, 0 };

	assert_int_equal(ask(*state, question), -ESTALE);
	question.pid = INT32_MAX;
	assert_int_equal(ask(*state, question), -ENOENT);
}

/* --- what comes back ------------------------------------------------------------------------- */

static void a_program_is_told_by_name(void **state)
{
	struct broker_question question = { .kind = BROKER_PROGRAM, .pid = (uint32_t)getpid() };
	struct broker_answer answer;
	char own[PATH_MAX] = "";
	size_t count;

	assert_true(readlink("/proc/self/exe", own, sizeof(own) - 1) > 0);
	assert_int_equal(ask_with(*state, &question, sizeof(question), -1, &answer, &count), 0);
	assert_string_equal(answer.text, own);
	assert_int_equal(count, 0);
}

static void no_descriptor_stays_behind(void **state)
{
	size_t before = open_files();

	for (int i = 0; i < 8; i++)
		it_goes_on(*state);
	assert_int_equal(open_files(), before);
}

/* --- the agent's side ------------------------------------------------------------------------ */

/* A peer that is not our broker: it says what the test wrote. */
static void an_answer_of_another_size_is_refused(void **state)
{
	struct broker_answer answer;
	size_t count = 0;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(broker_send(pair[0], "short", 5, NULL, 0), 0);
	assert_int_equal(broker_receive(pair[1], &answer, sizeof(answer), NULL, &count), -EBADMSG);
	close(pair[0]);
	assert_int_equal(broker_receive(pair[1], &answer, sizeof(answer), NULL, &count),
			 -ECONNRESET);
	close(pair[1]);
}

static void descriptors_nobody_asked_for_are_closed(void **state)
{
	static const struct broker_answer sent;
	struct broker_answer answer;
	int files[] = { 0, 1 };
	size_t before = open_files();
	size_t count = 0;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(broker_send(pair[0], &sent, sizeof(sent), files, 2), 0);
	assert_int_equal(broker_receive(pair[1], &answer, sizeof(answer), NULL, &count), -EBADMSG);
	close(pair[0]);
	close(pair[1]);
	assert_int_equal(open_files(), before);
}

/* As many more as the process may open. */
static rlim_t allow_open_files(size_t more)
{
	struct rlimit limit;
	rlim_t before;
	int next = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(next >= 0);
	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	before = limit.rlim_cur;
	limit.rlim_cur = (rlim_t)next + more;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	return before;
}

static void allow_again(rlim_t files)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = files;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* It passes: no reason to do without the broker for ever. */
static void an_agent_without_a_descriptor_left_keeps_its_broker(void **state)
{
	static const struct netns_looks no_looks;
	struct netns_processes processes;
	struct broker *broker = NULL;
	rlim_t files;
	int r;

	(void)state;
	assert_int_equal(broker_start(&broker, PRIVILEGE_DIAG, &no_looks), 0);
	if (!broker) {
		print_message("who has no privilege has no broker\n");
		return;
	}
	files = allow_open_files(0);
	r = broker_processes(broker, &processes, "/proc");
	allow_again(files);
	assert_int_equal(r, -EMFILE);
	assert_true(broker_works(broker));
	assert_int_equal(broker_processes(broker, &processes, "/proc"), 0);
	assert_true(processes.count > 0);
	netns_processes_done(&processes);
	broker_free(broker);
}

static void descriptors_that_find_no_room_are_no_bad_message(void **state)
{
	static const struct broker_answer sent;
	struct broker_answer answer;
	int files[] = { 0, 1 };
	int taken[] = { -1, -1 };
	size_t before = open_files();
	size_t count = 2;
	int pair[2];
	rlim_t allowed;
	int r;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(broker_send(pair[0], &sent, sizeof(sent), files, 2), 0);
	allowed = allow_open_files(1);
	r = broker_receive(pair[1], &answer, sizeof(answer), taken, &count);
	allow_again(allowed);
	assert_int_equal(r, -EMFILE);
	close(pair[0]);
	close(pair[1]);
	assert_int_equal(open_files(), before);
}

/* Without one, everybody may look at himself. */
static void without_a_broker_one_sees_oneself(void **state)
{
	struct netns_processes processes;
	char program[PATH_MAX];
	bool found = false;

	(void)state;
	assert_true(broker_works(NULL));
	assert_int_equal(broker_processes(NULL, &processes, "/proc"), 0);
	for (size_t i = 0; i < processes.count; i++)
		found |= processes.entries[i].pid == (uint32_t)getpid() &&
			 processes.entries[i].inode == our_netns();
	assert_true(found);
	netns_processes_done(&processes);
	assert_int_equal(
		broker_program(NULL, program, sizeof(program), "/proc", (uint32_t)getpid()), 0);
	assert_non_null(strstr(program, "test_broker"));
}

/* Its process is only there to hold what one has. */
static void who_has_nothing_to_give_up_has_no_broker(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (!pid) {
		struct broker *broker = (struct broker *)&status;

		_exit(privilege_drop(NULL, NULL, NULL) == 0 &&
				      !privilege_has_brokers(PRIVILEGE_DIAG) &&
				      broker_start(&broker, PRIVILEGE_DIAG, NULL) == 0 && !broker
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define SERVED(function) cmocka_unit_test_setup_teardown(function, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVED(a_message_of_another_size_is_refused),
		SERVED(an_unknown_question_is_refused),
		SERVED(a_file_goes_with_a_namespace_only),
		SERVED(several_files_are_refused),
		SERVED(a_file_that_is_no_namespace_is_refused),
		SERVED(a_process_in_another_namespace_is_stale),
		SERVED(a_program_is_told_by_name),
		SERVED(no_descriptor_stays_behind),
		cmocka_unit_test(an_answer_of_another_size_is_refused),
		cmocka_unit_test(descriptors_nobody_asked_for_are_closed),
		cmocka_unit_test(an_agent_without_a_descriptor_left_keeps_its_broker),
		cmocka_unit_test(descriptors_that_find_no_room_are_no_bad_message),
		cmocka_unit_test(without_a_broker_one_sees_oneself),
		cmocka_unit_test(who_has_nothing_to_give_up_has_no_broker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
