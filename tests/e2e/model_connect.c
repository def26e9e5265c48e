// SPDX-License-Identifier: Apache-2.0
/* Ports that connect() picks, through all that can become of a connection. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include "kernel.h"
#include "model.h"
#include "process.h"

#define NOBODY_LISTENS 5999
#define BLACK_HOLE "10.77.0.99"

/* count connections of a new process to a new server, accepted. */
static struct actor *connected(struct model *model, const struct opening *opening, uint32_t count,
			       struct actor **ret_server)
{
	struct actor *server = model_server(model, opening->remote, opening->remote_port);
	struct actor *p = model_actor(model, "pg-p");

	all_done(actor_open_as(p, count, opening), count);
	all_done(actor_accept(server, count), count);
	*ret_server = server;
	return p;
}

static struct actor *simply_connected(struct model *model, uint32_t count,
				      struct actor **ret_server)
{
	const struct opening opening = { .remote = LOCALHOST, .remote_port = 5000 };

	return connected(model, &opening, count, ret_server);
}

static void expect_active(struct model *model, const char *remote, int count)
{
	EXPECT(model, TCP(.shared = count),
	       TOWARD(remote, 5000, .process = "pg-p", .active = count),
	       OWNER("pg-p", "tcp", .active = count));
}

/* The other end first, which leaves TIME_WAIT to it. */
static void part(struct actor *p, struct actor *server, uint32_t count)
{
	all_done(actor_close_accepted(server), count);
	all_done(actor_await_end(p), count);
	all_done(actor_close(p, 0), count);
}

static void play_life(struct model *model, const struct opening *opening, const char *remote)
{
	struct actor *server;
	struct actor *p = connected(model, opening, 4, &server);

	expect_active(model, remote, 4);
	part(p, server, 4);
	EXPECT_NOTHING(model);
}

static void play_v4(struct model *model)
{
	play_life(model, &(struct opening){ .remote = LOCALHOST, .remote_port = 5000 }, LOCALHOST);
}

static void play_v6(struct model *model)
{
	play_life(model, &(struct opening){ .remote = "::1", .remote_port = 5000 }, "::1");
}

/* The same scope as IPv4: its ports are the same ports. */
static void play_mapped(struct model *model)
{
	struct actor *server;
	struct actor *q;
	struct actor *p = simply_connected(model, 4, &server);

	q = model_actor(model, "pg-q");
	all_done(actor_connect(q, 2, MAPPED_LOCALHOST, 5000), 2);
	EXPECT(model, TCP(.shared = 6), TOWARD(LOCALHOST, 5000, .active = 6),
	       OWNER("pg-p", "tcp", .active = 4), OWNER("pg-q", "tcp", .active = 2));
	all_done(actor_accept(server, 2), 2);
	all_done(actor_close_accepted(server), 6);
	all_done(actor_await_end(p), 4);
	all_done(actor_await_end(q), 2);
	all_done(actor_close(p, 0), 4);
	all_done(actor_close(q, 0), 2);
	EXPECT_NOTHING(model);
}

/* A range of four serves eight connections, four to each. */
static void play_two_destinations(struct model *model)
{
	struct actor *p;

	model_range(model, "40000 40003");
	model_server(model, LOCALHOST, 5000);
	model_server(model, OTHER_LOCALHOST, 5001);
	p = model_actor(model, "pg-p");
	all_done(actor_connect(p, 4, LOCALHOST, 5000), 4);
	all_done(actor_connect(p, 4, OTHER_LOCALHOST, 5001), 4);
	EXPECT(model, TCP(.size = 4, .shared = 4), TOWARD(LOCALHOST, 5000, .active = 4),
	       TOWARD(OTHER_LOCALHOST, 5001, .active = 4), OWNER("pg-p", "tcp", .active = 8));
}

/* Odd, but the search of one port skips nothing. */
static void play_one_port(struct model *model)
{
	struct actor *p;

	model_range(model, "40000 40000");
	model_server(model, LOCALHOST, 5000);
	p = model_actor(model, "pg-p");
	some_failed(actor_connect(p, 2, LOCALHOST, 5000), 1, 1, EADDRNOTAVAIL);
	EXPECT(model, TCP(.size = 1, .shared = 1),
	       TOWARD(LOCALHOST, 5000, .capacity = 1, .active = 1),
	       OWNER("pg-p", "tcp", .active = 1, .refusals = 1),
	       REFUSED("pg-p", "connect", "EADDRNOTAVAIL", .remote = LOCALHOST, .port = 5000));
}

static void play_refused(struct model *model)
{
	struct opening opening = { .how = OPEN_KEEP,
				   .remote = LOCALHOST,
				   .remote_port = NOBODY_LISTENS };
	struct actor *p = model_actor(model, "pg-p");

	all_failed(actor_open_as(p, 20, &opening), 20, ECONNREFUSED);
	EXPECT_NOTHING(model);
}

