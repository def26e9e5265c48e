// SPDX-License-Identifier: Apache-2.0
/* The kernel's answers, byte by byte: what is told of an object, and what is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>

#include "user/sources/sockdiag_parse.h"
#include "user/base/util.h"

#define SEQUENCE 7
#define PORT_ID 4242
#define NETNS 99

/* A datagram under construction. */
struct datagram {
	char bytes[4096] __attribute__((aligned(4)));
	size_t size;
	size_t message; /* where the newest begins */
};

static void put(struct datagram *datagram, const void *data, size_t size)
{
	struct nlmsghdr header;

	memcpy(datagram->bytes + datagram->size, data, size);
	datagram->size += (size + 3) & ~(size_t)3;
	memcpy(&header, datagram->bytes + datagram->message, sizeof(header));
	header.nlmsg_len = (uint32_t)(datagram->size - datagram->message);
	memcpy(datagram->bytes + datagram->message, &header, sizeof(header));
}

static void begin(struct datagram *datagram, uint16_t type)
{
	struct nlmsghdr header = {
		.nlmsg_type = type,
		.nlmsg_seq = SEQUENCE,
		.nlmsg_pid = PORT_ID,
	};

	datagram->message = datagram->size;
	put(datagram, &header, sizeof(header));
}

static struct nlmsghdr *message(struct datagram *datagram)
{
	return (struct nlmsghdr *)(void *)(datagram->bytes + datagram->message);
}

static void put_status(struct datagram *datagram, uint16_t type, int32_t status)
{
	begin(datagram, type);
	put(datagram, &status, sizeof(status));
}

static void put_attribute(struct datagram *datagram, uint16_t type, const void *value, size_t size)
{
	char bytes[64];
	struct nlattr header = { (uint16_t)(sizeof(header) + size), type };

	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + sizeof(header), value, size);
	put(datagram, bytes, sizeof(header) + size);
}

/* 10.0.0.1:40001 to 10.0.0.2:5432, established. */
static struct inet_diag_msg an_object(void)
{
	struct inet_diag_msg object = {
		.idiag_family = AF_INET,
		.idiag_state = SOCKDIAG_ESTABLISHED,
		.idiag_uid = 1000,
		.idiag_inode = 4711,
		.id = {
			.idiag_sport = htons(40001),
			.idiag_dport = htons(5432),
			.idiag_src = { htonl(0x0a000001) },
			.idiag_dst = { htonl(0x0a000002) },
			.idiag_if = 3,
			.idiag_cookie = { 0x11, 0x22 },
		},
	};

	return object;
}

static void put_object(struct datagram *datagram, const struct inet_diag_msg *object)
{
	begin(datagram, SOCK_DIAG_BY_FAMILY);
	put(datagram, object, sizeof(*object));
}

struct heard {
	struct sockdiag_record records[8];
	size_t count;
	int reply;
};

static int hear(void *context, const struct sockdiag_record *record)
{
	struct heard *heard = context;

	assert_true(heard->count < ARRAY_SIZE(heard->records));
	heard->records[heard->count++] = *record;
	return heard->reply;
}

static const struct sockdiag_query tcp = {
	.netns = NETNS, .protocol = IPPROTO_TCP, .first = 40000, .last = 40099
};
static const struct sockdiag_query udp = {
	.netns = NETNS, .protocol = IPPROTO_UDP, .first = 40000, .last = 40099
};

static struct sockdiag_answer answer_to(const struct sockdiag_query *query, struct heard *heard)
{
	return (struct sockdiag_answer){
		.query = query,
		.handler = hear,
		.context = heard,
		.sequence = SEQUENCE,
		.port_id = PORT_ID,
	};
}

/* Exactly as large as it is, so that reading beyond is seen. */
static int parse_bytes(struct sockdiag_answer *answer, const void *data, size_t size)
{
	char *copy = malloc(size ? size : 1);
	int r;

	assert_non_null(copy);
	memcpy(copy, data, size);
	r = sockdiag_parse(answer, copy, size);
	free(copy);
	return r;
}

static int parse(const struct datagram *datagram, const struct sockdiag_query *query,
		 struct heard *heard)
{
	struct sockdiag_answer answer = answer_to(query, heard);

	return parse_bytes(&answer, datagram->bytes, datagram->size);
}

