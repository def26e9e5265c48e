// SPDX-License-Identifier: Apache-2.0
/* UDP ports: each is lost to everybody else, however it was taken. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "model.h"

/* Of a source that has no hook behind autobind. */
#define AUTOBIND .tracepoint = CLASS_RECONCILE, .why = "what autobind took is found by looking"

static void expect_bound(struct model *model, int ports)
{
	EXPECT(model, UDP(.exclusive = ports), OWNER("pg-p", "udp", .exclusive = ports));
}

/* count sockets open, count ports taken; and given back. */
static void play_life(struct model *model, const struct opening *opening)
{
	struct actor *p = model_actor(model, "pg-p");

	all_done(actor_open_as(p, 5, opening), 5);
	expect_bound(model, 5);
	all_done(actor_close(p, 2), 2);
	expect_bound(model, 3);
	all_done(actor_close(p, 0), 3);
	EXPECT_NOTHING(model);
}
#define PLAY_LIFE(model, ...) play_life(model, &(struct opening){ .type = SOCK_DGRAM, __VA_ARGS__ })

static void play_bind(struct model *model)
{
	PLAY_LIFE(model, .local = LOCALHOST);
}

static void play_bind_v6(struct model *model)
{
	PLAY_LIFE(model, .local = "::1");
}

static void play_bind_any(struct model *model)
{
	PLAY_LIFE(model, .local = "::");
}

static void play_bind_connect(struct model *model)
{
	PLAY_LIFE(model, .local = LOCALHOST, .remote = LOCALHOST, .remote_port = 5300);
}

static void play_late_bind(struct model *model)
{
	PLAY_LIFE(model, .how = OPEN_LATE, .local = LOCALHOST, .remote = LOCALHOST,
		  .remote_port = 5300);
}

static void play_connect(struct model *model)
{
	PLAY_LIFE(model, .remote = LOCALHOST, .remote_port = 5300);
}

static void play_connect_v6(struct model *model)
{
	PLAY_LIFE(model, .remote = "::1", .remote_port = 5300);
}

static void play_connect_mapped(struct model *model)
{
	PLAY_LIFE(model, .remote = MAPPED_LOCALHOST, .remote_port = 5300);
}

static void play_send(struct model *model)
{
	PLAY_LIFE(model, .how = OPEN_SEND, .remote = LOCALHOST, .remote_port = 5300);
}

static void play_send_v6(struct model *model)
{
	PLAY_LIFE(model, .how = OPEN_SEND, .remote = "::1", .remote_port = 5300);
}

static void play_explicit(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");

	all_done(actor_bind(p, 1, SOCK_DGRAM, LOCALHOST, MODEL_FIRST), 1);
	all_done(actor_bind(p, 1, SOCK_DGRAM, LOCALHOST, MODEL_LAST), 1);
	all_done(actor_bind(p, 1, SOCK_DGRAM, LOCALHOST, MODEL_FIRST - 1), 1);
	all_done(actor_bind(p, 1, SOCK_DGRAM, LOCALHOST, MODEL_LAST + 1), 1);
	expect_bound(model, 2);
	all_done(actor_close(p, 0), 4);
	EXPECT_NOTHING(model);
}

static void play_two_families(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");

	all_done(actor_bind(p, 1, SOCK_DGRAM, LOCALHOST, 40100), 1);
	all_done(actor_bind(p, 1, SOCK_DGRAM, "::1", 40100), 1);
	expect_bound(model, 1);
	all_done(actor_close(p, 1), 1);
	expect_bound(model, 1);
	all_done(actor_close(p, 0), 1);
	EXPECT_NOTHING(model);
}

static void play_group(struct model *model, unsigned int how)
{
	const struct opening member = {
		.type = SOCK_DGRAM, .how = how, .local = LOCALHOST, .local_port = 40200
	};
	struct actor *p = model_actor(model, "pg-p");
	struct actor *q = model_actor(model, "pg-q");

	all_done(actor_open_as(p, 3, &member), 3);
	all_done(actor_open_as(q, 1, &member), 1);
	EXPECT(model, UDP(.exclusive = 1), OWNER("pg-p", "udp", .exclusive = 1),
	       OWNER("pg-q", "udp", .exclusive = 1));
	all_done(actor_close(p, 0), 3);
	EXPECT(model, UDP(.exclusive = 1), OWNER("pg-q", "udp", .exclusive = 1));
	all_done(actor_close(q, 0), 1);
	EXPECT_NOTHING(model);
}

static void play_reuseaddr(struct model *model)
{
	play_group(model, OPEN_REUSEADDR);
}

