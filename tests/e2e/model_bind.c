// SPDX-License-Identifier: Apache-2.0
/* Ports that bind() and listen() take. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "model.h"

static void play_bind(struct model *model, const char *address)
{
	struct actor *p = model_actor(model, "pg-p");

	all_done(actor_bind(p, 5, SOCK_STREAM, address, 0), 5);
	EXPECT(model, TCP(.exclusive = 5), OWNER("pg-p", "tcp", .exclusive = 5));
	all_done(actor_close(p, 3), 3);
	EXPECT(model, TCP(.exclusive = 2), OWNER("pg-p", "tcp", .exclusive = 2));
	all_done(actor_close(p, 0), 2);
	EXPECT_NOTHING(model);
}

static void play_bind_v4(struct model *model)
{
	play_bind(model, LOCALHOST);
}

static void play_bind_v6(struct model *model)
{
	play_bind(model, "::1");
}

static void play_bind_any(struct model *model)
{
	play_bind(model, "::");
}

static void play_explicit_bind(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");

	all_done(actor_bind(p, 1, SOCK_STREAM, LOCALHOST, MODEL_FIRST), 1);
	all_done(actor_bind(p, 1, SOCK_STREAM, LOCALHOST, MODEL_LAST), 1);
	all_done(actor_bind(p, 1, SOCK_STREAM, LOCALHOST, MODEL_FIRST - 1), 1);
	all_done(actor_bind(p, 1, SOCK_STREAM, LOCALHOST, MODEL_LAST + 1), 1);
	EXPECT(model, TCP(.exclusive = 2), OWNER("pg-p", "tcp", .exclusive = 2));
	all_done(actor_close(p, 0), 4);
	EXPECT_NOTHING(model);
}

/* Each of two processes has the port, which is gone once. */
static void play_two_addresses(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");
	struct actor *q = model_actor(model, "pg-q");

	all_done(actor_bind(p, 1, SOCK_STREAM, LOCALHOST, 40100), 1);
	all_done(actor_bind(q, 1, SOCK_STREAM, OTHER_LOCALHOST, 40100), 1);
	EXPECT(model, TCP(.exclusive = 1), OWNER("pg-p", "tcp", .exclusive = 1),
	       OWNER("pg-q", "tcp", .exclusive = 1));
	all_done(actor_close(p, 0), 1);
	EXPECT(model, TCP(.exclusive = 1), OWNER("pg-q", "tcp", .exclusive = 1));
	all_done(actor_close(q, 0), 1);
	EXPECT_NOTHING(model);
}

static void play_group(struct model *model, unsigned int how)
{
	struct actor *p = model_actor(model, "pg-p");
	struct actor *q = model_actor(model, "pg-q");
	struct opening member = { .how = how, .local = LOCALHOST, .local_port = 40200 };

	all_done(actor_open_as(p, 3, &member), 3);
	all_done(actor_open_as(q, 1, &member), 1);
	EXPECT(model, TCP(.exclusive = 1), OWNER("pg-p", "tcp", .exclusive = 1),
	       OWNER("pg-q", "tcp", .exclusive = 1));
	all_done(actor_close(p, 2), 2);
	EXPECT(model, TCP(.exclusive = 1), OWNER("pg-p", "tcp", .exclusive = 1),
	       OWNER("pg-q", "tcp", .exclusive = 1));
	all_done(actor_close(p, 0), 1);
	EXPECT(model, TCP(.exclusive = 1), OWNER("pg-q", "tcp", .exclusive = 1));
	all_done(actor_close(q, 0), 1);
	EXPECT_NOTHING(model);
}

static void play_reuseaddr(struct model *model)
{
	play_group(model, OPEN_REUSEADDR);
}

static void play_reuseport(struct model *model)
{
	play_group(model, OPEN_REUSEPORT | OPEN_LISTEN);
}

static void play_bind_connect(struct model *model)
{
	struct actor *server = model_server(model, LOCALHOST, 5000);
	struct actor *p = model_actor(model, "pg-p");

	all_done(actor_bind_connect(p, 4, LOCALHOST, 5000), 4);
	all_done(actor_accept(server, 4), 4);
	EXPECT(model, TCP(.exclusive = 4), TOWARD(LOCALHOST, 5000, .exclusive = 4),
	       OWNER("pg-p", "tcp", .exclusive = 4));
	/* The other end closes first, which leaves no TIME_WAIT in the range. */
	all_done(actor_close_accepted(server), 4);
	all_done(actor_await_end(p), 4);
	all_done(actor_close(p, 0), 4);
	EXPECT_NOTHING(model);
}

/* Without a port of its own until it connects, which then shares it. */
static void play_late_bind(struct model *model)
{
	struct opening late = { .how = OPEN_LATE, .local = OTHER_LOCALHOST };
	struct actor *server = model_server(model, LOCALHOST, 5000);
	struct actor *p = model_actor(model, "pg-p");

	all_done(actor_open_as(p, 4, &late), 4);
	EXPECT_NOTHING(model);
	all_done(actor_connect_again(p, LOCALHOST, 5000), 4);
	all_done(actor_accept(server, 4), 4);
	EXPECT(model, TCP(.shared = 4),
	       TOWARD(LOCALHOST, 5000, .local = OTHER_LOCALHOST, .active = 4),
	       OWNER("pg-p", "tcp", .active = 4));
	all_done(actor_close_accepted(server), 4);
	all_done(actor_await_end(p), 4);
	all_done(actor_close(p, 0), 4);
	EXPECT_NOTHING(model);
}

