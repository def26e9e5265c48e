// SPDX-License-Identifier: Apache-2.0
/* TIME_WAIT: whose it is, what it blocks, how it ends. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel.h"
#include "model.h"
#include "process.h"

#define TINY "40000 40003"
#define TINY_SIZE 4
#define OLD_ENOUGH_US 2100000 /* for any kernel to recycle a remnant */

/* p closes first, the server once its end has told so: p's sockets become remnants in FIN_WAIT2,
 * and those get their FIN. */
static void close_in_turn(struct model *model, struct actor *p, struct actor *server,
			  uint32_t count)
{
	all_done(actor_close(p, 0), count);
	model_settles(model, "-tan state fin-wait-2", "", count);
	all_done(actor_close_accepted(server), count);
	model_settles(model, "-tan state time-wait", "", count);
}

/* Over a veth, because loopback is recyclable. */
static struct actor *open_remote(struct model *model, struct actor *server, uint32_t count)
{
	struct actor *p = model_actor(model, "pg-p");

	all_done(actor_connect(p, count, ADDRESS_B, 5000), count);
	all_done(actor_accept(server, count), count);
	return p;
}

static struct actor *wait_remote(struct model *model, struct actor *server, uint32_t count)
{
	struct actor *p = open_remote(model, server, count);

	close_in_turn(model, p, server, count);
	return p;
}

static struct actor *wait_local(struct model *model, struct actor *server, uint32_t count)
{
	struct actor *p = model_actor(model, "pg-p");

	all_done(actor_connect(p, count, LOCALHOST, 5000), count);
	all_done(actor_accept(server, count), count);
	close_in_turn(model, p, server, count);
	return p;
}

#define EXPECT_WAITING(model, count)                                             \
	EXPECT(model, TCP(.shared = (count)),                                    \
	       TOWARD(ADDRESS_B, 5000, .time_wait = (count), .process = "pg-p"), \
	       OWNER("pg-p", "tcp", .time_wait = (count)))

/* --- begin ----------------------------------------------------------------------------------- */

static void it_stays_with_its_owner(struct model *model)
{
	struct actor *server = model_remote_server(model, 5000);
	struct actor *p = open_remote(model, server, 8);
	pid_t pid = actor_pid(p);

	EXPECT(model, TCP(.shared = 8), TOWARD(ADDRESS_B, 5000, .active = 8, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .active = 8, .pid = pid));
	all_done(actor_close(p, 3), 3);
	all_done(actor_close_accepted(server), 8);
	EXPECT(model, TCP(.shared = 8),
	       TOWARD(ADDRESS_B, 5000, .active = 5, .time_wait = 3, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .active = 5, .time_wait = 3, .pid = pid));
	all_done(actor_close(p, 0), 5); /* the other end was first: no TIME_WAIT here */
	EXPECT_WAITING(model, 3);
	model_stop(model, p);
	model_reconcile(model);
	EXPECT(model, TCP(.shared = 3), TOWARD(ADDRESS_B, 5000, .time_wait = 3, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .time_wait = 3, .pid = pid));
}

/* At least one: an ACK that comes while close() still has the socket leaves it one in FIN_WAIT2
 * (tcp_rcv_state_process), and then the hold is active. */
static int remnants(const struct model *model)
{
	return (int)space_ss(model->clients, "-tao", "'dport = :5000' | grep 'timer:(timewait'");
}

static void it_waits_for_the_other_end_too(struct model *model)
{
	struct actor *server = model_remote_server(model, 5000);
	struct actor *p = open_remote(model, server, 5);
	int wait;

	all_done(actor_close(p, 0), 5);
	wait = remnants(model);
	EXPECT(model, TCP(.shared = 5),
	       TOWARD(ADDRESS_B, 5000, .active = 5 - wait, .time_wait = wait, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .active = 5 - wait, .time_wait = wait));
	model_stop(model, p);
	all_done(actor_close_accepted(server), 5);
	EXPECT_WAITING(model, 5);
}

