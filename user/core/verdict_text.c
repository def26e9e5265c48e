// SPDX-License-Identifier: Apache-2.0
#include "user/core/verdict_text.h"

#include <math.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "user/base/arena.h"
#include "user/base/text.h"
#include "user/core/counting.h"

#define NAME_MAX_SHOWN 64
#define SETTING_MAX 160
#define CHANGE_MAX 160
#define MS_PER_SECOND 1000.0
#define KNOWN_S 10 /* a rate over less is none */

/* Names as they are written everywhere. */
struct names {
	char netns[NAME_MAX_SHOWN];
	char owner[NAME_MAX_SHOWN];       /* "client[100]" */
	char destination[NAME_MAX_SHOWN]; /* "10.0.1.1:5432" */
};

static void name_process(char ret[NAME_MAX_SHOWN], const char *comm, uint32_t pid)
{
	char process[VIEW_COMM_LEN];

	text_printable(process, sizeof(process), *comm ? comm : "unknown");
	snprintf(ret, NAME_MAX_SHOWN, pid ? "%s[%u]" : "%s", process, pid);
}

static struct names name(const struct finding *finding, const char *netns_name)
{
	const struct destination *destination = finding->destination;
	const struct owner *owner = finding->owner;
	struct names names = { .destination = "" };

	text_printable(names.netns, sizeof(names.netns), netns_name);
	name_process(names.owner, owner ? owner->comm : "", owner ? owner->key.tgid : 0);
	if (destination)
		text_endpoint(names.destination, destination->key.remote,
			      destination->key.remote_port);
	return names;
}

/* --- settings -------------------------------------------------------------------------------- */

/* A command that sets it where the ports are. */
static void put_setting(char ret[SETTING_MAX], const struct finding *finding,
			const struct names *names, const char *setting)
{
	const struct owner *owner = finding->owner;

	if (!strcmp(finding->pool->netns->name, "host"))
		snprintf(ret, SETTING_MAX, "`sysctl -w %s`", setting);
	else if (owner && owner->alive && owner->key.tgid)
		snprintf(ret, SETTING_MAX, "`nsenter -t %u -n sysctl -w %s`", owner->key.tgid,
			 setting);
	else
		snprintf(ret, SETTING_MAX, "`sysctl -w %s`, inside namespace %s,", setting,
			 names->netns);
}

/* Connections a second that go through TIME_WAIT. */
static double bears(double ports)
{
	return ports / TIME_WAIT_S;
}

/* "from 936 to 28168 ports toward each destination, from 15.6 to 469.5 connects a second". */
static void put_change(char ret[CHANGE_MAX], const struct finding *finding, uint32_t before,
		       uint32_t after)
{
	if (finding->pool->protocol == IPPROTO_UDP)
		snprintf(ret, CHANGE_MAX, "from %u to %u ports", before, after);
	else
		snprintf(ret, CHANGE_MAX,
			 "from %u to %u ports toward each destination, which bear %.1f connects a "
			 "second through TIME_WAIT instead of %.1f",
			 before, after, bears(after), bears(before));
}

/* --- leak ------------------------------------------------------------------------------------ */

static void put_pace(char ret[CHANGE_MAX], const struct numbers *n, const struct flow_summary *sum)
{
	double left = n->capacity > n->used ? n->capacity - n->used : 0;

	if (left > 0 && sum->growth > 0)
		snprintf(ret, CHANGE_MAX, ", and at this pace none is left in %.0f s",
			 ceil(left * sum->seconds / sum->growth));
	else
		*ret = '\0';
}

/* A leak that has all there is grows no more. */
static char *full_leak_evidence(struct arena *arena, const struct finding *f,
				const struct names *names, const struct flow_summary *sum)
{
	const struct numbers *n = &f->numbers;

	return arena_printf(
		arena,
		"%s%s has %u connections to %s open and closed %u in the last %.0f s: %u "
		"of %u ports there are used.",
		f->together ? "Together with others, " : "", names->owner, n->mine,
		names->destination, sum->closed, sum->seconds, n->used, n->capacity);
}

static char *leak_evidence(struct arena *arena, const struct finding *f, const struct names *names)
{
	const struct numbers *n = &f->numbers;
	struct flow_summary sum = verdict_growth(n);
	char pace[CHANGE_MAX];

	if (sum.growth <= 0)
		return full_leak_evidence(arena, f, names, &sum);
	put_pace(pace, n, &sum);
	return arena_printf(
		arena,
		"%s%s has %u connections to %s open, %d more than %.0f s ago (%u opened, "
		"%u closed): %u of %u ports there are used%s.",
		f->together ? "Together with others, " : "", names->owner, n->mine,
		names->destination, sum.growth, sum.seconds, sum.opened, sum.closed, n->used,
		n->capacity, pace);
}

