// SPDX-License-Identifier: Apache-2.0
/* Who was refused a port, toward where; and errors that only look like it. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "model.h"

#define TINY "40000 40009"
#define TINY_SIZE 10
#define NOT_OURS "192.0.2.1"

/* --- connect() ------------------------------------------------------------------------------- */

static void one_destination_refuses(struct model *model)
{
	struct actor *p;
	struct actor *q;

	model_range(model, TINY);
	model_server(model, LOCALHOST, 5000);
	model_server(model, LOCALHOST, 5001);
	p = model_actor(model, "pg-p");
	q = model_actor(model, "pg-q");
	some_failed(actor_connect(p, 12, LOCALHOST, 5000), TINY_SIZE, 2, EADDRNOTAVAIL);
	all_failed(actor_connect(q, 3, LOCALHOST, 5000), 3, EADDRNOTAVAIL);
	all_done(actor_connect(q, 4, LOCALHOST, 5001), 4);
	EXPECT(model, TCP(.size = TINY_SIZE, .shared = TINY_SIZE),
	       TOWARD(LOCALHOST, 5000, .active = TINY_SIZE, .process = "pg-p"),
	       TOWARD(LOCALHOST, 5001, .active = 4, .process = "pg-q"),
	       OWNER("pg-p", "tcp", .active = TINY_SIZE, .refusals = 2, .pid = actor_pid(p)),
	       OWNER("pg-q", "tcp", .active = 4, .refusals = 3, .pid = actor_pid(q)),
	       REFUSED("pg-p", "connect", "EADDRNOTAVAIL", .remote = LOCALHOST, .port = 5000,
		       .refusals = 2, .pid = actor_pid(p)),
	       REFUSED("pg-q", "connect", "EADDRNOTAVAIL", .remote = LOCALHOST, .port = 5000,
		       .refusals = 3, .pid = actor_pid(q)));
}

static void a_local_address_has_its_own_ports(struct model *model)
{
	struct opening late = { .how = OPEN_LATE, .remote = LOCALHOST, .remote_port = 5000 };
	struct actor *p;

	model_range(model, TINY);
	model_server(model, LOCALHOST, 5000);
	p = model_actor(model, "pg-p");
	strcpy(late.local, OTHER_LOCALHOST);
	some_failed(actor_open_as(p, 13, &late), TINY_SIZE, 3, EADDRNOTAVAIL);
	strcpy(late.local, "127.0.0.8");
	all_done(actor_open_as(p, 6, &late), 6);
	EXPECT(model, TCP(.size = TINY_SIZE, .shared = TINY_SIZE),
	       TOWARD(LOCALHOST, 5000, .local = OTHER_LOCALHOST, .active = TINY_SIZE,
		      .process = "pg-p"),
	       TOWARD(LOCALHOST, 5000, .local = "127.0.0.8", .active = 6, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .active = TINY_SIZE + 6, .refusals = 3),
	       REFUSED("pg-p", "connect", "EADDRNOTAVAIL", .remote = LOCALHOST, .port = 5000,
		       .refusals = 3));
}

static void refused_over_ipv6(struct model *model)
{
	struct actor *p;

	model_range(model, TINY);
	model_server(model, "::1", 5000);
	p = model_actor(model, "pg-p");
	some_failed(actor_connect(p, 12, "::1", 5000), TINY_SIZE, 2, EADDRNOTAVAIL);
	EXPECT(model, TCP(.size = TINY_SIZE, .shared = TINY_SIZE),
	       TOWARD("::1", 5000, .active = TINY_SIZE, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .active = TINY_SIZE, .refusals = 2),
	       REFUSED("pg-p", "connect", "EADDRNOTAVAIL", .remote = "::1", .port = 5000,
		       .refusals = 2));
}