/* More than 60 s of patience for the other end's FIN: a socket waits, not a remnant. */
static void an_orphan_is_active(struct model *model)
{
	struct actor *server = model_remote_server(model, 5000);
	struct actor *p;

	model_sysctl(model, "tcp_fin_timeout", "90");
	p = open_remote(model, server, 5);
	all_done(actor_close(p, 0), 5);
	model_stop(model, p);
	model_reconcile(model);
	EXPECT(model, TCP(.shared = 5), TOWARD(ADDRESS_B, 5000, .active = 5, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .active = 5));
	all_done(actor_close_accepted(server), 5);
	EXPECT_WAITING(model, 5);
}

static void its_port_serves_other_destinations(struct model *model)
{
	struct actor *server;
	struct actor *other;
	struct actor *p;

	model_range(model, TINY);
	server = model_remote_server(model, 5000);
	other = model_adopt(model, actor_start(model->servers, "pg-server"));
	all_done(actor_listen(other, ADDRESS_B, 5001), 1);
	p = wait_remote(model, server, TINY_SIZE);
	all_failed(actor_connect(p, 1, ADDRESS_B, 5000), 1, EADDRNOTAVAIL);
	all_done(actor_connect(p, TINY_SIZE, ADDRESS_B, 5001), TINY_SIZE);
	all_done(actor_accept(other, TINY_SIZE), TINY_SIZE);
	all_done(actor_close(p, 2), 2);
	all_done(actor_close_accepted(other), TINY_SIZE);
	EXPECT(model, TCP(.size = TINY_SIZE, .shared = TINY_SIZE),
	       TOWARD(ADDRESS_B, 5000, .time_wait = TINY_SIZE, .process = "pg-p"),
	       TOWARD(ADDRESS_B, 5001, .active = 2, .time_wait = 2, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .active = 2, .time_wait = TINY_SIZE + 2, .refusals = 1),
	       REFUSED("pg-p", "connect", "EADDRNOTAVAIL", .remote = ADDRESS_B, .port = 5000));
}

static void a_bound_port_waits_exclusively(struct model *model)
{
	struct actor *server = model_remote_server(model, 5000);
	struct actor *p = model_actor(model, "pg-p");

	all_done(actor_open(p, 5, .local = ADDRESS_A, .remote = ADDRESS_B, .remote_port = 5000), 5);
	all_done(actor_accept(server, 5), 5);
	all_done(actor_close(p, 0), 5);
	all_done(actor_close_accepted(server), 5);
	model_settles(model, "-tan state time-wait", "", 5);
	EXPECT(model, TCP(.exclusive = 5),
	       TOWARD(ADDRESS_B, 5000, .exclusive = 5, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .exclusive = 5));
}

/* The side that listens closes first: all remnants keep its one port, even when it is gone. */
static void a_listeners_port_waits(struct model *model)
{
	struct actor *server = model_server(model, LOCALHOST, 40500);
	struct actor *p = model_actor(model, "pg-p");

	all_done(actor_connect(p, 5, LOCALHOST, 40500), 5);
	all_done(actor_accept(server, 5), 5);
	model_reconcile(model);
	all_done(actor_close_accepted(server), 5);
	all_done(actor_close(p, 0), 5);
	EXPECT(model, TCP(.exclusive = 1), OWNER("pg-server", "tcp", .exclusive = 1));
	model_stop(model, server);
	EXPECT(model, TCP(.exclusive = 1), OWNER("pg-server", "tcp", .exclusive = 1));
}

/* --- recycling ------------------------------------------------------------------------------- */

static void loopback_is_recyclable(struct model *model)
{
	wait_local(model, model_server(model, LOCALHOST, 5000), 5);
	EXPECT(model, TCP(.shared = 5),
	       TOWARD(LOCALHOST, 5000, .time_wait = 5, .recyclable = 5, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .time_wait = 5, .recyclable = 5));
}

static void a_network_is_not_by_default(struct model *model)
{
	wait_remote(model, model_remote_server(model, 5000), 5);
	usleep(OLD_ENOUGH_US);
	EXPECT_WAITING(model, 5);
}

static void a_network_is_where_allowed(struct model *model)
{
	struct actor *server;

	model_sysctl(model, "tcp_tw_reuse", "1");
	server = model_remote_server(model, 5000);
	wait_remote(model, server, 5);
	EXPECT(model, TCP(.shared = 5),
	       TOWARD(ADDRESS_B, 5000, .time_wait = 5, .recyclable = 5, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .time_wait = 5, .recyclable = 5));
}

