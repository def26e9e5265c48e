// SPDX-License-Identifier: Apache-2.0
/* Whose a port is: the process that took it, whoever has the socket later. */
#include <stdio.h>
#include <sys/socket.h>

#include "kernel.h"
#include "model.h"
#include "process.h"

#define VXLAN_PORT 40500

/* Sockets that leave no TIME_WAIT behind. */
static void connect_for_reset(struct actor *actor, uint32_t count)
{
	all_done(actor_open(actor, count, .how = OPEN_RESETS, .remote = LOCALHOST,
			    .remote_port = 5000),
		 count);
}

static void a_child_does_not_inherit(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");
	pid_t opener = actor_pid(p);
	struct actor *child;

	model_server(model, LOCALHOST, 5000);
	connect_for_reset(p, 6);
	child = model_adopt(model, actor_fork(p, "pg-child"));
	EXPECT(model, TCP(.shared = 6), TOWARD(LOCALHOST, 5000, .active = 6, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .active = 6, .pid = opener));
	model_stop(model, p);
	model_reconcile(model);
	EXPECT(model, TCP(.shared = 6), TOWARD(LOCALHOST, 5000, .active = 6, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .active = 6, .pid = opener));
	connect_for_reset(child, 3);
	EXPECT(model, TCP(.shared = 9), TOWARD(LOCALHOST, 5000, .active = 9),
	       OWNER("pg-p", "tcp", .active = 6, .pid = opener),
	       OWNER("pg-child", "tcp", .active = 3, .pid = actor_pid(child)));
	all_done(actor_close(child, 0), 9);
	EXPECT_NOTHING(model);
}

static void a_port_ends_with_its_last_holder(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");
	struct actor *child;

	all_done(actor_bind(p, 4, SOCK_STREAM, LOCALHOST, 0), 4);
	all_done(actor_bind(p, 3, SOCK_DGRAM, LOCALHOST, 0), 3);
	child = model_adopt(model, actor_fork(p, "pg-child"));
	all_done(actor_close(p, 0), 7);
	EXPECT(model, TCP(.exclusive = 4), OWNER("pg-p", "tcp", .exclusive = 4),
	       UDP(.exclusive = 3), OWNER("pg-p", "udp", .exclusive = 3));
	all_done(actor_close(child, 0), 7);
	EXPECT_NOTHING(model);
}

static void sockets_passed_on_keep_their_owner(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");
	struct actor *q = model_actor(model, "pg-q");
	pid_t opener = actor_pid(p);

	model_server(model, LOCALHOST, 5000);
	connect_for_reset(p, 5);
	EXPECT(model, TCP(.shared = 5), TOWARD(LOCALHOST, 5000, .active = 5, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .active = 5, .pid = opener));
	actor_give(p, q, 5);
	model_stop(model, p);
	model_reconcile(model);
	EXPECT(model, TCP(.shared = 5), TOWARD(LOCALHOST, 5000, .active = 5, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .active = 5, .pid = opener));
	all_done(actor_close(q, 2), 2);
	EXPECT(model, TCP(.shared = 3), TOWARD(LOCALHOST, 5000, .active = 3, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .active = 3, .pid = opener));
	all_done(actor_close(q, 0), 3);
	EXPECT_NOTHING(model);
}

/* Bound by one, connected by another: nobody took a port but the first. */
static void who_connects_a_bound_socket_does_not_own_it(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");
	struct actor *q = model_actor(model, "pg-q");

	model_server(model, LOCALHOST, 5000);
	all_done(actor_bind(p, 2, SOCK_STREAM, LOCALHOST, 0), 2);
	actor_give(p, q, 2);
	all_done(actor_connect_again(q, LOCALHOST, 5000), 2);
	EXPECT(model, TCP(.exclusive = 2),
	       TOWARD(LOCALHOST, 5000, .exclusive = 2, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .exclusive = 2, .pid = actor_pid(p)));
}

/* The same process, so the same owner: under the name of its newest port. */
static void exec_renames_the_owner(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");
	pid_t pid = actor_pid(p);

	model_server(model, LOCALHOST, 5000);
	connect_for_reset(p, 5);
	EXPECT(model, TCP(.shared = 5), TOWARD(LOCALHOST, 5000, .active = 5, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .active = 5, .pid = pid));
	actor_exec(p, "pg-renamed");
	connect_for_reset(p, 2);
	EXPECT(model, TCP(.shared = 7),
	       TOWARD(LOCALHOST, 5000, .active = 7, .process = "pg-renamed"),
	       OWNER("pg-renamed", "tcp", .active = 7, .pid = pid));
}