/* Connections that we close first give their ports back after TIME_WAIT only. */
static char *leak_remedy(struct arena *arena, const struct finding *f, const struct names *names)
{
	const struct numbers *n = &f->numbers;
	uint32_t rest = n->used > n->mine ? n->used - n->mine : 0;

	if (f->together)
		return arena_printf(
			arena,
			"In %s and its like, close connections to %s when they are done "
			"with: these %u would leave %u of %u ports used; ending the "
			"processes gives them back within about %u s.",
			names->owner, names->destination, n->mine, rest, n->capacity, TIME_WAIT_S);
	return arena_printf(arena,
			    "In %s, close connections to %s when they are done with: its %u would "
			    "leave %u of %u ports used; ending the process gives them back within "
			    "about %u s.",
			    names->owner, names->destination, n->mine, rest, n->capacity,
			    TIME_WAIT_S);
}

static char *udp_leak_evidence(struct arena *arena, const struct finding *f,
			       const struct names *names)
{
	const struct numbers *n = &f->numbers;
	struct flow_summary sum = verdict_growth(n);
	char pace[CHANGE_MAX];

	put_pace(pace, n, &sum);
	return arena_printf(
		arena,
		"%s holds %u UDP ports, %d more than %.0f s ago (%u opened, %u closed): "
		"%u of %u ports in %s are used%s.",
		names->owner, n->mine, sum.growth, sum.seconds, sum.opened, sum.closed, n->used,
		n->capacity, names->netns, pace);
}

static char *udp_leak_remedy(struct arena *arena, const struct finding *f,
			     const struct names *names)
{
	const struct numbers *n = &f->numbers;

	return arena_printf(
		arena,
		"In %s, close each UDP socket when its exchange is over: its %u would "
		"leave %u of %u ports used; ending the process gives them back at once.",
		names->owner, n->mine, n->used > n->mine ? n->used - n->mine : 0, n->capacity);
}

/* --- churn ----------------------------------------------------------------------------------- */

/* What is seen to open; without history, what must have opened for so much TIME_WAIT. */
static double opening_rate(const struct numbers *n, bool *ret_counted)
{
	struct flow_summary sum = { 0 };

	if (n->flow)
		sum = flow_last(&n->flow->minute, FLOW_PERIODS);
	*ret_counted = sum.seconds >= KNOWN_S;
	return *ret_counted ? sum.opened / sum.seconds : verdict_waiting_rate(n);
}

/* With those that are not opened, for there is no port. */
static double wanted_rate(const struct numbers *n)
{
	bool counted;
	double rate = opening_rate(n, &counted);

	return verdict_is_full(n, false) ? rate + (double)n->refused / TIME_WAIT_S : rate;
}

static char *churn_evidence(struct arena *arena, const struct finding *f, const struct names *names)
{
	const struct numbers *n = &f->numbers;
	bool counted;
	double rate = opening_rate(n, &counted);

	return arena_printf(
		arena,
		"%s%.1f connections a second are opened to %s and closed on this side "
		"first, most by %s: %u of %u ports are used, %u of them in TIME_WAIT, "
		"which lasts %u s, so that these ports bear no more than %.1f a second.",
		counted ? "" : "At least ", rate, names->destination, names->owner, n->used,
		n->capacity, n->waiting, TIME_WAIT_S, bears(n->capacity));
}

/* Only with timestamps, and only for remnants whose peer has closed, does the kernel reuse. */
static bool may_reuse(const struct finding *f)
{
	return f->pool->netns->tw_reuse != 1 && f->numbers.stiff * 10ULL <= f->numbers.waiting;
}

/* Up to 6.12 the kernel counts the age in whole seconds, so that the second one is safe to name. */
static char *reuse_remedy(struct arena *arena, const struct finding *f, const struct names *names)
{
	double age_s = f->pool->netns->tw_reuse_delay_ms / MS_PER_SECOND + 1;
	const struct numbers *n = &f->numbers;
	char setting[SETTING_MAX];

	put_setting(setting, f, names, "net.ipv4.tcp_tw_reuse=1");
	return arena_printf(
		arena,
		"%s lets a new connection to the same destination have a port that is in "
		"TIME_WAIT for %.3g s, for these connections have TCP timestamps: the same "
		"%u ports then bear at least %.1f connects a second instead of %.1f.",
		setting, age_s, n->capacity, n->capacity / age_s, bears(n->capacity));
}

/* So that four fifths of what the ports bear are enough. */
static char *keep_remedy(struct arena *arena, const struct finding *f, const struct names *names)
{
	const struct numbers *n = &f->numbers;
	double rate = wanted_rate(n);
	double enough = bears(n->capacity) * 0.8;
	double requests = enough > 0 ? ceil(rate / enough) : 2;

	if (requests < 2)
		requests = 2;
	return arena_printf(
		arena,
		"In %s, keep connections to %s open and send at least %.0f requests over "
		"each: %.1f new connections a second become %.1f, of %.1f that %u ports "
		"bear.",
		names->owner, names->destination, requests, rate, rate / requests,
		bears(n->capacity), n->capacity);
}

