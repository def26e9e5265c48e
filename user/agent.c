// SPDX-License-Identifier: Apache-2.0
#include "user/agent_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "user/host/cgroup.h"
#include "user/base/clock.h"
#include "user/verify/ledger_dump.h"
#include "user/base/log.h"
#include "user/host/broker.h"
#include "user/host/netns.h"
#include "user/host/procfs.h"
#include "user/naming.h"
#include "user/base/util.h"

#define PROC "/proc"
#define DRAINS_MAX 64
#define NAMED_MAX 256     /* processes, in a second */
#define RECONCILE_REST 10 /* times as long as the last one took */

/* --- what it learns -------------------------------------------------------------------------- */

int agent_tell(struct agent *agent, const struct note *note)
{
	if (agent->listener)
		agent->listener(agent->listener_context, note);
	return knowledge_take(&agent->known, note);
}

static int tell_kind(struct agent *agent, enum note_kind kind)
{
	return agent_tell(agent, &(struct note){ .kind = kind });
}

static struct note_times times_now(const struct agent *agent)
{
	return (struct note_times){
		.monotonic = agent->clock(CLOCK_MONOTONIC),
		.realtime = agent->clock(CLOCK_REALTIME),
		.boottime = agent->clock(CLOCK_BOOTTIME),
	};
}

static int tell_time(struct agent *agent, enum note_kind kind)
{
	return agent_tell(agent, &(struct note){ .kind = kind, .times = times_now(agent) });
}

static int tell_start(struct agent *agent)
{
	struct note note = { .kind = NOTE_START };
	struct utsname kernel;

	uname(&kernel);
	note.start = (struct note_start){
		.times = times_now(agent),
		.polled = agent->source->ops->polled,
		.source = agent->source->ops->name,
		.kernel = kernel.release,
		.host = kernel.nodename,
		.version = PORTGAUGE_VERSION,
	};
	return agent_tell(agent, &note);
}

/* Does it know all there is, as far as it can tell? */
static bool is_complete(struct agent *agent)
{
	return agent_sees_all_netns(agent) && !agent->losses.unplaced && !agent->losses.detached &&
	       !agent->reconcile_wanted && !agent->resync_wanted && !agent->look_error;
}

static void tell_health(struct agent *agent)
{
	struct note note = { .kind = NOTE_HEALTH };

	memcpy(note.health.lost, agent->losses.by_reason, sizeof(agent->losses.by_reason));
	note.health.lost[NOTE_LOST_RECURSION] = agent->losses.recursion;
	note.health.lost[NOTE_LOST_MALFORMED] = agent->losses.malformed;
	note.health.complete = is_complete(agent);
	if (memcmp(note.health.lost, agent->known.health.lost, sizeof(note.health.lost)) ||
	    note.health.complete != agent->known.health.complete)
		agent_tell(agent, &note);
}

/* A note_handler for what finds names. */
static int hear(void *context, const struct note *note)
{
	return agent_tell(context, note);
}

/* --- life ------------------------------------------------------------------------------------ */

/* False: there are none, for nothing was tried. */
static bool tell_failures(const struct agent *agent, enum log_level level)
{
	bool told = false;

	for (size_t i = 0; i < agent->attempts_count; i++) {
		const struct source_attempt *attempt = &agent->attempts[i];

		if (!attempt->tried || !attempt->error)
			continue;
		log_write(level, "source %s: %s", attempt->ops->name, attempt->reason);
		told = true;
	}
	return told;
}

static int open_source(struct agent *agent, const struct agent_config *config)
{
	struct source_config source_config = {
		.ring_bytes = config->ring_bytes,
		.max_holds = config->max_holds,
		.cgroup_root = agent->cgroup_root,
	};
	int r = source_open(&agent->source, config->sources ? config->sources : source_table(),
			    config->source, &source_config, agent->attempts,
			    &agent->attempts_count);

	if (r < 0 && !tell_failures(agent, LOG_LEVEL_ERROR) && config->source)
		log_error("no source is called '%s'; see portgauge doctor", config->source);
	return r;
}

