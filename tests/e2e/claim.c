// SPDX-License-Identifier: Apache-2.0
#include "claim.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watch.h"

/* The claims about one namespace of one snapshot, and the first that is wrong. */
struct hearing {
	const json_t *snapshot;
	const struct scope *scope;
	const struct claim *claims;
	size_t count;
	char *reply;
};

static const char *const sections[] = {
	[CLAIM_POOL] = "pools",
	[CLAIM_DESTINATION] = "destinations",
	[CLAIM_OWNER] = "owners",
	[CLAIM_REFUSED] = "refusals",
};

static void name_of(char *ret, size_t size, const struct claim *claim)
{
	if (claim->kind == CLAIM_DESTINATION)
		snprintf(ret, size, "%s:%u", claim->remote, claim->port);
	else
		snprintf(ret, size, "%s %s", claim->process ? claim->process : "pool",
			 claim->protocol ? claim->protocol : claim->path);
}

/* "shop%5": the VRF of interface 5 in the namespace shop. */
static unsigned int vrf_of(const json_t *row)
{
	const char *mark = strchr(text(row, "netns_name"), '%');

	return mark ? (unsigned int)strtoul(mark + 1, NULL, 10) : 0;
}

static bool is_here(const struct hearing *hearing, const json_t *row)
{
	return (uint32_t)json_integer_value(json_object_get(row, "netns")) == hearing->scope->netns;
}

static bool is_refusal_of_another(const struct hearing *hearing, const json_t *row)
{
	const json_t *path = json_object_get(row, "path");

	return path && strcmp(text(row, "time"), hearing->scope->since) < 0;
}

static bool is_text(const json_t *row, const char *key, const char *value)
{
	return !value || !strcmp(text(row, key), value);
}

static bool same_window(const json_t *row, const struct claim *claim)
{
	bool window = json_is_true(json_object_get(row, "window"));

	if (!claim->last)
		return !window;
	return window && number(row, "first") == claim->first && number(row, "last") == claim->last;
}

static bool speaks_of(const struct hearing *hearing, const struct claim *claim, const json_t *row)
{
	if (!is_here(hearing, row) || is_refusal_of_another(hearing, row) ||
	    vrf_of(row) != claim->vrf || !is_text(row, "protocol", claim->protocol))
		return false;
	switch (claim->kind) {
	case CLAIM_POOL:
		return true;
	case CLAIM_DESTINATION:
		return is_text(row, "local", claim->local) &&
		       is_text(row, "remote", claim->remote) &&
		       number(row, "remote_port") == claim->port && same_window(row, claim);
	case CLAIM_OWNER:
		return is_text(row, "process", claim->process);
	default:
		return is_text(row, "process", claim->process) &&
		       is_text(row, "path", claim->path) && is_text(row, "errno", claim->error) &&
		       is_text(row, "remote", claim->remote);
	}
}

/* A row without any port in it says nothing. */
static bool is_empty(const json_t *row)
{
	static const char *const numbers[] = { "used",      "shared",     "exclusive", "active",
					       "time_wait", "recyclable", "refusals" };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (number(row, numbers[i]) > 0)
			return false;
	return true;
}

static bool differs(const struct hearing *hearing, const struct claim *claim, const json_t *row,
		    const char *key, double wanted)
{
	double is = number(row, key);
	char name[64];

	if (wanted == ANY || is == wanted)
		return false;
	name_of(name, sizeof(name), claim);
	snprintf(hearing->reply, CLAIM_REPLY_MAX, "%s: %s is %g, not %g", name, key, is, wanted);
	return true;
}

static int sum(const struct claim *claim)
{
	if (claim->used || claim->active == ANY || claim->exclusive == ANY || claim->shared == ANY)
		return claim->used ? claim->used : ANY;
	return claim->shared + claim->active + claim->time_wait - claim->recyclable +
	       (claim->kind == CLAIM_DESTINATION ? 0 : claim->exclusive);
}