static void an_object_is_told_as_it_is(void **state)
{
	static const uint8_t local[16] = { [10] = 255, 255, 10, 0, 0, 1 };
	static const uint8_t remote[16] = { [10] = 255, 255, 10, 0, 0, 2 };
	struct inet_diag_msg object = an_object();
	struct datagram datagram = { 0 };
	struct heard heard = { 0 };
	uint64_t cgroup = 77;

	(void)state;
	put_object(&datagram, &object);
	put_attribute(&datagram, INET_DIAG_CGROUP_ID, &cgroup, sizeof(cgroup));
	assert_int_equal(parse(&datagram, &tcp, &heard), 0);
	assert_int_equal(heard.count, 1);
	assert_int_equal(heard.records[0].tuple.netns, NETNS);
	assert_int_equal(heard.records[0].tuple.port, 40001);
	assert_int_equal(heard.records[0].tuple.remote_port, 5432);
	assert_memory_equal(heard.records[0].tuple.local, local, 16);
	assert_memory_equal(heard.records[0].tuple.remote, remote, 16);
	assert_int_equal(heard.records[0].cookie, 0x2200000011);
	assert_int_equal(heard.records[0].inode, 4711);
	assert_int_equal(heard.records[0].uid, 1000);
	assert_int_equal(heard.records[0].interface, 3);
	assert_int_equal(heard.records[0].cgroup, 77);
	assert_int_equal(heard.records[0].protocol, IPPROTO_TCP);
	assert_false(heard.records[0].remnant);
}

static void ipv6_addresses_are_told_whole(void **state)
{
	struct inet_diag_msg object = an_object();
	struct datagram datagram = { 0 };
	struct heard heard = { 0 };

	(void)state;
	object.idiag_family = AF_INET6;
	memcpy(object.id.idiag_dst, &in6addr_loopback, 16);
	put_object(&datagram, &object);
	assert_int_equal(parse(&datagram, &tcp, &heard), 0);
	assert_memory_equal(heard.records[0].tuple.remote, &in6addr_loopback, 16);
}

static void a_remnant_is_told_by_its_timer(void **state)
{
	struct inet_diag_msg object = an_object();
	struct datagram datagram = { 0 };
	struct heard heard = { 0 };

	(void)state;
	object.idiag_state = SOCKDIAG_FIN_WAIT2;
	object.idiag_expires = 59000;
	put_object(&datagram, &object); /* a socket in this state */
	object.idiag_timer = 3;
	put_object(&datagram, &object); /* its remnant */
	assert_int_equal(parse(&datagram, &tcp, &heard), 0);
	assert_int_equal(heard.count, 2);
	assert_false(heard.records[0].remnant);
	assert_int_equal(heard.records[0].expires_ms, 0);
	assert_true(heard.records[1].remnant);
	assert_int_equal(heard.records[1].expires_ms, 59000);
}

static void a_request_socket_holds_no_port(void **state)
{
	struct inet_diag_msg object = an_object();
	struct datagram datagram = { 0 };
	struct heard heard = { 0 };
	uint8_t shutdown = 0;

	(void)state;
	object.idiag_state = SOCKDIAG_SYN_RECV;
	put_object(&datagram, &object);
	assert_int_equal(parse(&datagram, &tcp, &heard), 0);
	assert_int_equal(heard.count, 0);
	put_attribute(&datagram, INET_DIAG_SHUTDOWN, &shutdown, 1); /* a full socket has it */
	assert_int_equal(parse(&datagram, &tcp, &heard), 0);
	assert_int_equal(heard.count, 1);
}

static void ports_that_were_not_asked_for_are_passed_over(void **state)
{
	static const uint16_t others[] = { 0, 39999, 40100 };
	struct datagram datagram = { 0 };
	struct heard heard = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		struct inet_diag_msg object = an_object();

		object.id.idiag_sport = htons(others[i]);
		put_object(&datagram, &object);
	}
	assert_int_equal(parse(&datagram, &tcp, &heard), 0);
	assert_int_equal(heard.count, 0);
}

