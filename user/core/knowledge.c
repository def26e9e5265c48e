// SPDX-License-Identifier: Apache-2.0
#include "user/core/knowledge.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "user/core/view.h"
#include "user/core/view_build.h"

static void name(char ret[KNOWLEDGE_NAME_MAX], const char *value)
{
	snprintf(ret, KNOWLEDGE_NAME_MAX, "%s", value ? value : "");
}

static int start(struct knowledge *knowledge, const struct note_start *start)
{
	int r;

	if (knowledge->ledger)
		return -EBADMSG;
	r = ledger_new(&knowledge->ledger, start->polled, start->times.monotonic);
	if (r < 0)
		return r;
	knowledge->times = start->times;
	knowledge->since_ns = start->times.monotonic;
	name(knowledge->source, start->source);
	name(knowledge->kernel, start->kernel);
	name(knowledge->host, start->host);
	return 0;
}

static void advance(struct knowledge *knowledge, const struct note_times *times)
{
	knowledge->times = *times;
	ledger_advance(knowledge->ledger, times->monotonic);
}

/* An owner that the ledger does not know, or no more, is no error. */
static int identify(struct knowledge *knowledge, const struct note_owner *note)
{
	struct owner *owner = ledger_find_owner(knowledge->ledger, &note->id);

	if (!owner)
		return 0;
	return owner_identify(owner, note->cgroup, note->unit, note->container, note->pod);
}

static int name_owner(struct knowledge *knowledge, const struct note_names *note)
{
	struct owner *owner = ledger_find_owner(knowledge->ledger, &note->id);
	struct owner_names names = {
		.exe = note->exe,
		.command = note->command,
		.container = note->container_name,
		.pod = note->pod_name,
		.pod_namespace = note->pod_namespace,
	};

	return owner ? owner_name(owner, &names) : 0;
}

static void forget_netns(struct knowledge *knowledge, uint32_t inode)
{
	ledger_drop_netns(knowledge->ledger, inode);
	places_drop_netns(&knowledge->places, inode);
}

/* A name that finds no room is no reason to doubt the ledger. */
static int learn_name(struct knowledge *knowledge, const struct note *note)
{
	const struct note_service *service = &note->service;

	if (note->kind == NOTE_SERVICE)
		places_name_service(&knowledge->places, service->protocol, service->port,
				    service->name);
	else
		places_set_server(&knowledge->places, &note->server);
	return 0;
}

int knowledge_take(struct knowledge *knowledge, const struct note *note)
{
	struct ledger *ledger = knowledge->ledger;

	if (note->kind == NOTE_START)
		return start(knowledge, &note->start);
	if (!ledger)
		return -EBADMSG;
	switch (note->kind) {
	case NOTE_EVENT:
		return ledger_apply(ledger, note->event);
	case NOTE_NETNS:
		return ledger_set_netns(ledger, note->facts);
	case NOTE_NETNS_GONE:
		forget_netns(knowledge, note->inode);
		return 0;
	case NOTE_OWNER:
		return identify(knowledge, &note->owner);
	case NOTE_OWNER_NAMES:
		return name_owner(knowledge, &note->names);
	case NOTE_SERVICE:
	case NOTE_SERVER:
		return learn_name(knowledge, note);
	case NOTE_OWNER_GONE:
		ledger_owner_gone(ledger, &note->owner.id);
		return 0;
	case NOTE_TIME:
		advance(knowledge, &note->times);
		return 0;
	case NOTE_RECONCILE_BEGIN:
		ledger_reconcile_begin(ledger);
		return 0;
	case NOTE_RECONCILE_END:
		knowledge->times = note->times;
		ledger_reconcile_end(ledger, note->times.monotonic);
		return 0;
	case NOTE_RESYNC_BEGIN:
		ledger_resync_begin(ledger);
		return 0;
	case NOTE_RESYNC_END:
		ledger_resync_end(ledger);
		return 0;
	case NOTE_HEALTH:
		knowledge->health = note->health;
		return 0;
	default:
		return 0;
	}
}

static void list_lost(const struct knowledge *knowledge, struct view_tally ret[NOTE_LOST__COUNT])
{
	const uint64_t *lost = knowledge->health.lost;

	for (int reason = 0; reason < LOSS__COUNT; reason++)
		ret[reason] = (struct view_tally){ loss_name((enum loss)reason), lost[reason] };
	ret[NOTE_LOST_RECURSION] = (struct view_tally){ "recursion", lost[NOTE_LOST_RECURSION] };
	ret[NOTE_LOST_MALFORMED] = (struct view_tally){ "malformed", lost[NOTE_LOST_MALFORMED] };
}

int knowledge_view(struct knowledge *knowledge, struct view **ret)
{
	const struct note_times *times = &knowledge->times;
	struct view_tally lost[NOTE_LOST__COUNT];
	struct view_facts facts = {
		.now_ns = times->monotonic,
		.realtime_offset_ns = times->realtime - times->monotonic,
		.boot_offset_ns = times->realtime - times->boottime,
		.since_ns = knowledge->since_ns,
		.source = knowledge->source,
		.kernel = knowledge->kernel,
		.host = knowledge->host,
		.places = &knowledge->places,
		.lost = lost,
		.lost_count = NOTE_LOST__COUNT,
		.complete = knowledge->health.complete,
	};

	list_lost(knowledge, lost);
	return view_build(ret, knowledge->ledger, &facts);
}

void knowledge_done(struct knowledge *knowledge)
{
	ledger_free(knowledge->ledger);
	places_done(&knowledge->places);
	*knowledge = (struct knowledge){ 0 };
}
