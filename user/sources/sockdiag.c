// SPDX-License-Identifier: Apache-2.0
#include "user/sources/sockdiag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>

#include "user/host/netns_door.h"
#include "user/sources/sockdiag_parse.h"
#include "user/base/util.h"

#define ANSWER_BYTES 32768 /* the most the kernel packs into one datagram of a dump */
#define REQUEST_BYTES 512
#define ATTEMPTS_MAX 4
#define TIMEOUT_S 10

static void socket_closep(struct mnl_socket **socket)
{
	int saved = errno;

	if (*socket)
		mnl_socket_close(*socket);
	errno = saved;
}

/* Connected to the kernel: then nobody else can answer. */
static struct mnl_socket *open_own(void)
{
	static const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	CLEANUP(socket_closep)
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);

	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    connect(mnl_socket_get_fd(socket), (const struct sockaddr *)&kernel, sizeof(kernel)) <
		    0)
		return NULL;
	return TAKE_PTR(socket);
}

static struct mnl_socket *open_at(const struct netns_door *door)
{
	struct mnl_socket *socket;
	int fd;

	if (door->fds[DOOR_SOCKETS] < 0) {
		errno = EPROTONOSUPPORT;
		return NULL;
	}
	fd = fcntl(door->fds[DOOR_SOCKETS], F_DUPFD_CLOEXEC, 0);
	socket = fd < 0 ? NULL : mnl_socket_fdopen(fd);
	if (!socket)
		fd_closep(&fd);
	return socket;
}

/* The kernel answers while we ask, so a wait that long means that something is broken. */
static int open_socket(struct mnl_socket **ret, const struct netns_door *door)
{
	static const struct timeval timeout = { .tv_sec = TIMEOUT_S };
	CLEANUP(socket_closep) struct mnl_socket *socket = door ? open_at(door) : open_own();

	if (!socket || setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &timeout,
				  sizeof(timeout)) < 0)
		return -errno;
	*ret = TAKE_PTR(socket);
	return 0;
}

/* Every state that holds a port. Kernels without BOUND_INACTIVE ignore that bit (5.10, 6.1). */
static uint32_t states_of(uint8_t protocol)
{
	if (protocol == IPPROTO_UDP)
		return 1U << SOCKDIAG_ESTABLISHED | 1U << SOCKDIAG_CLOSE;
	return (0xfffU & ~1U & ~(1U << SOCKDIAG_CLOSE)) | 1U << SOCKDIAG_BOUND_INACTIVE;
}

/* Programs of the kernel's socket filter: each jump is a number of bytes, and only who ends
 * exactly behind the last operation passes (inet_diag_bc_run; no privilege needed for these). */
static struct inet_diag_bc_op *put_bound(struct inet_diag_bc_op *op, unsigned char code,
					 uint16_t port, size_t left)
{
	op[0] = (struct inet_diag_bc_op){ code, sizeof(op[0]) * 2, (unsigned short)(left + 4) };
	op[1] = (struct inet_diag_bc_op){ .no = port };
	return op + 2;
}

/* named: with a jump that nobody who passed AUTO can take. */
static void put_filter(struct nlmsghdr *request, const struct sockdiag_query *query, bool named)
{
	struct inet_diag_bc_op program[6] = { 0 };
	struct inet_diag_bc_op *op = program;
	size_t size = (named ? 6 : 5) * sizeof(*op);

	op = put_bound(op, INET_DIAG_BC_S_GE, query->first, size);
	op = put_bound(op, INET_DIAG_BC_S_LE, query->last, size - 2 * sizeof(*op));
	*op++ = (struct inet_diag_bc_op){ INET_DIAG_BC_AUTO, sizeof(*op), 2 * sizeof(*op) };
	if (named)
		*op = (struct inet_diag_bc_op){ INET_DIAG_BC_JMP, sizeof(*op), 2 * sizeof(*op) };
	mnl_attr_put(request, INET_DIAG_REQ_BYTECODE, size, program);
}