static int open_names(struct agent *agent, const char *root)
{
	struct naming_host host = {
		.root = root ? root : "",
		.proc_root = PROC,
		.cgroup_root = agent->cgroup_root,
		.cgroups = agent->cgroups,
		.broker = agent->broker,
	};

	return naming_new(&agent->naming, &host, hear, agent);
}

static int open_parts(struct agent *agent, const struct agent_config *config)
{
	int r;

	agent->clock = config->clock ? config->clock : clock_ns;
	agent->looks_when_told = config->looks_when_told;
	agent->listener = config->listener;
	agent->listener_context = config->listener_context;
	if (cgroup_find_root(&agent->cgroup_root, PROC "/self/mountinfo") == 0) {
		r = cgroup_table_new(&agent->cgroups, agent->cgroup_root);
		if (r < 0)
			return r;
	}
	r = open_source(agent, config);
	if (r < 0)
		return r;
	if (agent->source->ops->looks)
		agent->looks = agent->source->ops->looks(agent->source);
	r = config->confined ? agent_open_broker(agent) : 0;
	if (r == 0)
		r = tell_start(agent);
	if (r == 0)
		r = open_names(agent, config->host_root);
	if (r == 0 && config->limits)
		ledger_limit(agent->known.ledger, config->limits);
	if (r == 0)
		r = agent_reconcile(agent);
	if (r < 0)
		log_error("source %s: cannot read what exists already: %s",
			  agent->source->ops->name, strerror(-r));
	return r;
}

int agent_open(struct agent **ret, const struct agent_config *config)
{
	struct agent *agent = calloc(1, sizeof(*agent));
	int r;

	if (!agent)
		return -ENOMEM;
	r = open_parts(agent, config);
	if (r < 0) {
		agent_close(agent);
		return r;
	}
	*ret = agent;
	return 0;
}

void agent_close(struct agent *agent)
{
	if (!agent)
		return;
	if (agent->source)
		agent->source->ops->close(agent->source);
	knowledge_done(&agent->known);
	netns_list_done(&agent->netns);
	lives_done(&agent->lives);
	cgroup_table_free(agent->cgroups);
	naming_free(agent->naming);
	broker_free(agent->broker);
	free(agent->cgroup_root);
	free(agent);
}

void agent_explain(const struct agent *agent)
{
	tell_failures(agent, LOG_LEVEL_INFO);
}

void agent_limit(struct agent *agent, const struct view_limits *limits)
{
	ledger_limit(agent->known.ledger, limits);
}

void agent_observe(struct agent *agent, agent_observer *observer, void *context)
{
	agent->observer = observer;
	agent->observer_context = context;
}

void agent_repeat(struct agent *agent)
{
	agent->resync_wanted = true;
}

void agent_look_when_told(struct agent *agent, bool looks_when_told)
{
	agent->looks_when_told = looks_when_told;
}

const struct source_ops *agent_source(const struct agent *agent)
{
	return agent->source->ops;
}

int agent_fd(const struct agent *agent)
{
	return agent->source->ops->fd(agent->source);
}

const char *agent_netns_name(const struct agent *agent, uint32_t inode)
{
	return ledger_netns_name(agent->known.ledger, inode);
}

/* --- events ---------------------------------------------------------------------------------- */

static void show(struct agent *agent, const struct event *event)
{
	struct hold_description hold;
	bool known = false;

	if (event->header.kind == EVENT_TIME_WAIT)
		known = ledger_describe(agent->known.ledger, event->time_wait.id, &hold);
	if (event->header.kind == EVENT_RELEASED)
		known = ledger_describe(agent->known.ledger, event->released.id, &hold);
	agent->observer(agent->observer_context, event, known ? &hold : NULL);
}

