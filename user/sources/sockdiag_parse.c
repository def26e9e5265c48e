// SPDX-License-Identifier: Apache-2.0
#include "user/sources/sockdiag_parse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>

#define ERRNO_MAX 4095
#define TIMER_TIME_WAIT 3 /* idiag_timer of a remnant, of nothing else (5.10 to 7.3) */

/* Bytes that are left to parse. */
struct bytes {
	const char *data;
	size_t size;
};

/* Messages and attributes are padded to four bytes, the last one perhaps not. */
static void skip(struct bytes *bytes, size_t length)
{
	size_t padded = (length + 3) & ~(size_t)3;

	if (padded > bytes->size)
		padded = bytes->size;
	bytes->data += padded;
	bytes->size -= padded;
}

/* --- one object ------------------------------------------------------------------------------ */

struct attributes {
	bool socket; /* a full one: the kernel tells of these alone how they were shut down */
	uint64_t cgroup;
};

static int parse_attributes(struct attributes *ret, struct bytes rest)
{
	while (rest.size) {
		struct nlattr header;
		uint16_t type;

		if (rest.size < sizeof(header))
			return -EBADMSG;
		memcpy(&header, rest.data, sizeof(header));
		if (header.nla_len < sizeof(header) || header.nla_len > rest.size)
			return -EBADMSG;
		type = header.nla_type & NLA_TYPE_MASK;
		if (type == INET_DIAG_SHUTDOWN)
			ret->socket = true;
		if (type == INET_DIAG_CGROUP_ID &&
		    header.nla_len == sizeof(header) + sizeof(ret->cgroup))
			memcpy(&ret->cgroup, rest.data + sizeof(header), sizeof(ret->cgroup));
		skip(&rest, header.nla_len);
	}
	return 0;
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

static int parse_object(const struct sockdiag_answer *answer, struct bytes body)
{
	const struct sockdiag_query *query = answer->query;
	struct sockdiag_record record = { .protocol = query->protocol, .named = answer->named };
	struct attributes attributes = { 0 };
	struct inet_diag_msg object;
	int r;

	if (body.size < sizeof(object))
		return -EBADMSG;
	memcpy(&object, body.data, sizeof(object));
	if (object.idiag_family != AF_INET && object.idiag_family != AF_INET6)
		return -EBADMSG;
	skip(&body, sizeof(object));
	r = parse_attributes(&attributes, body);
	if (r < 0)
		return r;
	copy_object(&record, &object);
	record.tuple.netns = query->netns;
	record.cgroup = attributes.cgroup;
	if (!in_query(query, record.tuple.port) || is_request(&record, &attributes))
		return 0;
	r = answer->handler(answer->context, &record);
	return r < 0 ? r : 0;
}

/* --- messages -------------------------------------------------------------------------------- */

/* Of NLMSG_ERROR and NLMSG_DONE: both begin with an error number, 0 or negative. */
static int parse_status(uint16_t type, struct bytes body)
{
	int32_t status;

	if (body.size < sizeof(status))
		return type == NLMSG_DONE ? 0 : -EBADMSG;
	memcpy(&status, body.data, sizeof(status));
	return status <= 0 && status >= -ERRNO_MAX ? status : -EBADMSG;
}

static int parse_message(struct sockdiag_answer *answer, const struct nlmsghdr *header,
			 struct bytes body)
{
	int r;

	if (header->nlmsg_seq != answer->sequence || header->nlmsg_pid != answer->port_id)
		return 0;
	if (header->nlmsg_flags & NLM_F_DUMP_INTR)
		answer->interrupted = true;
	switch (header->nlmsg_type) {
	case NLMSG_DONE:
	case NLMSG_ERROR:
		r = parse_status(header->nlmsg_type, body);
		return r < 0 ? r : 1;
	case NLMSG_OVERRUN:
		answer->interrupted = true;
		return 1;
	case SOCK_DIAG_BY_FAMILY:
		r = parse_object(answer, body);
		return r == 0 && answer->single ? 1 : r;
	default:
		return 0;
	}
}

int sockdiag_parse(struct sockdiag_answer *answer, const void *data, size_t size)
{
	struct bytes rest = { data, size };

	while (rest.size) {
		struct nlmsghdr header;
		int r;

		if (rest.size < sizeof(header))
			return -EBADMSG;
		memcpy(&header, rest.data, sizeof(header));
		if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > rest.size)
			return -EBADMSG;
		r = parse_message(answer, &header,
				  (struct bytes){ rest.data + sizeof(header),
						  header.nlmsg_len - sizeof(header) });
		if (r != 0)
			return r;
		skip(&rest, header.nlmsg_len);
	}
	return 0;
}
