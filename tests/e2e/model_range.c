// SPDX-License-Identifier: Apache-2.0
/* Which ports there are to choose from: the namespace's range, its reserved ports, and ranges that
 * sockets set for themselves. */
#include <errno.h>
#include <sys/socket.h>

#include "kernel.h"
#include "model.h"

#define OWN_FIRST 40100
#define OWN_LAST 40109

/* --- the namespace's range ------------------------------------------------------------------- */

static void reserved_ports_are_no_ports(struct model *model)
{
	struct actor *p;

	model_range(model, "40000 40019");
	model_sysctl(model, "ip_local_reserved_ports", "40000-40003,40010,40100");
	model_server(model, LOCALHOST, 5000);
	p = model_actor(model, "pg-p");
	all_done(actor_connect(p, 1, LOCALHOST, 5000), 1);
	EXPECT(model, TCP(.size = 15, .shared = 1),
	       TOWARD(LOCALHOST, 5000, .active = 1, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .active = 1));
	some_failed(actor_connect(p, 16, LOCALHOST, 5000), 14, 2, EADDRNOTAVAIL);
	/* Whoever asks for a reserved port by its number gets it. */
	all_done(actor_bind(p, 1, SOCK_STREAM, LOCALHOST, 40010), 1);
	EXPECT(model, TCP(.size = 15, .shared = 15),
	       TOWARD(LOCALHOST, 5000, .active = 15, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .active = 15, .refusals = 2),
	       REFUSED("pg-p", "connect", "EADDRNOTAVAIL", .remote = LOCALHOST, .port = 5000,
		       .refusals = 2));
}

/* connect() and bind() begin at different halves, but either gets at all that is left. */
static void both_halves_are_used_up(struct model *model)
{
	struct actor *p;

	model_range(model, "40000 40019");
	model_server(model, LOCALHOST, 5000);
	p = model_actor(model, "pg-p");
	all_done(actor_connect(p, 12, LOCALHOST, 5000), 12);
	some_failed(actor_bind(p, 9, SOCK_STREAM, LOCALHOST, 0), 8, 1, EADDRINUSE);
	some_failed(actor_connect(p, 1, LOCALHOST, 5000), 0, 1, EADDRNOTAVAIL);
	EXPECT(model, TCP(.size = 20, .shared = 12, .exclusive = 8),
	       TOWARD(LOCALHOST, 5000, .active = 12, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .active = 12, .exclusive = 8, .refusals = 2),
	       REFUSED("pg-p", "bind", "EADDRINUSE"),
	       REFUSED("pg-p", "connect", "EADDRNOTAVAIL", .remote = LOCALHOST, .port = 5000));
}

/* The search may pass one end by, depending on a secret: the capacity is what is sure. */
static void an_odd_range_may_lose_a_port(struct model *model)
{
	struct outcome outcome;
	struct actor *p;

	model_range(model, "40000 40004");
	model_server(model, LOCALHOST, 5000);
	p = model_actor(model, "pg-p");
	outcome = actor_connect(p, 8, LOCALHOST, 5000);
	assert_in_range(outcome.done, 4, 5);
	some_failed(outcome, outcome.done, 8 - outcome.done, EADDRNOTAVAIL);
	EXPECT(model, TCP(.size = 5, .shared = (int)outcome.done),
	       TOWARD(LOCALHOST, 5000, .capacity = 4, .active = (int)outcome.done,
		      .process = "pg-p"),
	       OWNER("pg-p", "tcp", .active = (int)outcome.done, .refusals = (int)outcome.failed),
	       REFUSED("pg-p", "connect", "EADDRNOTAVAIL", .remote = LOCALHOST, .port = 5000,
		       .refusals = (int)outcome.failed));
}

