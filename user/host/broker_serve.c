// SPDX-License-Identifier: Apache-2.0
#include "user/host/broker_serve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/base/util.h"
#include "user/host/broker_message.h"
#include "user/host/netns.h"
#include "user/host/procsockets.h"

#define PROC "/proc"

struct serving {
	int home;
	const struct netns_looks *looks;
	struct broker_question question;
	int given; /* the file of a namespace; -1: none */
	struct broker_answer answer;
	struct netns_door door; /* what goes with the answer */
	int file;               /* or this */
};

/* --- answers --------------------------------------------------------------------------------- */

static int put_file(struct serving *serving, const void *data, size_t size)
{
	int fd = memfd_create("broker", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	serving->file = fd;
	for (size_t at = 0; at < size;) {
		ssize_t n = write(fd, (const char *)data + at, size - at);

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		at += (size_t)n;
	}
	return 0;
}

static int answer_processes(struct serving *serving)
{
	CLEANUP(netns_processes_done) struct netns_processes processes = { 0 };
	int r = netns_list_processes(&processes, PROC);

	return r < 0 ? r
		     : put_file(serving, processes.entries,
				processes.count * sizeof(*processes.entries));
}

static int open_namespace(const struct serving *serving)
{
	char path[PATH_MAX];
	int fd;

	if (serving->given >= 0)
		fd = fcntl(serving->given, F_DUPFD_CLOEXEC, 0);
	else {
		snprintf(path, sizeof(path), PROC "/%u/ns/net", serving->question.pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	return fd < 0 ? -errno : fd;
}

/* The process may have gone to another namespace since, or be another one. setns() checks that it
 * is a network namespace at all. */
static int answer_netns(struct serving *serving)
{
	CLEANUP(fd_closep) int away = open_namespace(serving);
	struct stat st;
	int r;

	if (away < 0)
		return away;
	if (fstat(away, &st) < 0)
		return -errno;
	if ((uint32_t)st.st_ino != serving->question.inode)
		return -ESTALE;
	if (setns(away, CLONE_NEWNET) < 0)
		return -errno;
	r = netns_door_open(&serving->door, serving->question.extent ? serving->looks : NULL);
	if (setns(serving->home, CLONE_NEWNET) < 0)
		_exit(EXIT_FAILURE); /* all that follows would be of the wrong one */
	return r;
}

static int answer_sockets(struct serving *serving)
{
	CLEANUP(procsockets_done) struct procsockets sockets = { 0 };
	int r = procsockets_read(&sockets, PROC, serving->question.pid, serving->question.extent);

	if (r < 0)
		return r;
	serving->answer.count = (uint32_t)sockets.looked_at;
	return put_file(serving, sockets.inodes, sockets.count * sizeof(*sockets.inodes));
}

static int answer_program(struct serving *serving)
{
	return procsockets_program(serving->answer.text, sizeof(serving->answer.text), PROC,
				   serving->question.pid);
}

/* --- questions ------------------------------------------------------------------------------- */

/* Only the question about a namespace comes with a file. */
static int choose_answer(struct serving *serving)
{
	if (serving->given >= 0 && serving->question.kind != BROKER_NETNS)
		return -EBADMSG;
	switch (serving->question.kind) {
	case BROKER_PROCESSES:
		return answer_processes(serving);
	case BROKER_NETNS:
		return answer_netns(serving);
	case BROKER_SOCKETS:
		return answer_sockets(serving);
	case BROKER_PROGRAM:
		return answer_program(serving);
	default:
		return -EBADMSG;
	}
}

static int send_answer(struct serving *serving, int socket)
{
	int fds[DOOR__COUNT];
	size_t count = 0;

	if (serving->answer.error == 0 && serving->file >= 0)
		fds[count++] = serving->file;
	for (unsigned int part = 0; part < DOOR__COUNT && serving->answer.error == 0; part++) {
		if (serving->door.fds[part] < 0)
			continue;
		serving->answer.parts |= 1U << part;
		fds[count++] = serving->door.fds[part];
	}
	return broker_send(socket, &serving->answer, sizeof(serving->answer), fds, count);
}

/* Negative: there is nobody to answer any more. */
static int serve_one(struct serving *serving, int socket)
{
	size_t given = 1;
	int r;

	serving->given = serving->file = -1;
	netns_door_init(&serving->door);
	serving->answer = (struct broker_answer){ 0 };
	r = broker_receive(socket, &serving->question, sizeof(serving->question), &serving->given,
			   &given);
	if (r < 0 && r != -EBADMSG && r != -EMFILE)
		return r;
	serving->answer.error = r < 0 ? r : choose_answer(serving);
	r = send_answer(serving, socket);
	netns_door_close(&serving->door);
	if (serving->file >= 0)
		close(serving->file);
	if (serving->given >= 0)
		close(serving->given);
	return r;
}

void broker_serve(int socket, int home, const struct netns_looks *looks)
{
	struct serving serving = { .home = home, .looks = looks };

	while (serve_one(&serving, socket) >= 0)
		;
}
