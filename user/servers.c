// SPDX-License-Identifier: Apache-2.0
#include "user/servers.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "user/base/util.h"
#include "user/host/broker.h"
#include "user/host/cgroup_process.h"
#include "user/host/procowner.h"
#include "user/host/procsearch.h"
#include "user/sources/sockdiag.h"

#define LINKS_MAX 20000 /* of open files, looked at in one go */
#define ROUNDS_MAX 2    /* the first one may have begun before the socket was looked for */
#define RESTS 6         /* looks */
#define GUESSES_MAX 256 /* in one look */

/* How well a listener's address fits; a better one is the one that the kernel would choose. */
enum fit { FIT_NONE, FIT_ANY_FAMILY, FIT_ANY, FIT_ADDRESS };

/* A destination that leads to a namespace of this host. */
struct target {
	struct place_key key;
	uint32_t home;   /* the namespace where somebody may listen */
	uint32_t inode;  /* of the listening socket; 0: none */
	uint64_t cgroup; /* in which it was made; 0: unknown */
	enum fit fit;
	UT_hash_handle hh;
};

/* A listening socket whose process is known. */
struct socket {
	uint64_t inode;
	uint64_t cgroup;
	uint32_t pid; /* 0: looked for */
	uint64_t start_ns;
	uint32_t guessed_pid; /* by its cgroup, while pid is 0; 0: nobody */
	char process[ABI_COMM_LEN];
	uint8_t rounds; /* through all processes, in vain */
	uint8_t rests;  /* looks to sit out */
	bool wanted;
	UT_hash_handle hh;
};

struct servers {
	struct broker *broker; /* NULL: none */
	const char *proc_root;
	const char *cgroup_root;
	struct cgroup_table *cgroups; /* NULL: none */
	struct addresses addresses;
	struct target *targets;            /* of the look under way */
	uint8_t ports[UINT16_MAX / 8 + 1]; /* theirs, one bit each */
	struct socket *sockets;
	size_t missing; /* sockets that are looked for */
	struct procsearch search;
};

int servers_new(struct servers **ret, struct broker *broker, const char *proc_root,
		const char *cgroup_root, struct cgroup_table *cgroups)
{
	struct servers *servers = calloc(1, sizeof(*servers));

	if (!servers)
		return -ENOMEM;
	servers->broker = broker;
	servers->proc_root = proc_root;
	servers->cgroup_root = cgroup_root;
	servers->cgroups = cgroups;
	*ret = servers;
	return 0;
}

static void forget_targets(struct servers *servers)
{
	struct target *target;
	struct target *next;

	HASH_ITER(hh, servers->targets, target, next) {
		HASH_DEL(servers->targets, target);
		free(target);
	}
	memset(servers->ports, 0, sizeof(servers->ports));
}

static void forget_sockets(struct servers *servers, bool all)
{
	struct socket *socket;
	struct socket *next;

	HASH_ITER(hh, servers->sockets, socket, next) {
		if (socket->wanted && !all)
			continue;
		HASH_DEL(servers->sockets, socket);
		free(socket);
	}
}

void servers_free(struct servers *servers)
{
	if (!servers)
		return;
	forget_targets(servers);
	forget_sockets(servers, true);
	addresses_done(&servers->addresses);
	free(servers);
}

struct addresses *servers_addresses(struct servers *servers)
{
	return &servers->addresses;
}

/* --- destinations that lead here ------------------------------------------------------------- */

static struct target *find_target(const struct servers *servers, const struct place_key *key)
{
	struct target *target;

	HASH_FIND(hh, servers->targets, key, sizeof(*key), target);
	return target;
}

/* What finds no room has no name; there are names enough. */
static void add_target(void *context, uint32_t netns, uint8_t protocol, const uint8_t remote[16],
		       uint16_t remote_port)
{
	struct servers *servers = context;
	struct place_key key = { .netns = netns, .port = remote_port, .protocol = protocol };
	struct target *target;
	uint32_t home;

	memcpy(key.address, remote, sizeof(key.address));
	if (HASH_COUNT(servers->targets) >= PLACES_SERVERS_MAX || find_target(servers, &key))
		return;
	home = addresses_find(&servers->addresses, netns, remote);
	target = home ? calloc(1, sizeof(*target)) : NULL;
	if (!target)
		return;
	servers->ports[remote_port / 8] |= (uint8_t)(1 << remote_port % 8);
	target->key = key;
	target->home = home;
	HASH_ADD(hh, servers->targets, key, sizeof(target->key), target);
	if (!target->hh.tbl)
		free(target);
}

/* --- who listens ----------------------------------------------------------------------------- */

struct listening {
	struct servers *servers;
	const struct netns_entry *entry;
};