static void nothing_is_where_forbidden(struct model *model)
{
	struct actor *p;

	model_range(model, TINY);
	model_sysctl(model, "tcp_tw_reuse", "0");
	p = wait_local(model, model_server(model, LOCALHOST, 5000), TINY_SIZE);
	usleep(OLD_ENOUGH_US);
	all_failed(actor_connect(p, 2, LOCALHOST, 5000), 2, EADDRNOTAVAIL);
	EXPECT(model, TCP(.size = TINY_SIZE, .shared = TINY_SIZE),
	       TOWARD(LOCALHOST, 5000, .time_wait = TINY_SIZE, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .time_wait = TINY_SIZE, .refusals = 2),
	       REFUSED("pg-p", "connect", "EADDRNOTAVAIL", .remote = LOCALHOST, .port = 5000,
		       .refusals = 2));
}

static void nothing_is_without_timestamps(struct model *model)
{
	struct actor *p;

	model_range(model, TINY);
	model_sysctl(model, "tcp_timestamps", "0");
	p = wait_local(model, model_server(model, LOCALHOST, 5000), TINY_SIZE);
	usleep(OLD_ENOUGH_US);
	all_failed(actor_connect(p, 1, LOCALHOST, 5000), 1, EADDRNOTAVAIL);
	EXPECT(model, TCP(.size = TINY_SIZE, .shared = TINY_SIZE),
	       TOWARD(LOCALHOST, 5000, .time_wait = TINY_SIZE, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .time_wait = TINY_SIZE, .refusals = 1),
	       REFUSED("pg-p", "connect", "EADDRNOTAVAIL", .remote = LOCALHOST, .port = 5000));
}

/* Too young, then old enough. */
static void a_recycled_port_has_its_new_owner(struct model *model)
{
	struct actor *server;
	struct actor *p;
	struct actor *q;

	model_range(model, TINY);
	server = model_server(model, LOCALHOST, 5000);
	p = wait_local(model, server, TINY_SIZE);
	q = model_actor(model, "pg-q");
	usleep(OLD_ENOUGH_US);
	all_done(actor_connect(q, 3, LOCALHOST, 5000), 3);
	EXPECT(model, TCP(.size = TINY_SIZE, .shared = TINY_SIZE),
	       TOWARD(LOCALHOST, 5000, .active = 3, .time_wait = 1, .recyclable = 1),
	       OWNER("pg-p", "tcp", .time_wait = 1, .recyclable = 1, .pid = actor_pid(p)),
	       OWNER("pg-q", "tcp", .active = 3, .pid = actor_pid(q)));
}

static void a_changed_setting_counts(struct model *model)
{
	struct actor *server = model_remote_server(model, 5000);

	wait_remote(model, server, 5);
	EXPECT_WAITING(model, 5);
	EXPECT_WAITING(model, 5); /* the look at a new namespace, after its first view, is over */
	model_sysctl(model, "tcp_tw_reuse", "1");
	usleep(OLD_ENOUGH_US);
	EXPECT(model, TCP(.shared = 5),
	       TOWARD(ADDRESS_B, 5000, .time_wait = 5, .recyclable = 5, .process = "pg-p"),
	       OWNER("pg-p", "tcp", .time_wait = 5, .recyclable = 5));
}

/* --- end ------------------------------------------------------------------------------------- */

/* Without the other end's FIN it lasts tcp_fin_timeout. */
static void it_ends_in_time(struct model *model)
{
	struct actor *server = model_remote_server(model, 5000);
	struct actor *p;

	model_sysctl(model, "tcp_fin_timeout", "2");
	p = open_remote(model, server, 6);
	all_done(actor_close(p, 0), 6);
	model_settles(model, "-tan", "'dport = :5000'", 0);
	EXPECT_NOTHING(model);
}

static void a_reset_ends_it(struct model *model)
{
	struct actor *server = model_remote_server(model, 5000);
	struct actor *p = open_remote(model, server, 6);

	all_done(actor_close(p, 0), 6);
	model_settles(model, "-tan state fin-wait-2", "", 6);
	EXPECT_WAITING(model, 6);
	all_done(actor_reset_accepted(server), 6);
	model_settles(model, "-tan", "'dport = :5000'", 0);
	EXPECT_NOTHING(model);
}

