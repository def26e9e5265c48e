/* SPDX-License-Identifier: Apache-2.0 */
/* One event as one line, for people or as one JSON object. Pure but for the FILE it writes to. */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "user/core/event.h"
#include "user/core/ledger.h"

struct trace_line {
	uint64_t time; /* ns since the epoch */
	const char *event;
	const char *path;    /* NULL: not known */
	const char *process; /* "": not known */
	uint32_t pid;
	uint32_t netns;
	const char *netns_name; /* NULL: not known */
	uint8_t protocol;
	uint16_t port;
	uint16_t error;
	uint8_t local[16];
	uint8_t remote[16];
	uint16_t remote_port;
	uint64_t search_ns; /* 0: not measured */
	uint64_t age_ns;    /* how long the port was held; 0: not known */
	bool found;         /* learned from the kernel's tables */
};

/* hold: what the event is about, where it does not say so itself; NULL: not known. Borrows both;
 * time is still CLOCK_MONOTONIC. */
void trace_line_describe(struct trace_line *ret, const struct event *event,
			 const struct hold_description *hold);

void trace_line_heading(FILE *out);
void trace_line_text(FILE *out, const struct trace_line *line);
void trace_line_json(FILE *out, const struct trace_line *line);
