// SPDX-License-Identifier: Apache-2.0
#include "user/core/event.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "user/base/util.h"

static const size_t sizes[EVENT__COUNT] = {
	[EVENT_TAKEN] = sizeof(struct event_taken),
	[EVENT_TIME_WAIT] = sizeof(struct event_time_wait),
	[EVENT_RELEASED] = sizeof(struct event_released),
	[EVENT_REFUSED] = sizeof(struct event_refused),
};

static bool valid_protocol(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP;
}

static bool valid_path(uint8_t path)
{
	return path > 0 && path < PATH__COUNT;
}

static bool valid_taken(const struct event_taken *taken)
{
	const struct abi_hold *hold = &taken->hold;

	return hold->id && valid_protocol(hold->protocol) && valid_path(hold->path) &&
	       hold->tuple.port && (hold->state == HOLD_ACTIVE || hold->state == HOLD_TIME_WAIT);
}

static bool valid_refused(const struct event_refused *refused)
{
	return valid_protocol(refused->protocol) && valid_path(refused->path);
}

static void terminate(struct abi_owner *owner)
{
	owner->comm[sizeof(owner->comm) - 1] = '\0';
}

int event_decode(struct event *ret, const void *data, size_t size)
{
	struct event event;

	if (size < sizeof(event.header) || size > sizeof(event))
		return -EBADMSG;
	memcpy(&event, data, size);
	if (event.header.abi != ABI_VERSION)
		return -EPROTO;
	if (!event.header.kind || event.header.kind >= EVENT__COUNT ||
	    event.header.len != sizes[event.header.kind] || event.header.len != size)
		return -EBADMSG;
	if (event.header.kind == EVENT_TAKEN) {
		if (!valid_taken(&event.taken))
			return -EBADMSG;
		terminate(&event.taken.hold.owner);
	}
	if (event.header.kind == EVENT_REFUSED) {
		if (!valid_refused(&event.refused))
			return -EBADMSG;
		terminate(&event.refused.owner);
	}
	memcpy(ret, &event, size);
	return 0;
}

const char *event_kind_name(enum event_kind kind)
{
	static const char *const names[EVENT__COUNT] = {
		[EVENT_TAKEN] = "taken",
		[EVENT_TIME_WAIT] = "time_wait",
		[EVENT_RELEASED] = "released",
		[EVENT_REFUSED] = "refused",
	};

	return kind < EVENT__COUNT && names[kind] ? names[kind] : "unknown";
}

const char *hold_path_name(enum hold_path path)
{
	static const char *const names[PATH__COUNT] = {
		[PATH_CONNECT] = "connect",   [PATH_BIND] = "bind",
		[PATH_EXPLICIT] = "explicit", [PATH_LISTEN] = "listen",
		[PATH_AUTOBIND] = "autobind", [PATH_CHILD] = "child",
	};

	return path < PATH__COUNT && names[path] ? names[path] : "unknown";
}

const char *loss_name(enum loss reason)
{
	static const char *const names[LOSS__COUNT] = {
		[LOSS_RING_FULL] = "ring_full",
		[LOSS_MAP_FULL] = "map_full",
		[LOSS_MAP_BUSY] = "map_busy",
	};

	return reason < LOSS__COUNT && names[reason] ? names[reason] : "unknown";
}