static void an_administrator_ends_it(struct model *model)
{
	struct actor *server = model_remote_server(model, 5000);

	wait_remote(model, server, 6);
	EXPECT_WAITING(model, 6);
	space_ss(model->clients, "-K -tan state time-wait", "'dport = :5000'");
	model_settles(model, "-tan", "'dport = :5000'", 0);
	EXPECT_NOTHING(model);
}

/* No room for more remnants: ports are free at once. */
static void there_may_be_no_room_for_it(struct model *model)
{
	struct actor *server;
	struct actor *p;

	model_sysctl(model, "tcp_max_tw_buckets", "3");
	server = model_remote_server(model, 5000);
	p = open_remote(model, server, 10);
	all_done(actor_close(p, 0), 10);
	model_settles(model, "-tan state fin-wait-2", "", 3);
	all_done(actor_close_accepted(server), 10);
	model_settles(model, "-tan state time-wait", "", 3);
	EXPECT_WAITING(model, 3);
}

#define NO_FIN                         \
	.tracepoint = CLASS_RECONCILE, \
	.why = "no event tells that a remnant in FIN_WAIT2 got its FIN and may be recycled"
#define NO_END .tracepoint = CLASS_RECONCILE, .why = "no event tells of TIME_WAIT's end"

const struct model_case model_timewait_cases[] = {
	{ .name = "TIME_WAIT stays with its owner, after its death too",
	  .play = it_stays_with_its_owner },
	{ .name = "FIN_WAIT2 without a socket is TIME_WAIT",
	  DIAG_GONE,
	  .play = it_waits_for_the_other_end_too },
	{ .name = "an orphan in FIN_WAIT2 is active", DIAG_GONE, .play = an_orphan_is_active },
	{ .name = "a port in TIME_WAIT serves other destinations",
	  DIAG_GONE,
	  .play = its_port_serves_other_destinations },
	{ .name = "a bound port stays exclusive in TIME_WAIT",
	  DIAG_CHOICE,
	  .play = a_bound_port_waits_exclusively },
	{ .name = "TIME_WAIT keeps a listener's port", .play = a_listeners_port_waits },
	{ .name = "TIME_WAIT on loopback is recyclable",
	  DIAG_GONE,
	  .play = loopback_is_recyclable,
	  NO_FIN },
	{ .name = "TIME_WAIT toward a network is not recyclable by default",
	  DIAG_GONE,
	  .play = a_network_is_not_by_default },
	{ .name = "TIME_WAIT toward a network is recyclable where tcp_tw_reuse is 1",
	  DIAG_GONE,
	  .play = a_network_is_where_allowed,
	  NO_FIN },
	{ .name = "TIME_WAIT is not recyclable where tcp_tw_reuse is 0",
	  DIAG_GONE,
	  .play = nothing_is_where_forbidden },
	{ .name = "TIME_WAIT is not recyclable without timestamps",
	  DIAG_GONE,
	  .play = nothing_is_without_timestamps },
	{ .name = "a recycled port has its new owner",
	  DIAG_GONE,
	  .play = a_recycled_port_has_its_new_owner,
	  NO_FIN },
	{ .name = "tcp_tw_reuse changes",
	  DIAG_GONE,
	  .play = a_changed_setting_counts,
	  .fentry = CLASS_RECONCILE,
	  .kprobe = CLASS_RECONCILE,
	  .tracepoint = CLASS_RECONCILE,
	  .why = "no event tells of a sysctl: it is read again at each reconcile" },
	{ .name = "TIME_WAIT ends when its time is over",
	  DIAG_NOTHING,
	  .play = it_ends_in_time,
	  NO_END },
	{ .name = "a reset ends TIME_WAIT", DIAG_GONE, .play = a_reset_ends_it, NO_END },
	{ .name = "an administrator ends TIME_WAIT",
	  DIAG_GONE,
	  .play = an_administrator_ends_it,
	  .lacks = kernel_lacks_killing_time_wait,
	  NO_END },
	{ .name = "no room for TIME_WAIT", DIAG_GONE, .play = there_may_be_no_room_for_it },
	{ .name = NULL },
};