/* From the first packet on, answered or not. */
static void play_unanswered(struct model *model)
{
	struct opening opening = { .how = OPEN_NO_WAIT, .remote = BLACK_HOLE, .remote_port = 5000 };
	struct actor *p;

	model_remote_server(model, 5000);
	must("ip", "-n", model->clients, "neigh", "add", BLACK_HOLE, "lladdr", "02:00:00:00:00:99",
	     "dev", "pgvetha");
	p = model_actor(model, "pg-p");
	all_done(actor_open_as(p, 4, &opening), 4);
	expect_active(model, BLACK_HOLE, 4);
	all_done(actor_close(p, 0), 4);
	EXPECT_NOTHING(model);
}

/* The socket stays open, without its port. */
static void play_reset_by_peer(struct model *model)
{
	struct actor *server;
	struct actor *p = simply_connected(model, 4, &server);

	expect_active(model, LOCALHOST, 4);
	all_done(actor_reset_accepted(server), 4);
	all_done(actor_await_end(p), 4);
	EXPECT_NOTHING(model);
}

static void play_abort(struct model *model)
{
	const struct opening opening = { .how = OPEN_RESETS,
					 .remote = LOCALHOST,
					 .remote_port = 5000 };
	struct actor *server;
	struct actor *p = connected(model, &opening, 4, &server);

	expect_active(model, LOCALHOST, 4);
	all_done(actor_close(p, 0), 4);
	EXPECT_NOTHING(model);
}

static void play_disconnect(struct model *model)
{
	struct actor *server;
	struct actor *p = simply_connected(model, 4, &server);

	expect_active(model, LOCALHOST, 4);
	all_done(actor_disconnect(p), 4);
	EXPECT_NOTHING(model);
}

static void play_reconnect(struct model *model)
{
	struct actor *server;
	struct actor *p = simply_connected(model, 4, &server);

	model_server(model, OTHER_LOCALHOST, 5000);
	expect_active(model, LOCALHOST, 4);
	all_done(actor_disconnect(p), 4);
	all_done(actor_connect_again(p, OTHER_LOCALHOST, 5000), 4);
	expect_active(model, OTHER_LOCALHOST, 4);
}

static void play_reconnect_after_refusal(struct model *model)
{
	struct opening opening = { .how = OPEN_KEEP,
				   .remote = LOCALHOST,
				   .remote_port = NOBODY_LISTENS };
	struct actor *p = model_actor(model, "pg-p");

	model_server(model, LOCALHOST, 5000);
	all_failed(actor_open_as(p, 4, &opening), 4, ECONNREFUSED);
	all_done(actor_connect_again(p, LOCALHOST, 5000), 4);
	expect_active(model, LOCALHOST, 4);
}

/* A port of the program's own choice is its own until close(), wherever it connects. */
static void play_reconnect_bound(struct model *model)
{
	struct opening opening = {
		.local = LOCALHOST, .local_port = 40100, .remote = LOCALHOST, .remote_port = 5000
	};
	struct actor *server;
	struct actor *p = connected(model, &opening, 1, &server);

	model_server(model, OTHER_LOCALHOST, 5001);
	EXPECT(model, TCP(.exclusive = 1), TOWARD(LOCALHOST, 5000, .exclusive = 1),
	       OWNER("pg-p", "tcp", .exclusive = 1));
	all_done(actor_disconnect(p), 1);
	all_done(actor_connect_again(p, OTHER_LOCALHOST, 5001), 1);
	EXPECT(model, TCP(.exclusive = 1), TOWARD(OTHER_LOCALHOST, 5001, .exclusive = 1),
	       OWNER("pg-p", "tcp", .exclusive = 1));
	all_done(actor_reset_accepted(server), 1);
	all_done(actor_close(p, 0), 1);
}

/* Closed by us alone: a remnant waits for the other end's FIN, and cannot be recycled. */
static void play_fin_wait2(struct model *model)
{
	struct actor *server;
	struct actor *p = simply_connected(model, 4, &server);

	all_done(actor_close(p, 0), 4);
	model_settles(model, "-ta state fin-wait-2", "", 4);
	EXPECT(model, TCP(.shared = 4), TOWARD(LOCALHOST, 5000, .process = "pg-p", .time_wait = 4),
	       OWNER("pg-p", "tcp", .time_wait = 4));
}

/* Where the remnant would wait longer than a minute the kernel keeps the socket, which nobody has
 * open any more. */
static void play_orphan(struct model *model)
{
	struct actor *server;
	struct actor *p;

	model_sysctl(model, "tcp_fin_timeout", "120");
	p = simply_connected(model, 4, &server);
	all_done(actor_close(p, 0), 4);
	model_settles(model, "-ta state fin-wait-2", "", 4);
	expect_active(model, LOCALHOST, 4);
	all_done(actor_reset_accepted(server), 4);
	EXPECT_NOTHING(model);
}

static void play_close_wait(struct model *model)
{
	struct actor *server;
	struct actor *p = simply_connected(model, 4, &server);

	all_done(actor_close_accepted(server), 4);
	all_done(actor_await_end(p), 4);
	expect_active(model, LOCALHOST, 4);
	all_done(actor_close(p, 0), 4);
	EXPECT_NOTHING(model);
}

