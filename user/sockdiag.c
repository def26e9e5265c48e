// SPDX-License-Identifier: Apache-2.0
#include "user/sockdiag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>

#include "user/util.h"

#define ANSWER_BYTES 32768 /* the most the kernel packs into one datagram of a dump */
#define REQUEST_BYTES 512
#define ATTEMPTS_MAX 4
#define TIMEOUT_S 10
#define PROBE_PORTS 16
#define TIMER_TIME_WAIT 3 /* idiag_timer of a remnant, of nothing else (5.10 to 7.3) */

/* --- parsing --------------------------------------------------------------------------------- */

struct attributes {
	bool socket; /* a full one: the kernel tells of these alone how they were shut down */
	uint64_t cgroup;
};

static void parse_attributes(struct attributes *ret, const struct nlmsghdr *message)
{
	const struct nlattr *attribute;

	mnl_attr_for_each(attribute, message, sizeof(struct inet_diag_msg))
	{
		uint16_t size = mnl_attr_get_payload_len(attribute);

		if (mnl_attr_get_type(attribute) == INET_DIAG_SHUTDOWN)
			ret->socket = true;
		if (mnl_attr_get_type(attribute) == INET_DIAG_CGROUP_ID && size == sizeof(uint64_t))
			memcpy(&ret->cgroup, mnl_attr_get_payload(attribute), sizeof(ret->cgroup));
	}
}

static void copy_address(uint8_t ret[16], uint8_t family, const uint32_t address[4])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (family == AF_INET6) {
		memcpy(ret, address, 16);
		return;
	}
	memcpy(ret, mapped, sizeof(mapped));
	memcpy(ret + sizeof(mapped), address, 4);
}

static void copy_object(struct sockdiag_record *ret, const struct inet_diag_msg *object)
{
	const struct inet_diag_sockid *id = &object->id;

	copy_address(ret->tuple.local, object->idiag_family, id->idiag_src);
	copy_address(ret->tuple.remote, object->idiag_family, id->idiag_dst);
	ret->tuple.port = ntohs(id->idiag_sport);
	ret->tuple.remote_port = ntohs(id->idiag_dport);
	ret->cookie = id->idiag_cookie[0] | (uint64_t)id->idiag_cookie[1] << 32;
	ret->inode = object->idiag_inode;
	ret->uid = object->idiag_uid;
	ret->interface = id->idiag_if;
	ret->state = object->idiag_state;
	ret->remnant = object->idiag_timer == TIMER_TIME_WAIT &&
		       (ret->state == SOCKDIAG_TIME_WAIT || ret->state == SOCKDIAG_FIN_WAIT2);
	ret->expires_ms = ret->remnant ? object->idiag_expires : 0;
}

/* A request socket waits for the third packet of its handshake; its port is the listener's. A
 * full socket can be in the same state: TCP Fast Open, or both sides connected at once. */
static bool is_request(const struct sockdiag_record *record, const struct attributes *attributes)
{
	return record->protocol == IPPROTO_TCP && record->state == SOCKDIAG_SYN_RECV &&
	       !attributes->socket;
}

static bool in_query(const struct sockdiag_query *query, uint16_t port)
{
	return port && port >= query->first && port <= query->last;
}

static int parse_object(const struct sockdiag_answer *answer, const struct nlmsghdr *message)
{
	const struct sockdiag_query *query = answer->query;
	struct sockdiag_record record = { .protocol = query->protocol, .named = answer->named };
	struct attributes attributes = { 0 };
	struct inet_diag_msg object;
	int r;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(object))
		return -EBADMSG;
	memcpy(&object, mnl_nlmsg_get_payload(message), sizeof(object));
	if (object.idiag_family != AF_INET && object.idiag_family != AF_INET6)
		return -EBADMSG;
	parse_attributes(&attributes, message);
	copy_object(&record, &object);
	record.tuple.netns = query->netns;
	record.cgroup = attributes.cgroup;
	if (!in_query(query, record.tuple.port) || is_request(&record, &attributes))
		return 0;
	r = answer->handler(answer->context, &record);
	return r < 0 ? r : 0;
}

/* Of NLMSG_ERROR and NLMSG_DONE: both begin with an error number, 0 or negative. */
static int parse_status(const struct nlmsghdr *message)
{
	int32_t status;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(status))
		return message->nlmsg_type == NLMSG_DONE ? 0 : -EBADMSG;
	memcpy(&status, mnl_nlmsg_get_payload(message), sizeof(status));
	return status <= 0 && status > -4096 ? status : -EBADMSG;
}

static int parse_message(struct sockdiag_answer *answer, const struct nlmsghdr *message)
{
	int r;

	if (message->nlmsg_seq != answer->sequence || message->nlmsg_pid != answer->port_id)
		return 0;
	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		answer->interrupted = true;
	switch (message->nlmsg_type) {
	case NLMSG_DONE:
	case NLMSG_ERROR:
		r = parse_status(message);
		return r < 0 ? r : 1;
	case NLMSG_OVERRUN:
		answer->interrupted = true;
		return 1;
	case SOCK_DIAG_BY_FAMILY:
		r = parse_object(answer, message);
		return r == 0 && answer->single ? 1 : r;
	default:
		return 0;
	}
}