static struct nlmsghdr *begin_request(char buffer[REQUEST_BYTES], uint16_t flags, uint8_t family,
				      const struct sockdiag_query *query,
				      const struct inet_diag_sockid *id)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct inet_diag_req_v2 *body;

	request->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	request->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	body = mnl_nlmsg_put_extra_header(request, sizeof(*body));
	*body = (struct inet_diag_req_v2){
		.sdiag_family = family,
		.sdiag_protocol = query->protocol,
		.idiag_states = query->states ? query->states : states_of(query->protocol),
		.id = *id,
	};
	return request;
}

static int receive(struct mnl_socket *socket, struct sockdiag_answer *answer)
{
	CLEANUP(freep) char *buffer = malloc(ANSWER_BYTES);
	int r = 0;

	if (!buffer)
		return -ENOMEM;
	while (r == 0) {
		ssize_t size = mnl_socket_recvfrom(socket, buffer, ANSWER_BYTES);

		if (size < 0 && errno == EINTR)
			continue;
		if (size <= 0)
			return size == 0 ? -EBADMSG : errno == EAGAIN ? -ETIMEDOUT : -errno;
		r = sockdiag_parse(answer, buffer, (size_t)size);
	}
	return r < 0 ? r : 0;
}

static int ask(struct sockdiag_answer *answer, struct nlmsghdr *request)
{
	CLEANUP(socket_closep) struct mnl_socket *socket = NULL;
	struct netns_door *door = answer->query->door;
	int r = open_socket(&socket, door);

	if (r < 0)
		return r;
	request->nlmsg_seq = door ? ++door->questions : 1;
	answer->sequence = request->nlmsg_seq;
	answer->port_id = mnl_socket_get_portid(socket);
	if (mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
		return -errno;
	return receive(socket, answer);
}

static int dump(struct sockdiag_answer *answer, uint8_t family)
{
	static const struct inet_diag_sockid any;
	char buffer[REQUEST_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *request = begin_request(buffer, NLM_F_DUMP, family, answer->query, &any);
	int r = 0;

	put_filter(request, answer->query, answer->named);
	for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
		answer->interrupted = false;
		r = ask(answer, request);
		if (r < 0 || !answer->interrupted)
			return r;
	}
	return -EAGAIN;
}

int sockdiag_read(const struct sockdiag_query *query, sockdiag_handler *handler, void *context)
{
	struct sockdiag_answer answer = {
		.query = query,
		.handler = handler,
		.context = context,
		.named = true,
	};
	int r;

	r = dump(&answer, AF_INET);
	if (r == 0)
		r = dump(&answer, AF_INET6);
	answer.named = false;
	if (r == 0)
		r = dump(&answer, AF_INET);
	if (r == 0)
		r = dump(&answer, AF_INET6);
	return r;
}

static int keep(void *context, const struct sockdiag_record *record)
{
	*(struct sockdiag_record *)context = *record;
	return 0;
}

int sockdiag_find(struct sockdiag_record *ret, const struct sockdiag_query *query,
		  const struct abi_tuple *tuple, uint32_t interface)
{
	bool v4 = IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)tuple->local) &&
		  IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)tuple->remote);
	struct inet_diag_sockid id = {
		.idiag_sport = htons(tuple->port),
		.idiag_dport = htons(tuple->remote_port),
		.idiag_if = interface,
		.idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE },
	};
	struct sockdiag_query exact = {
		.netns = query->netns,
		.protocol = query->protocol,
		.first = tuple->port,
		.last = tuple->port,
		.door = query->door,
	};
	struct sockdiag_record record = { 0 };
	struct sockdiag_answer answer = {
		.query = &exact,
		.handler = keep,
		.context = &record,
		.single = true,
	};
	char buffer[REQUEST_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	int r;

	memcpy(id.idiag_src, tuple->local + (v4 ? 12 : 0), v4 ? 4 : 16);
	memcpy(id.idiag_dst, tuple->remote + (v4 ? 12 : 0), v4 ? 4 : 16);
	r = ask(&answer, begin_request(buffer, 0, v4 ? AF_INET : AF_INET6, &exact, &id));
	if (r < 0)
		return r;
	/* without a connection the kernel answers with a listener that would take one */
	if (record.tuple.remote_port != tuple->remote_port)
		return -ENOENT;
	*ret = record;
	return 0;
}
