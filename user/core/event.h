/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ring-buffer bytes become a checked event here, once; inside, the type is trusted. Pure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bpf/abi.h"

/* One record; header.kind tells which member is valid. */
struct event {
	union {
		struct event_header header;
		struct event_taken taken;
		struct event_time_wait time_wait;
		struct event_released released;
		struct event_refused refused;
	};
};

/* Never trusts length, kind, enumerations or the terminator of a name. On failure *ret is
 * untouched: -EPROTO for another ABI version, -EBADMSG for anything else that is wrong. */
int event_decode(struct event *ret, const void *data, size_t size);

/* "taken", "time_wait", ...; the "event" label of metrics. */
const char *event_kind_name(enum event_kind kind);

/* "connect", "bind", ...; the "path" label of metrics. */
const char *hold_path_name(enum hold_path path);

/* "ring_full", ...; the "reason" label of metrics. */
const char *loss_name(enum loss reason);