/* Not a single port toward this destination is in use, but none is left for connect() either. */
static void binds_leave_nothing_to_connect(struct model *model)
{
	struct actor *p;
	struct actor *q;

	model_range(model, TINY);
	model_server(model, LOCALHOST, 5000);
	p = model_actor(model, "pg-p");
	q = model_actor(model, "pg-q");
	all_done(actor_bind(p, TINY_SIZE, SOCK_STREAM, OTHER_LOCALHOST, 0), TINY_SIZE);
	all_failed(actor_connect(q, 2, LOCALHOST, 5000), 2, EADDRNOTAVAIL);
	EXPECT(model, TCP(.size = TINY_SIZE, .exclusive = TINY_SIZE),
	       OWNER("pg-p", "tcp", .exclusive = TINY_SIZE), OWNER("pg-q", "tcp", .refusals = 2),
	       REFUSED("pg-q", "connect", "EADDRNOTAVAIL", .remote = LOCALHOST, .port = 5000,
		       .refusals = 2));
}

/* The same socket, once more: the first attempt left no port behind, and neither does a success. */
static void a_refused_socket_tries_again(struct model *model)
{
	struct actor *p;
	struct actor *q;

	model_range(model, TINY);
	model_server(model, LOCALHOST, 5000);
	p = model_actor(model, "pg-p");
	q = model_actor(model, "pg-q");
	all_done(actor_open(p, TINY_SIZE, .how = OPEN_RESETS, .remote = LOCALHOST,
			    .remote_port = 5000),
		 TINY_SIZE);
	all_failed(actor_open(q, 2, .how = OPEN_RESETS | OPEN_KEEP, .remote = LOCALHOST,
			      .remote_port = 5000),
		   2, EADDRNOTAVAIL);
	all_failed(actor_connect_again(q, LOCALHOST, 5000), 2, EADDRNOTAVAIL);
	all_done(actor_close(p, 0), TINY_SIZE);
	all_done(actor_connect_again(q, LOCALHOST, 5000), 2);
	EXPECT(model, TCP(.size = TINY_SIZE, .shared = 2),
	       TOWARD(LOCALHOST, 5000, .active = 2, .process = "pg-q"),
	       OWNER("pg-q", "tcp", .active = 2, .refusals = 4),
	       REFUSED("pg-q", "connect", "EADDRNOTAVAIL", .remote = LOCALHOST, .port = 5000,
		       .refusals = 4));
}

/* --- bind(), listen(), UDP ------------------------------------------------------------------- */

/* Two sockets more than there are ports ask for one, each for one of its own. */
static struct actor *ask_for_too_many(struct model *model, const struct opening *opening)
{
	struct actor *p;

	model_range(model, TINY);
	p = model_actor(model, "pg-p");
	some_failed(actor_open_as(p, TINY_SIZE + 2, opening), TINY_SIZE, 2, EADDRINUSE);
	return p;
}

static void bind_is_refused(struct model *model)
{
	struct opening opening = { .local = LOCALHOST };
	struct actor *p = ask_for_too_many(model, &opening);

	EXPECT(model, TCP(.size = TINY_SIZE, .exclusive = TINY_SIZE),
	       OWNER("pg-p", "tcp", .exclusive = TINY_SIZE, .refusals = 2),
	       REFUSED("pg-p", "bind", "EADDRINUSE", .protocol = "tcp", .refusals = 2,
		       .pid = actor_pid(p)));
}

static void listen_is_refused(struct model *model)
{
	struct opening opening = { .how = OPEN_LISTEN };
	struct actor *p = ask_for_too_many(model, &opening);

	EXPECT(model, TCP(.size = TINY_SIZE, .exclusive = TINY_SIZE),
	       OWNER("pg-p", "tcp", .exclusive = TINY_SIZE, .refusals = 2),
	       REFUSED("pg-p", "listen", "EADDRINUSE", .protocol = "tcp", .refusals = 2,
		       .pid = actor_pid(p)));
}

static void udp_bind_is_refused(struct model *model)
{
	struct opening opening = { .type = SOCK_DGRAM, .local = LOCALHOST };
	struct actor *p = ask_for_too_many(model, &opening);

	EXPECT(model, UDP(.size = TINY_SIZE, .exclusive = TINY_SIZE),
	       OWNER("pg-p", "udp", .exclusive = TINY_SIZE, .refusals = 2),
	       REFUSED("pg-p", "bind", "EADDRINUSE", .protocol = "udp", .refusals = 2,
		       .pid = actor_pid(p)));
}

