// SPDX-License-Identifier: Apache-2.0
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "space.h"
#include "user/base/clock.h"

#define NOBODY 65534
#define TIMEOUT_S 60
#define STOP_S 60
#define NS_PER_SECOND 1000000000ULL

static void hide_btf(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "/sys/kernel/btf", "tmpfs", 0, NULL) < 0)
		_exit(126);
}

static _Noreturn void become(const struct launch *launch, const char *const *argv, int output)
{
	int null = open("/dev/null", O_RDWR);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(null, STDIN_FILENO);
	dup2(output >= 0 ? output : null, STDOUT_FILENO);
	dup2(output >= 0 ? output : null, STDERR_FILENO);
	if (launch && launch->netns)
		space_enter(launch->netns);
	if (launch && launch->without_btf)
		hide_btf();
	if (launch && launch->unprivileged && (setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
		_exit(126);
	execvp(argv[0], (char *const *)argv);
	fprintf(stderr, "cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

pid_t start_program(const struct launch *launch, const char *const *argv, int output)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		become(launch, argv, output);
	return pid;
}

static int exit_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* -1: it did not end in time. */
static int wait_for(pid_t pid, int seconds)
{
	uint64_t deadline = clock_ns(CLOCK_MONOTONIC) + (uint64_t)seconds * NS_PER_SECOND;
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (clock_ns(CLOCK_MONOTONIC) > deadline)
			return -1;
		usleep(5000);
	}
	return exit_status(status);
}

int stop_program(pid_t pid)
{
	int status;

	kill(pid, SIGTERM);
	status = wait_for(pid, STOP_S);
	if (status < 0) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		return -1;
	}
	return status;
}

/* Fails where somebody removes what is just seen: nobody does. */
static int hand_over(const char *path, const struct stat *st, int type, struct FTW *where)
{
	const char *number = getenv("E2E_AGENT_USER");
	uid_t user = number ? (uid_t)strtoul(number, NULL, 10) : getuid();

	(void)type;
	(void)where;
	return st->st_uid == user ? 0 : lchown(path, user, (gid_t)-1);
}

void agents_own(const char *path)
{
	if (nftw(path, hand_over, 16, FTW_PHYS | FTW_MOUNT) != 0)
		fail_msg("cannot hand over %s: %s", path, strerror(errno));
}

bool program_runs(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && !info.si_pid;
}

/* Reads until the end of the stream or the deadline; false: the deadline. */
static bool read_all(int fd, char *buffer, uint64_t deadline)
{
	size_t used = 0;

	for (;;) {
		struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
		uint64_t now = clock_ns(CLOCK_MONOTONIC);
		ssize_t n;

		if (now > deadline)
			return false;
		if (poll(&poll_fd, 1, (int)((deadline - now) / 1000000) + 1) <= 0)
			continue;
		n = read(fd, buffer + used, OUTPUT_MAX - 1 - used);
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	buffer[used] = '\0';
	return true;
}

struct result run_program(const struct launch *launch, const char *const *argv)
{
	int timeout_s = launch && launch->timeout_s ? launch->timeout_s : TIMEOUT_S;
	uint64_t deadline = clock_ns(CLOCK_MONOTONIC) + (uint64_t)timeout_s * NS_PER_SECOND;
	struct result result = { .out = calloc(1, OUTPUT_MAX) };
	int pipes[2];
	pid_t pid;

	assert_non_null(result.out);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid = start_program(launch, argv, pipes[1]);
	close(pipes[1]);
	if (read_all(pipes[0], result.out, deadline))
		result.status = wait_for(pid, timeout_s);
	else
		result.status = -1;
	if (result.status < 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	close(pipes[0]);
	return result;
}

void result_done(struct result *result)
{
	free(result->out);
	result->out = NULL;
}

void must_run(const char *const *argv)
{
	struct result result = run_program(NULL, argv);

	if (result.status)
		fail_msg("%s %s %s: status %d: %s", argv[0], argv[1], argv[2] ? argv[2] : "",
			 result.status, result.out);
	result_done(&result);
}
