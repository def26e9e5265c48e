// SPDX-License-Identifier: Apache-2.0
/* Ports that a bind takes from every connect(), and how they come back. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "kernel.h"
#include "model.h"

/* One port of four is bound elsewhere; a connect() finds three. */
static void play_every_destination(struct model *model, const char *elsewhere)
{
	struct actor *p;

	model_range(model, "40000 40003");
	model_server(model, LOCALHOST, 5000);
	p = model_actor(model, "pg-p");
	all_done(actor_bind(p, 1, SOCK_STREAM, elsewhere, 0), 1);
	some_failed(actor_connect(p, 4, LOCALHOST, 5000), 3, 1, EADDRNOTAVAIL);
	EXPECT(model, TCP(.size = 4, .exclusive = 1, .shared = 3),
	       TOWARD(LOCALHOST, 5000, .active = 3),
	       OWNER("pg-p", "tcp", .exclusive = 1, .active = 3, .refusals = 1),
	       REFUSED("pg-p", "connect", "EADDRNOTAVAIL", .remote = LOCALHOST, .port = 5000));
	all_done(actor_close(p, 1), 1);
	all_done(actor_connect(p, 1, LOCALHOST, 5000), 1);
	EXPECT(model, TCP(.size = 4, .shared = 4), TOWARD(LOCALHOST, 5000, .active = 4),
	       OWNER("pg-p", "tcp", .active = 4, .refusals = 1),
	       REFUSED("pg-p", "connect", "EADDRNOTAVAIL", .remote = LOCALHOST, .port = 5000));
}

static void play_other_address(struct model *model)
{
	play_every_destination(model, OTHER_LOCALHOST);
}

static void play_other_family(struct model *model)
{
	play_every_destination(model, "::1");
}

static void play_two_destinations(struct model *model)
{
	struct actor *p;

	model_server(model, LOCALHOST, 5000);
	model_server(model, OTHER_LOCALHOST, 5001);
	p = model_actor(model, "pg-p");
	all_done(actor_bind(p, 10, SOCK_STREAM, "0.0.0.0", 0), 10);
	all_done(actor_connect(p, 3, LOCALHOST, 5000), 3);
	EXPECT(model, TCP(.exclusive = 10, .shared = 3),
	       TOWARD(LOCALHOST, 5000, .capacity = 990, .active = 3),
	       OWNER("pg-p", "tcp", .exclusive = 10, .active = 3));
	all_done(actor_connect(p, 2, OTHER_LOCALHOST, 5001), 2);
	EXPECT(model, TCP(.exclusive = 10, .shared = ANY),
	       TOWARD(LOCALHOST, 5000, .capacity = 990, .active = 3),
	       TOWARD(OTHER_LOCALHOST, 5001, .capacity = 990, .active = 2),
	       OWNER("pg-p", "tcp", .exclusive = 10, .active = 5));
}

/* Somebody binds a port that a connection has already, and leaves: up to 6.16 the port stays
 * blocked until the connection is gone, too. */
static void play_bind_beside(struct model *model, unsigned int how)
{
	struct opening beside = { .how = how, .local = OTHER_LOCALHOST, .local_port = 40000 };
	bool frees = kernel_frees_bound_ports();
	struct actor *server;
	struct actor *p;
	struct actor *q;

	model_range(model, "40000 40001");
	server = model_server(model, LOCALHOST, 5000);
	model_server(model, LOCALHOST, 5001);
	p = model_actor(model, "pg-p");
	q = model_actor(model, "pg-q");
	all_done(actor_connect(p, 2, LOCALHOST, 5000), 2);
	all_done(actor_accept(server, 2), 2);
	all_done(actor_open_as(q, 1, &beside), 1);
	EXPECT(model, TCP(.size = 2, .exclusive = 1, .shared = 1),
	       TOWARD(LOCALHOST, 5000, .capacity = 2, .active = 2),
	       OWNER("pg-p", "tcp", .active = 2), OWNER("pg-q", "tcp", .exclusive = 1));
	all_done(actor_close(q, 0), 1);
	EXPECT(model, TCP(.size = 2, .exclusive = !frees, .shared = 1 + frees),
	       TOWARD(LOCALHOST, 5000, .capacity = 2, .active = 2),
	       OWNER("pg-p", "tcp", .active = 2));
	if (frees)
		all_done(actor_connect(q, 2, LOCALHOST, 5001), 2);
	else
		some_failed(actor_connect(q, 2, LOCALHOST, 5001), 1, 1, EADDRNOTAVAIL);
}