static void play_fast_send(struct model *model)
{
	const struct opening opening = { .how = OPEN_FAST_SEND,
					 .remote = LOCALHOST,
					 .remote_port = 5000 };
	struct actor *server;
	struct actor *p = connected(model, &opening, 4, &server);

	expect_active(model, LOCALHOST, 4);
	all_done(actor_reset_accepted(server), 4);
	all_done(actor_close(p, 0), 4);
	EXPECT_NOTHING(model);
}

/* The port is taken at connect(), the first packet waits for data. */
static void play_fast_connect(struct model *model)
{
	const struct opening opening = { .how = OPEN_FAST_CONNECT,
					 .remote = LOCALHOST,
					 .remote_port = 5000 };
	struct actor *p;

	model_sysctl(model, "tcp_fastopen", "5"); /* for clients, without a cookie */
	model_server(model, LOCALHOST, 5000);
	p = model_actor(model, "pg-p");
	all_done(actor_open_as(p, 4, &opening), 4);
	expect_active(model, LOCALHOST, 4);
	all_done(actor_close(p, 0), 4);
	EXPECT_NOTHING(model);
}

/* Two sockets of the kernel's for one of the program's; one port. */
static void play_mptcp(struct model *model)
{
	const struct opening listener = { .protocol = 262, .local = LOCALHOST, .local_port = 5000 };
	const struct opening opening = { .protocol = 262,
					 .remote = LOCALHOST,
					 .remote_port = 5000 };
	struct actor *server = model_actor(model, "pg-server");
	struct actor *p = model_actor(model, "pg-p");

	all_done(actor_listen_as(server, &listener), 1);
	all_done(actor_open_as(p, 4, &opening), 4);
	all_done(actor_accept(server, 4), 4);
	expect_active(model, LOCALHOST, 4);
	part(p, server, 4);
	EXPECT_NOTHING(model);
}

static void play_mptcp_bind(struct model *model)
{
	const struct opening opening = { .protocol = 262, .local = LOCALHOST };
	struct actor *p = model_actor(model, "pg-p");

	all_done(actor_open_as(p, 4, &opening), 4);
	EXPECT(model, TCP(.exclusive = 4), OWNER("pg-p", "tcp", .exclusive = 4));
	all_done(actor_close(p, 0), 4);
	EXPECT_NOTHING(model);
}

static void play_io_uring(struct model *model)
{
	play_life(model,
		  &(struct opening){ .how = OPEN_RING, .remote = LOCALHOST, .remote_port = 5000 },
		  LOCALHOST);
}

static void play_threads(struct model *model)
{
	play_life(model,
		  &(struct opening){ .threads = 4, .remote = LOCALHOST, .remote_port = 5000 },
		  LOCALHOST);
}

const struct model_case model_connect_cases[] = {
	{ .name = "connect(), IPv4", .play = play_v4 },
	{ .name = "connect(), IPv6", .play = play_v6 },
	{ .name = "connect(), IPv4 through an IPv6 socket", .play = play_mapped },
	{ .name = "connect() to two destinations with the same ports",
	  .play = play_two_destinations },
	{ .name = "connect() in a range of one port", DIAG_REFUSALS, .play = play_one_port },
	{ .name = "connect() that nobody accepts (ECONNREFUSED)",
	  DIAG_NOTHING,
	  .play = play_refused },
	{ .name = "connect() without an answer", .play = play_unanswered },
	{ .name = "a connection reset by the other end", .play = play_reset_by_peer },
	{ .name = "a connection aborted (SO_LINGER 0)", .play = play_abort },
	{ .name = "a connection dissolved (AF_UNSPEC)", .play = play_disconnect },
	{ .name = "a socket connected again", .play = play_reconnect },
	{ .name = "a socket connected again after ECONNREFUSED",
	  .play = play_reconnect_after_refusal },
	{ .name = "a bound socket connected again", .play = play_reconnect_bound },
	{ .name = "FIN_WAIT2 after close()", DIAG_GONE, .play = play_fin_wait2 },
	{ .name = "FIN_WAIT2 with a long tcp_fin_timeout", DIAG_GONE, .play = play_orphan },
	{ .name = "CLOSE_WAIT", .play = play_close_wait },
	{ .name = "MSG_FASTOPEN", .play = play_fast_send },
	{ .name = "TCP_FASTOPEN_CONNECT before the first data",
	  .play = play_fast_connect,
	  .tracepoint = CLASS_RECONCILE,
	  .why = "its first hook is the first packet" },
	{ .name = "MPTCP connect()", .play = play_mptcp, .lacks = kernel_lacks_mptcp },
	{ .name = "MPTCP bind(0)",
	  DIAG_BOUND,
	  .play = play_mptcp_bind,
	  .lacks = kernel_lacks_mptcp },
	{ .name = "connect() by io_uring", .play = play_io_uring, .lacks = kernel_lacks_io_uring },
	{ .name = "connect() in several threads", .play = play_threads },
	{ .name = NULL },
};