static bool is_any(const uint8_t address[16])
{
	static const uint8_t any4[16] = { [10] = 0xff, [11] = 0xff };
	static const uint8_t any6[16];

	return !memcmp(address, any4, 16) || !memcmp(address, any6, 16);
}

static bool is_v4(const uint8_t address[16])
{
	return IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)address);
}

/* A socket of IPv6 takes connections of IPv4 as well, never the other way round. */
static enum fit fit_of(const struct target *target, const struct abi_tuple *listener)
{
	if (!memcmp(target->key.address, listener->local, sizeof(listener->local)))
		return FIT_ADDRESS;
	if (!is_any(listener->local))
		return FIT_NONE;
	if (is_v4(target->key.address) == is_v4(listener->local))
		return FIT_ANY;
	return is_v4(listener->local) ? FIT_NONE : FIT_ANY_FAMILY;
}

/* One that is bound to an interface takes some connections and not others. Connected sockets of
 * UDP serve one peer only. */
static int see_listener(void *context, const struct sockdiag_record *record)
{
	struct listening *listening = context;
	struct target *target;
	struct target *next;

	if (record->interface || !record->inode || record->tuple.remote_port ||
	    !(listening->servers->ports[record->tuple.port / 8] & 1 << record->tuple.port % 8))
		return 0;
	HASH_ITER(hh, listening->servers->targets, target, next) {
		enum fit fit;

		if (target->home != record->tuple.netns || target->key.port != record->tuple.port ||
		    target->key.protocol != record->protocol)
			continue;
		fit = fit_of(target, &record->tuple);
		if (fit <= target->fit)
			continue;
		target->fit = fit;
		target->inode = record->inode;
		target->cgroup = record->cgroup;
	}
	return 0;
}

/* The ports that are asked for in one namespace; none: first is above last. */
static struct sockdiag_query query_of(const struct servers *servers, uint32_t home,
				      uint8_t protocol)
{
	struct sockdiag_query query = {
		.netns = home,
		.protocol = protocol,
		.first = UINT16_MAX,
		.states = 1U << SOCKDIAG_LISTEN,
	};
	struct target *target;
	struct target *next;

	if (protocol == IPPROTO_UDP)
		query.states = 1U << SOCKDIAG_CLOSE;
	HASH_ITER(hh, servers->targets, target, next) {
		if (target->home != home || target->key.protocol != protocol)
			continue;
		if (target->key.port < query.first)
			query.first = target->key.port;
		if (target->key.port > query.last)
			query.last = target->key.port;
	}
	return query;
}

static void list_listeners(struct listening *listening, struct netns_door *door)
{
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP };

	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		struct sockdiag_query query =
			query_of(listening->servers, listening->entry->inode, protocols[i]);

		query.door = door;
		if (query.first <= query.last)
			sockdiag_read(&query, see_listener, listening);
	}
}

static bool leads_there(const struct servers *servers, uint32_t home)
{
	struct target *target;
	struct target *next;

	HASH_ITER(hh, servers->targets, target, next)
		if (target->home == home)
			return true;
	return false;
}

static void find_listeners(struct servers *servers, const struct netns_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct listening listening = { servers, &list->entries[i] };
		struct netns_door door;

		if (!leads_there(servers, list->entries[i].inode) ||
		    broker_open_netns(servers->broker, &door, listening.entry, NULL) < 0)
			continue;
		list_listeners(&listening, &door);
		netns_door_close(&door);
	}
}

/* --- whose sockets they are ------------------------------------------------------------------ */

static struct socket *find_socket(const struct servers *servers, uint64_t inode)
{
	struct socket *socket;

	HASH_FIND(hh, servers->sockets, &inode, sizeof(inode), socket);
	return socket;
}

static void want_socket(struct servers *servers, uint64_t inode, uint64_t cgroup)
{
	struct socket *socket = find_socket(servers, inode);

	if (!socket) {
		socket = calloc(1, sizeof(*socket));
		if (!socket)
			return;
		socket->inode = inode;
		HASH_ADD(hh, servers->sockets, inode, sizeof(socket->inode), socket);
		if (!socket->hh.tbl) {
			free(socket);
			return;
		}
	}
	socket->wanted = true;
	socket->cgroup = cgroup;
}

/* It may have got another name meanwhile, or be gone while others still listen. */
static void describe(struct servers *servers, struct socket *socket, uint32_t pid)
{
	struct abi_owner owner;

	if (procowner_read(&owner, servers->proc_root, NULL, pid) < 0 ||
	    (socket->pid && owner.start_ns != socket->start_ns)) {
		socket->pid = 0;
		return;
	}
	socket->pid = pid;
	socket->start_ns = owner.start_ns;
	memcpy(socket->process, owner.comm, sizeof(socket->process));
}