static void port_0_is_none_whatever_was_asked_for(void **state)
{
	const struct sockdiag_query all = { .netns = NETNS,
					    .protocol = IPPROTO_TCP,
					    .last = 65535 };
	struct inet_diag_msg object = an_object();
	struct datagram datagram = { 0 };
	struct heard heard = { 0 };

	(void)state;
	object.id.idiag_sport = 0;
	put_object(&datagram, &object);
	assert_int_equal(parse(&datagram, &all, &heard), 0);
	assert_int_equal(heard.count, 0);
}

static void answers_to_another_question_are_passed_over(void **state)
{
	struct inet_diag_msg object = an_object();
	struct datagram datagram = { 0 };
	struct heard heard = { 0 };

	(void)state;
	put_object(&datagram, &object);
	message(&datagram)->nlmsg_seq = SEQUENCE + 1;
	put_object(&datagram, &object);
	message(&datagram)->nlmsg_pid = 0;
	put_status(&datagram, NLMSG_ERROR, -EPERM);
	message(&datagram)->nlmsg_seq = SEQUENCE - 1;
	assert_int_equal(parse(&datagram, &tcp, &heard), 0);
	assert_int_equal(heard.count, 0);
}

static void the_end_is_told(void **state)
{
	struct inet_diag_msg object = an_object();
	struct datagram datagram = { 0 };
	struct heard heard = { 0 };

	(void)state;
	put_object(&datagram, &object);
	put_status(&datagram, NLMSG_DONE, 0);
	put_object(&datagram, &object); /* nobody asked for more */
	assert_int_equal(parse(&datagram, &tcp, &heard), 1);
	assert_int_equal(heard.count, 1);
}

static void one_object_is_all_of_a_single_answer(void **state)
{
	struct inet_diag_msg object = an_object();
	struct datagram datagram = { 0 };
	struct heard heard = { 0 };
	struct sockdiag_answer answer = answer_to(&tcp, &heard);

	(void)state;
	answer.single = true;
	put_object(&datagram, &object);
	assert_int_equal(parse_bytes(&answer, datagram.bytes, datagram.size), 1);
	assert_int_equal(heard.count, 1);
}

static void errors_of_the_kernel_are_returned(void **state)
{
	static const uint16_t types[] = { NLMSG_ERROR, NLMSG_DONE };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct datagram datagram = { 0 };
		struct heard heard = { 0 };

		put_status(&datagram, types[i], -ENOENT);
		assert_int_equal(parse(&datagram, &tcp, &heard), -ENOENT);
	}
}

static void a_status_that_is_no_error_number_makes_no_sense(void **state)
{
	static const int32_t statuses[] = { 1, -4096, INT32_MIN, INT32_MAX };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
		struct datagram datagram = { 0 };
		struct heard heard = { 0 };

		put_status(&datagram, NLMSG_ERROR, statuses[i]);
		assert_int_equal(parse(&datagram, &tcp, &heard), -EBADMSG);
	}
}

static void an_error_without_a_number_makes_no_sense(void **state)
{
	struct datagram datagram = { 0 };
	struct heard heard = { 0 };

	(void)state;
	begin(&datagram, NLMSG_ERROR);
	assert_int_equal(parse(&datagram, &tcp, &heard), -EBADMSG);
	datagram = (struct datagram){ 0 };
	begin(&datagram, NLMSG_DONE);
	assert_int_equal(parse(&datagram, &tcp, &heard), 1);
}

static void a_change_meanwhile_is_told(void **state)
{
	struct inet_diag_msg object = an_object();
	struct datagram datagram = { 0 };
	struct heard heard = { 0 };
	struct sockdiag_answer answer = answer_to(&tcp, &heard);

	(void)state;
	put_object(&datagram, &object);
	message(&datagram)->nlmsg_flags = NLM_F_DUMP_INTR;
	assert_int_equal(parse_bytes(&answer, datagram.bytes, datagram.size), 0);
	assert_true(answer.interrupted);
	answer.interrupted = false;
	datagram = (struct datagram){ 0 };
	begin(&datagram, NLMSG_OVERRUN);
	assert_int_equal(parse_bytes(&answer, datagram.bytes, datagram.size), 1);
	assert_true(answer.interrupted);
}

static void the_handler_can_stop_it(void **state)
{
	struct inet_diag_msg object = an_object();
	struct datagram datagram = { 0 };
	struct heard heard = { .reply = -ENOMEM };

	(void)state;
	put_object(&datagram, &object);
	put_object(&datagram, &object);
	assert_int_equal(parse(&datagram, &tcp, &heard), -ENOMEM);
	assert_int_equal(heard.count, 1);
}

