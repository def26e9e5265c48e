// SPDX-License-Identifier: Apache-2.0
/*
 * Answers of the kernel's sock_diag: the first byte tells how they were asked for, the rest is one
 * datagram, with sequence number and port id 1. What it tells goes through the diag source's books
 * into a ledger.
 */
#include <errno.h>
#include <netinet/in.h>

#include "tests/fuzz/claims.h"
#include "user/sources/diag_holds.h"
#include "user/sources/sockdiag_parse.h"

#define FIRST 40000
#define LAST 40099

struct reader {
	struct ledger *ledger;
	struct diag_holds holds;
	struct diag_books books;
	struct sockdiag_query query;
};

static int apply(void *context, const struct event *event)
{
	struct reader *reader = context;

	claim(event->header.flags & EVENT_FOUND);
	claim(ledger_apply(reader->ledger, event) == 0);
	return 0;
}

static const struct abi_owner *owner_of(void *owners, uint32_t inode)
{
	static const struct abi_owner somebody = { .tgid = 1, .comm = "somebody" };

	(void)owners;
	return inode % 2 ? &somebody : NULL;
}

static int look(void *context, struct sockdiag_record *ret, const struct diag_hold *hold)
{
	(void)context;
	(void)ret;
	return hold->cookie % 2 ? -ENOENT : -ETIMEDOUT;
}

static int see(void *context, const struct sockdiag_record *record)
{
	struct reader *reader = context;

	claim(record->tuple.port >= FIRST && record->tuple.port <= LAST);
	claim(record->tuple.netns == reader->query.netns);
	claim(record->protocol == reader->query.protocol);
	claim(!record->remnant || record->state == SOCKDIAG_TIME_WAIT ||
	      record->state == SOCKDIAG_FIN_WAIT2);
	return diag_holds_see(&reader->holds, &reader->books, record);
}

static void open_reader(struct reader *reader, uint8_t how)
{
	reader->query = (struct sockdiag_query){
		.netns = 1,
		.protocol = how & 1 ? IPPROTO_UDP : IPPROTO_TCP,
		.first = FIRST,
		.last = LAST,
	};
	reader->holds =
		(struct diag_holds){ .netns = 1, .first = FIRST, .last = LAST, .timestamps = true };
	reader->books = (struct diag_books){
		.max = 64, .owner_of = owner_of, .handler = apply, .context = reader
	};
	claim(ledger_new(&reader->ledger, LEDGER_POLLS_ALL, 0) == 0);
}

/* The datagram is copied, so that reading beyond its end is seen. */
static void read_datagram(struct reader *reader, uint8_t how, const uint8_t *data, size_t size)
{
	struct sockdiag_answer answer = {
		.query = &reader->query,
		.handler = see,
		.context = reader,
		.sequence = 1,
		.port_id = 1,
		.named = how & 2,
		.single = how & 4,
	};
	char *copy = malloc(size ? size : 1);
	int r;

	claim(copy);
	if (size)
		memcpy(copy, data, size);
	r = sockdiag_parse(&answer, copy, size);
	claim(r <= 1 && r >= -4095);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader reader = { 0 };

	if (!size)
		return 0;
	open_reader(&reader, data[0]);
	for (int reading = 0; reading < 2; reading++) {
		diag_holds_begin(&reader.holds);
		read_datagram(&reader, data[0], data + 1, size - 1);
		claim(diag_holds_end(&reader.holds, &reader.books, look, NULL) == 0);
	}
	claim(reader.books.count <= reader.books.max);
	claim_view(reader.ledger, 1);
	diag_holds_done(&reader.holds, &reader.books);
	claim(reader.books.count == 0);
	ledger_free(reader.ledger);
	return 0;
}
