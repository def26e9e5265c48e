// SPDX-License-Identifier: Apache-2.0
/* Ports belong to the network namespace that a socket was made in, and end with it. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "model.h"

#define OTHER "pg-other"
#define AGAIN_MAX 200

/* Sockets that leave no TIME_WAIT behind. */
static void connect_for_reset(struct actor *actor, uint32_t count)
{
	all_done(actor_open(actor, count, .how = OPEN_RESETS, .remote = LOCALHOST,
			    .remote_port = 5000),
		 count);
}

static struct actor *actor_in(struct model *model, const char *netns, const char *name)
{
	return model_adopt(model, actor_start(netns, name));
}

static void same_ports_in_two_namespaces_are_two(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");
	struct actor *server;
	struct actor *q;

	space_add(OTHER, 40000, 40009);
	q = actor_in(model, OTHER, "pg-q");
	server = actor_in(model, OTHER, "pg-server");
	all_done(actor_listen(server, LOCALHOST, 5000), 1);
	model_server(model, LOCALHOST, 5000);
	all_done(actor_bind(p, 1, SOCK_STREAM, LOCALHOST, 40003), 1);
	all_done(actor_bind(q, 1, SOCK_STREAM, LOCALHOST, 40003), 1);
	connect_for_reset(p, 12);
	some_failed(actor_connect(q, 11, LOCALHOST, 5000), 9, 2, EADDRNOTAVAIL);
	EXPECT_IN(model, OTHER, TCP(.size = 10, .shared = 9, .exclusive = 1),
		  TOWARD(LOCALHOST, 5000, .active = 9, .process = "pg-q"),
		  OWNER("pg-q", "tcp", .active = 9, .exclusive = 1, .refusals = 2,
			.pid = actor_pid(q)),
		  REFUSED("pg-q", "connect", "EADDRNOTAVAIL", .remote = LOCALHOST, .port = 5000,
			  .refusals = 2));
	EXPECT(model, TCP(.shared = 12, .exclusive = 1),
	       TOWARD(LOCALHOST, 5000, .active = 12, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .active = 12, .exclusive = 1, .pid = actor_pid(p)));
	space_delete(OTHER);
}

static void one_process_holds_in_two_namespaces(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");

	space_add(OTHER, MODEL_FIRST, MODEL_LAST);
	all_done(actor_bind(p, 3, SOCK_DGRAM, LOCALHOST, 0), 3);
	all_done(actor_open(p, 2, .type = SOCK_DGRAM, .space = OTHER, .local = LOCALHOST), 2);
	EXPECT(model, UDP(.exclusive = 5), OWNER("pg-p", "udp", .exclusive = 5));
	space_delete(OTHER);
}

/* The process is elsewhere when it connects: the port is of the socket's namespace. */
static void a_socket_stays_where_it_was_made(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");

	space_add(OTHER, 50000, 50009);
	model_server(model, LOCALHOST, 5000);
	all_done(actor_open(p, 20, .how = OPEN_RESETS, .space = OTHER, .remote = LOCALHOST,
			    .remote_port = 5000),
		 20);
	model_expect_in(model, OTHER, NULL, 0, __LINE__);
	EXPECT(model, TCP(.shared = 20), TOWARD(LOCALHOST, 5000, .active = 20, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .active = 20, .pid = actor_pid(p)));
	space_delete(OTHER);
}

/* Neither a name nor a process is left, only descriptors of a process elsewhere. */
static void sockets_keep_their_namespace(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");
	struct actor *q;

	space_add(OTHER, MODEL_FIRST, MODEL_LAST);
	q = actor_in(model, OTHER, "pg-q");
	all_done(actor_bind(p, 5, SOCK_STREAM, LOCALHOST, 0), 5);
	all_done(actor_bind(p, 2, SOCK_DGRAM, LOCALHOST, 0), 2);
	EXPECT(model, TCP(.exclusive = 5), OWNER("pg-p", "tcp", .exclusive = 5),
	       UDP(.exclusive = 2), OWNER("pg-p", "udp", .exclusive = 2));
	actor_give(p, q, 7);
	model_stop(model, p);
	space_delete(model->clients);
	model_reconcile(model);
	EXPECT(model, TCP(.exclusive = 5), OWNER("pg-p", "tcp", .exclusive = 5),
	       UDP(.exclusive = 2), OWNER("pg-p", "udp", .exclusive = 2));
	all_done(actor_close(q, 3), 3);
	EXPECT(model, TCP(.exclusive = 2), OWNER("pg-p", "tcp", .exclusive = 2),
	       UDP(.exclusive = 2), OWNER("pg-p", "udp", .exclusive = 2));
	all_done(actor_close(q, 0), 4);
	EXPECT_NOTHING(model);
	space_delete(OTHER);
}