static void a_range_of_one_has_one(struct model *model)
{
	struct actor *p;

	model_range(model, "40000 40000");
	model_server(model, LOCALHOST, 5000);
	model_server(model, LOCALHOST, 5001);
	p = model_actor(model, "pg-p");
	some_failed(actor_connect(p, 2, LOCALHOST, 5000), 1, 1, EADDRNOTAVAIL);
	all_done(actor_connect(p, 1, LOCALHOST, 5001), 1);
	all_done(actor_bind(p, 1, SOCK_DGRAM, LOCALHOST, 0), 1);
	EXPECT(model, TCP(.size = 1, .shared = 1),
	       TOWARD(LOCALHOST, 5000, .capacity = 1, .active = 1, .process = "pg-p"),
	       TOWARD(LOCALHOST, 5001, .capacity = 1, .active = 1, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .active = 2, .refusals = 1),
	       REFUSED("pg-p", "connect", "EADDRNOTAVAIL", .remote = LOCALHOST, .port = 5000),
	       UDP(.size = 1, .exclusive = 1), OWNER("pg-p", "udp", .exclusive = 1));
}

/* --- a range that changes -------------------------------------------------------------------- */

/* One port in each half, for either protocol. */
static struct actor *bind_in_both_halves(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");

	all_done(actor_bind(p, 1, SOCK_STREAM, LOCALHOST, 40010), 1);
	all_done(actor_bind(p, 1, SOCK_STREAM, LOCALHOST, 40900), 1);
	all_done(actor_bind(p, 1, SOCK_DGRAM, LOCALHOST, 40020), 1);
	all_done(actor_bind(p, 1, SOCK_DGRAM, LOCALHOST, 40901), 1);
	EXPECT(model, TCP(.exclusive = 2), OWNER("pg-p", "tcp", .exclusive = 2),
	       UDP(.exclusive = 2), OWNER("pg-p", "udp", .exclusive = 2));
	return p;
}

static void a_range_grows(struct model *model)
{
	struct actor *p = bind_in_both_halves(model);

	all_done(actor_bind(p, 1, SOCK_STREAM, LOCALHOST, 41500), 1);
	model_range(model, "40000 41999");
	EXPECT(model, TCP(.size = 2000, .exclusive = 3), OWNER("pg-p", "tcp", .exclusive = 3),
	       UDP(.size = 2000, .exclusive = 2), OWNER("pg-p", "udp", .exclusive = 2));
	all_done(actor_close(p, 0), 5);
	EXPECT_NOTHING(model);
}

static void a_range_shrinks(struct model *model)
{
	struct actor *p = bind_in_both_halves(model);

	model_range(model, "40000 40499");
	EXPECT(model, TCP(.size = 500, .exclusive = 1), OWNER("pg-p", "tcp", .exclusive = 1),
	       UDP(.size = 500, .exclusive = 1), OWNER("pg-p", "udp", .exclusive = 1));
	model_range(model, "40000 40999");
	EXPECT(model, TCP(.exclusive = 2), OWNER("pg-p", "tcp", .exclusive = 2),
	       UDP(.exclusive = 2), OWNER("pg-p", "udp", .exclusive = 2));
	all_done(actor_close(p, 0), 4);
	EXPECT_NOTHING(model);
}

static void ports_become_reserved(struct model *model)
{
	bind_in_both_halves(model);
	model_sysctl(model, "ip_local_reserved_ports", "40500-40999");
	EXPECT(model, TCP(.size = 500, .exclusive = 1), OWNER("pg-p", "tcp", .exclusive = 1),
	       UDP(.size = 500, .exclusive = 1), OWNER("pg-p", "udp", .exclusive = 1));
}

/* What is left behind outside of it counts no more. */
static void a_moved_range_is_known_with_its_next_port(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");

	model_server(model, LOCALHOST, 5000);
	all_done(actor_connect(p, 5, LOCALHOST, 5000), 5);
	EXPECT(model, TCP(.shared = 5), TOWARD(LOCALHOST, 5000, .active = 5, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .active = 5));
	model_range(model, "41000 41009");
	some_failed(actor_connect(p, 11, LOCALHOST, 5000), 10, 1, EADDRNOTAVAIL);
	EXPECT(model, TCP(.size = 10, .shared = 10),
	       TOWARD(LOCALHOST, 5000, .active = 10, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .active = 10, .refusals = 1),
	       REFUSED("pg-p", "connect", "EADDRNOTAVAIL", .remote = LOCALHOST, .port = 5000));
}