static char *churn_remedy(struct arena *arena, const struct finding *f, const struct names *names)
{
	return may_reuse(f) ? reuse_remedy(arena, f, names) : keep_remedy(arena, f, names);
}

/* --- bind before connect --------------------------------------------------------------------- */

static char *bind_evidence(struct arena *arena, const struct finding *f, const struct names *names)
{
	const struct numbers *n = &f->numbers;

	return arena_printf(
		arena,
		"%s has %u connections, to %u %s, whose ports it got by bind(), so that "
		"nobody in %s can connect() from them, wherever to: %u of %u ports are "
		"left for connect().",
		names->owner, n->mine, f->destinations,
		f->destinations == 1 ? "destination" : "destinations", names->netns,
		pool_capacity(f->pool), n->capacity);
}

static char *bind_remedy(struct arena *arena, const struct finding *f, const struct names *names)
{
	uint32_t before = pool_capacity(f->pool);
	uint32_t after = before + f->numbers.mine;
	char change[CHANGE_MAX];

	if (after > f->numbers.capacity)
		after = f->numbers.capacity;
	put_change(change, f, before, after);
	return arena_printf(
		arena,
		"In %s, set IP_BIND_ADDRESS_NO_PORT on each socket before bind() to port "
		"0, so that connect() chooses a port that destinations can share: %s.",
		names->owner, change);
}

/* --- listen collision ------------------------------------------------------------------------ */

static char *collision_evidence(struct arena *arena, const struct finding *f,
				const struct names *names)
{
	const struct vacancy *vacancy = f->vacancy;
	char service[NAME_MAX_SHOWN];

	name_process(service, vacancy->process, vacancy->pid);
	return arena_printf(arena,
			    "Port %u, which %s had asked for by number, went to a connection of "
			    "%s%s%s %.1f s after it was left: until that one ends, a service gets "
			    "EADDRINUSE there.",
			    vacancy->port, service, names->owner, *names->destination ? " to " : "",
			    names->destination,
			    (double)(vacancy->taken_ns - vacancy->left_ns) / 1e9);
}

static bool any_reserved(const struct pool *pool)
{
	for (size_t i = 0; pool->reserved && i < 65536 / 8; i++)
		if (pool->reserved[i])
			return true;
	return false;
}

/* Writing the list replaces it. */
static char *collision_remedy(struct arena *arena, const struct finding *f,
			      const struct names *names)
{
	const struct numbers *n = &f->numbers;
	char list[CHANGE_MAX];
	char setting[SETTING_MAX];

	if (any_reserved(f->pool))
		snprintf(list, sizeof(list),
			 "net.ipv4.ip_local_reserved_ports=$(sysctl -n "
			 "net.ipv4.ip_local_reserved_ports),%u",
			 f->vacancy->port);
	else
		snprintf(list, sizeof(list), "net.ipv4.ip_local_reserved_ports=%u",
			 f->vacancy->port);
	if (any_reserved(f->pool) && strcmp(f->pool->netns->name, "host") != 0)
		snprintf(setting, sizeof(setting),
			 "Adding %u to net.ipv4.ip_local_reserved_ports in namespace %s",
			 f->vacancy->port, names->netns);
	else
		put_setting(setting, f, names, list);
	return arena_printf(arena,
			    "%s keeps connections off port %u, of those to come: %u instead of %u "
			    "ports are theirs.",
			    setting, f->vacancy->port, n->capacity - 1, n->capacity);
}

/* --- narrow range, near exhaustion ----------------------------------------------------------- */

static char *full_evidence(struct arena *arena, const struct finding *f, const struct names *names)
{
	const struct numbers *n = &f->numbers;

	if (!f->destination)
		return arena_printf(arena,
				    "%u of %u %s ports in %s are held, most by %s (%u of its own).",
				    n->used, n->capacity, text_protocol(f->pool->protocol),
				    names->netns, names->owner, n->mine);
	return arena_printf(arena,
			    "%u of %u ports toward %s are used, by %u open connections and %u in "
			    "TIME_WAIT; most by %s.",
			    n->used, n->capacity, names->destination, n->active, n->waiting,
			    names->owner);
}