static int size_of(const struct claim *claim)
{
	return claim->size ? claim->size : CLAIM_SIZE;
}

static bool pool_holds(const struct hearing *hearing, const struct claim *claim, const json_t *row)
{
	double size = size_of(claim);
	int used = sum(claim);

	return !differs(hearing, claim, row, "size", size) &&
	       !differs(hearing, claim, row, "shared", claim->shared) &&
	       !differs(hearing, claim, row, "exclusive", claim->exclusive) &&
	       !differs(hearing, claim, row, "used", used) &&
	       (used == ANY || fabs(number(row, "saturation") - used / size) < 1e-6);
}

/* What the claim about the TCP pool leaves to connect(). */
static int usual_capacity(const struct hearing *hearing, const struct claim *claim)
{
	for (size_t i = 0; i < hearing->count; i++) {
		const struct claim *pool = &hearing->claims[i];

		if (pool->kind == CLAIM_POOL && pool->vrf == claim->vrf &&
		    !strcmp(pool->protocol, "tcp"))
			return size_of(pool) - pool->exclusive;
	}
	return CLAIM_SIZE;
}

static double sum_of_owners(const json_t *row, const char *key)
{
	double sum_ = 0;
	json_t *share;
	size_t i;

	json_array_foreach(json_object_get(row, "owners"), i, share)
		sum_ += number(share, key);
	return sum_;
}

/* Each port is somebody's, once. Whose those of a window are, its destination's row says. */
static bool shares_hold(const struct hearing *hearing, const struct claim *claim, const json_t *row)
{
	const json_t *share = claim->process ? share_row(row, claim->process) : NULL;
	char name[64];

	if (claim->last)
		return true;
	name_of(name, sizeof(name), claim);
	if (share && json_array_size(json_object_get(row, "owners")) != 1)
		share = NULL;
	if (claim->process && !share)
		snprintf(hearing->reply, CLAIM_REPLY_MAX, "%s: not %s's alone", name,
			 claim->process);
	else if (sum_of_owners(row, "used") != number(row, "used"))
		snprintf(hearing->reply, CLAIM_REPLY_MAX, "%s: its owners' used are %g, not %g",
			 name, sum_of_owners(row, "used"), number(row, "used"));
	else
		return true;
	return false;
}

static bool room_holds(const struct hearing *hearing, const struct claim *claim, const json_t *row)
{
	double room = number(row, "capacity") - number(row, "used");

	if (!claim->free)
		return !differs(hearing, claim, row, "capacity",
				claim->capacity ? claim->capacity
						: usual_capacity(hearing, claim)) &&
		       !differs(hearing, claim, row, "used", sum(claim));
	if (room == claim->free)
		return true;
	snprintf(hearing->reply, CLAIM_REPLY_MAX, "%s:%u: %g of %g used, so %g free, not %d",
		 claim->remote, claim->port, number(row, "used"), number(row, "capacity"), room,
		 claim->free);
	return false;
}

static bool destination_holds(const struct hearing *hearing, const struct claim *claim,
			      const json_t *row)
{
	return !differs(hearing, claim, row, "active", claim->active) &&
	       !differs(hearing, claim, row, "time_wait", claim->time_wait) &&
	       !differs(hearing, claim, row, "recyclable", claim->recyclable) &&
	       !differs(hearing, claim, row, "exclusive", claim->exclusive) &&
	       room_holds(hearing, claim, row) && shares_hold(hearing, claim, row);
}

static bool owner_holds(const struct hearing *hearing, const struct claim *claim, const json_t *row)
{
	return !differs(hearing, claim, row, "active", claim->active) &&
	       !differs(hearing, claim, row, "time_wait", claim->time_wait) &&
	       !differs(hearing, claim, row, "recyclable", claim->recyclable) &&
	       !differs(hearing, claim, row, "exclusive", claim->exclusive) &&
	       !differs(hearing, claim, row, "used", sum(claim)) &&
	       !differs(hearing, claim, row, "refusals", claim->refusals) &&
	       (!claim->pid || !differs(hearing, claim, row, "pid", claim->pid));
}