/* Is it about another namespace than what came before with that number? */
static void meet_netns(struct agent *agent, const struct event *event)
{
	const struct abi_tuple *tuple = NULL;

	if (event->header.kind == EVENT_TAKEN)
		tuple = &event->taken.hold.tuple;
	else if (event->header.kind == EVENT_REFUSED)
		tuple = &event->refused.tuple;
	if (tuple)
		agent_meet_netns(agent, tuple->netns, tuple->netns_life);
}

int agent_apply(void *context, const struct event *event)
{
	struct agent *agent = context;
	int r;

	meet_netns(agent, event);
	if (agent->observer)
		show(agent, event);
	r = agent_tell(agent, &(struct note){ .kind = NOTE_EVENT, .event = event });
	if (r < 0) {
		agent->resync_wanted = true;
		agent->apply_error = r;
	}
	return 0;
}

int agent_drain(struct agent *agent)
{
	return agent->source->ops->drain(agent->source, agent_apply, agent);
}

/* Everything that the kernel did before is to be in the books; under load, more keeps coming. */
static int drain_all(struct agent *agent)
{
	int r = 1;

	for (int i = 0; i < DRAINS_MAX && r > 0; i++)
		r = agent_drain(agent);
	return r;
}

/* --- keeping true ---------------------------------------------------------------------------- */

static bool owner_alive(void *context, const struct owner_id *id)
{
	struct agent *agent = context;
	bool alive = procfs_alive(PROC, id->pid, id->start_ns);

	if (!alive)
		agent_tell(agent, &(struct note){ .kind = NOTE_OWNER_GONE, .owner.id = *id });
	return alive;
}

static int sweep(struct agent *agent, bool resync)
{
	int r;

	if (resync)
		tell_kind(agent, NOTE_RESYNC_BEGIN);
	r = agent->source->ops->sweep(agent->source, resync, agent_apply, agent);
	if (resync && r == 0)
		tell_kind(agent, NOTE_RESYNC_END);
	return r;
}

static int read_tables(struct agent *agent, bool resync)
{
	int r = agent->source->ops->find_files(agent->source, agent_apply, agent);

	if (r == 0)
		r = agent_visit_netns(agent, true);
	if (r == 0)
		r = sweep(agent, resync);
	if (r == 0)
		r = agent_forget_netns(agent);
	if (r == 0)
		naming_listeners(agent->naming, agent->known.ledger, &agent->known.places,
				 &agent->netns, agent->clock(CLOCK_MONOTONIC));
	return r;
}

int agent_reconcile(struct agent *agent)
{
	uint64_t began_ns = agent->clock(CLOCK_MONOTONIC);
	bool resync = agent->resync_wanted;
	struct source_losses losses;
	int r;

	r = drain_all(agent);
	if (r < 0)
		return r;
	agent->reconcile_wanted = false;
	agent->resync_wanted = false;
	naming_refresh(agent->naming);
	tell_kind(agent, NOTE_RECONCILE_BEGIN);
	r = read_tables(agent, resync);
	if (agent->source->ops->losses(agent->source, &losses) == 0)
		agent->losses.unplaced = losses.unplaced;
	ledger_check_owners(agent->known.ledger, owner_alive, agent);
	tell_time(agent, NOTE_RECONCILE_END);
	agent->reconciled_ns = agent->known.times.monotonic;
	agent->reconcile_took_ns = agent->reconciled_ns - began_ns;
	if (r < 0) {
		agent->reconcile_wanted = true;
		agent->resync_wanted |= resync;
	}
	return r;
}

static void identify_owners(struct agent *agent)
{
	struct owner *owner;
	int count = 0;

	while ((owner = ledger_unidentified(agent->known.ledger))) {
		struct owner_id id = owner_id(owner);

		naming_owner(agent->naming, &id, owner_cgroup_id(owner),
			     agent->clock(CLOCK_MONOTONIC), count++ < NAMED_MAX);
	}
}