int sockdiag_parse(struct sockdiag_answer *answer, const void *data, size_t size)
{
	const struct nlmsghdr *message = data;
	size_t left = size;
	int r;

	while (left >= sizeof(*message)) {
		size_t length = message->nlmsg_len;

		/* mnl_nlmsg_ok of libmnl 1.0.4 takes a length over 2 GiB for negative */
		if (length < sizeof(*message) || length > left)
			return -EBADMSG;
		r = parse_message(answer, message);
		if (r != 0)
			return r;
		if (MNL_ALIGN(length) >= left)
			return 0;
		left -= MNL_ALIGN(length);
		message = (const void *)((const char *)message + MNL_ALIGN(length));
	}
	return left ? -EBADMSG : 0;
}

/* --- asking ---------------------------------------------------------------------------------- */

static void socket_closep(struct mnl_socket **socket)
{
	int saved = errno;

	if (*socket)
		mnl_socket_close(*socket);
	errno = saved;
}

/* Connected to the kernel: then nobody else can answer. The kernel answers while we ask, so a
 * wait that long means that something is broken. */
static int open_socket(struct mnl_socket **ret)
{
	static const struct timeval timeout = { .tv_sec = TIMEOUT_S };
	static const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	CLEANUP(socket_closep)
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);

	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	if (connect(mnl_socket_get_fd(socket), (const struct sockaddr *)&kernel, sizeof(kernel)) <
		    0 ||
	    setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &timeout,
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
				      uint8_t protocol, const struct inet_diag_sockid *id)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct inet_diag_req_v2 *body;

	request->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	request->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	request->nlmsg_seq = 1; /* a socket of its own for each question */
	body = mnl_nlmsg_put_extra_header(request, sizeof(*body));
	*body = (struct inet_diag_req_v2){
		.sdiag_family = family,
		.sdiag_protocol = protocol,
		.idiag_states = states_of(protocol),
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

static int ask(struct sockdiag_answer *answer, const struct nlmsghdr *request)
{
	CLEANUP(socket_closep) struct mnl_socket *socket = NULL;
	int r = open_socket(&socket);

	if (r < 0)
		return r;
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
	struct nlmsghdr *request =
		begin_request(buffer, NLM_F_DUMP, family, answer->query->protocol, &any);
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
	struct sockdiag_query exact = { query->netns, query->protocol, tuple->port, tuple->port };
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
	r = ask(&answer, begin_request(buffer, 0, v4 ? AF_INET : AF_INET6, query->protocol, &id));
	if (r < 0)
		return r;
	/* without a connection the kernel answers with a listener that would take one */
	if (record.tuple.remote_port != tuple->remote_port)
		return -ENOENT;
	*ret = record;
	return 0;
}

/* --- what this kernel can do ----------------------------------------------------------------- */

/* Binds to some loopback port outside the range, so that nobody who needs one goes without. */
static int bind_outside(int fd, uint16_t first, uint16_t last)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	for (int i = 0; i < 2 * PROBE_PORTS; i++) {
		int port = i < PROBE_PORTS ? first - 1 - i : last + 1 + i - PROBE_PORTS;

		if (port <= 0 || port > UINT16_MAX)
			continue;
		address.sin_port = htons((uint16_t)port);
		if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
			return port;
	}
	return -EADDRNOTAVAIL;
}

struct probe {
	uint64_t cookie;
	bool seen;
};

static int look_for_probe(void *context, const struct sockdiag_record *record)
{
	struct probe *probe = context;

	if (record->cookie == probe->cookie)
		probe->seen = true;
	return 0;
}

int sockdiag_shows_bound(uint16_t first, uint16_t last)
{
	CLEANUP(fd_closep) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockdiag_query query = { .protocol = IPPROTO_TCP };
	struct probe probe = { 0 };
	socklen_t size = sizeof(probe.cookie);
	int port;
	int r;

	if (fd < 0)
		return -errno;
	port = bind_outside(fd, first, last);
	if (port < 0)
		return port;
	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &probe.cookie, &size) < 0)
		return -errno;
	query.first = query.last = (uint16_t)port;
	r = sockdiag_read(&query, look_for_probe, &probe);
	return r < 0 ? r : probe.seen;
}

const char *sockdiag_explain(int error, uint8_t protocol)
{
	switch (error) {
	case -EPROTONOSUPPORT:
		return "this kernel has no sock_diag; load the module inet_diag (CONFIG_INET_DIAG)";
	case -ENOENT:
		return protocol == IPPROTO_UDP ? "this kernel does not list UDP sockets; load the "
						 "module udp_diag (CONFIG_INET_UDP_DIAG)"
					       : "this kernel does not list TCP sockets; load the "
						 "module tcp_diag (CONFIG_INET_TCP_DIAG)";
	case -EAGAIN:
		return "the kernel's socket tables changed too fast to be read";
	case -EBADMSG:
		return "the kernel's list of sockets makes no sense; report its version";
	default:
		return strerror(-error);
	}
}