/* --- a socket's own range -------------------------------------------------------------------- */

static struct outcome connect_within(struct actor *actor, uint32_t count, uint16_t first,
				     uint16_t last)
{
	return actor_open(actor, count, .how = OPEN_RESETS, .first = first, .last = last,
			  .remote = LOCALHOST, .remote_port = 5000);
}

static void an_own_range_has_its_own_capacity(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");
	struct actor *q = model_actor(model, "pg-q");

	model_server(model, LOCALHOST, 5000);
	some_failed(connect_within(p, 12, OWN_FIRST, OWN_LAST), 10, 2, EADDRNOTAVAIL);
	all_done(actor_connect(q, 5, LOCALHOST, 5000), 5);
	EXPECT(model, TCP(.shared = 15), TOWARD(LOCALHOST, 5000, .active = 15),
	       TOWARD(LOCALHOST, 5000, .first = OWN_FIRST, .last = OWN_LAST, .capacity = 10,
		      .active = 10),
	       OWNER("pg-p", "tcp", .active = 10, .refusals = 2), OWNER("pg-q", "tcp", .active = 5),
	       REFUSED("pg-p", "connect", "EADDRNOTAVAIL", .remote = LOCALHOST, .port = 5000,
		       .refusals = 2));
}

static void own_ranges_share_their_ports(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");
	struct actor *q = model_actor(model, "pg-q");

	model_server(model, LOCALHOST, 5000);
	all_done(actor_bind(q, 1, SOCK_STREAM, LOCALHOST, OWN_LAST), 1);
	all_done(connect_within(q, 4, OWN_FIRST, OWN_FIRST + 3), 4);
	some_failed(connect_within(p, 6, OWN_FIRST, OWN_LAST), 5, 1, EADDRNOTAVAIL);
	EXPECT(model, TCP(.shared = 9, .exclusive = 1), TOWARD(LOCALHOST, 5000, .active = 9),
	       TOWARD(LOCALHOST, 5000, .first = OWN_FIRST, .last = OWN_FIRST + 3, .capacity = 4,
		      .active = 4),
	       TOWARD(LOCALHOST, 5000, .first = OWN_FIRST, .last = OWN_LAST, .capacity = 9,
		      .active = 9),
	       OWNER("pg-p", "tcp", .active = 5, .refusals = 1),
	       OWNER("pg-q", "tcp", .active = 4, .exclusive = 1),
	       REFUSED("pg-p", "connect", "EADDRNOTAVAIL", .remote = LOCALHOST, .port = 5000));
	all_done(actor_close(q, 0), 5);
	EXPECT(model, TCP(.shared = 5), TOWARD(LOCALHOST, 5000, .active = 5, .process = "pg-p"),
	       TOWARD(LOCALHOST, 5000, .first = OWN_FIRST, .last = OWN_LAST, .capacity = 10,
		      .active = 5),
	       OWNER("pg-p", "tcp", .active = 5, .refusals = 1),
	       REFUSED("pg-p", "connect", "EADDRNOTAVAIL", .remote = LOCALHOST, .port = 5000));
}

/* Each end of it that is not inside gives way to the namespace's. */
static void an_own_range_stays_inside(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");

	model_server(model, LOCALHOST, 5000);
	all_done(connect_within(p, 2, 0, 40009), 2);
	all_done(connect_within(p, 3, 40990, 50000), 3);
	all_done(connect_within(p, 4, 50000, 50009), 4);
	EXPECT(model, TCP(.shared = 9), TOWARD(LOCALHOST, 5000, .active = 9, .process = "pg-p"),
	       TOWARD(LOCALHOST, 5000, .first = 40000, .last = 40009, .capacity = 10, .active = ANY,
		      .used = ANY),
	       TOWARD(LOCALHOST, 5000, .first = 40990, .last = 40999, .capacity = 10, .active = ANY,
		      .used = ANY),
	       TOWARD(LOCALHOST, 5000, .first = 40000, .last = 40999, .capacity = 1000,
		      .active = 9),
	       OWNER("pg-p", "tcp", .active = 9));
}