static void udp_autobind_is_refused(struct model *model)
{
	struct actor *p;

	model_range(model, TINY);
	p = model_actor(model, "pg-p");
	some_failed(actor_udp_connect(p, 9, LOCALHOST, 5000), 9, 0, 0);
	some_failed(actor_udp_send(p, 3, LOCALHOST, 5000), 1, 2, EAGAIN);
	all_failed(actor_udp_connect(p, 3, LOCALHOST, 5000), 3, EAGAIN);
	EXPECT(model, UDP(.size = TINY_SIZE, .exclusive = TINY_SIZE),
	       OWNER("pg-p", "udp", .exclusive = TINY_SIZE, .refusals = 5),
	       REFUSED("pg-p", "autobind", "EAGAIN", .protocol = "udp", .refusals = 5,
		       .pid = actor_pid(p)));
}

/* --- look-alikes ----------------------------------------------------------------------------- */

static void wrong_addresses_are_no_refusals(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");

	all_failed(actor_bind(p, 2, SOCK_STREAM, NOT_OURS, 0), 2, EADDRNOTAVAIL);
	all_failed(actor_bind(p, 2, SOCK_DGRAM, NOT_OURS, 0), 2, EADDRNOTAVAIL);
	all_failed(actor_bind(p, 2, SOCK_STREAM, "2001:db8::1", 0), 2, EADDRNOTAVAIL);
	all_failed(actor_open(p, 2, .how = OPEN_LATE, .local = NOT_OURS, .remote = LOCALHOST,
			      .remote_port = 5000),
		   2, EADDRNOTAVAIL);
	all_failed(actor_connect(p, 2, NOT_OURS, 5000), 2, ENETUNREACH);
	all_failed(actor_udp_connect(p, 2, NOT_OURS, 5000), 2, ENETUNREACH);
	EXPECT_NOTHING(model);
}

static void ports_in_use_are_no_refusals(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");

	all_done(actor_bind(p, 1, SOCK_STREAM, LOCALHOST, 40001), 1);
	all_done(actor_bind(p, 1, SOCK_DGRAM, LOCALHOST, 40002), 1);
	all_failed(actor_bind(p, 2, SOCK_STREAM, LOCALHOST, 40001), 2, EADDRINUSE);
	all_failed(actor_bind(p, 2, SOCK_DGRAM, LOCALHOST, 40002), 2, EADDRINUSE);
	EXPECT(model, TCP(.exclusive = 1), OWNER("pg-p", "tcp", .exclusive = 1),
	       UDP(.exclusive = 1), OWNER("pg-p", "udp", .exclusive = 1));
}

/* Two listeners want the port that both are bound to. */
static void a_second_listener_is_no_refusal(struct model *model)
{
	struct opening listening = { .how = OPEN_REUSEADDR | OPEN_LISTEN,
				     .local = LOCALHOST,
				     .local_port = 40001 };
	struct actor *p = model_actor(model, "pg-p");
	struct actor *q = model_actor(model, "pg-q");

	all_done(actor_open(q, 1, .how = OPEN_REUSEADDR, .local = LOCALHOST, .local_port = 40001),
		 1);
	all_done(actor_open_as(p, 1, &listening), 1);
	all_failed(actor_open_as(p, 1, &listening), 1, EADDRINUSE);
	EXPECT(model, TCP(.exclusive = 1), OWNER("pg-p", "tcp", .exclusive = 1),
	       OWNER("pg-q", "tcp", .exclusive = 1));
}

/* Both are bound to one port, toward one destination there is room for one. */
static void a_tuple_in_use_is_no_refusal(struct model *model)
{
	struct opening bound = { .how = OPEN_REUSEADDR | OPEN_RESETS,
				 .local = LOCALHOST,
				 .local_port = 40001,
				 .remote = LOCALHOST,
				 .remote_port = 5000 };
	struct actor *p = model_actor(model, "pg-p");

	model_server(model, LOCALHOST, 5000);
	all_done(actor_open_as(p, 1, &bound), 1);
	all_failed(actor_open_as(p, 2, &bound), 2, EADDRNOTAVAIL);
	EXPECT(model, TCP(.exclusive = 1),
	       TOWARD(LOCALHOST, 5000, .exclusive = 1, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .exclusive = 1));
}