static bool see_file(void *context, uint64_t inode, uint32_t pid)
{
	struct servers *servers = context;
	struct socket *socket = find_socket(servers, inode);

	if (socket && !socket->pid) {
		describe(servers, socket, pid);
		servers->missing -= socket->pid && !socket->rests;
	}
	return servers->missing > 0;
}

/* Who is not found now will hardly be found in ten seconds. */
static void end_round(struct servers *servers)
{
	struct socket *socket;
	struct socket *next;

	HASH_ITER(hh, servers->sockets, socket, next) {
		if (socket->pid || socket->rests || ++socket->rounds < ROUNDS_MAX)
			continue;
		socket->rounds = 0;
		socket->rests = RESTS;
	}
}

static void find_processes(struct servers *servers)
{
	struct target *target;
	struct target *next_target;
	struct socket *socket;
	struct socket *next;

	HASH_ITER(hh, servers->sockets, socket, next)
		socket->wanted = false;
	HASH_ITER(hh, servers->targets, target, next_target)
		if (target->inode)
			want_socket(servers, target->inode, target->cgroup);
	forget_sockets(servers, false);
	servers->missing = 0;
	HASH_ITER(hh, servers->sockets, socket, next) {
		if (socket->pid)
			describe(servers, socket, socket->pid);
		if (socket->rests)
			socket->rests--;
		servers->missing += !socket->pid && !socket->rests;
	}
	if (servers->missing && procsearch_go_on(&servers->search, servers->broker,
						 servers->proc_root, LINKS_MAX, see_file, servers))
		end_round(servers);
}

/* For this look only: its files may come to be readable. */
static void guess(struct servers *servers, struct socket *socket, uint64_t now_ns)
{
	const char *cgroup = cgroup_table_path(servers->cgroups, socket->cgroup, now_ns);
	struct abi_owner owner;
	char path[PATH_MAX];

	socket->guessed_pid = 0;
	if (!cgroup)
		return;
	snprintf(path, sizeof(path), "%s%s", servers->cgroup_root, cgroup);
	if (cgroup_process(&owner, servers->proc_root, path) < 0)
		return;
	socket->guessed_pid = owner.tgid;
	memcpy(socket->process, owner.comm, sizeof(socket->process));
}

static void guess_processes(struct servers *servers, uint64_t now_ns)
{
	struct socket *socket;
	struct socket *next;
	int guesses = 0;

	HASH_ITER(hh, servers->sockets, socket, next) {
		socket->guessed_pid = 0;
		if (!socket->pid && socket->cgroup && servers->cgroups && guesses++ < GUESSES_MAX)
			guess(servers, socket, now_ns);
	}
}

/* --- telling --------------------------------------------------------------------------------- */

static void tell_server(const struct place_server *server, note_handler *tell, void *context)
{
	tell(context, &(struct note){ .kind = NOTE_SERVER, .server = *server });
}

static struct place_server server_of(const struct servers *servers, const struct target *target)
{
	const struct socket *socket = target->inode ? find_socket(servers, target->inode) : NULL;
	struct place_server server = { .key = target->key };

	if (socket && (socket->pid || socket->guessed_pid)) {
		server.pid = socket->pid ? socket->pid : socket->guessed_pid;
		memcpy(server.process, socket->process, sizeof(server.process));
	}
	return server;
}

/* First what is over: that makes room. */
static void tell_over(struct servers *servers, const struct places *places, note_handler *tell,
		      void *context)
{
	const struct place_server *known;
	void *cursor = NULL;

	while ((known = places_next_server(places, &cursor))) {
		const struct target *target = find_target(servers, &known->key);
		struct place_server over = { .key = known->key };

		if (!target || !server_of(servers, target).pid)
			tell_server(&over, tell, context);
	}
}

static void tell_new(struct servers *servers, const struct places *places, note_handler *tell,
		     void *context)
{
	struct target *target;
	struct target *next;

	HASH_ITER(hh, servers->targets, target, next) {
		struct place_server server = server_of(servers, target);
		const struct place_server *known = places_server(places, &target->key);

		if (server.pid && (!known || known->pid != server.pid ||
				   memcmp(known->process, server.process, sizeof(server.process))))
			tell_server(&server, tell, context);
	}
}

void servers_look(struct servers *servers, const struct ledger *ledger, const struct places *places,
		  const struct netns_list *list, uint64_t now_ns, note_handler *tell, void *context)
{
	ledger_visit_destinations(ledger, add_target, servers);
	addresses_clear(&servers->addresses);
	find_listeners(servers, list);
	find_processes(servers);
	guess_processes(servers, now_ns);
	tell_over(servers, places, tell, context);
	tell_new(servers, places, tell, context);
	forget_targets(servers);
}
