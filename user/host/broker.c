// SPDX-License-Identifier: Apache-2.0
#include "user/host/broker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/base/util.h"
#include "user/host/broker_message.h"
#include "user/host/broker_serve.h"
#include "user/host/privilege.h"

#define NAME "pgauge-broker" /* 15 characters at most */
#define TIMEOUT_S 10
#define FILE_MAX (64 << 20) /* of an answer, bytes */
#define FIRST_KEPT 3        /* descriptors: behind standard error */
#define OUT_OF_THE_WAY 16

struct broker {
	pid_t pid;  /* 0: no child of ours */
	int socket; /* -1: it is gone, and buried */
};

/* --- the child ------------------------------------------------------------------------------- */

/* Makes fds the only ones open, in this order from FIRST_KEPT on, and writes their new numbers. */
static int keep_only(int *const *fds, size_t count)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (size_t i = 0; i < count; i++) {
		*fds[i] = fcntl(*fds[i], F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
		if (*fds[i] < 0)
			return -errno;
	}
	for (int fd = 0; fd < FIRST_KEPT && null >= 0; fd++)
		dup2(null, fd);
	for (size_t i = 0; i < count; i++) {
		int fd = FIRST_KEPT + (int)i;

		if (dup3(*fds[i], fd, O_CLOEXEC) < 0)
			return -errno;
		*fds[i] = fd;
	}
	closefrom(FIRST_KEPT + (int)count);
	return 0;
}

/* It ends when its socket does; what is sent to the whole group is for the agent. */
static void ignore_signals(void)
{
	static const int ignored[] = {
		SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2
	};

	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
}

static _Noreturn void be_broker(pid_t agent, int socket, unsigned int privileges,
				struct netns_looks looks)
{
	int *fds[2 + NETNS_LOOKS_MAX] = { &socket };
	size_t count = 1;
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != agent || home < 0)
		_exit(EXIT_FAILURE);
	prctl(PR_SET_NAME, NAME);
	ignore_signals();
	fds[count++] = &home;
	for (size_t i = 0; i < looks.count; i++)
		fds[count++] = &looks.fds[i];
	if (keep_only(fds, count) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0 || chdir("/") < 0 ||
	    privilege_keep_brokers(privileges) < 0)
		_exit(EXIT_FAILURE);
	broker_serve(socket, home, &looks);
	_exit(EXIT_SUCCESS);
}

/* --- life ------------------------------------------------------------------------------------ */

static void broker_freep(struct broker **broker)
{
	broker_free(*broker);
}

static int open_pair(int pair[2])
{
	static const struct timeval timeout = { .tv_sec = TIMEOUT_S };

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	if (setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0) {
		close(pair[0]);
		close(pair[1]);
		return -errno;
	}
	return 0;
}

int broker_adopt(struct broker **ret, int socket)
{
	struct broker *broker = calloc(1, sizeof(*broker));

	if (!broker)
		return -ENOMEM;
	broker->socket = socket;
	*ret = broker;
	return 0;
}

int broker_start(struct broker **ret, unsigned int privileges, const struct netns_looks *looks)
{
	CLEANUP(broker_freep) struct broker *broker = NULL;
	CLEANUP(fd_closep) int theirs = -1;
	pid_t agent = getpid();
	int pair[2];
	int r;

	if (!privilege_has_brokers(privileges)) {
		*ret = NULL;
		return 0;
	}
	r = open_pair(pair);
	if (r < 0)
		return r;
	theirs = pair[1];
	r = broker_adopt(&broker, pair[0]);
	if (r < 0) {
		close(pair[0]);
		return r;
	}
	broker->pid = fork();
	if (broker->pid < 0) {
		broker->pid = 0;
		return -errno;
	}
	if (!broker->pid)
		be_broker(agent, theirs, privileges, looks ? *looks : (struct netns_looks){ 0 });
	*ret = TAKE_PTR(broker);
	return 0;
}

/* It has nothing to lose. */
static void bury(struct broker *broker)
{
	if (broker->socket >= 0)
		close(broker->socket);
	broker->socket = -1;
	if (broker->pid) {
		kill(broker->pid, SIGKILL);
		waitpid(broker->pid, NULL, 0);
	}
	broker->pid = 0;
}

void broker_free(struct broker *broker)
{
	if (!broker)
		return;
	bury(broker);
	free(broker);
}

/* Between two questions it has nothing to say. */
bool broker_works(struct broker *broker)
{
	struct pollfd poll_for = { .events = POLLIN };

	if (!broker)
		return true;
	poll_for.fd = broker->socket;
	if (broker->socket >= 0 && poll(&poll_for, 1, 0) > 0)
		bury(broker);
	return broker->socket >= 0;
}

/* --- asking ---------------------------------------------------------------------------------- */

static bool asks(struct broker *broker)
{
	return broker && broker_works(broker);
}

/* given: a descriptor to send along; -1: none. *count: how many fit into fds, then how many came.
 * On failure none is left open. */
static int ask(struct broker *broker, const struct broker_question *question, int given,
	       struct broker_answer *answer, int *fds, size_t *count)
{
	int r = broker_send(broker->socket, question, sizeof(*question), &given, given >= 0);