/* A port that bind(0) chose goes with the connection; one that the program chose stays until
 * close(). */
static void play_refused_after_bind(struct model *model)
{
	struct opening any = {
		.how = OPEN_KEEP, .local = LOCALHOST, .remote = LOCALHOST, .remote_port = 5999
	};
	struct opening chosen = any;
	struct actor *p = model_actor(model, "pg-p");

	chosen.local_port = 40300;
	all_failed(actor_open_as(p, 3, &any), 3, ECONNREFUSED);
	EXPECT_NOTHING(model);
	all_failed(actor_open_as(p, 1, &chosen), 1, ECONNREFUSED);
	EXPECT(model, TCP(.exclusive = 1),
	       TOWARD(LOCALHOST, 5999, .exclusive = ANY, .active = ANY, .used = ANY),
	       OWNER("pg-p", "tcp", .exclusive = 1));
	all_done(actor_close(p, 0), 4);
	EXPECT_NOTHING(model);
}

static void play_listen_unbound(struct model *model)
{
	struct opening opening = { .how = OPEN_LISTEN };
	struct actor *p = model_actor(model, "pg-p");

	all_done(actor_open_as(p, 3, &opening), 3);
	EXPECT(model, TCP(.exclusive = 3), OWNER("pg-p", "tcp", .exclusive = 3));
	all_done(actor_close(p, 0), 3);
	EXPECT_NOTHING(model);
}

static void play_bind_listen(struct model *model)
{
	struct opening opening = { .how = OPEN_LISTEN, .local = LOCALHOST };
	struct actor *p = model_actor(model, "pg-p");

	all_done(actor_open_as(p, 3, &opening), 3);
	EXPECT(model, TCP(.exclusive = 3), OWNER("pg-p", "tcp", .exclusive = 3));
	all_done(actor_close(p, 0), 3);
	EXPECT_NOTHING(model);
}

static void play_children(struct model *model)
{
	struct actor *server = model_server(model, LOCALHOST, 40500);
	struct actor *p = model_actor(model, "pg-p");

	all_done(actor_connect(p, 6, LOCALHOST, 40500), 6);
	all_done(actor_accept(server, 6), 6);
	EXPECT(model, TCP(.exclusive = 1, .shared = 6), TOWARD(LOCALHOST, 40500, .active = 6),
	       OWNER("pg-server", "tcp", .exclusive = 1), OWNER("pg-p", "tcp", .active = 6));
	all_done(actor_close_listener(server), 1);
	EXPECT(model, TCP(.exclusive = 1, .shared = 6), TOWARD(LOCALHOST, 40500, .active = 6),
	       OWNER("pg-server", "tcp", .exclusive = 1), OWNER("pg-p", "tcp", .active = 6));
	all_done(actor_reset_accepted(server), 6);
	EXPECT_NOTHING(model);
}

/* One port of an odd range stays out of reach of connect(), whichever it is. */
static void play_odd_connect(struct model *model)
{
	struct actor *p;

	model_range(model, "40000 40006");
	model_server(model, LOCALHOST, 5000);
	p = model_actor(model, "pg-p");
	all_done(actor_connect(p, 6, LOCALHOST, 5000), 6);
	EXPECT(model, TCP(.size = 7, .shared = 6),
	       TOWARD(LOCALHOST, 5000, .capacity = 6, .active = 6),
	       OWNER("pg-p", "tcp", .active = 6));
}

/* Each bind(0) leaves out one of them as well, but not always the same. */
static void play_odd_bind(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");

	model_range(model, "40000 40006");
	all_done(actor_bind(p, 6, SOCK_STREAM, LOCALHOST, 0), 6);
	EXPECT(model, TCP(.size = 7, .exclusive = 6), OWNER("pg-p", "tcp", .exclusive = 6));
}

const struct model_case model_bind_cases[] = {
	{ .name = "bind(0), IPv4", DIAG_BOUND, .play = play_bind_v4 },
	{ .name = "bind(0), IPv6", DIAG_BOUND, .play = play_bind_v6 },
	{ .name = "bind(0), any address", DIAG_BOUND, .play = play_bind_any },
	{ .name = "bind() to a port of the range", DIAG_BOUND, .play = play_explicit_bind },
	{ .name = "one port bound on two addresses", DIAG_BOUND, .play = play_two_addresses },
	{ .name = "one port bound by a SO_REUSEADDR group", DIAG_BOUND, .play = play_reuseaddr },
	{ .name = "one port with a SO_REUSEPORT group of listeners", .play = play_reuseport },
	{ .name = "bind(0), then connect()", DIAG_CHOICE, .play = play_bind_connect },
	{ .name = "IP_BIND_ADDRESS_NO_PORT, then connect()", .play = play_late_bind },
	{ .name = "bind(), then a refused connect()",
	  DIAG_NO("where a socket was refused"),
	  .play = play_refused_after_bind },
	{ .name = "listen() without bind()", .play = play_listen_unbound },
	{ .name = "bind(0), then listen()", .play = play_bind_listen },
	{ .name = "accepted sockets of a listener in the range",
	  .play = play_children,
	  .tracepoint = CLASS_RECONCILE,
	  .why = "whose an accepted socket is, is found by looking" },
	{ .name = "connect() in a range of odd size", .play = play_odd_connect },
	{ .name = "bind(0) in a range of odd size", DIAG_BOUND, .play = play_odd_bind },
	{ .name = NULL },
};
