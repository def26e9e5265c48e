// SPDX-License-Identifier: Apache-2.0
/* The agent's namespaces. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/agent_parts.h"
#include "user/base/log.h"
#include "user/base/util.h"
#include "user/core/ledger.h"
#include "user/host/broker.h"
#include "user/naming.h"

#define PROC "/proc"

bool agent_sees_all_netns(struct agent *agent)
{
	bool works = broker_works(agent->broker);

	if (!works && !agent->broker_missed)
		log_error("the broker process is gone: other network namespaces are not read any "
			  "more, and names of others' processes are missing; restart portgauge");
	agent->broker_missed = !works;
	return agent->entered_all && works;
}

static void tell_gone(struct agent *agent, uint32_t inode)
{
	agent_tell(agent, &(struct note){ .kind = NOTE_NETNS_GONE, .inode = inode });
}

void agent_meet_netns(struct agent *agent, uint32_t inode, uint32_t life)
{
	if (!lives_meet(&agent->lives, inode, life))
		return;
	tell_gone(agent, inode);
	agent->netns_replaced = true;
}

/* What to do in each of them. */
struct visit {
	struct agent *agent;
	const struct netns_entry *entry;
	bool find_holds;
};

static int look_around(const struct visit *visit, struct netns_door *door)
{
	struct agent *agent = visit->agent;
	struct netns_facts facts = { .inode = visit->entry->inode };
	int r;

	agent_meet_netns(agent, facts.inode, netns_door_life(door));
	snprintf(facts.name, sizeof(facts.name), "%s", visit->entry->name);
	r = netns_door_facts(door, &facts);
	if (r == 0)
		r = agent_tell(agent, &(struct note){ .kind = NOTE_NETNS, .facts = &facts });
	if (visit->find_holds)
		naming_visit(agent->naming, door);
	if (r == 0 && visit->find_holds)
		r = agent->source->ops->find_netns(agent->source, door, agent_apply, agent);
	return r;
}

static int visit_one(const struct visit *visit)
{
	const struct netns_looks *looks = visit->find_holds ? &visit->agent->looks : NULL;
	CLEANUP(netns_door_close) struct netns_door door;
	int r;

	netns_door_init(&door);
	r = broker_open_netns(visit->agent->broker, &door, visit->entry, looks);
	return r < 0 ? r : look_around(visit, &door);
}

static bool is_listed(const struct agent *agent, uint32_t inode)
{
	for (size_t i = 0; i < agent->netns.count; i++)
		if (agent->netns.entries[i].inode == inode)
			return true;
	return false;
}

/* A namespace without a name or process lives on through its sockets; TIME_WAIT does not count:
 * it dies with the namespace. */
int agent_forget_netns(struct agent *agent)
{
	size_t count = ledger_list_netns(agent->known.ledger, NULL, 0);
	CLEANUP(freep) uint32_t *inodes = calloc(count ? count : 1, sizeof(*inodes));

	if (!inodes)
		return -ENOMEM;
	ledger_list_netns(agent->known.ledger, inodes, count);
	for (size_t i = 0; i < count; i++) {
		if (is_listed(agent, inodes[i]) ||
		    ledger_netns_in_use(agent->known.ledger, inodes[i]))
			continue;
		tell_gone(agent, inodes[i]);
		lives_forget(&agent->lives, inodes[i]);
	}
	agent->netns_counted = ledger_list_netns(agent->known.ledger, NULL, 0);
	return 0;
}

static int list_netns(struct agent *agent)
{
	CLEANUP(netns_processes_done) struct netns_processes processes = { 0 };
	struct netns_list list;
	int r;

	r = broker_processes(agent->broker, &processes, PROC);
	if (r == 0)
		r = netns_scan_of(&list, PROC, &processes);
	if (r < 0)
		return r;
	naming_list(agent->naming, &list, &processes);
	netns_list_done(&agent->netns);
	agent->netns = list;
	return 0;
}

int agent_visit_netns(struct agent *agent, bool find_holds)
{
	int r = list_netns(agent);

	if (r < 0)
		return r;
	agent->entered_all = true;
	agent->netns_replaced = false;
	for (size_t i = 0; i < agent->netns.count; i++) {
		struct visit visit = { agent, &agent->netns.entries[i], find_holds };

		r = visit_one(&visit);
		if (r == -ENOMEM)
			return r;
		if (r < 0 && r != -ENOENT)
			agent->entered_all = false;
	}
	agent->netns_counted = ledger_list_netns(agent->known.ledger, NULL, 0);
	return 0;
}