static void an_unknown_family_makes_no_sense(void **state)
{
	struct inet_diag_msg object = an_object();
	struct datagram datagram = { 0 };
	struct heard heard = { 0 };

	(void)state;
	object.idiag_family = AF_UNIX;
	put_object(&datagram, &object);
	assert_int_equal(parse(&datagram, &tcp, &heard), -EBADMSG);
	assert_int_equal(heard.count, 0);
}

static void unknown_messages_and_attributes_are_passed_over(void **state)
{
	struct inet_diag_msg object = an_object();
	struct datagram datagram = { 0 };
	struct heard heard = { 0 };

	(void)state;
	begin(&datagram, NLMSG_NOOP);
	put_object(&datagram, &object);
	put_attribute(&datagram, 0x3fff, "what", 4);
	put_attribute(&datagram, INET_DIAG_CGROUP_ID, "four", 4); /* of another size */
	assert_int_equal(parse(&datagram, &tcp, &heard), 0);
	assert_int_equal(heard.count, 1);
	assert_int_equal(heard.records[0].cgroup, 0);
}

static void every_cut_makes_no_sense_or_less(void **state)
{
	struct inet_diag_msg object = an_object();
	struct datagram datagram = { 0 };
	uint64_t cgroup = 77;

	(void)state;
	put_object(&datagram, &object);
	put_attribute(&datagram, INET_DIAG_CGROUP_ID, &cgroup, sizeof(cgroup));
	for (size_t size = 1; size < datagram.size; size++) {
		struct heard heard = { 0 };
		struct sockdiag_answer answer = answer_to(&udp, &heard);

		assert_int_equal(parse_bytes(&answer, datagram.bytes, size), -EBADMSG);
		assert_int_equal(heard.count, 0);
	}
}

static void lengths_that_lie_make_no_sense(void **state)
{
	static const uint32_t lengths[] = { 0, 1, 15, 16 + 71, 1000, UINT32_MAX, 0x80000010 };
	struct inet_diag_msg object = an_object();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct datagram datagram = { 0 };
		struct heard heard = { 0 };

		put_object(&datagram, &object);
		message(&datagram)->nlmsg_len = lengths[i];
		assert_int_equal(parse(&datagram, &tcp, &heard), -EBADMSG);
		assert_int_equal(heard.count, 0);
	}
}

static void attributes_that_lie_make_no_sense(void **state)
{
	static const uint16_t lengths[] = { 0, 3, 9, UINT16_MAX };
	struct inet_diag_msg object = an_object();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct datagram datagram = { 0 };
		struct nlattr lie = { lengths[i], INET_DIAG_SHUTDOWN };
		struct heard heard = { 0 };

		put_object(&datagram, &object);
		put(&datagram, &lie, sizeof(lie));
		assert_int_equal(parse(&datagram, &tcp, &heard), -EBADMSG);
		assert_int_equal(heard.count, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_object_is_told_as_it_is),
		cmocka_unit_test(ipv6_addresses_are_told_whole),
		cmocka_unit_test(a_remnant_is_told_by_its_timer),
		cmocka_unit_test(a_request_socket_holds_no_port),
		cmocka_unit_test(ports_that_were_not_asked_for_are_passed_over),
		cmocka_unit_test(port_0_is_none_whatever_was_asked_for),
		cmocka_unit_test(answers_to_another_question_are_passed_over),
		cmocka_unit_test(the_end_is_told),
		cmocka_unit_test(one_object_is_all_of_a_single_answer),
		cmocka_unit_test(errors_of_the_kernel_are_returned),
		cmocka_unit_test(a_status_that_is_no_error_number_makes_no_sense),
		cmocka_unit_test(an_error_without_a_number_makes_no_sense),
		cmocka_unit_test(a_change_meanwhile_is_told),
		cmocka_unit_test(the_handler_can_stop_it),
		cmocka_unit_test(an_unknown_family_makes_no_sense),
		cmocka_unit_test(unknown_messages_and_attributes_are_passed_over),
		cmocka_unit_test(every_cut_makes_no_sense_or_less),
		cmocka_unit_test(lengths_that_lie_make_no_sense),
		cmocka_unit_test(attributes_that_lie_make_no_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
