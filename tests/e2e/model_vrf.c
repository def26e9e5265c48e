// SPDX-License-Identifier: Apache-2.0
/* A VRF has TCP ports of its own, unless tcp_l3mdev_accept joins it with the rest. */
#include <errno.h>
#include <net/if.h>
#include <sys/socket.h>

#include "kernel.h"
#include "model.h"
#include "process.h"

#define RED "pgred"
/* Of a network of its own: local rules come before those of VRFs. */
#define RED_ADDRESS "10.78.0.1"

static void read_index(void *context)
{
	*(unsigned int *)context = if_nametoindex(RED);
}

/* A VRF with an address; returns its interface index. */
static unsigned int make_vrf(struct model *model)
{
	const char *netns = model->clients;
	unsigned int index = 0;

	must("ip", "-n", netns, "link", "add", RED, "type", "vrf", "table", "7");
	must("ip", "-n", netns, "addr", "add", RED_ADDRESS "/32", "dev", RED);
	must("ip", "-n", netns, "link", "set", RED, "up");
	space_visit(netns, read_index, &index);
	assert_true(index > 0);
	return index;
}

static struct actor *server_in_vrf(struct model *model)
{
	struct actor *server = model_actor(model, "pg-server");

	all_done(actor_listen_as(server, &(struct opening){ .device = RED,
							    .how = OPEN_REUSEADDR,
							    .local = RED_ADDRESS,
							    .local_port = 5000 }),
		 1);
	return server;
}

static struct outcome connect_in_vrf(struct actor *actor, uint32_t count)
{
	return actor_open(actor, count, .device = RED, .how = OPEN_RESETS, .remote = RED_ADDRESS,
			  .remote_port = 5000);
}

static void a_vrf_has_its_own_ports(struct model *model)
{
	unsigned int red;
	struct actor *p;
	struct actor *q;

	model_range(model, "40000 40009");
	red = make_vrf(model);
	server_in_vrf(model);
	model_server(model, LOCALHOST, 5000);
	p = model_actor(model, "pg-p");
	q = model_actor(model, "pg-q");
	all_done(actor_open(p, 2, .device = RED, .local = RED_ADDRESS), 2);
	some_failed(connect_in_vrf(p, 9), 8, 1, EADDRNOTAVAIL);
	all_done(actor_open(q, 4, .how = OPEN_RESETS, .remote = LOCALHOST, .remote_port = 5000), 4);
	EXPECT(model, TCP(.size = 10, .shared = 4),
	       TCP(.vrf = red, .size = 10, .shared = 8, .exclusive = 2),
	       TOWARD(LOCALHOST, 5000, .active = 4, .process = "pg-q"),
	       TOWARD(RED_ADDRESS, 5000, .vrf = red, .active = 8, .process = "pg-p"),
	       OWNER("pg-q", "tcp", .active = 4),
	       OWNER("pg-p", "tcp", .vrf = red, .active = 8, .exclusive = 2, .refusals = 1),
	       REFUSED("pg-p", "connect", "EADDRNOTAVAIL", .remote = RED_ADDRESS, .port = 5000));
	all_done(actor_close(p, 0), 10);
	EXPECT(model, TCP(.size = 10, .shared = 4),
	       TOWARD(LOCALHOST, 5000, .active = 4, .process = "pg-q"),
	       OWNER("pg-q", "tcp", .active = 4), OWNER("pg-p", "tcp", .vrf = red, .refusals = 1),
	       REFUSED("pg-p", "connect", "EADDRNOTAVAIL", .remote = RED_ADDRESS, .port = 5000));
}

static void time_wait_stays_in_its_vrf(struct model *model)
{
	unsigned int red = make_vrf(model);
	struct actor *server = server_in_vrf(model);
	struct actor *p = model_actor(model, "pg-p");

	all_done(actor_open(p, 5, .device = RED, .remote = RED_ADDRESS, .remote_port = 5000), 5);
	all_done(actor_accept(server, 5), 5);
	all_done(actor_close(p, 0), 5);
	all_done(actor_close_accepted(server), 5);
	EXPECT(model, TCP(.vrf = red, .shared = 5),
	       TOWARD(RED_ADDRESS, 5000, .vrf = red, .time_wait = 5, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .vrf = red, .time_wait = 5));
}

static void an_accepting_namespace_has_one_pool(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");

	model_sysctl(model, "tcp_l3mdev_accept", "1");
	model_range(model, "40000 40009");
	make_vrf(model);
	model_server(model, "0.0.0.0", 5000);
	all_done(actor_open(p, 1, .device = RED, .local = RED_ADDRESS, .local_port = 40001), 1);
	all_done(actor_bind(p, 1, SOCK_STREAM, OTHER_LOCALHOST, 40002), 1);
	some_failed(connect_in_vrf(p, 9), 8, 1, EADDRNOTAVAIL);
	EXPECT(model, TCP(.size = 10, .shared = 8, .exclusive = 2),
	       TOWARD(RED_ADDRESS, 5000, .active = 8, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .active = 8, .exclusive = 2, .refusals = 1),
	       REFUSED("pg-p", "connect", "EADDRNOTAVAIL", .remote = RED_ADDRESS, .port = 5000));
}

static void udp_has_one_pool(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");

	make_vrf(model);
	all_done(actor_open(p, 3, .type = SOCK_DGRAM, .device = RED, .local = RED_ADDRESS), 3);
	EXPECT(model, UDP(.exclusive = 3), OWNER("pg-p", "udp", .exclusive = 3));
}

const struct model_case model_vrf_cases[] = {
	{ .name = "a VRF has TCP ports of its own",
	  .play = a_vrf_has_its_own_ports,
	  .lacks = kernel_lacks_vrf,
	  DIAG_NO("of VRFs") },
	{ .name = "TIME_WAIT stays in its VRF",
	  .play = time_wait_stays_in_its_vrf,
	  .lacks = kernel_lacks_vrf,
	  DIAG_NO("of VRFs") },
	{ .name = "tcp_l3mdev_accept: one pool for all VRFs",
	  .play = an_accepting_namespace_has_one_pool,
	  .lacks = kernel_lacks_vrf,
	  DIAG_NO("of VRFs") },
	{ .name = "UDP has one pool for all VRFs",
	  .play = udp_has_one_pool,
	  .lacks = kernel_lacks_vrf },
	{ .name = NULL },
};
