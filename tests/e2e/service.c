// SPDX-License-Identifier: Apache-2.0
#include "service.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "check.h"
#include "space.h"
#include "user/base/util.h"
#include "watch.h"

#define LISTEN_S 60
#define STOP_S 10
#define PATHS_MAX 16
#define PIDS_MAX 256

struct service {
	char netns[32];
	char name[32];
	char user[32]; /* empty: root */
	uid_t uid;
	gid_t gid;
	char folder[64];
	char cgroup[64];
	char *paths[PATHS_MAX];
	size_t paths_count;
	pid_t pid;  /* 0: does not run */
	int output; /* an unnamed file */
};

static void find_user(struct service *service, const char *user)
{
	const struct passwd *entry = getpwnam(user);

	if (!entry) {
		fail_msg("there is no user %s", user);
		return;
	}
	snprintf(service->user, sizeof(service->user), "%s", user);
	service->uid = entry->pw_uid;
	service->gid = entry->pw_gid;
}

struct service *service_new(const char *netns, const char *name, const char *user)
{
	struct service *service = calloc(1, sizeof(*service));

	assert_non_null(service);
	if (user)
		find_user(service, user);
	snprintf(service->netns, sizeof(service->netns), "%s", netns);
	snprintf(service->name, sizeof(service->name), "%s", name);
	snprintf(service->folder, sizeof(service->folder), "/tmp/pg-%s-XXXXXX", service->name);
	assert_non_null(mkdtemp(service->folder));
	assert_int_equal(chmod(service->folder, 0755), 0);
	assert_int_equal(chown(service->folder, service->uid, service->gid), 0);
	snprintf(service->cgroup, sizeof(service->cgroup), "%s", strrchr(service->folder, '/') + 1);
	cgroup_make(service->cgroup);
	service->output = open("/tmp", O_TMPFILE | O_RDWR | O_APPEND | O_CLOEXEC, 0600);
	assert_true(service->output >= 0);
	return service;
}

int service_free(struct service *service)
{
	int r;

	if (!service)
		return 0;
	service_stop(service);
	r = cgroup_remove(service->cgroup);
	must("rm", "-r", service->folder);
	close(service->output);
	for (size_t i = 0; i < service->paths_count; i++)
		free(service->paths[i]);
	free(service);
	return r;
}

const char *service_folder(const struct service *service)
{
	return service->folder;
}

const char *service_path(struct service *service, const char *file)
{
	char **path = &service->paths[service->paths_count];

	for (size_t i = 0; i < service->paths_count; i++)
		if (!strcmp(service->paths[i] + strlen(service->folder) + 1, file))
			return service->paths[i];
	assert_true(service->paths_count < PATHS_MAX);
	assert_true(asprintf(path, "%s/%s", service->folder, file) > 0);
	service->paths_count++;
	return *path;
}

void service_write_as(struct service *service, const char *file, mode_t mode, const char *content)
{
	const char *path = service_path(service, file);
	FILE *stream = fopen(path, "we");

	if (!stream)
		fail_msg("cannot write %s", path);
	assert_int_equal(fchmod(fileno(stream), mode), 0);
	assert_int_equal(fchown(fileno(stream), service->uid, service->gid), 0);
	assert_true(fputs(content, stream) >= 0);
	assert_int_equal(fclose(stream), 0);
}

void service_write(struct service *service, const char *file, const char *format, ...)
{
	CLEANUP(freep) char *content = NULL;
	va_list args;
	int r;

	va_start(args, format);
	r = vasprintf(&content, format, args);
	va_end(args);
	assert_true(r >= 0);
	service_write_as(service, file, 0644, content);
}

