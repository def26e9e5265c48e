// SPDX-License-Identifier: Apache-2.0
/*
 * A few bytes a step, in a world so small that ids, ports and owners meet again and again. The
 * steps need not make sense: lost, doubled and reordered events must not upset the books.
 */
#include "tests/fuzz/claims.h"
#include "tests/unit/events.h"

struct input {
	const uint8_t *data;
	size_t size;
};

struct world {
	struct input input;
	struct ledger *ledger;
	uint64_t now_ns;
};

/* 0 when the input has ended. */
static uint8_t next(struct world *world)
{
	if (!world->input.size)
		return 0;
	world->input.size--;
	return *world->input.data++;
}

static struct saying any_saying(struct world *world)
{
	static const char *const names[] = { "a", "b", "fifteen letters", "" };
	uint8_t id = next(world);
	uint8_t where = next(world);
	uint8_t who = next(world);
	uint8_t how = next(world);

	return (struct saying){
		.id = 1 + id % 48,
		.at_ns = world->now_ns,
		.search_ns = how,
		.event_flags = how >> 6,
		.netns = 1 + where % 3,
		.port = (uint16_t)(EVENT_FIRST + (where >> 2) % 12),
		.remote_port = (uint16_t)(1 + (where >> 6)),
		.remote = { 127, 0, 0, 1 },
		.nowhere = who & 0x80,
		.pid = 1 + who % 4,
		.comm = names[(who >> 2) % 4],
		.nobody = (who >> 4) % 4 == 1,
		.kernel = (who >> 4) % 4 == 2,
		.protocol = how & 1 ? IPPROTO_UDP : IPPROTO_TCP,
		.path = (uint8_t)(1 + (how >> 1) % (PATH__COUNT - 1)),
		.state = how & 0x20 ? HOLD_TIME_WAIT : HOLD_ACTIVE,
		.tw_flags = (uint8_t)(id >> 6) * HOLD_TW_TIMESTAMPS,
	};
}

static void tell(struct world *world, const struct event *event)
{
	struct event decoded;

	claim(event_decode(&decoded, event, event->header.len) == 0);
	claim(ledger_apply(world->ledger, &decoded) == 0);
}

static void do_event(struct world *world, struct event (*make)(const struct saying *say))
{
	struct saying saying = any_saying(world);
	struct event event = make(&saying);

	tell(world, &event);
}

static void do_facts(struct world *world)
{
	struct netns_facts facts = { .inode = 1 + next(world) % 3, .name = "n" };
	uint8_t how = next(world);

	facts.first = (uint16_t)(EVENT_FIRST + how % 4);
	facts.last = (uint16_t)(EVENT_FIRST + 8 + (how >> 2) % 4);
	facts.tw_reuse = (how >> 4) % 4;
	facts.tw_reuse_delay_ms = 1000U * (how >> 6);
	facts.reserved[EVENT_FIRST / 8] = next(world);
	claim(ledger_set_netns(world->ledger, &facts) == 0);
}

static bool odd_pids_live(void *context, const struct owner_id *id)
{
	(void)context;
	return id->pid & 1;
}

static void do_owners(struct world *world)
{
	struct owner *owner;

	ledger_check_owners(world->ledger, odd_pids_live, NULL);
	for (int i = 0; i < 4 && (owner = ledger_unidentified(world->ledger)); i++)
		claim(owner_identify(owner, i ? "/a" : NULL, "u", NULL, NULL) == 0);
}

static void do_describe(struct world *world)
{
	struct hold_description hold;

	if (ledger_describe(world->ledger, 1 + next(world) % 48, &hold))
		claim(hold.process && hold.netns_name && hold.tuple.port);
}

static void do_pass(struct world *world)
{
	world->now_ns += (uint64_t)next(world) * 50 * MS;
	ledger_advance(world->ledger, world->now_ns);
}

static void step(struct world *world)
{
	switch (next(world) % 16) {
	case 0:
		return do_pass(world);
	case 1:
		return do_facts(world);
	case 2:
		return ledger_drop_netns(world->ledger, 1 + next(world) % 3);
	case 3:
		return ledger_resync_begin(world->ledger);
	case 4:
		return ledger_resync_end(world->ledger);
	case 5:
		return ledger_reconcile_begin(world->ledger);
	case 6:
		return ledger_reconcile_end(world->ledger, world->now_ns);
	case 7:
		return do_owners(world);
	case 8:
		do_describe(world);
		return claim_view(world->ledger, world->now_ns);
	case 9:
		return do_event(world, make_refused);
	case 10:
		return do_event(world, make_released);
	case 11:
	case 12:
		return do_event(world, make_time_wait);
	default:
		return do_event(world, make_taken);
	}
}

/* Nothing may be left when every hold and namespace has gone. */
static void finish(struct world *world)
{
	for (uint64_t id = 1; id <= 48; id++) {
		struct saying saying = { .id = id, .at_ns = world->now_ns };
		struct event event = make_released(&saying);

		tell(world, &event);
	}
	claim_view(world->ledger, world->now_ns);
	for (uint32_t inode = 1; inode <= 3; inode++)
		ledger_drop_netns(world->ledger, inode);
	claim(ledger_list_netns(world->ledger, NULL, 0) == 0);
	claim(!ledger_unidentified(world->ledger));
	claim_view(world->ledger, world->now_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world world = { .input = { data, size }, .now_ns = SECOND };

	claim(ledger_new(&world.ledger, 0, world.now_ns) == 0);
	while (world.input.size)
		step(&world);
	claim_view(world.ledger, world.now_ns);
	finish(&world);
	ledger_free(world.ledger);
	return 0;
}