static void play_reuseport(struct model *model)
{
	play_group(model, OPEN_REUSEPORT);
}

/* bind(0) gives out what others of the group have already: six sockets on four ports at most. */
static void play_reuseaddr_shares(struct model *model)
{
	const struct opening member = { .type = SOCK_DGRAM,
					.how = OPEN_REUSEADDR,
					.local = LOCALHOST };
	struct actor *p;
	int ports;

	model_range(model, "40000 40003");
	p = model_actor(model, "pg-p");
	all_done(actor_open_as(p, 6, &member), 6);
	ports = (int)space_ports(model->clients, "udp", 40000, 40003);
	EXPECT(model, UDP(.size = 4, .exclusive = ports), OWNER("pg-p", "udp", .exclusive = ports));
	all_done(actor_close(p, 0), 6);
	EXPECT_NOTHING(model);
}

/* Its port came with the connection, and goes with it. */
static void play_disconnect(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");

	all_done(actor_udp_connect(p, 5, LOCALHOST, 5300), 5);
	expect_bound(model, 5);
	all_done(actor_disconnect(p), 5);
	EXPECT_NOTHING(model);
}

static void play_disconnect_bound(struct model *model)
{
	const struct opening opening = { .type = SOCK_DGRAM,
					 .local = LOCALHOST,
					 .local_port = 40100,
					 .remote = LOCALHOST,
					 .remote_port = 5300 };
	struct actor *p = model_actor(model, "pg-p");

	all_done(actor_open_as(p, 1, &opening), 1);
	expect_bound(model, 1);
	all_done(actor_disconnect(p), 1);
	expect_bound(model, 1);
	all_done(actor_connect_again(p, LOCALHOST, 5301), 1);
	expect_bound(model, 1);
	all_done(actor_close(p, 0), 1);
	EXPECT_NOTHING(model);
}

static void play_reconnect(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");

	all_done(actor_udp_connect(p, 5, LOCALHOST, 5300), 5);
	all_done(actor_connect_again(p, LOCALHOST, 5301), 5);
	expect_bound(model, 5);
	all_done(actor_disconnect(p), 5);
	all_done(actor_connect_again(p, LOCALHOST, 5302), 5);
	expect_bound(model, 5);
	all_done(actor_close(p, 0), 5);
	EXPECT_NOTHING(model);
}

static void play_threads(struct model *model)
{
	const struct opening opening = { .type = SOCK_DGRAM, .local = LOCALHOST, .threads = 4 };
	struct actor *p = model_actor(model, "pg-p");

	all_done(actor_open_as(p, 8, &opening), 8);
	expect_bound(model, 8);
	all_done(actor_close(p, 0), 8);
	EXPECT_NOTHING(model);
}

const struct model_case model_udp_cases[] = {
	{ .name = "UDP bind(0), IPv4", .play = play_bind },
	{ .name = "UDP bind(0), IPv6", .play = play_bind_v6 },
	{ .name = "UDP bind(0), any address", .play = play_bind_any },
	{ .name = "UDP bind() to a port of the range", .play = play_explicit },
	{ .name = "UDP bind(0), then connect()", .play = play_bind_connect },
	{ .name = "UDP IP_BIND_ADDRESS_NO_PORT, then connect()", .play = play_late_bind, AUTOBIND },
	{ .name = "UDP connect(), IPv4", .play = play_connect, AUTOBIND },
	{ .name = "UDP connect(), IPv6", .play = play_connect_v6, AUTOBIND },
	{ .name = "UDP connect(), IPv4 through an IPv6 socket",
	  .play = play_connect_mapped,
	  AUTOBIND },
	{ .name = "UDP sendto(), IPv4", .play = play_send, AUTOBIND },
	{ .name = "UDP sendto(), IPv6", .play = play_send_v6, AUTOBIND },
	{ .name = "one UDP port bound in IPv4 and IPv6", .play = play_two_families },
	{ .name = "one UDP port bound by a SO_REUSEADDR group", .play = play_reuseaddr },
	{ .name = "one UDP port bound by a SO_REUSEPORT group", .play = play_reuseport },
	{ .name = "UDP bind(0) with SO_REUSEADDR", .play = play_reuseaddr_shares },
	{ .name = "UDP connection dissolved (AF_UNSPEC)", .play = play_disconnect, AUTOBIND },
	{ .name = "UDP connection of a bound socket dissolved", .play = play_disconnect_bound },
	{ .name = "UDP socket connected again", .play = play_reconnect, AUTOBIND },
	{ .name = "UDP bind(0) in several threads", .play = play_threads },
	{ .name = NULL },
};