static char *narrow_evidence(struct arena *arena, const struct finding *f,
			     const struct names *names)
{
	const struct numbers *n = &f->numbers;

	if (f->window)
		return arena_printf(
			arena,
			"%u of the %u ports that sockets have whose IP_LOCAL_PORT_RANGE is "
			"%u-%u are used toward %s, where others have %u.",
			n->used, n->capacity, f->window->first, f->window->last, names->destination,
			destination_capacity(f->destination));
	if (pool_size(f->pool) >= USUAL_RANGE_SIZE)
		return full_evidence(arena, f, names);
	return arena_printf(arena, "The range %u-%u has %u ports, where Linux comes with %u: %s",
			    f->pool->first, f->pool->last, pool_size(f->pool), USUAL_RANGE_SIZE,
			    full_evidence(arena, f, names));
}

static char *widen_remedy(struct arena *arena, const struct finding *f, const struct names *names,
			  uint16_t first, uint16_t last, uint32_t size)
{
	uint32_t skipped = f->destination ? (f->pool->last - f->pool->first + 1U) % 2 : 0;
	uint32_t after = f->numbers.capacity + skipped + size - pool_size(f->pool);
	char setting[SETTING_MAX];
	char change[CHANGE_MAX];
	char range[64];

	snprintf(range, sizeof(range), "net.ipv4.ip_local_port_range=\"%u %u\"", first, last);
	put_setting(setting, f, names, range);
	put_change(change, f, f->numbers.capacity, after);
	return arena_printf(arena, "%s widens it: %s.", setting, change);
}

/* A port is taken for one local address only. */
static char *address_remedy(struct arena *arena, const struct finding *f, const struct names *names)
{
	uint32_t before = f->numbers.capacity;
	char change[CHANGE_MAX];

	put_change(change, f, before, before * 2);
	if (!f->destination)
		return arena_printf(
			arena,
			"Give %s a second local address and let half of the sockets of %s "
			"bind() to it: %s.",
			names->netns, names->owner, change);
	return arena_printf(arena,
			    "Give %s a second local address and let %s use both in turn, by bind() "
			    "with IP_BIND_ADDRESS_NO_PORT set: %s.",
			    names->netns, names->owner, change);
}

static char *full_remedy(struct arena *arena, const struct finding *f, const struct names *names)
{
	uint16_t first;
	uint16_t last;
	uint32_t size;

	if (f->window)
		return arena_printf(
			arena,
			"Give these sockets a wider IP_LOCAL_PORT_RANGE, or none: from %u "
			"to %u ports toward %s.",
			f->numbers.capacity, destination_capacity(f->destination),
			names->destination);
	if (verdict_wider_range(f->pool, f->numbers.used, &first, &last, &size))
		return widen_remedy(arena, f, names, first, last, size);
	return address_remedy(arena, f, names);
}

/* --- all of them ----------------------------------------------------------------------------- */

typedef char *writer(struct arena *arena, const struct finding *finding, const struct names *names);

static const struct {
	writer *evidence;
	writer *remedy;
} writers[VERDICT__COUNT] = {
	[VERDICT_LEAK] = { leak_evidence, leak_remedy },
	[VERDICT_UDP_LEAK] = { udp_leak_evidence, udp_leak_remedy },
	[VERDICT_CHURN] = { churn_evidence, churn_remedy },
	[VERDICT_BIND_BEFORE_CONNECT] = { bind_evidence, bind_remedy },
	[VERDICT_LISTEN_COLLISION] = { collision_evidence, collision_remedy },
	[VERDICT_NARROW_RANGE] = { narrow_evidence, full_remedy },
	[VERDICT_NEAR_EXHAUSTION] = { full_evidence, full_remedy },
};

static bool is_about_owner(const struct finding *finding)
{
	return finding->verdict == VERDICT_UDP_LEAK ||
	       finding->verdict == VERDICT_BIND_BEFORE_CONNECT ||
	       (finding->verdict == VERDICT_LEAK && !finding->together);
}

const char *verdict_subject(struct arena *arena, const struct finding *finding,
			    const char *netns_name)
{
	struct names names = name(finding, netns_name);
	const char *protocol = text_protocol(finding->pool->protocol);
	bool toward = finding->destination && finding->verdict != VERDICT_NARROW_RANGE;

	if (finding->vacancy)
		return arena_printf(arena, "%s %s port %u", names.netns, protocol,
				    finding->vacancy->port);
	return arena_printf(arena, "%s %s%s%s%s%s", names.netns, protocol,
			    is_about_owner(finding) ? " " : "",
			    is_about_owner(finding) ? names.owner : "", toward ? " -> " : "",
			    toward ? names.destination : "");
}

const char *verdict_evidence(struct arena *arena, const struct finding *finding,
			     const char *netns_name)
{
	struct names names = name(finding, netns_name);

	return writers[finding->verdict].evidence(arena, finding, &names);
}

const char *verdict_remedy(struct arena *arena, const struct finding *finding,
			   const char *netns_name)
{
	struct names names = name(finding, netns_name);

	return writers[finding->verdict].remedy(arena, finding, &names);
}
