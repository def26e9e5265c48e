// SPDX-License-Identifier: Apache-2.0
#include "exporters/exec/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <systemd/sd-event.h>

#include "user/base/util.h"

#define NS_PER_US 1000ULL
#define CHUNK 4096
#define LAST_CHUNKS 16 /* are read after it ended: others may write on and on */
#define FIRST_OTHER_FD 3

struct hook {
	pid_t pid;
	int output_fd;
	sd_event_source *child;
	sd_event_source *output;
	sd_event_source *timer;
	bool overdue;
	hook_ended *ended;
	void *context;
	size_t length;
	char text[HOOK_OUTPUT_MAX + 1];
};

/* --- while it runs --------------------------------------------------------------------------- */

static void keep(struct hook *hook, const char *data, size_t size)
{
	size_t room = HOOK_OUTPUT_MAX - hook->length;
	size_t n = size < room ? size : room;

	memcpy(hook->text + hook->length, data, n);
	hook->length += n;
}

/* False: there is no more, now or ever. */
static bool read_output(struct hook *hook)
{
	char data[CHUNK];
	ssize_t n = read(hook->output_fd, data, sizeof(data));

	if (n > 0)
		keep(hook, data, (size_t)n);
	if (n == 0)
		sd_event_source_set_enabled(hook->output, SD_EVENT_OFF);
	return n > 0;
}

static int on_output(sd_event_source *source, int fd, uint32_t events, void *context)
{
	(void)source;
	(void)fd;
	(void)events;
	read_output(context);
	return 0;
}

static void set_timer(struct hook *hook, uint64_t after_ns)
{
	sd_event_source_set_time_relative(hook->timer, after_ns / NS_PER_US);
	sd_event_source_set_enabled(hook->timer, SD_EVENT_ONESHOT);
}

static int on_overdue(sd_event_source *timer, uint64_t time_us, void *context)
{
	struct hook *hook = context;

	(void)timer;
	(void)time_us;
	kill(-hook->pid, hook->overdue ? SIGKILL : SIGTERM);
	if (!hook->overdue)
		set_timer(hook, HOOK_GRACE_NS);
	hook->overdue = true;
	return 0;
}

/* Lines become one; what ends it is no part of it. */
static void join_lines(struct hook *hook)
{
	while (hook->length && strchr(" \t\r\n", hook->text[hook->length - 1]))
		hook->length--;
	for (size_t i = 0; i < hook->length; i++)
		if (strchr("\t\r\n", hook->text[i]))
			hook->text[i] = ' ';
	hook->text[hook->length] = '\0';
}

static int on_end(sd_event_source *source, const siginfo_t *info, void *context)
{
	struct hook *hook = context;
	char reason[64] = "";

	(void)source;
	if (hook->overdue)
		kill(-hook->pid, SIGKILL); /* its children had their time as well */
	for (int i = 0; i < LAST_CHUNKS && read_output(hook); i++)
		;
	join_lines(hook);
	sd_event_source_set_enabled(hook->timer, SD_EVENT_OFF);
	if (hook->overdue)
		snprintf(reason, sizeof(reason), "it did not end in time");
	else if (info->si_code != CLD_EXITED)
		snprintf(reason, sizeof(reason), "it was killed by signal %d", info->si_status);
	else if (info->si_status)
		snprintf(reason, sizeof(reason), "its exit status is %d", info->si_status);
	hook->pid = 0; /* it is reaped after this call */
	hook->ended(hook->context, *reason ? reason : NULL, hook->text);
	return 0;
}

/* --- how it starts --------------------------------------------------------------------------- */

/* A file needs no one to write it, however slowly it is read. */
static int make_input(const char *input)
{
	CLEANUP(fd_closep) int fd = memfd_create("portgauge-alert", MFD_CLOEXEC);
	size_t size = strlen(input);

	if (fd < 0)
		return -errno;
	while (size) {
		ssize_t n = write(fd, input, size);

		if (n < 0)
			return -errno;
		input += n;
		size -= (size_t)n;
	}
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none;
	sigset_t every;

	sigemptyset(&none);
	sigfillset(&every);
	posix_spawnattr_setpgroup(attributes, 0);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setsigdefault(attributes, &every);
	return -posix_spawnattr_setflags(
		attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static int set_files(posix_spawn_file_actions_t *files, int input, int output)
{
	int r = posix_spawn_file_actions_adddup2(files, input, STDIN_FILENO);

	if (r == 0)
		r = posix_spawn_file_actions_adddup2(files, output, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(files, output, STDERR_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(files, FIRST_OTHER_FD);
	return -r;
}

static int spawn(struct hook *hook, const struct hook_config *config, int input, int output)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	int r;

	if (posix_spawn_file_actions_init(&files) != 0)
		return -ENOMEM;
	if (posix_spawnattr_init(&attributes) != 0) {
		posix_spawn_file_actions_destroy(&files);
		return -ENOMEM;
	}
	r = set_attributes(&attributes);
	if (r == 0)
		r = set_files(&files, input, output);
	if (r == 0)
		r = -posix_spawn(&hook->pid, config->argv[0], &files, &attributes,
				 (char *const *)config->argv, (char *const *)config->environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return r;
}

static int watch(struct hook *hook, const struct hook_config *config, struct sd_event *event)
{
	int r = sd_event_add_child(event, &hook->child, hook->pid, WEXITED, on_end, hook);

	if (r >= 0)
		r = sd_event_add_io(event, &hook->output, hook->output_fd, EPOLLIN, on_output,
				    hook);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &hook->timer, CLOCK_MONOTONIC,
					       config->timeout_ns / NS_PER_US, 0, on_overdue, hook);
	return r < 0 ? r : 0;
}

static int start(struct hook *hook, const struct hook_config *config, struct sd_event *event)
{
	CLEANUP(fd_closep) int input = make_input(config->input);
	CLEANUP(fd_closep) int output = -1;
	int pipes[2];
	int r;

	if (input < 0)
		return input;
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	hook->output_fd = pipes[0];
	output = pipes[1];
	if (fcntl(hook->output_fd, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	r = spawn(hook, config, input, output);
	return r < 0 ? r : watch(hook, config, event);
}

int hook_start(struct hook **ret, const struct hook_config *config, struct sd_event *event)
{
	struct hook *hook = calloc(1, sizeof(*hook));
	int r;

	if (!hook)
		return -ENOMEM;
	hook->output_fd = -1;
	hook->ended = config->ended;
	hook->context = config->context;
	r = start(hook, config, event);
	if (r < 0) {
		hook_close(hook);
		return r;
	}
	*ret = hook;
	return 0;
}

void hook_close(struct hook *hook)
{
	if (!hook)
		return;
	sd_event_source_disable_unref(hook->child);
	sd_event_source_disable_unref(hook->output);
	sd_event_source_disable_unref(hook->timer);
	if (hook->pid > 0) {
		kill(-hook->pid, SIGKILL);
		waitpid(hook->pid, NULL, 0);
	}
	fd_closep(&hook->output_fd);
	free(hook);
}