static void play_beside(struct model *model)
{
	play_bind_beside(model, 0);
}

static void play_beside_reuseaddr(struct model *model)
{
	play_bind_beside(model, OPEN_REUSEADDR);
}

static void play_beside_reuseport(struct model *model)
{
	play_bind_beside(model, OPEN_REUSEPORT);
}

/* A listener's port stays blocked as long as anyone is on it who was accepted there. */
static void play_children_block(struct model *model)
{
	struct opening outside = { .local = LOCALHOST,
				   .local_port = 39000,
				   .remote = OTHER_LOCALHOST,
				   .remote_port = 40001 };
	struct actor *server;
	struct actor *p;
	struct actor *q;

	model_range(model, "40000 40003");
	model_server(model, LOCALHOST, 5000);
	server = model_server(model, OTHER_LOCALHOST, 40001);
	q = model_actor(model, "pg-q");
	p = model_actor(model, "pg-p");
	all_done(actor_open_as(q, 1, &outside), 1);
	all_done(actor_accept(server, 1), 1);
	all_done(actor_close_listener(server), 1);
	some_failed(actor_connect(p, 4, LOCALHOST, 5000), 3, 1, EADDRNOTAVAIL);
	EXPECT(model, TCP(.size = 4, .exclusive = 1, .shared = 3),
	       TOWARD(LOCALHOST, 5000, .active = 3), OWNER("pg-server", "tcp", .exclusive = 1),
	       OWNER("pg-p", "tcp", .active = 3, .refusals = 1),
	       REFUSED("pg-p", "connect", "EADDRNOTAVAIL", .remote = LOCALHOST, .port = 5000));
	all_done(actor_reset_accepted(server), 1);
	all_done(actor_connect(p, 1, LOCALHOST, 5000), 1);
	EXPECT(model, TCP(.size = 4, .shared = 4), TOWARD(LOCALHOST, 5000, .active = 4),
	       OWNER("pg-p", "tcp", .active = 4, .refusals = 1),
	       REFUSED("pg-p", "connect", "EADDRNOTAVAIL", .remote = LOCALHOST, .port = 5000));
}

/* The remnant of a connection that was bound before blocks as the connection did. */
static void play_bound_time_wait(struct model *model)
{
	struct opening bound = { .local = ADDRESS_A, .remote = ADDRESS_B, .remote_port = 5000 };
	struct actor *server;
	struct actor *p;

	server = model_remote_server(model, 5000);
	model_range(model, "40000 40003");
	p = model_actor(model, "pg-p");
	all_done(actor_open_as(p, 3, &bound), 3);
	all_done(actor_accept(server, 3), 3);
	all_done(actor_close(p, 0), 3);
	all_done(actor_close_accepted(server), 3);
	model_settles(model, "-ta state time-wait", "", 3);
	some_failed(actor_connect(p, 2, ADDRESS_B, 5000), 1, 1, EADDRNOTAVAIL);
	EXPECT(model, TCP(.size = 4, .exclusive = 3, .shared = 1),
	       TOWARD(ADDRESS_B, 5000, .exclusive = 3, .active = 1),
	       OWNER("pg-p", "tcp", .exclusive = 3, .active = 1, .refusals = 1),
	       REFUSED("pg-p", "connect", "EADDRNOTAVAIL", .remote = ADDRESS_B, .port = 5000));
}

const struct model_case model_blocked_cases[] = {
	{ .name = "a bind on another address blocks its port",
	  DIAG_REFUSALS,
	  .play = play_other_address },
	{ .name = "an IPv6 bind blocks its port for IPv4",
	  DIAG_REFUSALS,
	  .play = play_other_family },
	{ .name = "a bind costs every destination a port",
	  DIAG_BOUND,
	  .play = play_two_destinations },
	{ .name = "a bind beside a connection, and its end", DIAG_STUCK, .play = play_beside },
	{ .name = "a SO_REUSEADDR bind beside a connection, and its end",
	  DIAG_STUCK,
	  .play = play_beside_reuseaddr },
	{ .name = "a SO_REUSEPORT bind beside a connection, and its end",
	  DIAG_STUCK,
	  .play = play_beside_reuseport },
	{ .name = "accepted sockets that outlive their listener",
	  DIAG_CHOICE,
	  .play = play_children_block,
	  .tracepoint = CLASS_RECONCILE,
	  .why = "whose an accepted socket is, is found by looking" },
	{ .name = "TIME_WAIT after bind(0) and connect()",
	  DIAG_CHOICE,
	  .play = play_bound_time_wait },
	{ .name = NULL },
};