static struct outcome bind_within(struct actor *actor, uint32_t count, int type)
{
	return actor_open(actor, count, .type = type, .first = OWN_FIRST, .last = OWN_LAST,
			  .local = LOCALHOST);
}

static void an_own_range_limits_bind(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");

	some_failed(bind_within(p, 11, SOCK_STREAM), 10, 1, EADDRINUSE);
	some_failed(bind_within(p, 12, SOCK_DGRAM), 10, 2, EADDRINUSE);
	EXPECT(model, TCP(.exclusive = 10), OWNER("pg-p", "tcp", .exclusive = 10, .refusals = 1),
	       REFUSED("pg-p", "bind", "EADDRINUSE", .protocol = "tcp"), UDP(.exclusive = 10),
	       OWNER("pg-p", "udp", .exclusive = 10, .refusals = 2),
	       REFUSED("pg-p", "bind", "EADDRINUSE", .protocol = "udp", .refusals = 2));
}

#define NO_EVENT "no event tells of a sysctl: it is read again at each reconcile"
#define FROM_RECONCILE                                                                       \
	.fentry = CLASS_RECONCILE, .kprobe = CLASS_RECONCILE, .tracepoint = CLASS_RECONCILE, \
	.diag = CLASS_RECONCILE

const struct model_case model_range_cases[] = {
	{ .name = "reserved ports are no ports of the pool",
	  DIAG_REFUSALS,
	  .play = reserved_ports_are_no_ports },
	{ .name = "connect() and bind(0) share the halves of the range",
	  .play = both_halves_are_used_up,
	  .tracepoint = CLASS_INVISIBLE,
	  .diag = CLASS_INVISIBLE,
	  .why = "no event tells of a refused bind(0)" },
	{ .name = "a range of odd size may lose a port",
	  DIAG_REFUSALS,
	  .play = an_odd_range_may_lose_a_port },
	{ .name = "a range of one port has one", DIAG_REFUSALS, .play = a_range_of_one_has_one },
	{ .name = "a range grows",
	  DIAG_BOUND,
	  .play = a_range_grows,
	  FROM_RECONCILE,
	  .why = NO_EVENT },
	{ .name = "a range shrinks and grows again",
	  DIAG_BOUND,
	  .play = a_range_shrinks,
	  FROM_RECONCILE,
	  .why = NO_EVENT },
	{ .name = "ports become reserved",
	  DIAG_BOUND,
	  .play = ports_become_reserved,
	  FROM_RECONCILE,
	  .why = NO_EVENT },
	{ .name = "a range that moved is known with its next port",
	  DIAG_REFUSALS,
	  .play = a_moved_range_is_known_with_its_next_port },
	{ .name = "a socket's own range has its own capacity",
	  DIAG_WINDOW,
	  .play = an_own_range_has_its_own_capacity,
	  .lacks = kernel_lacks_port_range },
	{ .name = "own ranges share their ports with all others",
	  DIAG_WINDOW,
	  .play = own_ranges_share_their_ports,
	  .lacks = kernel_lacks_port_range },
	{ .name = "a socket's own range stays inside the namespace's",
	  DIAG_WINDOW,
	  .play = an_own_range_stays_inside,
	  .lacks = kernel_lacks_port_range },
	{ .name = "a socket's own range limits bind(0)",
	  .play = an_own_range_limits_bind,
	  .lacks = kernel_lacks_port_range,
	  .tracepoint = CLASS_INVISIBLE,
	  .diag = CLASS_INVISIBLE,
	  .why = "no event tells of a refused bind(0)" },
	{ .name = NULL },
};