/* In the child, which the parent has put into the cgroup once it may go on. */
static _Noreturn void become(const struct service *service, const char *const *argv,
			     const int gate[2])
{
	char go;

	close(gate[1]);
	if (read(gate[0], &go, 1) != 1)
		_exit(126);
	dup2(open("/dev/null", O_RDWR | O_CLOEXEC), STDIN_FILENO);
	dup2(service->output, STDOUT_FILENO);
	dup2(service->output, STDERR_FILENO);
	setsid();
	if (unshare(CLONE_NEWIPC) < 0) /* shared memory that is killed goes with it */
		_exit(126);
	space_enter(service->netns);
	if (*service->user && (initgroups(service->user, service->gid) < 0 ||
			       setgid(service->gid) < 0 || setuid(service->uid) < 0))
		_exit(126);
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a change of user clears it */
	if (chdir(service->folder) < 0)
		_exit(126);
	execvp(argv[0], (char *const *)argv);
	dprintf(STDERR_FILENO, "cannot run %s: %m\n", argv[0]);
	_exit(127);
}

static void launch(struct service *service, const char *const *argv)
{
	int gate[2];

	assert_int_equal(service->pid, 0);
	assert_int_equal(pipe2(gate, O_CLOEXEC), 0);
	service->pid = fork();
	assert_true(service->pid >= 0);
	if (service->pid == 0)
		become(service, argv, gate);
	cgroup_move(service->cgroup, service->pid);
	assert_int_equal(write(gate[1], "", 1), 1);
	close(gate[0]);
	close(gate[1]);
}

static _Noreturn void give_up(struct service *service, const char *what)
{
	fail_msg("%s %s: %s", service->name, what, service_output(service));
	abort(); /* fail_msg has left */
}

static bool has_port(const struct service *service, const char *protocol, uint16_t port)
{
	char filter[32];

	snprintf(filter, sizeof(filter), "'sport = :%u'", port);
	return space_ss(service->netns, strcmp(protocol, "udp") != 0 ? "-tl" : "-ua", filter) > 0;
}

void service_start(struct service *service, const char *protocol, uint16_t port,
		   const char *const *argv)
{
	uint64_t deadline = deadline_in(LISTEN_S);

	launch(service, argv);
	while (port && !has_port(service, protocol, port)) {
		if (!program_runs(service->pid))
			give_up(service, "ended");
		if (deadline_in(0) > deadline)
			give_up(service, "does not listen");
		usleep(20000);
	}
}

void service_run(struct service *service, const char *const *argv)
{
	int status;

	launch(service, argv);
	status = service_await(service, LISTEN_S);
	if (status) {
		service_stop(service);
		give_up(service, argv[0]);
	}
}

pid_t service_pid(const struct service *service)
{
	return service->pid;
}

static bool is_called(pid_t pid, const char *process)
{
	char path[64];
	char comm[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fgets(comm, sizeof(comm), file))
		comm[strcspn(comm, "\n")] = '\0';
	fclose(file);
	return !strcmp(comm, process);
}

pid_t service_pid_of(const struct service *service, const char *process)
{
	pid_t pids[PIDS_MAX];
	size_t count = cgroup_pids(service->cgroup, pids, PIDS_MAX);

	for (size_t i = 0; i < count && i < PIDS_MAX; i++)
		if (is_called(pids[i], process))
			return pids[i];
	return 0;
}

bool service_has(const struct service *service, pid_t pid)
{
	pid_t pids[PIDS_MAX];
	size_t count = cgroup_pids(service->cgroup, pids, PIDS_MAX);

	for (size_t i = 0; i < count && i < PIDS_MAX; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

int service_await(struct service *service, unsigned int seconds)
{
	uint64_t deadline = deadline_in(seconds);
	int status;

	assert_true(service->pid > 0);
	while (waitpid(service->pid, &status, WNOHANG) == 0) {
		if (deadline_in(0) > deadline)
			return -1;
		usleep(5000);
	}
	service->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void service_stop(struct service *service)
{
	if (service->pid) {
		kill(service->pid, SIGTERM);
		if (service_await(service, STOP_S) == -1) {
			kill(service->pid, SIGKILL);
			service_await(service, STOP_S);
		}
	}
	service->pid = 0;
	cgroup_kill(service->cgroup);
}

char *service_output(const struct service *service)
{
	off_t size = lseek(service->output, 0, SEEK_END);
	char *output = calloc(1, (size_t)size + 1);

	assert_non_null(output);
	assert_int_equal(pread(service->output, output, (size_t)size, 0), size);
	return output;
}