static void nobody_listens(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");

	all_failed(actor_connect(p, 20, LOCALHOST, 5999), 20, ECONNREFUSED);
	all_failed(actor_open(p, 5, .how = OPEN_KEEP, .remote = LOCALHOST, .remote_port = 5999), 5,
		   ECONNREFUSED);
	all_failed(actor_connect_again(p, LOCALHOST, 5998), 5, ECONNREFUSED);
	EXPECT_NOTHING(model);
}

static void a_connected_socket_connects_no_further(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");

	model_server(model, LOCALHOST, 5000);
	all_done(actor_connect(p, 5, LOCALHOST, 5000), 5);
	all_failed(actor_connect_again(p, LOCALHOST, 5001), 5, EISCONN);
	EXPECT(model, TCP(.shared = 5), TOWARD(LOCALHOST, 5000, .active = 5, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .active = 5));
}

/* Toward an address of the veth's network that nobody has: the kernel asks who has
 * it. Then the host is unreachable, and the ports are free again. */
static void an_attempt_under_way_holds_a_port(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");

	model_remote_server(model, 5000);
	all_done(actor_open(p, 4, .how = OPEN_NO_WAIT, .remote = "10.77.0.99", .remote_port = 5000),
		 4);
	all_failed(actor_connect_again(p, "10.77.0.99", 5000), 4, EALREADY);
	EXPECT(model, TCP(.shared = 4), TOWARD("10.77.0.99", 5000, .active = 4, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .active = 4));
	all_done(actor_await_end(p), 4);
	EXPECT_NOTHING(model);
}

#define NO_BIND_EVENT "no event tells of a bind() without a port for it"
#define ONLY_PROBES .tracepoint = CLASS_INVISIBLE, DIAG_REFUSALS

const struct model_case model_refusal_cases[] = {
	{ .name = "one destination refuses, another does not",
	  .play = one_destination_refuses,
	  DIAG_REFUSALS },
	{ .name = "IP_BIND_ADDRESS_NO_PORT: each local address has ports of its own",
	  .play = a_local_address_has_its_own_ports,
	  DIAG_REFUSALS },
	{ .name = "connect() is refused over IPv6", .play = refused_over_ipv6, DIAG_REFUSALS },
	{ .name = "binds leave nothing to connect()",
	  .play = binds_leave_nothing_to_connect,
	  DIAG_REFUSALS },
	{ .name = "a refused socket tries again and gets a port",
	  .play = a_refused_socket_tries_again,
	  DIAG_REFUSALS },
	{ .name = "bind(0) is refused",
	  .play = bind_is_refused,
	  ONLY_PROBES,
	  .why = NO_BIND_EVENT },
	{ .name = "listen() is refused a port",
	  .play = listen_is_refused,
	  ONLY_PROBES,
	  .why = NO_BIND_EVENT },
	{ .name = "UDP bind(0) is refused",
	  .play = udp_bind_is_refused,
	  ONLY_PROBES,
	  .why = NO_BIND_EVENT },
	{ .name = "UDP connect() and sendto() are refused",
	  .play = udp_autobind_is_refused,
	  ONLY_PROBES,
	  .why = "no event tells of UDP's autobind" },
	{ .name = "an address that is not ours is no refusal",
	  .play = wrong_addresses_are_no_refusals,
	  .diag = CLASS_EXACT,
	  .why = "there is nothing to see" },
	{ .name = "a port that is in use is no refusal",
	  DIAG_BOUND,
	  .play = ports_in_use_are_no_refusals },
	{ .name = "a second listener on a port is no refusal",
	  DIAG_BOUND,
	  .play = a_second_listener_is_no_refusal },
	{ .name = "a bound socket whose 4-tuple is taken is no refusal",
	  .play = a_tuple_in_use_is_no_refusal },
	{ .name = "a connection that nobody accepts is no refusal",
	  .play = nobody_listens,
	  .diag = CLASS_EXACT,
	  .why = "there is nothing left to see" },
	{ .name = "EISCONN is no refusal", .play = a_connected_socket_connects_no_further },
	{ .name = "an attempt under way holds a port until it fails",
	  .play = an_attempt_under_way_holds_a_port },
	{ .name = NULL },
};