/* The last process ends with sockets open. */
static void a_namespace_takes_its_sockets_along(struct model *model)
{
	struct actor *server = model_server(model, LOCALHOST, 5000);
	struct actor *p = model_actor(model, "pg-p");

	connect_for_reset(p, 10);
	all_done(actor_accept(server, 10), 10);
	all_done(actor_bind(p, 4, SOCK_DGRAM, LOCALHOST, 0), 4);
	EXPECT(model, TCP(.shared = 10), TOWARD(LOCALHOST, 5000, .active = 10, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .active = 10), UDP(.exclusive = 4),
	       OWNER("pg-p", "udp", .exclusive = 4));
	space_delete(model->clients);
	model_stop(model, p);
	model_stop(model, server);
	EXPECT_NOTHING(model);
}

/* TIME_WAIT keeps no namespace: it ends with it, long before its time. */
static void a_namespace_takes_its_time_wait_along(struct model *model)
{
	struct actor *server;
	struct actor *p;

	model_sysctl(model, "tcp_tw_reuse", "0");
	server = model_server(model, LOCALHOST, 5000);
	p = model_actor(model, "pg-p");
	all_done(actor_connect(p, 10, LOCALHOST, 5000), 10);
	all_done(actor_accept(server, 10), 10);
	all_done(actor_close(p, 0), 10);
	all_done(actor_close_accepted(server), 10);
	EXPECT(model, TCP(.shared = 10),
	       TOWARD(LOCALHOST, 5000, .time_wait = 10, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .time_wait = 10));
	space_delete(model->clients);
	model_stop(model, p);
	model_stop(model, server);
	EXPECT_NOTHING(model);
}

/* Makes the case's namespace anew until it has the number of the one that went; numbers come free
 * some time after their namespace was deleted, the lowest is taken first. */
static void make_again(struct model *model)
{
	for (int i = 0; i < AGAIN_MAX; i++) {
		space_add(model->clients, MODEL_FIRST, MODEL_LAST);
		if (space_inode(model->clients) == model->netns)
			return;
		usleep(10000);
	}
	fail_msg("the number %u does not come again", model->netns);
}

static void a_number_used_again_begins_empty(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");

	all_done(actor_bind(p, 5, SOCK_STREAM, LOCALHOST, 0), 5);
	EXPECT(model, TCP(.exclusive = 5), OWNER("pg-p", "tcp", .exclusive = 5));
	space_delete(model->clients);
	model_stop(model, p);
	make_again(model);
	EXPECT_NOTHING(model);
	p = model_actor(model, "pg-q");
	all_done(actor_bind(p, 3, SOCK_STREAM, LOCALHOST, 0), 3);
	EXPECT(model, TCP(.exclusive = 3), OWNER("pg-q", "tcp", .exclusive = 3));
}

const struct model_case model_netns_cases[] = {
	{ .name = "the same ports in two namespaces are two",
	  DIAG_REFUSALS,
	  .play = same_ports_in_two_namespaces_are_two },
	{ .name = "a process that goes elsewhere to bind keeps its sockets' namespace",
	  .play = one_process_holds_in_two_namespaces },
	{ .name = "a process that goes elsewhere to connect keeps its sockets' namespace",
	  .play = a_socket_stays_where_it_was_made },
	{ .name = "sockets without name and process of their namespace count on",
	  DIAG_BOUND,
	  .play = sockets_keep_their_namespace },
	{ .name = "open sockets end with their namespace",
	  .play = a_namespace_takes_its_sockets_along },
	{ .name = "TIME_WAIT ends with its namespace",
	  DIAG_GONE,
	  .play = a_namespace_takes_its_time_wait_along,
	  .tracepoint = CLASS_RECONCILE,
	  .why = "no event tells of TIME_WAIT's end" },
	{ .name = "a namespace with the number of one that is gone begins empty",
	  DIAG_BOUND,
	  .play = a_number_used_again_begins_empty },
	{ .name = NULL },
};
