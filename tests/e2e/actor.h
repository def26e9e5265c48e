/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that does as it is told: it holds sockets in a namespace under a name of its own, so
 * that a test can say exactly which ports must show up as whose.
 */
#pragma once

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

struct actor;

/* What came of an order. */
struct outcome {
	uint32_t done;
	uint32_t failed;
	int32_t error; /* errno of the last failure */
	pid_t pid;     /* of a new process */
};

/* Demands that all of count succeeded. */
void all_done(struct outcome outcome, uint32_t count);

/* How one socket is opened: what is set is done, in the order of the fields. */
struct opening {
	int type;             /* 0: SOCK_STREAM */
	int protocol;         /* 0: the type's own */
	unsigned int how;     /* OPEN_* */
	char space[32];       /* the namespace to be in from here on; "": stay */
	char device[16];      /* SO_BINDTODEVICE */
	uint16_t first;       /* IP_LOCAL_PORT_RANGE */
	uint16_t last;        /* 0: not set */
	char local[48];       /* bind(); "": none */
	uint16_t local_port;  /* of bind() */
	char remote[48];      /* connect() or send; "": none */
	uint16_t remote_port; /* of connect() or send */
	unsigned int threads; /* so many threads called "pg-thread" share the work; 0: none */
};

enum {
	OPEN_LATE = 1 << 0, /* IP_BIND_ADDRESS_NO_PORT */
	OPEN_REUSEADDR = 1 << 1,
	OPEN_REUSEPORT = 1 << 2,
	OPEN_RESETS = 1 << 3,       /* SO_LINGER 0: its close sends a reset */
	OPEN_LISTEN = 1 << 4,       /* listen(), after bind() if any */
	OPEN_SEND = 1 << 5,         /* sendto() instead of connect() */
	OPEN_FAST_SEND = 1 << 6,    /* sendto() with MSG_FASTOPEN */
	OPEN_FAST_CONNECT = 1 << 7, /* TCP_FASTOPEN_CONNECT */
	OPEN_NO_WAIT = 1 << 8,      /* O_NONBLOCK: a connect() under way is a success */
	OPEN_RING = 1 << 9,         /* connect() by io_uring, in a worker thread of the kernel's */
	OPEN_KEEP = 1 << 10,        /* keep the socket even if it failed */
};

/* Starts a process called name inside the namespace. Fails the test if it cannot. */
struct actor *actor_start(const char *netns, const char *name);
/* The same under a pid that nobody has; 0: any. */
struct actor *actor_start_as(pid_t pid, const char *netns, const char *name);

/* Ends it with all its sockets, by SIGKILL; NULL is fine. */
void actor_stop(struct actor *actor);

pid_t actor_pid(const struct actor *actor);

/* Each address is numeric; IPv6 where it has a colon. Sockets stay open until closed. */
struct outcome actor_open_as(struct actor *actor, uint32_t count, const struct opening *opening);
#define actor_open(actor, count, ...) actor_open_as(actor, count, &(struct opening){ __VA_ARGS__ })

/* The same in two steps, so that several actors work at once. */
void actor_open_begin(struct actor *actor, uint32_t count, const struct opening *opening);
struct outcome actor_open_end(struct actor *actor);

/* Frequent openings: connect(); bind() alone; bind(address, 0) and connect(); UDP by connect() or
 * sendto() without bind(). */
struct outcome actor_connect(struct actor *actor, uint32_t count, const char *address,
			     uint16_t port);
struct outcome actor_bind(struct actor *actor, uint32_t count, int type, const char *address,
			  uint16_t port);
struct outcome actor_bind_connect(struct actor *actor, uint32_t count, const char *address,
				  uint16_t port);
struct outcome actor_udp_connect(struct actor *actor, uint32_t count, const char *address,
				 uint16_t port);
struct outcome actor_udp_send(struct actor *actor, uint32_t count, const char *address,
			      uint16_t port);

/* With all opened sockets: connect() again, elsewhere; connect() to nowhere, AF_UNSPEC; wait until
 * the other end has closed or reset them. */
struct outcome actor_connect_again(struct actor *actor, const char *address, uint16_t port);
struct outcome actor_disconnect(struct actor *actor);
struct outcome actor_await_end(struct actor *actor);

/* Closes the oldest count sockets that were opened; 0: all. */
struct outcome actor_close(struct actor *actor, uint32_t count);

/* The one socket it accepts on, set up as the opening says; connections wait in the backlog until
 * accepted. actor_serve: from now on accepts and closes at once, by itself. */
struct outcome actor_listen_as(struct actor *actor, const struct opening *opening);
struct outcome actor_listen(struct actor *actor, const char *address, uint16_t port);
struct outcome actor_accept(struct actor *actor, uint32_t count);
struct outcome actor_serve(struct actor *actor);
struct outcome actor_close_accepted(struct actor *actor);
/* The same with a reset (SO_LINGER 0). */
struct outcome actor_reset_accepted(struct actor *actor);
struct outcome actor_close_listener(struct actor *actor);

/* Connects and closes, count times, waiting for the peer to close first. */
struct outcome actor_cycle(struct actor *actor, uint32_t count, const char *address, uint16_t port);

/* A child that inherits all sockets and plays on under a name of its own. */
struct actor *actor_fork(struct actor *actor, const char *name);
/* Becomes another program under another name; keeps its sockets open, but knows them no more. */
void actor_exec(struct actor *actor, const char *name);
/* Passes the oldest count opened sockets to the other one through a unix socket. */
void actor_give(struct actor *actor, struct actor *other, uint32_t count);

/* For main(): goes on playing after actor_exec. */
_Noreturn void actor_resume(int control, const char *name);
