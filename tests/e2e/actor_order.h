/* SPDX-License-Identifier: Apache-2.0 */
/* What passes between a test and its actor, and the parts the actor's side is made of. */
#pragma once

#include <stdint.h>

#include "actor.h"

enum verb {
	VERB_OPEN,
	VERB_CONNECT_AGAIN,
	VERB_DISCONNECT,
	VERB_AWAIT_END,
	VERB_CLOSE,
	VERB_LISTEN,
	VERB_ACCEPT,
	VERB_SERVE,
	VERB_CLOSE_ACCEPTED,
	VERB_RESET_ACCEPTED,
	VERB_CLOSE_LISTENER,
	VERB_CYCLE,
	VERB_FORK, /* comes with the child's control socket */
	VERB_EXEC,
	VERB_GIVE, /* the answer comes with the sockets */
	VERB_TAKE, /* comes with them */
};

struct order {
	uint32_t verb;
	uint32_t count;
	struct opening opening;
	char name[16];
};

/* Enters the namespace and obeys until the other end of control is closed. */
_Noreturn void stage_play(int control, const char *netns, const char *name);

/* 0, or -1 with errno; *ret_fd is -1 if there is no socket to keep. */
int socket_open(int *ret_fd, const struct opening *opening);
/* The last steps of it, with a socket that is there. */
int socket_connect(int fd, const char *address, uint16_t port);
int socket_disconnect(int fd);
/* Until the other end closed or reset it. */
int socket_await_end(int fd);
void socket_set_resets(int fd);

/* connect() by io_uring in a worker thread. */
int ring_connect(int fd, const struct sockaddr *address, socklen_t length);