/* Time comes last: with it, all that a view of this moment needs has been told. */
static void tell_now(struct agent *agent)
{
	identify_owners(agent);
	tell_health(agent);
	tell_time(agent, NOTE_TIME);
}

static int note_losses(struct agent *agent)
{
	struct source_losses losses;
	int r = agent->source->ops->losses(agent->source, &losses);

	if (r < 0)
		return r;
	if (losses.detached > agent->losses.detached)
		log_error(
			"somebody detached %llu of its BPF programs: what they saw comes with the next "
			"reconcile, without what lived shorter; restart portgauge",
			(unsigned long long)losses.detached);
	if (losses.by_reason[LOSS_RING_FULL] != agent->losses.by_reason[LOSS_RING_FULL])
		agent->resync_wanted = true;
	if (losses.recursion != agent->losses.recursion || losses.unplaced ||
	    losses.by_reason[LOSS_MAP_FULL] != agent->losses.by_reason[LOSS_MAP_FULL] ||
	    losses.by_reason[LOSS_MAP_BUSY] != agent->losses.by_reason[LOSS_MAP_BUSY])
		agent->reconcile_wanted = true; /* perhaps there is room by then */
	agent->losses = losses;
	return 0;
}

/* Losses may come second after second: looking must not cost more than a tenth of the time. */
static bool may_reconcile(const struct agent *agent, uint64_t now_ns)
{
	return now_ns - agent->reconciled_ns >= RECONCILE_REST * agent->reconcile_took_ns;
}

static int visit_new_netns(struct agent *agent)
{
	if (!agent->netns_replaced &&
	    ledger_list_netns(agent->known.ledger, NULL, 0) <= agent->netns_counted)
		return 0;
	return agent_visit_netns(agent, false);
}

/* What makes it fail may pass, as a lack of descriptors does: it is tried again, and until then the
 * view is not complete. */
static void look(struct agent *agent)
{
	bool lost = agent->resync_wanted || agent->reconcile_wanted;
	int r;

	if (!agent->looks_when_told && lost && may_reconcile(agent, agent->known.times.monotonic))
		r = agent_reconcile(agent);
	else
		r = visit_new_netns(agent);
	if (r == 0)
		r = agent->apply_error;
	agent->apply_error = 0;
	if (r < 0 && r != agent->look_error)
		log_warning("reading the kernel's socket tables: %s; trying again", strerror(-r));
	agent->look_error = r;
}

int agent_tick(struct agent *agent)
{
	int r;

	r = agent_drain(agent);
	if (r >= 0)
		r = note_losses(agent);
	if (r < 0)
		return r;
	tell_now(agent);
	look(agent);
	return 0;
}

struct source_losses agent_losses(const struct agent *agent)
{
	return agent->losses;
}

/* --- dumps ----------------------------------------------------------------------------------- */

int agent_dump(struct agent *agent, int fd, uint64_t reconcile_ns)
{
	struct holds_dump_header header = {
		.reconcile_ns = reconcile_ns,
		.reconcile_began_ns = agent->reconciled_ns - agent->reconcile_took_ns,
		.polled = agent->source->ops->polled,
	};
	int r = drain_all(agent);

	if (r >= 0)
		r = note_losses(agent);
	if (r < 0)
		return r;
	header.time_ns = agent->clock(CLOCK_MONOTONIC);
	if (!is_complete(agent))
		header.flags = HOLDS_DUMP_INCOMPLETE;
	snprintf(header.source, sizeof(header.source), "%s", agent->source->ops->name);
	return ledger_dump(agent->known.ledger, fd, &header);
}

/* --- views ----------------------------------------------------------------------------------- */

int agent_view(struct agent *agent, struct view **ret)
{
	tell_now(agent);
	return knowledge_view(&agent->known, ret);
}