static void threads_are_their_process(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");

	model_server(model, LOCALHOST, 5000);
	all_done(actor_open(p, 40, .how = OPEN_RESETS, .remote = LOCALHOST, .remote_port = 5000,
			    .threads = 4),
		 40);
	all_done(actor_open(p, 8, .type = SOCK_DGRAM, .local = LOCALHOST, .threads = 4), 8);
	EXPECT(model, TCP(.shared = 40), TOWARD(LOCALHOST, 5000, .active = 40, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .active = 40, .pid = actor_pid(p)), UDP(.exclusive = 8),
	       OWNER("pg-p", "udp", .exclusive = 8, .pid = actor_pid(p)));
}

static void two_processes_are_two(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");
	struct actor *q = model_actor(model, "pg-q");

	model_server(model, LOCALHOST, 5000);
	connect_for_reset(p, 4);
	connect_for_reset(q, 7);
	EXPECT(model, TCP(.shared = 11), TOWARD(LOCALHOST, 5000, .active = 11),
	       OWNER("pg-p", "tcp", .active = 4, .pid = actor_pid(p)),
	       OWNER("pg-q", "tcp", .active = 7, .pid = actor_pid(q)));
	model_stop(model, p);
	EXPECT(model, TCP(.shared = 7), TOWARD(LOCALHOST, 5000, .active = 7, .process = "pg-q"),
	       OWNER("pg-q", "tcp", .active = 7, .pid = actor_pid(q)));
}

/* A worker accepts, but it is the listener's port. */
static void accepted_sockets_are_the_listeners(struct model *model)
{
	struct actor *server = model_server(model, LOCALHOST, 40500);
	struct actor *worker = model_adopt(model, actor_fork(server, "pg-worker"));
	struct actor *p = model_actor(model, "pg-p");

	all_done(actor_open(p, 4, .how = OPEN_RESETS, .remote = LOCALHOST, .remote_port = 40500),
		 4);
	all_done(actor_accept(worker, 4), 4);
	EXPECT(model, TCP(.shared = 4, .exclusive = 1),
	       TOWARD(LOCALHOST, 40500, .active = 4, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .active = 4),
	       OWNER("pg-server", "tcp", .exclusive = 1, .pid = actor_pid(server)));
}

static void make_vxlan(const char *netns)
{
	char port[8];

	snprintf(port, sizeof(port), "%u", VXLAN_PORT);
	must("ip", "-n", netns, "link", "add", "pgvxlan", "type", "vxlan", "id", "7", "dstport",
	     port);
	must("ip", "-n", netns, "link", "set", "pgvxlan", "up");
}

static void kernel_sockets_are_the_kernels(struct model *model)
{
	make_vxlan(model->clients);
	EXPECT(model, UDP(.exclusive = 1), OWNER("kernel", "udp", .exclusive = 1));
	model_reconcile(model);
	EXPECT(model, UDP(.exclusive = 1), OWNER("kernel", "udp", .exclusive = 1));
}

static void kernel_sockets_end(struct model *model)
{
	make_vxlan(model->clients);
	must("ip", "-n", model->clients, "link", "del", "pgvxlan");
	EXPECT_NOTHING(model);
}

const struct model_case model_identity_cases[] = {
	{ .name = "a child does not inherit ports, its parent keeps them after death",
	  .play = a_child_does_not_inherit },
	{ .name = "a port lasts until its last holder closes it",
	  DIAG_HOLDER,
	  .play = a_port_ends_with_its_last_holder },
	{ .name = "sockets passed on stay with the process that opened them",
	  .play = sockets_passed_on_keep_their_owner },
	{ .name = "who connects another's bound socket does not own its port",
	  DIAG_CHOICE,
	  .play = who_connects_a_bound_socket_does_not_own_it },
	{ .name = "exec: the same owner under its new name", .play = exec_renames_the_owner },
	{ .name = "what threads open is their process's", .play = threads_are_their_process },
	{ .name = "processes toward one destination are told apart",
	  .play = two_processes_are_two },
	{ .name = "what a worker accepts is the listener's",
	  .play = accepted_sockets_are_the_listeners,
	  .tracepoint = CLASS_INVISIBLE,
	  .why = "no event tells of a new socket's listener: its port becomes its holder's" },
	{ .name = "a kernel socket's port is the kernel's",
	  DIAG_KERNEL,
	  .play = kernel_sockets_are_the_kernels,
	  .lacks = kernel_lacks_vxlan },
	{ .name = "a kernel socket gives its port back",
	  DIAG_NOTHING,
	  .play = kernel_sockets_end,
	  .lacks = kernel_lacks_vxlan,
	  .tracepoint = CLASS_RECONCILE,
	  .why = "the kernel calls no cgroup hook when it closes a UDP socket of its own" },
	{ .name = NULL },
};