	answer->error = -EBADMSG;
	if (r == 0)
		r = broker_receive(broker->socket, answer, sizeof(*answer), fds, count);
	if (r == -EMFILE)
		return r;
	if (r < 0) {
		bury(broker); /* or an answer that comes late would answer something else */
		return -EPIPE;
	}
	answer->text[sizeof(answer->text) - 1] = '\0';
	if (answer->error == 0)
		return 0;
	for (size_t i = 0; i < *count; i++)
		close(fds[i]);
	return answer->error < 0 ? answer->error : -EBADMSG;
}

/* All of a file of such elements. */
static int read_elements(void **ret, size_t *ret_count, int fd, size_t element)
{
	CLEANUP(freep) char *data = NULL;
	struct stat st;
	size_t size;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size < 0 || st.st_size > FILE_MAX || (size_t)st.st_size % element)
		return -EBADMSG;
	size = (size_t)st.st_size;
	data = malloc(size ? size : 1);
	if (!data)
		return -ENOMEM;
	for (size_t at = 0; at < size;) {
		ssize_t n = pread(fd, data + at, size - at, (off_t)at);

		if (n <= 0)
			return n < 0 ? -errno : -EBADMSG;
		at += (size_t)n;
	}
	*ret = TAKE_PTR(data);
	*ret_count = size / element;
	return 0;
}

/* A question whose answer is a file. */
static int ask_for_elements(struct broker *broker, const struct broker_question *question,
			    struct broker_answer *answer, void **ret, size_t *ret_count,
			    size_t element)
{
	CLEANUP(fd_closep) int fd = -1;
	size_t count = 1;
	int r = ask(broker, question, -1, answer, &fd, &count);

	if (r < 0) {
		fd = -1;
		return r;
	}
	return count == 1 ? read_elements(ret, ret_count, fd, element) : -EBADMSG;
}

int broker_processes(struct broker *broker, struct netns_processes *ret, const char *proc_root)
{
	struct broker_question question = { .kind = BROKER_PROCESSES };
	struct broker_answer answer;
	void *entries;
	size_t count;
	int r;

	if (!asks(broker))
		return netns_list_processes(ret, proc_root);
	r = ask_for_elements(broker, &question, &answer, &entries, &count, sizeof(*ret->entries));
	if (r < 0)
		return r;
	*ret = (struct netns_processes){ entries, count, count };
	return 0;
}

int broker_sockets(struct broker *broker, struct procsockets *ret, const char *proc_root,
		   uint32_t pid, uint32_t links_max)
{
	struct broker_question question = { BROKER_SOCKETS, pid, 0, links_max };
	struct broker_answer answer;
	void *inodes;
	size_t count;
	int r;

	if (!asks(broker))
		return procsockets_read(ret, proc_root, pid, links_max);
	r = ask_for_elements(broker, &question, &answer, &inodes, &count, sizeof(*ret->inodes));
	if (r < 0)
		return r;
	*ret = (struct procsockets){ inodes, count, count, answer.count };
	return 0;
}

int broker_program(struct broker *broker, char *ret, size_t size, const char *proc_root,
		   uint32_t pid)
{
	struct broker_question question = { .kind = BROKER_PROGRAM, .pid = pid };
	struct broker_answer answer;
	size_t count = 0;
	int r;

	if (!asks(broker))
		return procsockets_program(ret, size, proc_root, pid);
	r = ask(broker, &question, -1, &answer, NULL, &count);
	snprintf(ret, size, "%s", r < 0 ? "" : answer.text);
	return r;
}

/* --- namespaces ------------------------------------------------------------------------------ */

static int hang_door(struct netns_door *ret, uint32_t inode, uint32_t parts, const int *fds,
		     size_t count)
{
	size_t next = 0;

	netns_door_init(ret);
	ret->inode = inode;
	for (unsigned int part = 0; part < DOOR__COUNT && next < count; part++)
		if (parts & 1U << part)
			ret->fds[part] = fds[next++];
	if (next == count && parts < 1U << DOOR__COUNT &&
	    (size_t)__builtin_popcount(parts) == count)
		return 0;
	for (; next < count; next++)
		close(fds[next]);
	netns_door_close(ret);
	return -EBADMSG;
}

static int ask_for_door(struct broker *broker, struct netns_door *ret,
			const struct netns_entry *entry, bool looks)
{
	struct broker_question question = { BROKER_NETNS, entry->pid, entry->inode, looks };
	CLEANUP(fd_closep) int given = -1;
	struct broker_answer answer;
	int fds[DOOR__COUNT] = { 0 };
	size_t count = DOOR__COUNT;
	int r;

	if (!entry->pid) {
		given = open(entry->path, O_RDONLY | O_CLOEXEC);
		if (given < 0)
			return -errno;
	}
	r = ask(broker, &question, given, &answer, fds, &count);
	return r < 0 ? r : hang_door(ret, entry->inode, answer.parts, fds, count);
}

struct opening {
	struct netns_door door;
	const struct netns_looks *looks;
};

static int open_here(void *context)
{
	struct opening *opening = context;

	return netns_door_open(&opening->door, opening->looks);
}

int broker_open_netns(struct broker *broker, struct netns_door *ret,
		      const struct netns_entry *entry, const struct netns_looks *looks)
{
	struct opening opening = { .looks = looks };
	int r;

	if (entry->inode != netns_current() && asks(broker))
		return ask_for_door(broker, ret, entry, looks);
	r = netns_visit(entry, open_here, &opening);
	if (r == 0)
		*ret = opening.door;
	return r;
}
