/* SPDX-License-Identifier: Apache-2.0 */
/* Which lines of a trace somebody wants to see. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define TRACE_FILTER_REASON_MAX 128

struct options;
struct trace_line;

/* What is not asked for is 0 or NULL. Strings are borrowed. */
struct trace_filter {
	const char *process;
	const char *netns; /* a name, or an inode number as text */
	uint32_t pid;
	uint8_t protocol;
	uint16_t port;
	bool has_remote;
	uint8_t remote[16];
	uint16_t remote_port;
	bool refused;
};

enum trace_passage {
	TRACE_FILTERED,
	TRACE_PASSES,
	TRACE_UNKNOWN, /* it is about a port that we know nothing of, so nobody can tell */
};

/* What the options of OPTIONS_FILTER, or of OPTIONS_SCOPE alone, ask for. -EINVAL: reason says
 * which is no such thing. */
int trace_filter_init(struct trace_filter *ret, const struct options *options,
		      char reason[TRACE_FILTER_REASON_MAX]);

/* Does it ask for anything? */
bool trace_filter_asks(const struct trace_filter *filter);

enum trace_passage trace_filter_pass(const struct trace_filter *filter,
				     const struct trace_line *line);
