// SPDX-License-Identifier: Apache-2.0
/*
 * Raw ring-buffer bytes: each record is a length of one byte and as many bytes. What decodes goes
 * into a ledger, as it would in the agent.
 */
#include "tests/fuzz/claims.h"
#include "user/core/event.h"

static void judge(const struct event *event)
{
	claim(event->header.abi == ABI_VERSION);
	claim(strcmp(event_kind_name(event->header.kind), "unknown") != 0);
	if (event->header.kind == EVENT_TAKEN) {
		claim(memchr(event->taken.hold.owner.comm, 0, ABI_COMM_LEN));
		claim(strcmp(hold_path_name(event->taken.hold.path), "unknown") != 0);
	}
	if (event->header.kind == EVENT_REFUSED) {
		claim(memchr(event->refused.owner.comm, 0, ABI_COMM_LEN));
		claim(strcmp(hold_path_name(event->refused.path), "unknown") != 0);
	}
}

/* The record is copied, so that reading beyond its end is seen. */
static void receive(struct ledger *ledger, const uint8_t *data, size_t size)
{
	struct event event;
	struct event before;
	char *record = fuzz_text(data, size);

	memset(&event, 0xa5, sizeof(event));
	before = event;
	if (event_decode(&event, record, size) == 0) {
		judge(&event);
		claim(ledger_apply(ledger, &event) == 0);
	} else {
		claim(same_bytes(&event, &before, sizeof(event)));
	}
	free(record);
}

static void drop_all(struct ledger *ledger)
{
	uint32_t inodes[16];
	size_t count;

	while ((count = ledger_list_netns(ledger, inodes, 16)) > 0)
		for (size_t i = 0; i < count && i < 16; i++)
			ledger_drop_netns(ledger, inodes[i]);
	claim(!ledger_unidentified(ledger));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ledger *ledger = NULL;

	claim(ledger_new(&ledger, 0, 0) == 0);
	while (size > 1) {
		size_t length = data[0] < size ? data[0] : size - 1;

		receive(ledger, data + 1, length);
		data += 1 + length;
		size -= 1 + length;
	}
	claim_view(ledger, 1);
	drop_all(ledger);
	claim_view(ledger, 1);
	ledger_free(ledger);
	return 0;
}