static bool refusal_holds(const struct hearing *hearing, const struct claim *claim,
			  const json_t *row)
{
	return !differs(hearing, claim, row, "saturation", 1) &&
	       (!claim->remote || !differs(hearing, claim, row, "remote_port", claim->port)) &&
	       (!claim->pid || !differs(hearing, claim, row, "pid", claim->pid));
}

static bool row_holds(const struct hearing *hearing, const struct claim *claim, const json_t *row)
{
	switch (claim->kind) {
	case CLAIM_POOL:
		return pool_holds(hearing, claim, row);
	case CLAIM_DESTINATION:
		return destination_holds(hearing, claim, row);
	case CLAIM_OWNER:
		return owner_holds(hearing, claim, row);
	default:
		return refusal_holds(hearing, claim, row);
	}
}

static int wanted_rows(const struct claim *claim)
{
	return claim->kind == CLAIM_REFUSED && claim->refusals ? claim->refusals : 1;
}

/* The claim has as many rows as it should, and each says what it should. */
static bool claim_holds(const struct hearing *hearing, const struct claim *claim)
{
	char name[64];
	int found = 0;
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(hearing->snapshot, sections[claim->kind]), i, row) {
		if (!speaks_of(hearing, claim, row))
			continue;
		found++;
		if (!row_holds(hearing, claim, row))
			return false;
	}
	if (found == wanted_rows(claim))
		return true;
	name_of(name, sizeof(name), claim);
	snprintf(hearing->reply, CLAIM_REPLY_MAX, "%s: %d rows in %s, not %d", name, found,
		 sections[claim->kind], wanted_rows(claim));
	return false;
}

static bool is_claimed(const struct hearing *hearing, enum claim_kind kind, const json_t *row)
{
	for (size_t i = 0; i < hearing->count; i++)
		if (hearing->claims[i].kind == kind && speaks_of(hearing, &hearing->claims[i], row))
			return true;
	return false;
}

static bool nothing_unclaimed(const struct hearing *hearing, enum claim_kind kind)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(hearing->snapshot, sections[kind]), i, row) {
		if (!is_here(hearing, row) || is_refusal_of_another(hearing, row) ||
		    is_claimed(hearing, kind, row))
			continue;
		if (kind != CLAIM_REFUSED && is_empty(row))
			continue;
		snprintf(hearing->reply, CLAIM_REPLY_MAX,
			 "unclaimed row in %s: %s %s %s:%g used %g", sections[kind],
			 text(row, "process"), text(row, "protocol"), text(row, "remote"),
			 number(row, "remote_port"), number(row, "used"));
		return false;
	}
	return true;
}

bool claims_hold(const json_t *snapshot, const struct scope *scope, const struct claim *claims,
		 size_t count, char reply[CLAIM_REPLY_MAX])
{
	struct hearing hearing = { snapshot, scope, claims, count, reply };

	reply[0] = '\0';
	for (size_t i = 0; i < count; i++)
		if (!claim_holds(&hearing, &claims[i])) {
			if (!reply[0])
				snprintf(reply, CLAIM_REPLY_MAX, "pool: saturation is wrong");
			return false;
		}
	for (int kind = CLAIM_POOL; kind <= CLAIM_REFUSED; kind++)
		if (!nothing_unclaimed(&hearing, (enum claim_kind)kind))
			return false;
	return true;
}

bool claims_nothing_known(const json_t *snapshot, uint32_t netns)
{
	struct scope scope = { .netns = netns };
	struct hearing hearing = { .snapshot = snapshot, .scope = &scope };
	json_t *row;
	size_t i;

	for (int kind = CLAIM_POOL; kind < CLAIM_REFUSED; kind++)
		json_array_foreach(json_object_get(snapshot, sections[kind]), i, row)
			if (is_here(&hearing, row))
				return false;
	return true;
}
